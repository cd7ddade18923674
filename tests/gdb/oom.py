"""Out of memory: what "commit" foretells at each kill, for the log to confirm.

Opens the recording in $recording; test_travel.py compares with the kernel's
own table, which the kernel has not written yet when this session stops. What
is said at the first kill is in oom.out.
"""

import re

import gdb

from session import Failure, expect, run


def ask(text):
    return gdb.execute(text, to_string=True)


def show(text):
    print(f"(gdb) {text}")
    gdb.execute(text)


def at_a_kill():
    """Score by pid, as commit shows them, and who would be killed."""
    expect("the function", gdb.newest_frame().name(), "kill_someone")
    said = ask("commit")
    rows = re.findall(r"^  (\d+) \S.* (-?\d+) +(\S+)$", said, re.M)
    chosen = re.search(r"^  if memory ran out now, pid (\d+) \S+ would be "
                       r"killed: score (-?\d+)$", said, re.M)
    if not chosen:
        raise Failure(f"nobody would be killed:\n{said}")
    print("foretold " + " ".join(
        f"{pid}:{adjustment}:{score}" for pid, adjustment, score in rows)
        + f" victim {chosen[1]}:{chosen[2]}")


def steps():
    ask(f"replay {gdb.convenience_variable('recording').string()}")
    ask("break-oom nobody")
    show("break-oom oom")
    show("break-oom hog")
    for text in ("continue", "why", "commit", "events 1"):
        show(text)
    print("(gdb)")
    at_a_kill()
    kills = 1
    while True:
        try:
            ask("continue")
        except gdb.error:
            pass
        if not gdb.selected_inferior().pid:
            break
        at_a_kill()
        kills += 1
    expect("the filter lets nobody pass", gdb.breakpoints()[0].hit_count, 0)
    if kills < 3:
        raise Failure(f"{kills} kills")


run(steps)
