"""System calls from a trace, a line each, as strace writes them."""

import os

import tracefile

# Those that look at the registers themselves (CALL_FRAME), if they take any.
FRAME_TYPES = {
    "mmap": ["vaddr_t", "u64", "u32", "u32", "int", "u64"],
    "futex": ["vaddr_t", "int", "u32", "vaddr_t", "vaddr_t", "u32"],
    "pselect6": ["int", "vaddr_t", "vaddr_t", "vaddr_t", "vaddr_t", "vaddr_t"],
    "epoll_pwait": ["int", "vaddr_t", "int", "int", "vaddr_t", "u64"],
    "epoll_pwait2": ["int", "vaddr_t", "int", "vaddr_t", "vaddr_t", "u64"],
    "copy_file_range": ["int", "vaddr_t", "int", "vaddr_t", "u64", "u32"],
    "preadv2": ["int", "vaddr_t", "u64", "i64", "u64", "u32"],
    "pwritev2": ["int", "vaddr_t", "u64", "i64", "u64", "u32"],
}
TYPES_WITH_SIGN = {"int": 32, "i32": 32, "i64": 64}
# What a terminal shows of a string, at most as much as the kernel keeps.
TEXT_KEPT = 64


class Call:
    """A call that has begun."""

    def __init__(self, record):
        self.number = record.code
        self.values = [record.address, record.value,
                       record.other << 32 | record.frame,
                       record.mapcount << 32 | record.refcount]
        self.texts = {}         # argument -> bytes

    def more(self, record):
        self.values += [record.address, record.value]

    def text(self, record):
        part = record.text_bytes()[:record.code - record.other]
        self.texts[record.kind] = self.texts.get(record.kind, b"") + part

    def line(self, result):
        name = tracefile.syscall_name(self.number)
        known = tracefile.syscalls().get(self.number)
        types = known[1] if known else ["u64"] * 6
        if types is None:
            types = FRAME_TYPES.get(name, [])
        arguments = [self._argument(number, kind)
                     for number, kind in enumerate(types)]
        return f"{name}({', '.join(arguments)}) = {result}"

    def _argument(self, number, kind):
        if number in self.texts:
            return _quoted(self.texts[number])
        value = self.values[number] if number < len(self.values) else 0
        if kind in TYPES_WITH_SIGN:
            bits = TYPES_WITH_SIGN[kind]
            value &= (1 << bits) - 1
            return str(value - (1 << bits) if value >> bits - 1 else value)
        if kind == "u32":
            value &= 0xffffffff
        if kind == "vaddr_t":
            return hex(value) if value else "NULL"
        return str(value) if value < 1 << 16 else hex(value)


def _quoted(data):
    text = "".join(
        {0x0a: "\\n", 0x09: "\\t", 0x22: '\\"', 0x5c: "\\\\"}.get(
            byte, chr(byte) if 0x20 <= byte < 0x7f else f"\\{byte:o}")
        for byte in data)
    return f'"{text}"' + ("..." if len(data) >= TEXT_KEPT else "")


class Calls:
    """The calls of a run, record by record."""

    def __init__(self):
        self._open = {}         # pid -> Call

    def line(self, record):
        """A line when a call returns or its task ends, or None."""
        if record.name == "CALL":
            self._open[record.pid] = Call(record)
            return None
        call = self._open.get(record.pid)
        if not call:
            return None
        if record.name == "CALL_MORE":
            call.more(record)
        elif record.name == "CALL_TEXT":
            call.text(record)
        elif record.name in ("RETURN", "EXIT", "THREAD_EXIT"):
            result = tracefile.result_text(record.value) \
                if record.name == "RETURN" else "?"
            del self._open[record.pid]
            return f"[{record.pid:>5}] {call.line(result)}"
        return None


class Follower:
    """The lines of a trace that QEMU still writes."""

    def __init__(self, path):
        self._path, self._file, self._calls = path, None, Calls()
        if os.path.isfile(path):
            os.truncate(path, 0)        # that of an earlier run

    def lines(self):
        """Those that have come since the last time."""
        if not self._file:
            # QEMU makes the file, and the kernel begins it when it starts.
            if not os.path.exists(self._path) or \
                    os.path.getsize(self._path) < tracefile.RECORD_BYTES:
                return
            self._file = open(self._path, "rb")
        for record in tracefile.stream(self._file):
            line = self._calls.line(record)
            if line:
                yield line

    def close(self):
        """=> the rest was asked for.  A run without a kernel has no trace."""
        if not self._file:
            raise tracefile.Failure(
                "the trace is empty: did the kernel start?")
        self._file.close()
