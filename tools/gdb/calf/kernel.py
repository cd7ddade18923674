"""Everything that the commands know about the kernel's source.

Symbols, structures, fields and constants are named here and nowhere else; what
is not in these tables cannot be used. problems() compares the tables with the
kernel that is loaded, and with its headers.
"""

import pathlib
import re
import struct

import gdb

from calf import memory

# Where a type is declared: a variable of a file that sees it.
TYPES = {
    "struct process": ("processes", (
        "pid", "is_kernel", "oom_score_adj", "threads", "leader", "all_node",
        "is_zombie", "parent_pid")),
    "struct task": ("tasks", (
        "pid", "process", "state", "is_running", "mm", "mm_before_exec",
        "name", "all_node", "thread_node", "borrows_mm", "start_ns")),
    "struct cpu": ("cpus", ("current", "trace_ring", "trace_written")),
    "struct trace_record": ("trace_last_sequence", (
        "sequence", "time", "event", "cpu", "kind", "result", "pid", "space",
        "code", "address", "value", "frame", "other", "refcount",
        "mapcount")),
    "struct mm": ("mm_list", (
        "all_node", "pgtable", "vmas", "rss_pages", "total_pages",
        "committed_pages", "charged_pages", "brk_start", "brk", "lock",
        "limits", "refcount", "is_reaped")),
    "struct mm_limits": ("mm_list", ("stack_bytes",)),
    "struct pgtable": ("mm_list", ("space", "table_pages")),
    "struct tlb_space": ("mm_list", ("root",)),
    "struct rwlock": ("mm_list", ("holders", "name")),
    "struct vma_set": ("mm_list", ("list", "count")),
    "struct vma": ("mm_list", (
        "start", "end", "flags", "object", "object_page", "list_node")),
    "struct object": ("all_objects", (
        "name", "is_anonymous", "levels", "root", "all_node")),
    "struct object_node": ("all_objects", ("slots",)),
    "struct frame": ("frame_table", (
        "refcount", "mapcount", "kind", "pincount")),
    "struct frame_stats": ("frame_table", ("total", "reserved", "free")),
    "struct fault": ("fault_totals", (
        "mm", "address", "is_write", "is_fetch", "vma", "slot", "seen",
        "kind")),
    "struct trap_frame": ("cpus", (
        "vector", "error_code", "rip", "cs", "rsp")),
}

SYMBOLS = (
    "tasks", "cpus", "cpu_count", "mm_list", "frame_table", "frame_count",
    "frame_stats", "zero_pfn", "kernel_pgtable", "all_objects",
    "fault_totals", "cow_reuse_enabled", "committed_pages",
    "overcommit_memory", "overcommit_ratio", "overcommit_kbytes",
    "init_process", "processes", "trace_last_sequence")

# The functions that "why" names and that breakpoints are set on.
FUNCTIONS = {
    "fault_handle": "mm/fault.c", "map_zero_frame": "mm/fault.c",
    "fill_zeroed_frame": "mm/fault.c", "map_object_page": "mm/fault.c",
    "resolve_page": "mm/fault.c", "is_access_allowed": "mm/fault.c",
    "map_absent_page": "mm/fault.c", "handle_locked": "mm/fault.c",
    "cow_break": "mm/cow.c", "cow_copy": "mm/cow.c", "cow_reuse": "mm/cow.c",
    "map_grow_stack": "mm/map.c", "page_fault": "kernel/trap.c",
    "trap_dispatch": "kernel/trap.c",
    "fault_signal_page": "kernel/proc/fault_signal.c",
    "kill_someone": "kernel/oom.c",
    "panic": "kernel/lib/panic.c",
}

ENUMS = {
    "enum frame_kind": ("frame_table", (
        "FRAME_RESERVED", "FRAME_FREE", "FRAME_ANON", "FRAME_OBJECT",
        "FRAME_PGTABLE", "FRAME_KERNEL", "FRAME_ZERO")),
    "enum task_state": ("tasks", (
        "TASK_RUNNABLE", "TASK_INTERRUPTIBLE", "TASK_KILLABLE",
        "TASK_UNINTERRUPTIBLE", "TASK_STOPPED", "TASK_ZOMBIE", "TASK_DEAD")),
    "enum fault_kind": ("fault_totals", (
        "FAULT_ZERO_FILL", "FAULT_ZERO_MAP", "FAULT_FILE_MAP",
        "FAULT_COW_COPY", "FAULT_COW_REUSE", "FAULT_SPURIOUS",
        "FAULT_STACK_GROW", "FAULT_SEGV")),
}

# Macros, which GDB does not see.
CONSTANTS = {
    "mm/vma.h": {
        "VMA_READ": 1 << 0, "VMA_WRITE": 1 << 1, "VMA_EXEC": 1 << 2,
        "VMA_SHARED": 1 << 3, "VMA_GROWS_DOWN": 1 << 4,
        "VMA_ACCOUNT": 1 << 16},
    "kernel/x86_64/asm/pte.h": {
        "PTE_PRESENT": 1 << 0, "PTE_WRITE": 1 << 1, "PTE_USER": 1 << 2,
        "PTE_ACCESSED": 1 << 5, "PTE_DIRTY": 1 << 6, "PTE_LARGE": 1 << 7,
        "PTE_GLOBAL": 1 << 8, "PTE_NO_EXEC": 1 << 63,
        "PTE_PFN_MASK": 0x000ffffffffff000, "PGTABLE_KERNEL_INDEX": 256,
        "PF_PRESENT": 1 << 0, "PF_WRITE": 1 << 1, "PF_USER": 1 << 2,
        "PF_RESERVED": 1 << 3, "PF_FETCH": 1 << 4},
    "kernel/x86_64/asm/page.h": {
        "DIRECT_MAP_BASE": memory.DIRECT_MAP, "USER_END": 0x7ffffffff000},
    "kernel/x86_64/asm/trap_frame.h": {"TRAP_PAGE_FAULT": 14},
    "mm/object.h": {"OBJECT_NODE_BITS": 6},
    "kernel/lib/trace.h": {"TRACE_RING_RECORDS": 1024},
    "kernel/oom.h": {"OOM_SCORE_ADJ_MIN": -1000, "OOM_SCORE_ADJ_MAX": 1000},
}
constant = {name: number for constants in CONSTANTS.values()
            for name, number in constants.items()}


class Unknown(Exception):
    """What was asked for is not there."""


# ---- Symbols and types -----------------------------------------------------

_cache = {}


def kernel_file():
    """The kernel's symbols; the program may use the same names."""
    if "file" not in _cache:
        for file in gdb.objfiles():
            if file.lookup_global_symbol("kernel_main"):
                _cache["file"] = file
                break
        else:
            raise Unknown("GDB has not loaded the kernel's symbols")
    return _cache["file"]


gdb.events.clear_objfiles.connect(lambda _event: _cache.clear())
gdb.events.new_objfile.connect(lambda _event: _cache.clear())


def _symbol(name):
    file = kernel_file()
    found = file.lookup_global_symbol(name) or file.lookup_static_symbol(name)
    if found is None:
        raise Unknown(f"the kernel has no {name}")
    return found


def value(name):
    """A variable of the kernel."""
    if name not in SYMBOLS:
        raise KeyError(name)
    if name not in _cache:
        _cache[name] = _symbol(name)
    return _cache[name].value()


def type_of(name):
    if name not in _cache:
        near = (TYPES.get(name) or ENUMS[name])[0]
        where = _symbol(near).symtab.static_block()
        try:
            _cache[name] = gdb.lookup_type(name, where)
        except gdb.error:
            raise Unknown(f"the kernel has no {name}") from None
    return _cache[name]


def enum_name(enum, number):
    """The name of an enum's value, without its prefix, in lower case."""
    key = ("names", enum)
    if key not in _cache:
        _cache[key] = {field.enumval: field.name.split("_", 1)[1].lower()
                       for field in type_of(enum).fields()}
    return _cache[key].get(number, str(number))


class Record:
    """A structure in the kernel's memory, whose fields TYPES lists."""

    type_name = None

    def __init__(self, address, type_name=None):
        self.type_name = type_name or self.type_name
        self.address = int(address)

    def __getitem__(self, field):
        if field not in TYPES[self.type_name][1]:
            raise KeyError(f"{self.type_name}.{field}")
        pointer = type_of(self.type_name).pointer()
        return gdb.Value(self.address).cast(pointer).dereference()[field]

    def number(self, field):
        """The field as a number; a one-member struct as its member."""
        got = self[field]
        plain = got.type.strip_typedefs()
        if plain.code == gdb.TYPE_CODE_STRUCT:
            got = got[plain.fields()[0]]
        return int(got)

    def part(self, field, type_name):
        """A structure inside this one."""
        return Record(self[field].address, type_name)

    def __eq__(self, other):
        return isinstance(other, Record) and self.address == other.address

    def __hash__(self):
        return hash(self.address)


def _offset(type_name, field):
    for one in _flat_fields(type_of(type_name)):
        if one[0] == field:
            return one[1], one[2]
    raise Unknown(f"{type_name} has no {field}")


def _flat_fields(kind, base=0):
    """(name, offset, size), unions without a name opened."""
    for field in kind.strip_typedefs().fields():
        offset = base + field.bitpos // 8
        if field.name:
            yield field.name, offset, field.type.sizeof
        else:
            yield from _flat_fields(field.type, offset)


def _members(head, type_name, node, make):
    """The structures on a list, by the node inside them."""
    offset = _offset(type_name, node)[0]
    start = int(head.address)
    at = int(head["next"])
    while at != start and at != 0:
        yield make(at - offset)
        at = struct.unpack("<Q", memory.read(at, 8))[0]


# ---- Areas and objects -----------------------------------------------------

class Object(Record):
    type_name = "struct object"

    def name(self):
        if self["is_anonymous"]:
            return "shared anonymous"
        pointer = self["name"]
        return pointer.string(errors="replace") if int(pointer) else "file"

    def frames(self):
        """The addresses of its frame records."""
        root = int(self["root"])
        return self._below(root, int(self["levels"])) if root else iter(())

    def _below(self, node, level):
        if level == 0:
            yield node
            return
        slots = memory.read(node, 8 << constant["OBJECT_NODE_BITS"])
        for slot, in struct.iter_unpack("<Q", slots):
            if slot:
                yield from self._below(slot, level - 1)


class Vma(Record):
    type_name = "struct vma"

    def __init__(self, address):
        super().__init__(address)
        self.start, self.end = self.number("start"), self.number("end")
        self.flags = self.number("flags")
        pointer = int(self["object"])
        self.object = Object(pointer) if pointer else None

    def has(self, flag):
        return bool(self.flags & constant[flag])

    def is_cow(self):
        return not self.has("VMA_SHARED")

    def contains(self, va):
        return self.start <= va < self.end

    def rights(self):
        letters = "".join(
            letter if self.has(flag) else "-" for letter, flag in
            (("r", "VMA_READ"), ("w", "VMA_WRITE"), ("x", "VMA_EXEC")))
        return letters + ("s" if self.has("VMA_SHARED") else "p")

    def what(self, mm):
        if self.object:
            return self.object.name()
        if self.has("VMA_GROWS_DOWN"):
            return "[stack]"
        if self.start <= mm.number("brk") and \
                self.end > mm.number("brk_start"):
            return "[heap]"
        return "anonymous"

    def pages(self):
        return (self.end - self.start) // memory.PAGE


class Mm(Record):
    type_name = "struct mm"

    def root(self):
        space = self.part("pgtable", "struct pgtable").part(
            "space", "struct tlb_space")
        return space.number("root")

    def table_pages(self):
        return self.part("pgtable", "struct pgtable").number("table_pages")

    def stack_limit(self):
        return self.part("limits", "struct mm_limits").number("stack_bytes")

    def areas(self):
        vmas = self.part("vmas", "struct vma_set")
        return list(_members(vmas["list"], "struct vma", "list_node", Vma))

    def area_of(self, va):
        for area in self.areas():
            if area.contains(va):
                return area
        return None

    def is_locked(self):
        return int(self.part("lock", "struct rwlock")["holders"]) != 0


# ---- Tasks and CPUs --------------------------------------------------------

def _mm_at(pointer):
    return Mm(int(pointer)) if int(pointer) else None


class Task(Record):
    """One thread."""

    type_name = "struct task"

    def __init__(self, address):
        super().__init__(address)
        self.pid = self.number("pid")       # its tid, in Linux's words
        self.process = Process(int(self["process"]))

    def name(self):
        return self["name"].string(errors="replace")

    def mm(self):
        return _mm_at(self["mm"])

    def mm_before_exec(self):
        return _mm_at(self["mm_before_exec"])

    def state(self):
        if self["is_running"]:
            return "running"
        return enum_name("enum task_state", self.number("state"))

    def is_called(self, wanted):
        """By its own number, its process's, or its name?"""
        return wanted in (str(self.pid), str(self.process.pid), self.name())

    def __str__(self):
        thread = "" if self.pid == self.process.pid else f" thread {self.pid}"
        return f"pid {self.process.pid}{thread} {self.name()}"


class Process(Record):
    """What threads have in common; its memory is that of any of them."""

    type_name = "struct process"

    def __init__(self, address):
        super().__init__(address)
        self.pid = self.number("pid")

    def threads(self):
        return list(_members(self["threads"], "struct task", "thread_node",
                             Task))

    def leader(self):
        return Task(int(self["leader"]))

    def name(self):
        return self.leader().name()

    def mms(self):
        """One, or two in the middle of execve; none: its threads ended."""
        found = []
        for task in self.threads():
            for mm in (task.mm(), task.mm_before_exec()):
                if mm and mm not in found:
                    found.append(mm)
        return found

    def mm(self):
        return next(iter(self.mms()), None)

    def state(self):
        """Of the thread that has most to do; a zombie has none."""
        if self["is_zombie"]:
            return "zombie"
        states = [task.state() for task in self.threads()]
        for one in ("running", "runnable"):
            if one in states:
                return one
        return next((one for one in states if one not in ("zombie", "dead")),
                    "zombie")

    def __str__(self):
        return f"pid {self.pid} {self.name()}"


def all_tasks():
    return list(_members(value("tasks"), "struct task", "all_node", Task))


def all_processes():
    """Those with a user side."""
    found = _members(value("processes"), "struct process", "all_node",
                     Process)
    return [process for process in found if not process["is_kernel"]]


def kernel_thread_count():
    return sum(bool(process["is_kernel"]) for process in _members(
        value("processes"), "struct process", "all_node", Process))


def all_mms():
    return list(_members(value("mm_list"), "struct mm", "all_node", Mm))


def all_objects():
    return list(_members(value("all_objects"), "struct object", "all_node",
                         Object))


def process_of(pid):
    """The process with this pid, or with a thread that has this number."""
    for task in all_tasks():
        if pid in (task.pid, task.process.pid):
            return task.process
    raise Unknown(f"there is no process {pid}")


def register(name):
    return int(gdb.newest_frame().read_register(name)) & (1 << 64) - 1


def current_cpu():
    """The number of the CPU that GDB looks at.

    Its struct cpu is what GS points to in the kernel, and what SWAPGS will
    make it point to in user mode.
    """
    cpus = value("cpus")
    for name in ("gs_base", "k_gs_base"):
        offset = register(name) - int(cpus.address)
        if 0 <= offset < cpus.type.sizeof:
            return offset // cpus[0].type.sizeof
    return gdb.selected_thread().num - 1


def current_task():
    """The task that this CPU runs; None before there is one."""
    cpu = Record(value("cpus")[current_cpu()].address, "struct cpu")
    pointer = int(cpu["current"])
    return Task(pointer) if pointer else None


def owners():
    """Address space -> the processes that run in it: one, or more by vfork."""
    found = {mm: [] for mm in all_mms()}
    for task in all_tasks():
        mm = task.mm()
        if mm and task.process not in found.setdefault(mm, []):
            found[mm].append(task.process)
    return found


def owner_name(processes):
    """The processes of one address space in a few characters."""
    if not processes:
        return "no process"
    pids = ",".join(str(process.pid) for process in processes)
    return f"{pids} {processes[0].name()}"


# ---- Frames ----------------------------------------------------------------

class Frame:
    """One record of the frame table, unpacked."""

    def __init__(self, pfn, raw, layout):
        def field(name):
            offset, size = layout[name]
            return int.from_bytes(raw[offset:offset + size], "little")
        self.pfn = pfn
        self.refcount, self.mapcount = field("refcount"), field("mapcount")
        self.kind = enum_name("enum frame_kind", field("kind"))
        # Of a free frame it is something else.
        self.pincount = 0 if self.kind == "free" else field("pincount")

    def __str__(self):
        pins = f", {self.pincount} pinned" if self.pincount else ""
        return (f"frame {self.pfn:#x} {self.kind}, refcount {self.refcount}, "
                f"mapcount {self.mapcount}{pins}")


def _frame_layout():
    if "frames" not in _cache:
        _cache["frames"] = {
            name: _offset("struct frame", name)
            for name in TYPES["struct frame"][1]}
    return _cache["frames"], type_of("struct frame").sizeof


def frame_count():
    return int(value("frame_count"))


def frame(pfn):
    if pfn >= frame_count():
        raise Unknown(f"there is no frame {pfn:#x}: memory has "
                      f"{frame_count():#x}")
    layout, size = _frame_layout()
    return Frame(pfn, memory.read(int(value("frame_table")) + pfn * size,
                                  size), layout)


def all_frames():
    if not frame_count():
        raise Unknown("the kernel has not counted its memory yet")
    layout, size = _frame_layout()
    table = memory.read(int(value("frame_table")), frame_count() * size)
    for pfn in range(frame_count()):
        yield Frame(pfn, table[pfn * size:pfn * size + size], layout)


def frame_number(address):
    """Of which frame the record at this address is."""
    return (address - int(value("frame_table"))) // _frame_layout()[1]


def zero_pfn():
    return int(value("zero_pfn")["val"])


# ---- Are the tables above right? -------------------------------------------

def _source(path):
    return (pathlib.Path(__file__).parents[3] / path).read_text()


def _macro(path, name):
    found = re.search(rf"#define {name} (\S.*?)(?: /\*.*)?$", _source(path),
                      re.M)
    if not found:
        return None
    plain = re.sub(r"\b(0x[0-9a-f]+|\d+)[uUlL]+", r"\1", found[1])
    return eval(plain, {"__builtins__": {}})


def missing():
    """What the tables of this file name, and the kernel does not have."""
    try:
        yield from filter(None, _missing())
    except Unknown as problem:
        yield str(problem)


def _missing():
    for name in SYMBOLS:
        _symbol(name)
        yield None
    for name, (_, fields) in TYPES.items():
        there = [field[0] for field in _flat_fields(type_of(name))]
        for field in fields:
            yield None if field in there else f"{name} has no {field}"
    for name, (_, values) in ENUMS.items():
        there = tuple(field.name for field in type_of(name).fields())
        for one in values:
            yield None if one in there else f"{name} has no {one}"


def problems():
    """What the tables of this file say, and the kernel does not."""
    yield from missing()
    for name, path in FUNCTIONS.items():
        try:
            gdb.decode_line(name)
        except gdb.error as problem:
            yield str(problem)
        if not re.search(rf"^\w.*\b{name}\(", _source(path), re.M):
            yield f"{path} has no function {name}()"
    for path, constants in CONSTANTS.items():
        for name, wanted in constants.items():
            got = _macro(path, name)
            if got != wanted:
                yield f"{path}: {name} is {got}, not {wanted}"
