"""Every command at any stop: it answers, or says in one line why it cannot.

Opens the recording in $recording: from the first instruction, before there is
a page table or a process, to after the machine's end.
"""

import gdb

import calf.command
from session import Failure, expect, run

ASKED = {
    "walk": "walk 0x400000", "cow": "cow 0x400000", "vmas": "vmas 1",
    "frame-info": "frame-info 0x200", "watch-pte": "watch-pte 0x400000",
    "usersyms": "usersyms fork_write",
}
# These go on, or away from here.
NOT_ASKED = {"replay", "rewind", "rerun", "seek"}
NO_KERNEL = "has the kernel set up its memory yet?"
NO_MACHINE = "no machine runs here (any more)"


def answers():
    """What each command says here: name -> lines, or the refusal."""
    said = {}
    for name, _ in calf.command.COMMANDS:
        if name in NOT_ASKED:
            continue
        try:
            lines = gdb.execute(ASKED.get(name, name),
                                to_string=True).splitlines()
        except gdb.error as refusal:
            said[name] = str(refusal)
            expect(f"one line from {name}", str(refusal).count("\n"), 0)
            if not str(refusal).startswith(f"{name}: "):
                raise Failure(f"{name} said {refusal}") from None
            continue
        said[name] = lines
        for line in lines:
            if len(line) > 100 or "Python" in line:
                raise Failure(f"{name} said {line}")
    for one in gdb.breakpoints():
        one.delete()
    return said


def refusing(said):
    return {name for name, text in said.items() if isinstance(text, str)}


READ_MEMORY = {"walk", "cow", "vmas", "procs", "sharing", "frame-info",
               "commit", "audit", "watch-pte"}


def help_of_all():
    for name, title in calf.command.COMMANDS:
        text = gdb.execute(f"help {name}", to_string=True)
        lines = text.splitlines()
        expect(f"the first line of help {name}", lines[0], title)
        expect(f"the usage of {name}", lines[2].split()[:2], ["Usage:", name])
        expect(f"the width of help {name}",
               [line for line in lines if len(line) > 100], [])


def to(place):
    gdb.execute(f"hbreak {place}", to_string=True)
    gdb.execute("continue", to_string=True)
    for one in gdb.breakpoints():
        one.delete()


def steps():
    help_of_all()
    before = answers()
    expect("without a machine", {
        name for name in refusing(before) if NO_MACHINE in before[name]},
           set(before) - {"usersyms"})
    gdb.execute(f"replay {gdb.convenience_variable('recording').string()}")
    said = answers()
    expect("what needs memory at reset", {
        name for name in refusing(said) if NO_KERNEL in said[name]}
        - {"events"}, READ_MEMORY)
    for place in ("start64", "kernel_main"):
        to(place)
        said = answers()
        expect(f"a table at {place}", said["walk"][0],
               "0x400000 in the kernel alone, root " +
               said["walk"][0].split()[-1])
        expect(f"processes at {place}", said["vmas"],
               "vmas: there is no process 1")
        expect(f"frames at {place}", said["audit"],
               "audit: the kernel has not counted its memory yet")
    for place in ("*0x401030", "cow_break", "syscall_dispatch"):
        to(place)                       # user mode, a fault, a system call
        said = answers()
        expect(f"who refuses at {place}", refusing(said),
               set() if place == "cow_break" else {"step-fault"})
        expect(f"the end of audit at {place}", said["audit"][-1][:23],
               "audit: I1, I2, I4, I5, ")
    try:
        gdb.execute("continue", to_string=True)
    except gdb.error:
        pass
    after = answers()
    expect("after the end", refusing(after), refusing(before) - {"usersyms"})


run(steps)
