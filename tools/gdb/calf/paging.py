"""Page-table entries, the walk, and who maps what."""

import struct

from calf import kernel, memory

NAMES = {4: "PML4", 3: "PDPT", 2: "PD", 1: "PT"}
_BITS = kernel.constant


class Pte:
    """One entry of a table of any level."""

    def __init__(self, raw):
        self.raw = raw

    def _has(self, name):
        return bool(self.raw & _BITS[name])

    present = property(lambda self: self._has("PTE_PRESENT"))
    write = property(lambda self: self._has("PTE_WRITE"))
    user = property(lambda self: self._has("PTE_USER"))
    large = property(lambda self: self._has("PTE_LARGE"))
    no_exec = property(lambda self: self._has("PTE_NO_EXEC"))
    has_frame = property(lambda self: self.raw != 0)
    pfn = property(lambda self: (self.raw & _BITS["PTE_PFN_MASK"]) >> 12)

    def flags(self):
        """PWUAD with a "-" for each that is not set, G, and NX."""
        letters = "".join(
            letter if self._has(name) else "-" for letter, name in
            (("P", "PTE_PRESENT"), ("W", "PTE_WRITE"), ("U", "PTE_USER"),
             ("A", "PTE_ACCESSED"), ("D", "PTE_DIRTY"), ("G", "PTE_GLOBAL")))
        return letters + (" NX" if self.no_exec else "   ")


class Step:
    """One level of a walk: which entry, where it is, what it says."""

    def __init__(self, level, index, table):
        self.level, self.index = level, index
        self.address = table * memory.PAGE + 8 * index
        self.pte = Pte(table_entries(table)[index])

    def is_leaf(self):
        return self.level == 1 or (self.pte.large and self.level < 4)


def table_entries(pfn):
    return struct.unpack("<512Q", memory.read_physical(
        pfn * memory.PAGE, memory.PAGE))


def walk(root, va):
    """From the root to the entry that maps @va, or to where it ends."""
    steps, table = [], root
    for level in (4, 3, 2, 1):
        steps.append(Step(level, va >> 12 + 9 * (level - 1) & 511, table))
        if steps[-1].is_leaf() or not steps[-1].pte.present:
            break
        table = steps[-1].pte.pfn
    return steps


def leaf(root, va):
    """The last step of a walk if it is a 4 KiB page's entry, or None."""
    last = walk(root, va)[-1]
    return last if last.level == 1 else None


def user_pages(root):
    """(va, Pte) of every leaf entry of the user half that holds a frame."""
    return _below(root, 4, 0)


def _below(table, level, base):
    count = _BITS["PGTABLE_KERNEL_INDEX"] if level == 4 else 512
    for index, raw in enumerate(table_entries(table)[:count]):
        if not raw:
            continue
        va, pte = base + (index << 12 + 9 * (level - 1)), Pte(raw)
        if level == 1:
            yield va, pte
        elif pte.present and not pte.large:
            yield from _below(pte.pfn, level - 1, va)


def tables(root, level=4, count=512):
    """The frames of all tables at and below this one."""
    yield root
    if level == 1:
        return
    for raw in table_entries(root)[:count]:
        pte = Pte(raw)
        if pte.present and not pte.large:
            yield from tables(pte.pfn, level - 1)


def mappings():
    """pfn -> list of (mm, va, Pte), over all address spaces."""
    found = {}
    for mm in kernel.all_mms():
        for va, pte in user_pages(mm.root()):
            found.setdefault(pte.pfn, []).append((mm, va, pte))
    return found


class Space:
    """The address space that a command is about.

    Without a pid it is the one that CR3 points to, so that it is right at any
    moment of a switch too.
    """

    def __init__(self, pid=None):
        if pid is None:
            self.root = (kernel.register("cr3") &
                         _BITS["PTE_PFN_MASK"]) >> 12
            self.mm = next((mm for mm in kernel.all_mms()
                            if mm.root() == self.root), None)
        else:
            process = kernel.process_of(pid)
            self.mm = process.mm()
            if self.mm is None:
                raise kernel.Unknown(f"{process} has no user memory")
            self.root = self.mm.root()
        self.processes = kernel.owners().get(self.mm, []) if self.mm else []

    def __str__(self):
        if self.mm is None:
            return "the kernel alone"
        return kernel.owner_name(self.processes)
