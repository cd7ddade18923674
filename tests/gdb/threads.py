"""A process of several threads, on several CPUs: one memory, shown once."""

import re

import gdb

from calf import kernel
from session import expect, run, run_to_end


def ask(text):
    return gdb.execute(text, to_string=True)


class Look(gdb.Breakpoint):
    """At look(), in this program: others have code at the same address."""

    def stop(self):
        return kernel.current_task().name() == "four_threads"


def steps():
    Look("look", type=gdb.BP_HARDWARE_BREAKPOINT)
    ask("continue")
    ask("delete")
    said = int(gdb.parse_and_eval("threads"))
    expect("the threads of /proc", said, 4)
    me = kernel.current_task()
    expect("the name", me.name(), "four_threads")

    row = re.search(r"^  \* +(\d+) +(\d+) +(\d+) running +four_threads ",
                    ask("procs"), re.M)
    expect("procs", row and row.groups(), (str(me.pid), "1", str(said)))

    tids = [task.pid for task in me.process.threads()]
    expect("the numbers", len(set(tids)), said)
    for tid in tids:
        expect(f"vmas {tid}", ask(f"vmas {tid}"), ask("vmas"))
    rows = re.findall(rf"^  {me.pid} four_threads .*P[W-]U",
                      ask("cow &all"), re.M)
    expect("the page, once", len(rows), 1)
    rows = re.findall(rf"^  {me.pid} four_threads ", ask("commit"), re.M)
    expect("the promise, once", len(rows), 1)
    run_to_end()


run(steps)
