"""walk, cow, frame-info - one page, in one process, in all, or as a frame."""

from calf import kernel, memory, paging
from calf.command import command, number, pid_of, plural, strong, warning, \
    words


def _target(pte):
    if pte.pfn >= kernel.frame_count():
        return f"-> {pte.pfn:#x}, not RAM"
    return f"-> {kernel.frame(pte.pfn)}"


def _rights(steps):
    """What all entries of a walk allow together."""
    user = all(step.pte.user for step in steps)
    write = all(step.pte.write for step in steps)
    fetch = not any(step.pte.no_exec for step in steps)
    return (f"{'user' if user else 'kernel'} "
            f"r{'w' if write else '-'}{'x' if fetch else '-'}")


@command("walk")
def walk(arguments):
    """Follow an address through the page tables, a line for each level.

Usage: walk VA [PID]

Without PID through the tables that CR3 points to now. Each line: the table,
the index in it, where the entry is in physical memory, the entry, its flags
(Present, Writable, User, Accessed, Dirty, Global, NX) and what it points to.
The last line is what all levels allow together, and the physical address."""
    text, pid = words(arguments, 1, 2, "walk VA [PID]")
    va, space = number(text), paging.Space(pid_of(pid))
    steps = paging.walk(space.root, va)
    print(f"{va:#x} in {strong(str(space))}, root {space.root:#x}")
    for step in steps:
        pte = step.pte
        line = (f"  {paging.NAMES[step.level]:<4} [{step.index:3}] "
                f"@{step.address:#010x} = {pte.raw:#018x} {pte.flags()} ")
        if step.is_leaf() and pte.has_frame:
            line += _target(pte)
        elif pte.present:
            line += f"-> table {pte.pfn:#x}"
        else:
            line += "absent"
        # A long line goes on below.
        head, _, tail = line.partition(" -> ")
        print(line if len(line) <= 100 else f"{head}\n{'':>29}-> {tail}")
    last = steps[-1]
    if not last.pte.present:
        print("  not mapped" if not last.pte.has_frame else
              "  not accessible (PROT_NONE), but the frame is kept")
        return
    size = memory.PAGE << 9 * (last.level - 1)
    physical = (last.pte.pfn * memory.PAGE & ~(size - 1)) + va % size
    print(f"  allows {_rights(steps)}; physical {physical:#x}")


@command("cow")
def cow(arguments):
    """Show the page of an address in every process that has it, side by side.

Usage: cow VA

Each line: who, the entry's flags, the frame with its counts and its first
bytes, and what a write by this process would do."""
    text, = words(arguments, 1, 1, "cow VA")
    va = number(text) & ~(memory.PAGE - 1)
    print(f"page {va:#x}")
    print(f"  {'process':<20} {'flags':<9} {'frame':<9} {'ref':>3} {'map':>3} "
          f"{'first 8 bytes':<16}  a write would")
    rows = 0
    for mm, processes in kernel.owners().items():
        area = mm.area_of(va)
        if area is None:
            continue
        rows += 1
        step = paging.leaf(mm.root(), va)
        print(f"  {kernel.owner_name(processes)[:20]:<20} " +
              _cow_cells(area, step.pte if step else paging.Pte(0)))
    if not rows:
        print("  no process has an area there")


def _cow_cells(area, pte):
    if not pte.has_frame:
        cells = f"{'absent':<9} {'-':<9} {'-':>3} {'-':>3} {'-':<16} "
    else:
        frame = kernel.frame(pte.pfn)
        first = memory.read_physical(pte.pfn * memory.PAGE, 8).hex()
        cells = (f"{pte.flags():<9} {hex(pte.pfn):<9} {frame.refcount:>3} "
                 f"{frame.mapcount:>3} {first:<16} ")
    return f"{cells} {_write_would(area, pte)}"


def _write_would(area, pte):
    """The verdict of mm/fault.c for a write, in a word or two."""
    if not area.has("VMA_WRITE"):
        return "be refused"
    if pte.present and pte.write:
        return "just work"
    if not pte.has_frame:
        return "fill a frame" if not area.object else "map a page"
    frame = kernel.frame(pte.pfn)
    alone = frame.refcount == 1 and int(kernel.value("cow_reuse_enabled"))
    return "reuse it" if not area.is_cow() or alone else "copy it"


@command("frame-info")
def frame_info(arguments):
    """Show a frame: its kind, its counts, and every entry that maps it.

Usage: frame-info PFN

The entries are found by walking the tables of all processes; if there are not
as many as mapcount says, the last line says so."""
    text, = words(arguments, 1, 1, "frame-info PFN")
    frame = kernel.frame(number(text))
    print(frame)
    found = paging.mappings().get(frame.pfn, [])
    owners = kernel.owners()
    for mm, va, pte in found:
        print(f"  {kernel.owner_name(owners.get(mm)):<20} {va:#014x}  "
              f"{pte.flags()}")
    others = frame.refcount - frame.mapcount
    print(f"  {plural(len(found), 'entry').replace('entrys', 'entries')} "
          f"found, and {plural(others, 'other reason')} to keep it")
    if len(found) != frame.mapcount:
        print(warning(f"  MISMATCH: mapcount is {frame.mapcount}"))
