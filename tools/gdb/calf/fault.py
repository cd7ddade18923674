"""The page fault in progress: what the CPU reported, and what comes of it.

The verdict is worked out anew, from the area, the entry and the counts, by the
same table as the one at the top of mm/fault.c. It does not ask the kernel.
"""

import gdb

from calf import kernel, memory, paging

ERROR_BITS = (
    ("PF_PRESENT", "P", "no such page", "a right is missing"),
    ("PF_WRITE", "W", "a read", "a write"),
    ("PF_USER", "U", "by the kernel", "in user mode"),
    ("PF_RESERVED", "RSVD", None, "an entry has a reserved bit set"),
    ("PF_FETCH", "I", None, "an instruction fetch"),
)


class Fault:
    """A page fault that the CPU has reported and that is not over yet."""

    def __init__(self, trap_frame, address):
        trap = kernel.Record(trap_frame, "struct trap_frame")
        self.error_code = trap.number("error_code")
        self.rip = trap.number("rip")
        self.from_user = trap.number("cs") & 3 == 3
        self.address = address
        self.is_write = bool(self.error_code & kernel.constant["PF_WRITE"])
        self.is_fetch = bool(self.error_code & kernel.constant["PF_FETCH"])
        self.task = kernel.current_task()
        self.mm = self.task.mm() if self.task else None

    def page(self):
        return self.address & ~(memory.PAGE - 1)

    def action(self):
        if self.is_write:
            return "write to"
        return "fetch from" if self.is_fetch else "read of"

    def error_bits(self):
        """The error code as words, the least significant bit first."""
        said = []
        for name, letter, clear, is_set in ERROR_BITS:
            on = bool(self.error_code & kernel.constant[name])
            if on or clear:
                said.append(f"{letter}={int(on)} {is_set if on else clear}")
        return ", ".join(said)


def current():
    """The innermost page fault that this CPU works on, or None."""
    frame = gdb.newest_frame()
    argument = None
    while frame is not None and frame.is_valid():
        if frame.name() in ("fault_handle", "page_fault"):
            argument = _address(frame) or argument
        if frame.type() == gdb.SIGTRAMP_FRAME:
            place = int(frame.read_register("rsp")) & (1 << 64) - 1
            trap = kernel.Record(place, "struct trap_frame")
            if trap.number("vector") == kernel.constant["TRAP_PAGE_FAULT"]:
                return Fault(place, argument or kernel.register("cr2"))
        frame = frame.older()
    return None


def _address(frame):
    """What the handler calls the address; CR2 may have changed since."""
    try:
        return int(frame.read_var("address")["val"])
    except (gdb.error, ValueError):
        return None                     # not known at this instruction


# ---- The verdict -----------------------------------------------------------

class Verdict:
    """case: as in mm/fault.c; does: one word; function: who does it."""

    def __init__(self, case, does, function, why):
        self.case, self.does, self.function = case, does, function
        self.why = why


def verdict(fault):
    if fault.mm is None or fault.address >= kernel.constant["USER_END"]:
        return _outside(fault)
    area = fault.mm.area_of(fault.address)
    if area is None:
        return _no_area(fault)
    if not _is_allowed(fault, area):
        return Verdict("3", "SEGV", _refused_by(fault),
                       f"the area is {area.rights()}, that allows no "
                       f"{fault.action().split()[0]}")
    step = paging.leaf(fault.mm.root(), fault.address)
    if step is None or not step.pte.has_frame:
        return _absent(fault, area)
    if fault.is_write and not step.pte.write:
        return _write_stopped(area, kernel.frame(step.pte.pfn))
    return Verdict("7", "RETRY", "resolve_page",
                   "the entry allows it by now, nothing is left to do")


def _refused_by(fault):
    return "fault_signal_page" if fault.from_user else "page_fault"


def _outside(fault):
    if fault.from_user:
        return Verdict("1", "SEGV", "fault_signal_page",
                       "no program has an area there")
    return Verdict("-", "PANIC", "page_fault",
                   "the kernel itself used an address where nothing is")


def _no_area(fault):
    above = [area for area in fault.mm.areas() if area.start > fault.address]
    if above and above[0].has("VMA_GROWS_DOWN"):
        bytes_ = above[0].end - fault.page()
        limit = fault.mm.stack_limit()
        if bytes_ <= limit:
            return Verdict("2", "GROW", "map_grow_stack",
                           f"the stack above grows to {bytes_ >> 10} of "
                           f"{limit >> 10} KiB, if nothing is in its way")
    return Verdict("1", "SEGV", _refused_by(fault), "no area is there")


def _is_allowed(fault, area):
    if fault.is_write:
        return area.has("VMA_WRITE")
    if fault.is_fetch:
        return area.has("VMA_EXEC")
    return area.rights()[:3] != "---"


def _absent(fault, area):
    if area.object:
        if fault.is_write and area.is_cow():
            return Verdict("5B", "COPY", "map_object_page",
                           "a private page of a file is written: its bytes "
                           "go to a new frame")
        return Verdict("5A", "MAP", "map_object_page",
                       f"the page's frame belongs to {area.object.name()}")
    if fault.is_write:
        return Verdict("4B", "ZERO FILL", "fill_zeroed_frame",
                       "never touched before: a new frame of zeros")
    return Verdict("4A", "ZERO MAP", "map_zero_frame",
                   "never written: the zero frame is enough for a read")


def _write_stopped(area, frame):
    if not area.is_cow():
        return Verdict("6A", "REUSE", "cow_reuse",
                       "a shared mapping, writes are for all")
    if frame.pfn == kernel.zero_pfn():
        return Verdict("6C", "COPY", "cow_copy",
                       "the zero frame is everybody's: a new frame of zeros")
    if frame.refcount == 1 and int(kernel.value("cow_reuse_enabled")):
        return Verdict("6B", "REUSE", "cow_reuse",
                       "refcount 1, nobody else is left: the entry gets R/W")
    return Verdict("6C", "COPY", "cow_copy",
                   f"refcount {frame.refcount}, others rely on these bytes: "
                   "a new frame gets a copy")
