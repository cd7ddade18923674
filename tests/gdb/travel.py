"""Time travel: rewind lands on the exact instruction, wherever from.

Opens the recording in $recording. Where QEMU stands is asked of QEMU itself,
not of tools/gdb/; what is compared is all registers, the page that the stack
pointer points into and, at moments far apart, all memory.
"""

import hashlib
import os
import random
import re
import tempfile

import gdb

from session import PAGE, Failure, expect, frame_of, memory, register, run

SHORT, FAR = 20, 10         # moments one instruction apart, and far apart
MEMORY = 32 << 20           # of the machine


def ask(text):
    return gdb.execute(text, to_string=True)


def now():
    said = ask("monitor info replay")
    return int(re.search(r"instruction count = (\d+)", said)[1])


def ram():
    """All memory, as one number."""
    with tempfile.TemporaryDirectory() as scratch:
        place = os.path.join(scratch, "ram")
        ask(f'monitor pmemsave 0 {MEMORY} "{place}"')
        with open(place, "rb") as file:
            content = file.read()
    expect("the size of the memory", len(content), MEMORY)
    return hashlib.sha256(content).hexdigest()


def state():
    """Everything that has to be as it was, apart from ram()."""
    stack = memory(register("rsp") & ~(PAGE - 1), PAGE)
    return register("rip"), ask("info all-registers"), stack


def rewind_to(seen, moment):
    """From where we are back to a moment that was seen before."""
    before = now()
    said = ask(f"rewind {before - moment}")
    expect("the count", now(), moment)
    expect("what rewind says", said.splitlines()[0],
           f"after {moment} instructions:")
    for what, got, wanted in zip(
            ("RIP", "the registers", "the stack", "all memory"),
            (*state(), ram()), seen[moment]):
        expect(f"{what} at {moment}", got, wanted)


def one_by_one():
    """Each instruction of the copy's beginning, forwards and backwards."""
    seen = {now(): state()}
    for _ in range(SHORT):
        before = now()
        ask("stepi")
        expect("what stepi counts", now(), before + 1)
        seen[now()] = state()
    for moment in sorted(seen, reverse=True)[1:]:
        before = now()
        expect("the one before", before - 1, moment)
        ask("rewind")
        expect("the count", now(), moment)
        expect(f"all of it at {moment}", state(), seen[moment])


def far_apart():
    """At faults all over the run; then back, in any order."""
    seen = {}
    for _ in range(FAR):
        gdb.execute("continue", to_string=True)
        seen[now()] = *state(), ram()
    ask("delete")
    latest = now()
    for moment in random.Random(7).sample(sorted(seen), FAR):
        if moment > now():
            ask("rerun")
            expect("the start", (now(), register("rip")), (0, 0xfff0))
            ask("hbreak *0")            # rewind must not mind
            goto(latest)
            ask("delete")
        rewind_to(seen, moment)


def goto(moment):
    """By QEMU alone."""
    ask(f"monitor replay_break {moment}")
    ask("continue")
    expect("the count", now(), moment)


def breakpoints_survive():
    """And stop where they did, with their conditions and counts."""
    ask("rerun")
    ask("hbreak cow_break if fault->is_write")
    gdb.execute("continue", to_string=True)
    first = now()
    ask("stepi 5")
    ask("rewind 5")
    expect("a rewind to a breakpoint", now(), first)
    expect("its count", gdb.breakpoints()[-1].hit_count, 1)
    ask("stepi")
    expect("one step from a breakpoint", now(), first + 1)
    ask("rewind")
    gdb.execute("continue", to_string=True)
    expect("on from a breakpoint", now() > first, True)
    ask(f"rewind {now() - first + 1000}")
    gdb.execute("continue", to_string=True)
    expect("the breakpoint again", now(), first)
    ask("delete")


def end_of_the_run():
    try:
        gdb.execute("continue", to_string=True)
    except gdb.error as ended:
        expect("how it ended", str(ended), "Remote connection closed")
    expect("is there a machine?", gdb.selected_inferior().pid, 0)
    ask("rewind 0")
    last = now()
    expect("exit_machine() is on the stack", frame_of("exit_machine").name(),
           "exit_machine")
    ask("rewind")
    expect("one before", now(), last - 1)
    ask("stepi")
    expect("the last again", now(), last)
    try:
        ask(f"rewind {last + 1}")
    except gdb.error as refused:
        expect("too far", str(refused), f"rewind: only {last} instructions "
               "have run since the start")
    else:
        raise Failure("rewind went to before the start")


def steps():
    ask(f"replay {gdb.convenience_variable('recording').string()}")
    expect("the start", (now(), register("rip")), (0, 0xfff0))
    ask('hbreak cow_copy if $_streq(cpus[0].current->name, "fork_write")')
    gdb.execute("continue", to_string=True)
    one_by_one()
    ask("delete")
    ask("hbreak fault_handle")
    far_apart()
    breakpoints_survive()
    end_of_the_run()


if __name__ == "__main__":
    run(steps)
