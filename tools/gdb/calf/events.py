"""events, seek - what has happened, and the way back to it.

The kernel writes each event into the ring of its CPU (kernel/lib/trace.h), from
where they are read here: at any stop, after a panic too.
"""

import pathlib
import sys
import textwrap

import gdb

from calf import kernel, memory, travel
from calf.command import command, number, strong, words

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))
import tracefile  # noqa: E402

RECORDS = kernel.constant["TRACE_RING_RECORDS"]
SIZE = tracefile.RECORD_BYTES
NEAR = 32               # records: of interrupts in the middle of an event


def _ring(cpu, count):
    """The last records of one CPU, at most so many."""
    start, written = int(cpu["trace_ring"]), cpu.number("trace_written") // SIZE
    if not start:
        return
    for index in range(max(written - min(count, RECORDS), 0), written):
        record = tracefile.Record(memory.read(
            start + index % RECORDS * SIZE, SIZE))
        if record.sequence:
            yield record


def last(count):
    """The last events of all CPUs, in their order."""
    cpus = kernel.value("cpus")
    found = [record for index in range(int(kernel.value("cpu_count")))
             for record in _ring(kernel.Record(cpus[index].address,
                                               "struct cpu"), count)]
    # What an interrupt has overtaken may still have an old number.
    return sorted(found, key=lambda record: record.sequence)[-count:]


def _totals():
    """Events ever written by all CPUs, and those that are still there."""
    cpus = kernel.value("cpus")
    ever = [kernel.Record(cpus[index].address, "struct cpu").number(
        "trace_written") // SIZE
        for index in range(int(kernel.value("cpu_count")))]
    return sum(ever), sum(min(count, RECORDS) for count in ever)


def tell(record):
    """One event in lines of at most 100 columns."""
    head = f"{record.sequence:>8} {record.name:<13} "
    print("\n".join(textwrap.wrap(
        record.sentence(), 100, initial_indent=head,
        subsequent_indent=" " * len(head))))


@command("events")
def events(arguments):
    """Tell what has happened last, an event a line.

Usage: events [N]

The last N events, or 10, of all CPUs: number, name, and what it was. Which events
there are is in kernel/lib/events.def; without tools/run --trace the usual ones
only (processes and page faults). In a recording, seek NUMBER goes there."""
    text, = words(arguments, 0, 1, "events [N]")
    found = last(10 if text is None else number(text))
    for record in found:
        tell(record)
    if not found:
        print("nothing yet")
        return
    ever, kept = _totals()
    print(f"{ever} events so far, {kept} of them in memory, {ever - kept} "
          "overwritten")


# ---- The way back ----------------------------------------------------------

def _count():
    """How many events there were; none before there is a kernel."""
    try:
        return int(kernel.value("trace_last_sequence"))
    except gdb.MemoryError:
        return 0


def _record_of(event):
    return next((record for record in last(NEAR)
                 if record.sequence == event), None)


def _moment_of(replay, event):
    """The first moment at which the record of this event is complete."""
    moment = replay.first(_count, event)
    if moment is None:
        raise kernel.Unknown(f"the recording ends before event {event}")
    # It has its number; after a few instructions that is in the record.
    for moment in range(moment, moment + 100):
        replay.reach(moment)
        if _record_of(event):
            return moment
    raise kernel.Unknown(f"event {event} has no record")


def _select_teller():
    """The function that says what it did, not those that write it down."""
    frame = gdb.newest_frame()
    while frame.older() and (
            (frame.name() or "").startswith(
                ("trace_", "mm_trace_", "percpu_")) or
            (frame.name() or "").endswith("_traced") or
            (frame.find_sal().symtab and pathlib.Path(
                frame.find_sal().symtab.filename).name in
             ("trace.c", "trace.h"))):
        frame = frame.older()
    frame.select()


@command("seek", needs_machine=False)
def seek(arguments):
    """Go to an event of the recording, forwards or back.

Usage: seek EVENT
       seek @COUNT

EVENT is the number that "events", tools/trace and its page give it: to the first
instruction at which its record is complete. @COUNT is a number of instructions, as
rewind and seek print it."""
    text, = words(arguments, 1, 1, "seek EVENT, or seek @COUNT")
    replay = travel.opened()
    if text.startswith("@"):
        moment = number(text[1:])
        if moment > replay.end():
            raise kernel.Unknown(f"the recording ends after {replay.end()} "
                                 "instructions")
        travel.go(replay, moment)
        return
    event = number(text)
    if event < 1:
        raise kernel.Unknown("the first event is 1")
    with replay.travel():
        moment = _moment_of(replay, event)
    travel.go(replay, moment, lambda: _arrive(event))


def _arrive(event):
    record = _record_of(event)
    print(strong("\n".join(textwrap.wrap(
        f"event {event}, {record.name}: {record.sentence()}", 100,
        subsequent_indent="  "))))
    _select_teller()
    gdb.execute("frame")
