"""Read a trace: records of kernel/lib/events.def, and each as a sentence.

    for record in tracefile.read("run.trace"):
        print(record.sequence, record.name, record.sentence())

A Record has the fields of struct trace_record (kernel/lib/trace.h), and:
name ("FORK"), klass ("LIFE"), text (of those that have one).
"""

import errno
import functools
import pathlib
import re
import signal
import struct

ROOT = pathlib.Path(__file__).resolve().parent.parent
EVENTS_FILE = "kernel/lib/events.def"

RECORD_BYTES = 64
LAYOUT = struct.Struct("<QQBBBBIIIQQIIII")
FIELDS = ("sequence", "time", "event", "cpu", "kind", "result", "pid",
          "space", "code", "address", "value", "frame", "other", "refcount",
          "mapcount")
TEXT = slice(32, 48)            # in place of address and value
HEADER = struct.Struct("<8sII")
MAGIC = b"CALFTRC1"

# Bits of a page-table entry and of the page fault's error code
# (kernel/x86_64/asm/pte.h).
PTE_BITS = ((0, "P"), (1, "W"), (2, "U"), (5, "A"), (6, "D"))
PTE_WRITE = 1 << 1
PTE_NO_EXEC = 1 << 63
PTE_SET_BY_CPU = 1 << 5 | 1 << 6
PFN_MASK = 0x000ffffffffff000
PF_PRESENT, PF_WRITE, PF_USER, PF_FETCH = 1, 2, 4, 16


class Failure(Exception):
    """This is no trace, or one of another kernel."""


# ---- What the kernel's source says -----------------------------------------

class Event:
    """One line of events.def."""

    def __init__(self, number, name, klass, sentence):
        self.number, self.name = number, name
        self.klass, self.sentence = klass, sentence
        self.has_text = "{text" in sentence


def _without_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


@functools.lru_cache
def events():
    """All events, by number."""
    text = _without_comments((ROOT / EVENTS_FILE).read_text())
    found = re.findall(r"EVENT\((\w+),\s*(\w+),((?:\s*\"[^\"]*\")+)\)", text)
    return {number: Event(number, name, klass,
                          "".join(re.findall(r'"([^"]*)"', pieces)))
            for number, (name, klass, pieces) in enumerate(found, 1)}


@functools.lru_cache
def enum_names(header, enum):
    """The names of an enum's values: without the prefix, in lower case."""
    text = _without_comments((ROOT / header).read_text())
    body = re.search(rf"enum {enum} {{(.*?)}}", text, re.S)[1]
    return [name.split("_", 1)[1].lower()
            for name in re.findall(r"\b([A-Z]\w*)\b", body)]


@functools.lru_cache
def syscalls():
    """number -> (name, [type of each argument] or None)."""
    text = _without_comments((ROOT / "kernel/syscall_list.inc").read_text())
    table = {}
    for kind, number, name, types in re.findall(
            r"CALL(\w+)\((\d+), (\w+)((?:, \w+)*)\)", text):
        table[int(number)] = (
            name, None if kind == "_FRAME" else types.split(", ")[1:])
    return table


def _enum(header, enum, number):
    names = enum_names(header, enum)
    return names[number] if number < len(names) else f"?{number}"


def frame_kind(number):
    return _enum("mm/frame.h", "frame_kind", number)


def fault_kind(number):
    return _enum("mm/fault.h", "fault_kind", number)


def fault_result(number):
    return _enum("mm/fault.h", "fault_result", number)


# ---- How a field is written ------------------------------------------------

def signed(value):
    return value - (1 << 64) if value >> 63 else value


def pfn_of(pte):
    return (pte & PFN_MASK) >> 12


def entry_text(value):
    """A page-table entry: P W U A D, NX, and the frame."""
    if value == 0:
        return "absent"
    letters = "".join(letter if value >> bit & 1 else "-"
                      for bit, letter in PTE_BITS)
    return (f"{letters}{' NX' if value & PTE_NO_EXEC else ''} "
            f"frame {pfn_of(value):#x}")


def _error_code(code):
    access = ("fetch" if code & PF_FETCH else
              "write" if code & PF_WRITE else "read")
    who = "user" if code & PF_USER else "kernel"
    why = "a right is missing" if code & PF_PRESENT else "no such page"
    return f"{who} {access}, {why}"


def _wait_status(value):
    if value & 0x7f:
        return f"killed by {_signal_name(value & 0x7f)}"
    return f"exit status {value >> 8 & 0xff}"


def _signal_name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def result_text(value):
    """As strace writes a result."""
    value = signed(value)
    if -4096 < value < 0:
        name = errno.errorcode.get(-value, {512: "ERESTARTSYS"}.get(-value))
        return f"-1 {name}" if name else str(value)
    return str(value) if -(1 << 20) < value < 1 << 20 else hex(value & (1 << 64) - 1)


def syscall_name(number):
    known = syscalls().get(number)
    return known[0] if known else f"syscall_{number}"


def _fault_result(record):
    if record.result == 0:
        return ""
    name = fault_result(record.result)
    if name == "oom":
        return ", and there is no frame: it will come again"
    return f" ({name.replace('_', ' ')})"


def _counts(record):
    if not record.frame:
        return ""
    return f" (now refcount {record.refcount}, mapcount {record.mapcount})"


def _thread(record):
    if record.code == record.value:
        return ""
    return f", a thread of pid {record.code}"


FORMS = {
    "": str,
    "pfn": hex,
    "hex": hex,
    "va": hex,
    "pte": entry_text,
    "pf": _error_code,
    "signed": lambda value: str(signed(value)),
    "status": _wait_status,
    "result": result_text,
    "syscall": syscall_name,
    "frame_kind": frame_kind,
    "fault_kind": fault_kind,
    "immune": lambda kind: ", but must not be chosen" if kind else "",
    "flush": lambda pages: f"{pages} pages" if pages else "everything",
    "cpus": lambda mask: ", ".join(str(cpu) for cpu in range(64)
                                   if mask >> cpu & 1),
}
# These look at more than one field.
WHOLE_FORMS = {"counts": _counts, "fault_result": _fault_result,
               "thread": _thread}


# ---- Records ---------------------------------------------------------------

class Record:
    """One event of a run."""

    __slots__ = FIELDS + ("_text",)

    def __init__(self, data):
        for field, value in zip(FIELDS, LAYOUT.unpack(data)):
            setattr(self, field, value)
        self._text = data[TEXT]

    @property
    def what(self):
        return events().get(self.event)

    @property
    def name(self):
        return self.what.name if self.what else f"?{self.event}"

    @property
    def klass(self):
        return self.what.klass if self.what else "?"

    @property
    def text(self):
        return self._text.split(b"\0")[0].decode(errors="replace")

    def text_bytes(self):
        """All of the text's place, as it is."""
        return self._text

    def sentence(self):
        """What happened, in English."""
        def write(found):
            field, _, form = found[1].partition(":")
            if form in WHOLE_FORMS:
                return WHOLE_FORMS[form](self)
            return FORMS[form](getattr(self, field))
        if not self.what:
            return f"an event that {EVENTS_FILE} does not have"
        return re.sub(r"\{([\w:]+)\}", write, self.what.sentence)

    def line(self):
        """One line: number, time, CPU, pid, name, sentence."""
        return (f"{self.sequence:>8} {self.time:>14} {self.cpu:>2} "
                f"{self.pid:>5} {self.name:<13} {self.sentence()}")


def check_header(data):
    """The first bytes of a file."""
    if len(data) < RECORD_BYTES:
        raise Failure("the trace is empty: did the kernel start?")
    magic, size, count = HEADER.unpack_from(data)
    if magic != MAGIC or size != RECORD_BYTES:
        raise Failure("this is no trace")
    known = len(events())
    if count != known + 1:
        raise Failure(f"the kernel that made it knows {count - 1} events, "
                      f"{EVENTS_FILE} has {known}")


def stream(file):
    """Records of a binary file that may still grow: what there is by now.

    Call it again with the same file for those that have come since.
    """
    if file.tell() == 0:
        check_header(file.read(RECORD_BYTES))
    while True:
        at = file.tell()
        data = file.read(RECORD_BYTES)
        if len(data) < RECORD_BYTES:
            file.seek(at)
            return
        yield Record(data)


def read(path):
    """All records of a file, in order."""
    with open(path, "rb") as file:
        yield from stream(file)


def gaps(records):
    """(how many are missing before it, record) for each that has a gap."""
    last = 0
    for record in records:
        if record.sequence != last + 1:
            yield record.sequence - last - 1, record
        last = record.sequence
