"""The events command, at a copy and after a panic.

What it tells is compared with the page tables and the counts of the frames, and
the numbers of its last line with each other.
"""

import re

import gdb

from session import (
    Failure, counts, expect, number, page_entry, pfn_of, run, run_to,
    run_to_end, run_to_place)

BY_CHILD = 0x0c0c0c0c


def ask(text):
    print(f"(gdb) {text}")
    said = gdb.execute(text, to_string=True)
    print(said, end="")
    return said


def check_last_line(said):
    found = re.search(r"^(\d+) events so far, (\d+) of them in memory, (\d+) "
                      r"overwritten$", said, re.M)
    if not found:
        raise Failure("events does not end as it should")
    ever, kept, gone = map(int, found.groups())
    expect("events so far", ever, number("trace_last_sequence"))
    expect("events in memory and overwritten", kept + gone, ever)
    size = 64
    expect("events that the CPU has written", ever,
           number("cpus[0].trace_written") // size)
    expect("events in memory", kept, min(ever, 1024))


def at_a_copy():
    run_to_place("store", f"value == {BY_CHILD}")
    address, before = number("where"), pfn_of(page_entry(number("where"))[1])
    run_to_place("look")
    after = pfn_of(page_entry(address)[1])
    said = ask("events 200")
    check_last_line(said)
    everything = number("trace_mask") == 0xff
    if everything == (" 0 overwritten" in said):
        raise Failure("the ring holds 1024 events")
    if not everything and not ("FORK" in said and
                               "becomes fork_write" in said):
        raise Failure("no fork, or no execve")
    refs, maps = counts(after)
    wanted = (f"the fault at {address & ~0xfff:#x} (user write, a right is "
              f"missing) is cow_copy; the page is PWUAD NX frame {after:#x} "
              f"(now refcount {refs}, mapcount {maps})")
    expect("events of this copy", " ".join(said.split()).count(wanted), 1)
    if before == after:
        raise Failure("the page was not copied")


def after_a_panic():
    frame = f"frame_table[{pfn_of(page_entry(number('page'))[1])}]"
    gdb.execute(f"set var {frame}.refcount = 9")
    run_to("panic")
    said = ask("events 20")
    expect("events", len(re.findall(r"^ +\d+ [A-Z_]+ ", said, re.M)), 20)
    check_last_line(said)


def steps():
    at_a_copy()
    after_a_panic()
    run_to_end()


run(steps)
