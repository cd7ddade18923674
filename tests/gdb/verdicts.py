"""What "why" says of a write to a read-only page is what the kernel then does.

On several CPUs: GDB stops at every decision that fork_write causes, on whatever
CPU it comes, asks tools/gdb/ for the verdict, lets the kernel decide, and
looks at the page-table entry.
"""

import gdb

from calf import fault, kernel, paging
from session import Failure, continue_machine, expect, finish, run


def entry(now):
    return paging.leaf(now.mm.root(), now.address).pte


def decide():
    """One decision, foretold and then carried out; which it was."""
    now = fault.current()
    cpu = gdb.selected_thread().num - 1
    expect("the CPU", kernel.current_cpu(), cpu)
    expect("its task", now.task, kernel.Task(
        int(gdb.parse_and_eval(f"cpus[{cpu}].current"))))
    expect("its root", now.mm.root(), paging.Space().root)
    verdict, before = fault.verdict(now), entry(now)
    expect("the entry before", (before.present, before.write), (True, False))

    expect("cow_break()", finish("cow_break"), "FAULT_DONE")
    after = entry(now)
    expect("the entry after", (after.present, after.write), (True, True))
    if after.pfn == before.pfn and verdict.case == "6C" and \
            kernel.frame(after.pfn).refcount == 1:
        return "late"       # a sharer on another CPU has let go meanwhile
    expect(f"case {verdict.case}", verdict.function,
           "cow_reuse" if after.pfn == before.pfn else "cow_copy")
    return verdict.case


def steps():
    decided = []
    gdb.execute("break-cow fork_write", to_string=True)
    stop, = gdb.breakpoints()
    while True:
        continue_machine()
        if not gdb.selected_inferior().pid:
            break
        stop.enabled = False        # another CPU may come there meanwhile
        decided.append(decide())
        stop.enabled = True
    print(f"decided: {' '.join(decided)}")
    if not {"6B", "6C"} <= set(decided):
        raise Failure("there was not at least one copy and one reuse")


run(steps)
