"""audit - the invariants of docs/invariants.md, counted again by GDB.

The same figures as mm/check.c's, by a second, independent reading of memory.
"""

from calf import kernel, paging
from calf.command import command, plural, warning, words


def differences():
    """Each invariant that does not hold, as a line; nothing if all do."""
    frames = list(kernel.all_frames())
    found, places = paging.mappings(), _areas()
    for pfn, entries in found.items():
        for mm, va, pte in entries:
            for problem in _entry(places[mm], va, pte):
                yield f"{problem}: {va:#x}, frame {pfn:#x}"
    tables = _tables()
    held = tables | _object_frames()
    for frame in frames:
        yield from _counts(frame, len(found.get(frame.pfn, ())),
                           frame.pfn in held)
    for mm in places:
        yield from _counters(mm)


def _areas():
    return {mm: mm.areas() for mm in kernel.all_mms()}


def _entry(areas, va, pte):
    """I4, I5 and I9 for one entry of a user page."""
    area = next((area for area in areas if area.contains(va)), None)
    if area is None:
        yield "I5 an entry where no area is"
        return
    if not pte.user or (pte.write and not area.has("VMA_WRITE")) or \
            (not pte.no_exec and not area.has("VMA_EXEC")) or \
            (pte.present and area.rights()[:3] == "---"):
        yield f"I5 an entry {pte.flags().strip()} in an area {area.rights()}"
    if pte.write and pte.pfn == kernel.zero_pfn():
        yield "I9 the zero frame is writable"
    elif pte.write and area.is_cow() and kernel.frame(pte.pfn).mapcount != 1:
        yield ("I4 a private page is writable with mapcount "
               f"{kernel.frame(pte.pfn).mapcount}")
    elif pte.write and area.is_cow() and kernel.frame(pte.pfn).kind != "anon":
        yield "I2 a frame that others hold is writable as if private"


def _tables():
    """All frames that are a page table of somebody."""
    root = kernel.Record(kernel.value("kernel_pgtable").address,
                         "struct pgtable").part("space", "struct tlb_space")
    found = set(paging.tables(root.number("root")))
    for mm in kernel.all_mms():
        found.update(_user_tables(mm))
    return found


def _user_tables(mm):
    return list(paging.tables(mm.root(), 4,
                              kernel.constant["PGTABLE_KERNEL_INDEX"]))


def _object_frames():
    return {kernel.frame_number(address) for one in kernel.all_objects()
            for address in one.frames()}


def _counts(frame, entries, is_held):
    """I1 and I2: the counts, and who accounts for them."""
    if frame.mapcount != entries:
        yield (f"I1 {frame}: "
               f"{plural(entries, 'entry').replace('entrys', 'entries')}")
    holders = frame.pincount + is_held
    if frame.kind in ("reserved", "kernel", "zero"):
        holders = frame.pincount + 1
    if frame.refcount != frame.mapcount + holders:
        yield f"I2 {frame}: {plural(holders, 'other holder')}"


def _counters(mm):
    """I7: what the address space says of itself."""
    resident = sum(pte.pfn != kernel.zero_pfn()
                   for _, pte in paging.user_pages(mm.root()))
    if resident != mm.number("rss_pages"):
        yield (f"I7 root {mm.root():#x}: rss_pages {mm.number('rss_pages')}, "
               f"counted {resident}")
    tables = len(_user_tables(mm))
    if tables != mm.table_pages():
        yield (f"I7 root {mm.root():#x}: table_pages {mm.table_pages()}, "
               f"counted {tables}")


@command("audit")
def audit(arguments):
    """Count again what the frame table and the address spaces claim.

Usage: audit

Checks I1, I2, I4, I5, I7 and I9 of docs/invariants.md for every frame and every
entry, from memory alone. While the kernel changes an address space (it holds
mm->lock) a count can be a step ahead of its entry; audit says so then."""
    words(arguments, 0, 0, "audit")
    found = list(differences())
    for line in found[:20]:
        print(f"  {warning(line)}")
    if len(found) > 20:
        print(f"  and {len(found) - 20} more")
    mms = kernel.all_mms()
    print("audit: " + (plural(len(found), "difference") if found
                       else "I1, I2, I4, I5, I7, I9 hold") +
          f" ({plural(kernel.frame_count(), 'frame')}, "
          f"{plural(len(mms), 'address space')})")
    locked = [mm for mm in mms if mm.is_locked()]
    if found and locked:
        print("  mm->lock is held: the kernel is in the middle of a change")
