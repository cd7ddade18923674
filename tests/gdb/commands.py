"""Calf's own GDB commands, before and after a copy and a reuse.

What they print is compared with commands.out by test_gdb.py; here their
figures are compared with /proc's, which fork_write keeps in variables, and with
a count of the frame table that knows nothing of tools/gdb/.

With four CPUs the parent is on the second and the child on the third. The
commands must say the same then; what the other CPUs see in the middle of the
child's fault is in cpus.out.
"""

import re
import struct

import gdb

from calf import kernel
from session import (
    CURRENT, WRITE, Failure, counts, expect, memory, number, page_entry, pfn_of, run,
    run_to_end, run_to_place, value)

BEFORE_FORK, BY_CHILD, BY_PARENT = 0x0b0b0b0b, 0x0c0c0c0c, 0x0d0d0d0d


def ask(text):
    """One command; what it says is printed, and returned."""
    print(f"(gdb) {text}")
    said = gdb.execute(text, to_string=True)
    print(said, end="")
    return said


def fails(text):
    """A command that refuses; why."""
    print(f"(gdb) {text}")
    try:
        gdb.execute(text)
    except gdb.error as refused:
        print(refused)
        return
    raise Failure(f"{text} was accepted")


def forget_breakpoints():
    for one in gdb.breakpoints():
        one.delete()


def check_tables():
    """What tools/gdb/ believes of the kernel, against the kernel."""
    expect("tools/gdb/calf/kernel.py", list(kernel.problems()), [])


def first_touch():
    run_to_place("store", f"value == {BEFORE_FORK}")
    ask("break-zero fork_write")
    ask("continue")
    ask("why")
    ask("step-fault")
    forget_breakpoints()


def compare_with_proc(name):
    """The commands' figures for the page against /proc's a moment ago."""
    view = value(f"'fork_write.c'::{name}")
    pfn = int(view["pfn"])
    info = gdb.execute(f"frame-info {pfn}", to_string=True)
    expect(f"{name}: frame-info", info.splitlines()[0],
           f"frame {pfn:#x} anon, refcount {int(view['refs'])}, "
           f"mapcount {int(view['maps'])}")
    expect(f"{name}: entries that frame-info lists",
           len(re.findall(r"^  \d+ fork_write .* P", info, re.M)),
           int(view["maps"]))
    page = number("where" if name == "before" else "page")
    flags = "W" if int(view["writable"]) else "-"
    pid = kernel.current_task().pid
    row = re.search(rf"^  {pid} fork_write +P(.)U\S* NX (0x\w+) +(\d+) +(\d+) ",
                    gdb.execute(f"cow {page}", to_string=True), re.M)
    expect(f"{name}: cow", row and row.groups(),
           (flags, hex(pfn), str(int(view["refs"])), str(int(view["maps"]))))


def compare_with_frame_table():
    """sharing's last line, from the frame table alone."""
    size = value("frame_table[0]").type.sizeof
    total = number("frame_count")
    table = memory(number("frame_table"), size * total)
    maps = [struct.unpack_from("<I", table, size * pfn + 4)[0]
            for pfn in range(total) if pfn != number("zero_pfn.val")]
    shared = [count for count in maps if count > 1]
    saved = sum(shared) - len(shared)
    said = gdb.execute("sharing", to_string=True)
    found = re.search(r"(\d+) shared frames: (\d+) saved", said)
    expect("sharing", found and found.groups(),
           (str(len(shared)), str(saved)))


def look(address):
    """All that can be asked while two processes share the page."""
    ask("why")
    ask("procs")
    ask("vmas")
    ask("vmas 2")
    ask("cow where")
    ask("walk where")
    ask(f"walk {address:#x} 2")
    ask("walk 0x10000")
    ask(f"frame-info {pfn_of(page_entry(address)[1]):#x}")
    ask("sharing")
    ask("commit")
    ask("audit")
    compare_with_frame_table()


def look_from_the_other_cpus(address):
    """The child's fault is its own CPU's; all memory is everybody's."""
    here, others = gdb.selected_thread(), []
    expect("the child's CPU", kernel.current_cpu(), 2)
    print("--- the other CPUs")
    for cpu in (0, 3, 1):
        ask(f"thread {cpu + 1}")
        ask("why")
        ask("procs")
        others.append(ask(f"cow {address:#x}"))
    expect("the page, from each CPU", len(set(others)), 1)
    # The parent's CPU idles, with the parent's tables still in CR3.
    ask("vmas")
    ask(f"walk {address:#x}")
    fails("step-fault")
    ask(f"thread {here.num}")
    ask("procs")
    ask("why")
    print("---")


def copy_for_the_child():
    run_to_place("store", f"value == {BY_CHILD}")
    compare_with_proc("before")
    address = number("where")
    look(address)

    ask("break-cow fork_write")
    ask("continue")
    ask("why")
    ask("print *fault")
    ask("print fault->seen")
    ask("print fault->address")
    ask("print *fault->vma")
    ask("print frame_table[fault->seen.raw >> 12 & 0xffffff]")
    if number("cpu_count") > 1:
        look_from_the_other_cpus(address)
    forget_breakpoints()

    # The entry goes through absent, so that no CPU sees both frames.
    ask(f"watch-pte {address:#x}")
    for _ in range(2):
        gdb.execute("continue", to_string=True)
        ask(f"cow {address:#x}")
    forget_breakpoints()
    ask("why")
    ask("step-fault")
    ask("events 1")
    ask("cow where")
    run_to_place("look")
    compare_with_proc("after")
    ask("audit")


def reuse_for_the_parent():
    run_to_place("store", f"value == {BY_PARENT}")
    compare_with_proc("before")
    ask("cow where")
    ask("break-cow 2")
    ask("continue")
    ask("why")
    ask("step-fault")
    ask("events 1")
    ask("cow where")
    forget_breakpoints()
    run_to_place("look")
    compare_with_proc("after")
    compare_with_frame_table()


def planted(change, back):
    gdb.execute(f"set var {change}")
    ask("audit")
    gdb.execute(f"set var {back}")


def audit_finds():
    """Each kind of difference, planted and taken back."""
    slot, entry = page_entry(number("page"))
    frame = f"frame_table[{pfn_of(entry)}]"
    expect("the counts", counts(pfn_of(entry)), (1, 1))
    planted(f"{frame}.refcount = 2", f"{frame}.refcount = 1")
    planted(f"{frame}.mapcount = 2", f"{frame}.mapcount = 1")
    slot, entry = page_entry(number("$rip"))
    code = f"*(unsigned long *){0xffff888000000000 + slot}"
    planted(f"{code} = {entry | WRITE}", f"{code} = {entry}")
    mm = f"{CURRENT}->mm"
    planted(f"{mm}->rss_pages += 1", f"{mm}->rss_pages -= 1")
    ask("audit")


def main_is_in():
    """The source file of the main() whose symbols are loaded."""
    return gdb.lookup_global_symbol("main").symtab.filename


def refusals():
    fails("walk")
    fails("walk 0x10000 99")
    fails("frame-info 0xffffffff")
    fails("watch-pte 0x10000")
    fails("step-fault")
    fails("usersyms nothing")
    fails("break-oom one two")


def other_symbols():
    ask("usersyms act")
    expect("main() of act", main_is_in(), "tests/programs/act.c")
    ask("usersyms")
    expect("main() of what runs", main_is_in(), "tests/programs/fork_write.c")
    ask("usersyms fork_write")
    ask("break-oom fork_write")
    forget_breakpoints()


def steps():
    check_tables()
    first_touch()
    copy_for_the_child()
    reuse_for_the_parent()
    audit_finds()
    refusals()
    other_symbols()
    run_to_end()


run(steps)
