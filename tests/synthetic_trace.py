"""A trace of a machine that never was, as long as a test wants it.

    python3 tests/synthetic_trace.py EVENTS FILE

Processes fork, read, write and end at random (but always the same): frames are
shared, copied and reused, and every record says what a kernel would.
"""

import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tools"))

import tracefile  # noqa: E402

FRAMES = 8192
RESERVED = 512
ZERO = RESERVED
FIRST_PAGE = 0x10000000 >> 12
PAGES = 400             # of an address space
PRESENT, WRITE, USER, DIRTY, NO_EXEC = 1, 2, 4, 1 << 6, 1 << 63
LEAF = PRESENT | USER | 1 << 5 | NO_EXEC


class Machine:
    def __init__(self, out):
        self.out = out
        self.random = random.Random(1)
        self.number = {event.name: event.number
                       for event in tracefile.events().values()}
        self.kinds = tracefile.enum_names("mm/frame.h", "frame_kind")
        self.fault_kinds = tracefile.enum_names("mm/fault.h", "fault_kind")
        self.sequence = self.time = self.pid = self.promised = 0
        self.free = list(range(FRAMES - 1, RESERVED, -1))
        self.counts = {}        # frame -> refcount and mapcount
        self.spaces = {}        # pid -> root
        self.entries = {}       # root -> page -> (frame, may write)
        self.last_pid = 1
        out.write(tracefile.HEADER.pack(
            tracefile.MAGIC, tracefile.RECORD_BYTES,
            len(self.number) + 1).ljust(tracefile.RECORD_BYTES, b"\0"))

    def event(self, name, text=None, **fields):
        self.sequence += 1
        self.time += self.random.randrange(20, 3000)
        fields.update(sequence=self.sequence, time=self.time,
                      event=self.number[name], pid=self.pid)
        data = bytearray(tracefile.LAYOUT.pack(
            *(fields.get(field, 0) for field in tracefile.FIELDS)))
        if text:
            data[tracefile.TEXT] = text.encode().ljust(16, b"\0")
        self.out.write(data)

    def count(self, name, frame, references, mappings):
        counts = self.counts[frame]
        counts[0] += references
        counts[1] += mappings
        self.event(name, frame=frame, refcount=counts[0], mapcount=counts[1])

    def alloc(self, kind):
        frame = self.free.pop()
        self.counts[frame] = [1, 0]
        self.event("ALLOC", frame=frame, kind=self.kinds.index(kind),
                   refcount=1)
        return frame

    def drop(self, frame):
        self.count("DROP", frame, -1, -1)
        if frame != ZERO and self.counts[frame][0] == 0:
            self.give_back(frame, "anon")

    def give_back(self, frame, kind):
        del self.counts[frame]
        self.free.append(frame)
        self.event("FREE", frame=frame, kind=self.kinds.index(kind))

    def set_entry(self, name, root, page, frame, may_write):
        raw = frame << 12 | LEAF | (WRITE | DIRTY if may_write else 0)
        self.event(name, space=root, address=page << 12, frame=frame,
                   value=raw)
        self.entries[root][page] = (frame, may_write)

    # ---- What processes do ----

    def figures(self):
        """Some of Model.figures() of tools/trace_page/model.js."""
        return {
            "at": self.sequence,
            "free": len(self.free),
            "promised": self.promised,
            "references": sum(refs for refs, _ in self.counts.values()),
            "mappings": sum(maps for _, maps in self.counts.values()),
            "spaces": {str(root): [len(pages), 0]
                       for root, pages in self.entries.items()},
        }

    def boot(self):
        self.event("BOOT", frame=FRAMES, value=FRAMES - RESERVED + 64,
                   other=ZERO)
        for frame in range(RESERVED, FRAMES, 512):
            self.event("RELEASE", frame=frame, code=9)
        self.counts[ZERO] = [1, 0]
        self.event("ALLOC", frame=ZERO, refcount=1,
                   kind=self.kinds.index("zero"))
        self.event("CLOCK", value=10**9)
        self.pid = 1
        root = self.new_space()
        self.event("EXEC", "synthetic", space=root)
        self.spaces[1] = root

    def new_space(self):
        root = self.alloc("pgtable")
        self.entries[root] = {}
        self.event("SPACE_NEW", space=root)
        return root

    def fork(self):
        parent = self.spaces[self.pid]
        root = self.new_space()
        self.promise(PAGES, root)
        for page, (frame, may_write) in list(self.entries[parent].items()):
            self.count("SHARE", frame, 1, 1)
            if may_write:
                self.set_entry("WRITE_PROTECT", parent, page, frame, False)
            self.set_entry("MAP", root, page, frame, False)
        self.last_pid += 1
        self.spaces[self.last_pid] = root
        self.event("FORK", space=root, other=parent, value=self.last_pid)

    def promise(self, pages, root):
        self.promised += pages
        self.event("COMMIT", space=root, value=pages & (1 << 64) - 1,
                   address=self.promised)

    def touch(self, page, is_write):
        root = self.spaces[self.pid]
        frame, may_write = self.entries[root].get(page, (0, False))
        if frame and (may_write or not is_write):
            return
        code = 4 | (2 if is_write else 0) | (1 if frame else 0)
        self.event("FAULT", space=root, address=(page << 12) + 8 * 5,
                   code=code, value=0x401234)
        kind, new = self.answer(root, page, frame, is_write)
        counts = self.counts[new]
        self.event("FAULT_END", space=root, address=page << 12, code=code,
                   kind=self.fault_kinds.index(kind), frame=new, other=frame,
                   refcount=counts[0], mapcount=counts[1],
                   value=new << 12 | LEAF | (WRITE if is_write else 0))

    def answer(self, root, page, old, is_write):
        if not is_write:
            self.count("SHARE", ZERO, 1, 1)
            self.set_entry("MAP", root, page, ZERO, False)
            return "zero_map", ZERO
        if old and self.counts[old][0] == 1:
            self.set_entry("REUSE", root, page, old, True)
            return "cow_reuse", old
        new = self.alloc("anon")
        if old:
            self.event("COPY", frame=new, other=old)
            self.event("UNMAP", space=root, address=page << 12, frame=old,
                       value=old << 12 | LEAF)
            self.event("FLUSH", space=root, address=page << 12, value=1)
        self.count("ADOPT", new, 0, 1)
        self.set_entry("MAP", root, page, new, True)
        if not old:
            return "zero_fill", new
        self.drop(old)
        return "cow_copy", new

    def exit(self):
        root = self.spaces.pop(self.pid)
        self.event("EXIT", code=self.pid, value=0)
        self.event("SPACE_END", space=root)
        for page, (frame, may_write) in self.entries.pop(root).items():
            self.event("UNMAP", space=root, address=page << 12, frame=frame,
                       value=frame << 12 | LEAF | (WRITE if may_write else 0))
            self.drop(frame)
        self.count("PUT", root, -1, 0)
        self.give_back(root, "pgtable")
        self.promise(-PAGES, root)

    def run(self, events):
        """Go on until there are so many events, or a few more."""
        if not self.sequence:
            self.boot()
            self.promise(PAGES, self.spaces[1])
        while self.sequence < events:
            self.pid = self.random.choice(list(self.spaces))
            chance = self.random.random()
            if chance < 0.002 and len(self.spaces) < 8:
                self.fork()
            elif chance < 0.004 and self.pid != 1 and len(self.spaces) > 4:
                self.exit()
            else:
                page = FIRST_PAGE + self.random.randrange(PAGES)
                self.touch(page, self.random.random() < 0.7)


def write(events, path):
    with open(path, "wb") as out:
        Machine(out).run(events)


if __name__ == "__main__":
    write(int(sys.argv[1]), sys.argv[2])
