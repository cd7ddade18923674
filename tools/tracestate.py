"""From the events of a trace back to the state of the machine.

    machine = tracestate.Machine()
    for record in tracefile.read("run.trace"):
        machine.apply(record)

After each event the machine has the frames that are in use, with their kinds
and counts, every address space with its entries and tables, the processes, and
what is promised and free. It needs the classes "life" and "memory" from the
start of the kernel on. With strict=True an event that does not fit what came
before is an error, and so are counts that differ from the kernel's: on one CPU
that must never happen; on several, counts in the records may be a moment old.
"""

import tracefile

PGTABLE = "pgtable"


class Contradiction(Exception):
    """An event that cannot follow what came before."""


class Frame:
    """A frame in use."""

    __slots__ = ("kind", "refcount", "mapcount")

    def __init__(self, kind):
        self.kind, self.refcount, self.mapcount = kind, 1, 0

    def __eq__(self, other):
        if not isinstance(other, Frame):        # None: one that is not there
            return NotImplemented
        return (self.kind, self.refcount, self.mapcount) == (
            other.kind, other.refcount, other.mapcount)

    def __repr__(self):
        return f"{self.kind} refs {self.refcount} maps {self.mapcount}"


class Space:
    """An address space: its name is the frame of its root table."""

    def __init__(self, root):
        self.root = root
        self.entries = {}       # address of the page -> entry
        self.tables = {}        # frame -> (level, first address)
        self.is_ending = False


class Process:
    """A process or a further thread of one, from its start to its end."""

    def __init__(self, pid, parent, name, space):
        self.pid, self.parent, self.name = pid, parent, name
        self.space = space      # the root of its address space, or None
        self.status = None      # once it has ended, as wait4 tells it


class Machine:
    """What the events so far have led to."""

    def __init__(self, strict=False):
        self.strict = strict
        self.frames = {}        # number -> Frame, of those in use
        self.free = 0           # frames
        self.spaces = {}        # root -> Space
        self.processes = {}     # pid -> Process, those that have ended too
        self.promised = 0       # pages
        self.zero_frame = None
        self.ram = None         # frames
        self.ticks = None       # of the clock, in a second
        self._named = {}        # STATE_... so far
        self.states = 0         # how many were compared
        self.differences = []   # of the last one, from the kernel's tables

    def apply(self, record):
        handler = getattr(self, "_" + record.name.lower(), None)
        if handler:
            handler(record)

    def _wrong(self, record, why):
        if self.strict:
            raise Contradiction(f"event {record.sequence}, "
                                f"{record.sentence()}: {why}")

    def _frame(self, record):
        frame = self.frames.get(record.frame)
        if frame is None:
            self._wrong(record, "the frame is free")
            frame = Frame("?")
        return frame

    def _space(self, record):
        if record.space not in self.spaces:
            self._wrong(record, "there is no such space")
            self.spaces[record.space] = Space(record.space)
        return self.spaces[record.space]

    # ---- Life

    def _boot(self, record):
        self.ram, self.zero_frame = record.value, record.other

    def _clock(self, record):
        self.ticks = record.value

    def _space_new(self, record):
        if record.space in self.spaces:
            self._wrong(record, "it is there already")
        self.spaces[record.space] = Space(record.space)

    def _space_end(self, record):
        self._space(record).is_ending = True

    def _fork(self, record):
        parent = self.processes.get(record.pid)
        self.processes[record.value] = Process(
            record.value, record.pid, parent.name if parent else "?",
            record.space)

    _clone = _fork

    def _exec(self, record):
        if record.pid not in self.processes:    # init has no parent
            self.processes[record.pid] = Process(record.pid, 0, "", None)
        process = self.processes[record.pid]
        process.name, process.space = record.text, record.space

    def _name(self, record):
        if record.pid in self.processes:
            self.processes[record.pid].name = record.text

    def _exit(self, record):
        self._end(record.pid, record.value)
        self._end(record.code, record.value)

    def _thread_exit(self, record):
        self._end(record.pid, 0)

    def _end(self, pid, status):
        if pid in self.processes:
            process = self.processes[pid]
            process.space, process.status = None, status

    # ---- Frames

    def _release(self, record):
        self.free += 1 << record.code

    def _alloc(self, record):
        for pfn in range(record.frame, record.frame + (1 << record.code)):
            if pfn in self.frames:
                self._wrong(record, f"frame {pfn:#x} is in use")
            self.frames[pfn] = Frame(tracefile.frame_kind(record.kind))
        self.free -= 1 << record.code

    def _free(self, record):
        frame = self._frame(record)
        if (frame.refcount, frame.mapcount) != (0, 0):
            self._wrong(record, f"it is {frame}")
        self.frames.pop(record.frame, None)
        self.spaces.pop(record.frame, None)
        self.free += 1

    def _count(self, record, refs, maps):
        frame = self._frame(record)
        frame.refcount += refs
        frame.mapcount += maps
        if (frame.refcount, frame.mapcount) != (record.refcount,
                                                record.mapcount):
            self._wrong(record, f"it should be {frame}")

    def _get(self, record):
        self._count(record, 1, 0)

    def _put(self, record):
        self._count(record, -1, 0)

    def _share(self, record):
        self._count(record, 1, 1)

    def _adopt(self, record):
        self._count(record, 0, 1)

    def _drop(self, record):
        self._count(record, -1, -1)

    # ---- Entries and tables

    def _map(self, record):
        entries = self._space(record).entries
        if record.address in entries:
            self._wrong(record, "a page is there")
        entries[record.address] = record.value

    def _unmap(self, record):
        old = self._space(record).entries.pop(record.address, None)
        if old is None or tracefile.pfn_of(old) != record.frame:
            self._wrong(record, "that page was not there")

    def _protect(self, record):
        entries = self._space(record).entries
        old = entries.get(record.address)
        if old is None or tracefile.pfn_of(old) != record.frame:
            self._wrong(record, "that page was not there")
        entries[record.address] = record.value

    _write_protect = _reuse = _protect

    def _table_new(self, record):
        if record.space in self.spaces:         # or the kernel's own
            self.spaces[record.space].tables[record.frame] = (
                record.code, record.address)

    def _table_free(self, record):
        if record.space in self.spaces and not self.spaces[
                record.space].tables.pop(record.frame, None):
            self._wrong(record, "there was no such table")

    def _commit(self, record):
        self.promised += tracefile.signed(record.value)

    # ---- What the kernel says there is

    def _state_begin(self, record):
        self._named = {"begin": record, "frames": {}, "entries": {},
                       "spaces": {}}

    def _state_frame(self, record):
        frame = Frame(tracefile.frame_kind(record.kind))
        frame.refcount, frame.mapcount = record.refcount, record.mapcount
        self._named["frames"][record.frame] = frame

    def _state_entry(self, record):
        self._named["entries"].setdefault(record.space, {})[
            record.address] = record.value

    def _state_space(self, record):
        self._named["spaces"][record.space] = record

    def _state_end(self, record):
        self.states += 1
        self.differences = list(self._differences())
        if self.differences:
            self._wrong(record, "; ".join(self.differences[:10]))

    def _differences(self):
        """Where the events have led elsewhere."""
        begin = self._named["begin"]
        if begin.address != self.free:
            yield f"{begin.address} frames are free, not {self.free}"
        if begin.value != self.promised:
            yield f"{begin.value} pages are promised, not {self.promised}"
        theirs = self._named["frames"]
        for pfn in sorted(theirs.keys() | self.frames.keys()):
            if theirs.get(pfn) != self.frames.get(pfn):
                yield (f"frame {pfn:#x} is {theirs.get(pfn)}, not "
                       f"{self.frames.get(pfn)}")
        for root in sorted(self._named["spaces"].keys() | self.spaces.keys()):
            yield from self._space_differences(root)

    def _space_differences(self, root):
        if root not in self.spaces or root not in self._named["spaces"]:
            yield f"space {root:#x} is only on one side"
            return
        said, space = self._named["spaces"][root], self.spaces[root]
        if said.other != len(space.tables) + 1:
            yield (f"space {root:#x} has {said.other} tables, not "
                   f"{len(space.tables) + 1}")
        resident = sum(tracefile.pfn_of(entry) != self.zero_frame
                       for entry in space.entries.values())
        if said.address != resident:
            yield (f"space {root:#x} has {said.address} resident pages, not "
                   f"{resident}")
        theirs = self._named["entries"].get(root, {})
        for va in sorted(theirs.keys() | space.entries.keys()):
            one, other = theirs.get(va, 0), space.entries.get(va, 0)
            # The CPU sets these two by itself.
            if (one ^ other) & ~tracefile.PTE_SET_BY_CPU:
                yield (f"page {va:#x} of space {root:#x} is "
                       f"{tracefile.entry_text(one)}, not "
                       f"{tracefile.entry_text(other)}")
