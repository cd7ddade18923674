"""What the sessions share: places, page tables, frames, and how to fail.

Runs inside GDB, which has loaded the kernel and the program and is connected
to a machine that has not started yet.
"""

import os
import struct
import traceback

import gdb

PRESENT, WRITE, USER, ACCESSED, DIRTY = 1 << 0, 1 << 1, 1 << 2, 1 << 5, 1 << 6
LARGE = 1 << 7
PFN_MASK = 0x000ffffffffff000
DIRECT_MAP = 0xffff888000000000
PAGE = 4096

PF_PRESENT, PF_WRITE, PF_USER = 1, 2, 4     # the page fault's error code
TRAP_PAGE_FAULT = 14


class Failure(Exception):
    """The machine is not as it should be."""


def run(steps):
    """Carry out the session; GDB's exit status tells how it ended."""
    try:
        gdb.execute("set suppress-cli-notifications on")
    except gdb.error:
        pass        # an older GDB: it tells more than anybody will read
    try:
        steps()
    except (Failure, gdb.error) as failure:
        where = traceback.extract_tb(failure.__traceback__)
        for entry in where[1:]:
            print(f"  {os.path.basename(entry.filename)}:{entry.lineno}: "
                  f"{entry.line}")
        print(f"FAILED: {failure}")
        if gdb.selected_inferior().pid:
            print(f"the machine is at {location()}:")
            gdb.execute("backtrace 12")
        gdb.execute("quit 1")
    print("session passed")
    gdb.execute("quit 0")


def expect(what, got, wanted):
    if got != wanted:
        def show(value):
            number = isinstance(value, int) and not isinstance(value, bool)
            return f"{value:#x}" if number else repr(value)
        raise Failure(f"{what}: {show(got)}, expected {show(wanted)}")


# ---- Values ----------------------------------------------------------------

def value(expression):
    return gdb.parse_and_eval(expression)


def number(expression):
    """An integer, as an unsigned one of 64 bits."""
    return int(value(expression)) & (1 << 64) - 1


def register(name):
    return number("$" + name)


def memory(address, length=8):
    return bytes(gdb.selected_inferior().read_memory(address, length))


def word(address):
    return struct.unpack("<Q", memory(address))[0]


def physical_word(address):
    """Physical memory, through the kernel's direct map."""
    return word(DIRECT_MAP + address)


# ---- Places ----------------------------------------------------------------

def place(name):
    """FILE:LINE of the line in fork_write.c with the comment "gdb: NAME"."""
    path = os.path.join(os.path.dirname(__file__), "..", "programs",
                        "fork_write.c")
    with open(path, encoding="utf-8") as file:
        lines = [number for number, line in enumerate(file, 1)
                 if f"gdb: {name} " in line]
    if len(lines) != 1:
        raise Failure(f"fork_write.c has {len(lines)} places {name!r}")
    return f"fork_write.c:{lines[0]}"


def location():
    frame = gdb.newest_frame()
    return f"{frame.name()} ({frame.pc():#x})"


def continue_machine():
    """The end of QEMU is an error for GDB, and not for us."""
    try:
        gdb.execute("continue", to_string=True)
    except gdb.error as error:
        if "connection closed" not in str(error):
            raise


def go_on():
    """Continue; the machine must stop again, and not end."""
    continue_machine()
    if not gdb.selected_inferior().pid:
        raise Failure("the machine ended before the next breakpoint")


def run_to(where, condition=None):
    """Continue to a breakpoint that is taken away again."""
    stop = gdb.Breakpoint(where, type=gdb.BP_HARDWARE_BREAKPOINT)
    if condition:
        stop.condition = condition
    go_on()
    if stop.hit_count != 1:
        raise Failure(f"on the way to {where} stopped at {location()}")
    stop.delete()


# What runs on the CPU that stops: to GDB a CPU is a thread, and the first is 1.
CURRENT = "cpus[$_thread - 1].current"


def run_to_place(name, condition="1"):
    """As above, to a place in fork_write, and not in another program that
    has its instructions at the same addresses.
    """
    run_to(place(name), f'$_streq({CURRENT}->name, "fork_write")'
                        f" && ({condition})")


def run_to_own(function):
    """As above, to a function when the task that runs now calls it: a timer
    tick may let another task run before.
    """
    task = number(CURRENT)
    run_to(function, f"{CURRENT} == (struct task *){task}")


def finish(function):
    """Let a function return; what it returned, in C."""
    frame = gdb.newest_frame()
    while frame.type() == gdb.INLINE_FRAME or frame.name() != function:
        frame = frame.older()
        if frame is None:
            raise Failure(f"not in {function}")
    frame.select()
    gdb.execute("finish", to_string=True)
    return str(gdb.history(0))


def step():
    """One instruction. On a busy host QEMU may stop before it has run."""
    before = register("rip")
    for _ in range(10):
        gdb.execute("stepi", to_string=True)
        if register("rip") != before:
            return
    raise Failure(f"the instruction at {location()} does not end")


def run_to_end():
    continue_machine()
    if gdb.selected_inferior().pid:
        raise Failure(f"stopped at {location()}, not at the machine's end")


# ---- Call chains -----------------------------------------------------------

def frames():
    """All frames, the newest first, as far as the chain is known."""
    frame = gdb.newest_frame()
    while frame is not None and frame.is_valid():
        yield frame
        frame = frame.older()


def frame_of(function):
    for frame in frames():
        if frame.name() == function:
            return frame
    raise Failure(f"no {function} in the backtrace")


def names_from(function):
    """The functions from this one outwards; a trap is "(trap)"."""
    names = ["(trap)" if frame.type() == gdb.SIGTRAMP_FRAME else frame.name()
             for frame in frames()]
    if function not in names:
        raise Failure(f"no {function} in the backtrace {names}")
    return names[names.index(function):]


# ---- Page tables and frames ------------------------------------------------

def page_entry(address):
    """The physical place of the PTE of a user address, and the PTE."""
    table = register("cr3") & PFN_MASK
    for level in (4, 3, 2, 1):
        slot = table + 8 * (address >> 12 + 9 * (level - 1) & 511)
        entry = physical_word(slot)
        if level == 1:
            return slot, entry
        if not entry & PRESENT or entry & LARGE:
            raise Failure(f"no page table for {address:#x}: the entry of "
                          f"level {level} is {entry:#x}")
        table = entry & PFN_MASK


def pfn_of(entry):
    return (entry & PFN_MASK) >> 12


def flags(entry):
    """The bits of a PTE that copy-on-write is about, as words."""
    names = ((PRESENT, "present"), (WRITE, "write"), (USER, "user"),
             (ACCESSED, "accessed"), (DIRTY, "dirty"))
    return " ".join(name for bit, name in names if entry & bit)


def counts(pfn):
    """(refcount, mapcount) of a frame, from the kernel's frame table."""
    frame = value("frame_table")[pfn]
    return int(frame["refcount"]), int(frame["mapcount"])


def frame_word(pfn):
    """The first eight bytes of a frame."""
    return physical_word(pfn * PAGE)
