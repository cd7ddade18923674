"""A trace as Chrome's JSON, which ui.perfetto.dev and chrome://tracing open.

Faults and system calls are spans, one track for each process; free frames and
promised pages are counters. What frames and sharing look like it cannot show:
tools/trace --html does.
"""

import json

import tracefile

MACHINE = 0             # the "process" of the counters
INSTANTS = {"FORK", "CLONE", "EXEC", "EXIT", "COPY", "REUSE", "REFUSAL",
            "OOM_KILL", "SHOOTDOWN"}


class Converter:
    """Records in, lines of JSON out."""

    def __init__(self, hertz, emit):
        self.hertz, self.write = hertz, emit
        self.open = {}          # pid -> its spans that have not ended
        self.latest = {}        # pid -> time of its latest event
        self.names = {MACHINE: "machine"}
        self.free = self.promised = 0
        self.shown = {}         # counter -> its latest value

    def emit(self, phase, pid, time, **more):
        self.write({"ph": phase, "pid": pid, "tid": pid, "ts": time, **more})

    def time(self, record):
        """In microseconds; on the track of a process it never goes back,
        though the clocks of two CPUs may differ a little."""
        time = max(round(record.time * 1e6 / self.hertz, 3),
                   self.latest.get(record.pid, 0))
        self.latest[record.pid] = time
        return time

    # ---- Spans ----

    def begin(self, kind, record, time, name, **about):
        self.open.setdefault(record.pid, []).append(
            (kind, name, time, about))

    def end(self, kind, record, time, name=None, **about):
        """End the span of this kind, and those within that never ended."""
        spans = self.open.get(record.pid, [])
        if all(span[0] != kind for span in spans):
            return              # it began before the process did
        while True:
            inner, begun_as, start, before = spans.pop()
            is_it = inner == kind
            self.emit("X", record.pid, start, cat=inner,
                      dur=round(time - start, 3),
                      name=name if is_it and name else begun_as,
                      args={**before, **(about if is_it else {})})
            if is_it:
                return

    def end_all(self, pid, time):
        for kind, name, start, about in reversed(self.open.pop(pid, [])):
            self.emit("X", pid, start, dur=round(time - start, 3), cat=kind,
                      name=name, args=about)

    # ---- Records ----

    def add(self, record):
        name, time = record.name, self.time(record)
        event = {"event": record.sequence}
        if name == "FAULT":
            self.begin("fault", record, time, "fault", **event,
                       address=hex(record.address), says=record.sentence())
        elif name == "FAULT_END":
            self.end("fault", record, time,
                     tracefile.fault_kind(record.kind), frame=record.frame)
        elif name == "CALL":
            self.begin("call", record, time,
                       tracefile.syscall_name(record.code), **event)
        elif name == "RETURN":
            self.end("call", record, time,
                     result=tracefile.result_text(record.value))
        if name in INSTANTS:
            self.emit("i", record.pid, time, s="t", cat=record.klass,
                      name=name.lower(),
                      args={**event, "says": record.sentence()})
        self.follow(record, name, time)

    def follow(self, record, name, time):
        """What the machine and its processes have by now."""
        if name in ("RELEASE", "FREE"):
            self.free += 1 << record.code
        elif name == "ALLOC":
            self.free -= 1 << record.code
        elif name == "COMMIT":
            self.promised = record.address
        elif name in ("EXEC", "NAME"):
            self.names[record.pid] = record.text
        elif name in ("FORK", "CLONE"):
            self.names[record.value] = self.names.get(record.pid, "")
        elif name == "EXIT":
            self.end_all(record.pid, time)
        self.count("free frames", self.free, time)
        self.count("promised pages", self.promised, time)

    def count(self, name, value, time):
        if self.shown.get(name) != value:
            self.shown[name] = value
            self.emit("C", MACHINE, time, name=name, args={"n": value})

    def finish(self):
        for pid in list(self.open):
            self.end_all(pid, self.latest[pid])
        for pid, name in self.names.items():
            self.write({"ph": "M", "pid": pid, "tid": pid,
                        "name": "process_name", "args": {"name": name}})


def write(path, out):
    """Convert the trace at this path; records go through one by one."""
    hertz = next((record.value for record in tracefile.read(path)
                  if record.name == "CLOCK"), 0) or 10**9
    separator = '{"displayTimeUnit": "ns", "traceEvents": [\n'

    def emit(event):
        nonlocal separator
        out.write(separator + json.dumps(event))
        separator = ",\n"

    converter = Converter(hertz, emit)
    for record in tracefile.read(path):
        converter.add(record)
    converter.finish()
    out.write("\n]}\n")
