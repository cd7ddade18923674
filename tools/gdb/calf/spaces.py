"""vmas, procs, sharing - whole address spaces, and all of them."""

import itertools

from calf import kernel, paging
from calf.command import command, pid_of, plural, strong, words


def _letter(area, pte):
    """One letter for a page: what is it, seen by its process?"""
    if pte.pfn == kernel.zero_pfn():
        return "z"
    if pte.write:
        return "W"
    return "c" if area.has("VMA_WRITE") and area.is_cow() else "r"


def _runs(letters, width):
    """As it is, or each run as LETTER*COUNT, or cut off."""
    if len(letters) <= width:
        return letters
    text = " ".join(
        f"{letter}*{len(list(run))}"
        for letter, run in itertools.groupby(letters))
    return text if len(text) <= width else text[:width - 3] + "..."


@command("vmas")
def vmas(arguments):
    """List the areas of a process, with a letter for each page.

Usage: vmas [PID]

The numbers are pages with a frame / pages of the area. The letters: W writable,
c copied if written (COW), r read-only, z the zero frame, "." nothing yet; many
pages are shown as LETTER*COUNT."""
    space = paging.Space(pid_of(words(arguments, 0, 1, "vmas [PID]")[0]))
    if space.mm is None:
        raise kernel.Unknown("no process runs here; vmas PID")
    print(f"{strong(str(space))}: "
          f"{plural(space.mm.number('total_pages'), 'page')} in areas, "
          f"{space.mm.number('rss_pages')} resident")
    pages = dict(paging.user_pages(space.root))
    for area in space.mm.areas():
        held = sorted(va for va in pages if area.contains(va))
        letters = _page_letters(area, held, pages)
        amount = f"{len(held)}/{area.pages()}"
        print(f"  {area.start:012x}-{area.end:012x} {area.rights()} "
              f"{amount:>9} {area.what(space.mm)[-16:]:<16} "
              f"{_runs(letters, 35)}")


def _page_letters(area, held, pages):
    letters, at = [], area.start
    for va in held:
        letters.append("." * ((va - at) // 4096) + _letter(area, pages[va]))
        at = va + 4096
    return "".join(letters) + "." * ((area.end - at) // 4096)


@command("procs")
def procs(arguments):
    """List the processes and what their page tables hold, in pages.

Usage: procs

"*" marks what this CPU runs. thr: threads that have not ended. shared: frames
that other entries map as well; cow: pages that a write would have to ask for;
zero: the zero frame; tables: frames for the page tables."""
    words(arguments, 0, 0, "procs")
    now = kernel.current_task()
    print(f"    {'pid':>4} {'ppid':>4} {'thr':>3} {'state':<15} {'name':<15} "
          f"{'root':>8} {'rss':>6} {'shared':>6} {'cow':>6} {'zero':>5} "
          f"{'tables':>6}")
    for process in kernel.all_processes():
        mark = "*" if now and process == now.process else " "
        print(f"  {mark} {process.pid:>4} {process.number('parent_pid'):>4} "
              f"{_running_threads(process):>3} {process.state():<15} "
              f"{process.name():<15} {_memory_cells(process.mm())}")
    print(f"  and {plural(kernel.kernel_thread_count(), 'kernel thread')}")


def _running_threads(process):
    """An ended leader stays on the list as a zombie, and counts no more."""
    return sum(task.state() not in ("zombie", "dead")
               for task in process.threads())


def _memory_cells(mm):
    if mm is None:
        return f"{'-':>8}"
    counts = dict.fromkeys(("rss", "shared", "cow", "zero"), 0)
    areas = mm.areas()
    for va, pte in paging.user_pages(mm.root()):
        if pte.pfn == kernel.zero_pfn():
            counts["zero"] += 1
            continue
        counts["rss"] += 1
        counts["shared"] += kernel.frame(pte.pfn).mapcount > 1
        area = next((area for area in areas if area.contains(va)), None)
        counts["cow"] += bool(area and _letter(area, pte) == "c")
    return (f"{mm.root():#8x} {counts['rss']:>6} {counts['shared']:>6} "
            f"{counts['cow']:>6} {counts['zero']:>5} {mm.table_pages():>6}")


class _Shared:
    """Neighbouring frames that the same address spaces map."""

    def __init__(self, pfn, found):
        self.first = self.last = pfn
        self.mms = {mm for mm, _, _ in found}
        self.maps = len(found)
        self.va, self.flags = found[0][1], found[0][2].flags()

    def takes(self, pfn, found):
        same = (pfn == self.last + 1 and len(found) == self.maps and
                found[0][2].flags() == self.flags and
                {mm for mm, _, _ in found} == self.mms)
        if same:
            self.last = pfn
        return same

    def frames(self):
        return self.last - self.first + 1


@command("sharing")
def sharing(arguments):
    """List the frames that several entries map, and what that saves.

Usage: sharing

Frames next to each other with the same sharers are one line. Without sharing
each entry would need a frame of its own; the zero frame is counted apart."""
    words(arguments, 0, 0, "sharing")
    found = paging.mappings()
    zero = found.pop(kernel.zero_pfn(), [])
    runs = []
    for pfn in sorted(pfn for pfn in found if len(found[pfn]) > 1):
        if not (runs and runs[-1].takes(pfn, found[pfn])):
            runs.append(_Shared(pfn, found[pfn]))
    print(f"  {'frames':<19} {'count':>5} {'maps':>4}  {'first at':<14} "
          f"{'flags':<9}  processes")
    owners = kernel.owners()
    for run in runs:
        pids = sorted(process.pid for mm in run.mms
                      for process in owners.get(mm, []))
        span = f"{run.first:#x}-{run.last:#x}"
        print(f"  {span:<19} {run.frames():>5} {run.maps:>4}  "
              f"{run.va:#014x} {run.flags}  "
              f"{','.join(map(str, pids))}"[:100])
    frames = sum(run.frames() for run in runs)
    saved = sum(run.frames() * (run.maps - 1) for run in runs)
    print(f"  {plural(frames, 'shared frame')}: {saved} saved "
          f"({saved * 4} KiB); the zero frame is mapped "
          f"{plural(len(zero), 'time')}")
