"""watch-pte, break-cow, break-zero, break-oom, step-fault."""

import gdb

from calf import fault, kernel, memory, paging
from calf.command import command, number, pid_of, words


class _Again(gdb.Breakpoint):
    """The same instruction, run by the same thread in the same memory."""

    def __init__(self, now):
        super().__init__(f"*{now.rip:#x}", internal=True,
                         type=gdb.BP_HARDWARE_BREAKPOINT)
        self.silent = True
        self.who, self.root = now.task, paging.Space().root
        self.is_reached = False

    def stop(self):
        self.is_reached = paging.Space().root == self.root and \
            kernel.current_task() == self.who
        return self.is_reached


class _Stop(gdb.Breakpoint):
    """A breakpoint in the handler of a fault, for one process or for all."""

    def __init__(self, function, wanted, cases=None):
        super().__init__(f"-function {function}",
                         type=gdb.BP_HARDWARE_BREAKPOINT)
        self.wanted, self.cases = wanted, cases

    def stop(self):
        task = kernel.current_task()
        if self.wanted is not None and not (
                task and task.is_called(self.wanted)):
            return False
        return self.cases is None or self._is_case()

    def _is_case(self):
        """Will it be one of these cases of mm/fault.c?"""
        now = fault.current()
        return now is not None and fault.verdict(now).case in self.cases


def _break(arguments, name, function, cases=None):
    wanted, = words(arguments, 0, 1, f"{name} [PID|PROGRAM]")
    _Stop(function, wanted, cases)


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
    # The compiler makes one function of those that map an absent page.
    _break(arguments, "break-zero", "fault_handle",
           ("2", "4A", "4B", "5A", "5B"))


@command("break-oom")
def break_oom(arguments):
    """Stop where memory has run out and somebody has to be killed.

Usage: break-oom [PID|PROGRAM]

With a pid or a program's name only when this process asked for the memory.
"commit" then shows each score, and who will be killed."""
    _break(arguments, "break-oom", "kill_someone")


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


def _place():
    """Where the CPU is and in which fault, if the machine still runs."""
    if not gdb.selected_inferior().pid:
        return None
    return gdb.selected_thread().num, *map(kernel.register,
                                           ("rip", "rsp", "cr2"))


@command("step-fault")
def step_fault(arguments):
    """Go on to the end of this fault, to the instruction that caused it.

Usage: step-fault

Stops at that instruction when the same thread is about to run it again, now
that the page is mapped; or at a breakpoint on the way."""
    words(arguments, 0, 0, "step-fault")
    now = fault.current()
    if now is None:
        raise kernel.Unknown("no page fault is in progress here")
    stop, before = _Again(now), _place()
    said = gdb.execute("continue", to_string=True)
    # On a busy host QEMU may end GDB's step off a breakpoint before the
    # instruction has run; then that breakpoint stops here once more.
    for _ in range(10):
        if stop.is_reached or _place() != before:
            break
        said = gdb.execute("continue", to_string=True)
    if stop.is_reached:
        print(f"{now.task} runs the instruction again:")
        gdb.execute("frame")
    else:
        print(said, end="")
    if stop.is_valid():
        stop.delete()
