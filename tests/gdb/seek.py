"""Back to an event: seek lands where its record is complete, not one later.

Opens the recording in $recording. Which events there are says the trace in
$trace, which QEMU wrote while it recorded.
"""

import re
import sys

import gdb

from session import Failure, expect, number, run
from travel import ask, now

sys.path.insert(0, "tools")
import tracefile  # noqa: E402

# What the student lands in: the function that did it.
PLACES = {"COPY": ("copy_frame", "mm/cow.c"), "FORK": ("task_clone", "clone.c"),
          "REUSE": ("cow_reuse", "mm/cow.c")}


def is_complete(event):
    """Is it the last one there is, by its number and in the ring?"""
    at = number("cpus[0].trace_written") // 64
    numbers = {number(f"cpus[0].trace_ring[{(at - back) % 1024}].sequence")
               for back in range(1, 9) if at >= back}
    return number("trace_last_sequence") == event and event in numbers


def visit(record):
    """There, and exactly there; the count of instructions."""
    said = ask(f"seek {record.sequence}")
    here = now()
    expect("the count", said.splitlines()[0], f"after {here} instructions:")
    expect("what seek tells", " ".join(said.split()).count(
        f"event {record.sequence}, {record.name}: {record.sentence()}"), 1)
    expect(f"is event {record.sequence} complete?",
           is_complete(record.sequence), True)
    last = told("events 1")
    expect("the last event", last, " ".join(
        f"{record.sequence} {record.name} {record.sentence()}".split()))
    ask("rewind")
    expect("one instruction earlier", is_complete(record.sequence), False)
    ask("stepi")
    expect("and there again", is_complete(record.sequence), True)
    return here


def landing(record):
    """The functions that the backtrace begins with."""
    ask(f"seek {record.sequence}")
    function, file = PLACES[record.name]
    for line in ask("backtrace 8").splitlines():
        if re.search(rf" {function} \(", line):
            return
    raise Failure(f"event {record.sequence} is not in {function} of {file}: "
                  + ask("backtrace 8"))


def told(text):
    """The events in one line, without the last line, which counts them."""
    *lines, count = ask(text).splitlines()
    expect("the last line", " events so far, " in count, True)
    return " ".join(" ".join(lines).split())


def same_events(records):
    """What "events" reads from the rings is what the trace has."""
    end = records[-1].sequence
    said = told("events 300")
    wanted = " ".join(" ".join(
        f"{one.sequence} {one.name} {one.sentence()}" for one in records
        if end - 300 < one.sequence <= end).split())
    expect("events 300", said, wanted)


def steps():
    recorded = gdb.convenience_variable("recording").string()
    records = list(tracefile.read(gdb.convenience_variable("trace").string()))
    expect("the numbers", [one.sequence for one in records],
           list(range(1, len(records) + 1)))
    ask(f"replay {recorded}")
    chosen = {name: [one for one in records if one.name == name][-1]
              for name in ("COPY", "FORK", "REUSE", "EXIT", "FAULT_END")}
    first = {one.sequence: visit(one) for one in chosen.values()}
    for one in (records[0], records[len(records) // 2]):
        visit(one)
    for name in PLACES:
        landing(chosen[name])
    for one in reversed(chosen.values()):
        expect(f"event {one.sequence} once more", visit(one),
               first[one.sequence])
    ask(f"seek @{first[chosen['COPY'].sequence]}")
    expect("seek @COUNT", is_complete(chosen["COPY"].sequence), True)
    ask(f"seek {records[-1].sequence}")
    same_events(records)
    try:
        ask(f"seek {len(records) + 1}")
    except gdb.error as refused:
        expect("beyond the end", str(refused),
               f"seek: the recording ends before event {len(records) + 1}")
    else:
        raise Failure("there was an event after the last")


run(steps)
