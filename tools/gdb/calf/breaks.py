"""watch-pte, break-cow, break-zero, step-fault, usersyms."""

import pathlib

import gdb

from calf import fault, kernel, memory, paging
from calf.command import command, number, pid_of, words


class _Stop(gdb.Breakpoint):
    """A breakpoint in the handler of a fault, for one process or for all."""

    def __init__(self, function, wanted):
        super().__init__(f"-function {function}",
                         type=gdb.BP_HARDWARE_BREAKPOINT)
        self.wanted = wanted

    def stop(self):
        if self.wanted is None:
            return True
        task = kernel.current_task()
        return task is not None and \
            self.wanted in (str(task.pid), task.name())


def _break(arguments, name, function):
    wanted, = words(arguments, 0, 1, f"{name} [PID|PROGRAM]")
    _Stop(function, wanted)


@command("break-cow")
def break_cow(arguments):
    """Stop where a write to a read-only page is decided: copy or reuse.

Usage: break-cow [PID|PROGRAM]

With a pid or a program's name only for that process. "why" then explains."""
    _break(arguments, "break-cow", "cow_break")


@command("break-zero")
def break_zero(arguments):
    """Stop where a page that was never touched is first read or written.

Usage: break-zero [PID|PROGRAM]

With a pid or a program's name only for that process. "why" then explains."""
    _break(arguments, "break-zero", "map_absent_page")


@command("watch-pte")
def watch_pte(arguments):
    """Stop when the kernel changes the page-table entry of an address.

Usage: watch-pte VA [PID]

The entry is watched through the kernel's map of all memory. The CPU sets the
Accessed and Dirty bits by itself, which stops nothing."""
    text, pid = words(arguments, 1, 2, "watch-pte VA [PID]")
    va, space = number(text), paging.Space(pid_of(pid))
    step = paging.leaf(space.root, va)
    if step is None:
        raise kernel.Unknown(f"there is no page table for {va:#x} yet")
    place = memory.DIRECT_MAP + step.address
    gdb.execute(f"watch -location *(unsigned long *){place:#x}")


@command("step-fault")
def step_fault(arguments):
    """Go on to the end of this fault, to the instruction that caused it.

Usage: step-fault

Stops at that instruction when the CPU is about to run it again in the same
address space, now that the page is mapped; or at a breakpoint on the way."""
    words(arguments, 0, 0, "step-fault")
    now = fault.current()
    if now is None:
        raise kernel.Unknown("no page fault is in progress here")
    stop = gdb.Breakpoint(f"*{now.rip:#x}", internal=True,
                          type=gdb.BP_HARDWARE_BREAKPOINT)
    stop.silent = True
    root = paging.Space(now.task.pid).root if now.mm else 0
    stop.condition = f"($cr3 & 0xffffffffff000) == {root * memory.PAGE:#x}"
    said = gdb.execute("continue", to_string=True)
    if stop.is_valid() and stop.hit_count:
        print(f"{now.task} runs the instruction again:")
        gdb.execute("frame")
    else:
        print(said, end="")
    if stop.is_valid():
        stop.delete()


@command("usersyms")
def usersyms(arguments):
    """Load the symbols of a user program, instead of those loaded before.

Usage: usersyms PROGRAM

PROGRAM is a file, or a name in build/user, build/tests/guest or
build/tests/programs. All programs use the same addresses, so the symbols are
right for one program at a time."""
    name, = words(arguments, 1, 1, "usersyms PROGRAM")
    build = pathlib.Path(gdb.lookup_objfile("kernel.elf").filename).parent
    path = next((path for path in (
        pathlib.Path(name), build / "user" / name,
        build / "tests/guest" / name, build / "tests/programs" / name,
        build.parent / "tests/guest" / name,
        build.parent / "tests/programs" / name) if path.is_file()), None)
    if path is None:
        raise kernel.Unknown(f"{name}: no such program")
    for file in gdb.objfiles():
        if file.lookup_global_symbol("main"):
            gdb.execute(f"remove-symbol-file \"{file.filename}\"",
                        to_string=True)
    gdb.execute(f"add-symbol-file \"{path}\"", to_string=True)
    print(f"symbols of {path}")
