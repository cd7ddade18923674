"""commit - what was promised, what there is, and who goes if it is too little."""

import gdb

from calf import kernel
from calf.command import command, strong, warning, words


def _limit(frames):
    kilobytes = int(kernel.value("overcommit_kbytes"))
    if kilobytes:
        return kilobytes // 4
    return frames * int(kernel.value("overcommit_ratio")) // 100


def _all_frames():
    """The frames there are for anyone at all: MemTotal."""
    stats = kernel.Record(kernel.value("frame_stats").address,
                          "struct frame_stats")
    return stats.number("total") - stats.number("reserved")


# ---- The score: kernel/oom.c, once more ------------------------------------

class Candidate:
    """A process as the OOM killer sees it."""

    def __init__(self, process):
        self.process, self.mms = process, process.mms()
        self.adjustment = int(process["oom_score_adj"])
        unit = _all_frames() // kernel.constant["OOM_SCORE_ADJ_MAX"]
        self.score = self.adjustment * unit + sum(
            mm.number("rss_pages") + mm.table_pages() for mm in self.mms)

    def immune(self):
        """Why it must never be chosen, or None."""
        if self.process.address == int(kernel.value("init_process")):
            return "init"
        if self.adjustment == kernel.constant["OOM_SCORE_ADJ_MIN"]:
            return "-1000"
        if self.process.leader()["borrows_mm"]:
            return "vfork"
        return "reaped" if any(mm["is_reaped"] for mm in self.mms) else None

    def order(self):
        """The highest goes, of equals the youngest, by pid in the end."""
        return (self.score, self.process.leader().number("start_ns"),
                self.process.pid)


def candidates():
    found = [Candidate(process) for process in kernel.all_processes()]
    return [one for one in found if one.mms]


def victim():
    """Who would be killed if memory ran out now; None: nobody can be."""
    return max((one for one in candidates() if not one.immune()),
               key=Candidate.order, default=None)


def victim_line():
    chosen = victim()
    if chosen is None:
        return "if memory ran out now, there is nobody to kill: panic"
    return (f"if memory ran out now, {warning(str(chosen.process))} would be "
            f"killed: score {chosen.score}")


@command("commit")
def commit(arguments):
    """Show what was promised to the processes, what there is, and who would go.

Usage: commit

In pages. Promised is what can come to need a frame of its own; the limit counts
only if overcommit_memory is 2 (mm/commit.h). free: frames nobody holds. score:
resident pages, page tables and oom_score_adj; if memory runs out the highest is
killed, of equals the youngest (kernel/oom.c)."""
    words(arguments, 0, 0, "commit")
    free = sum(frame.kind == "free" for frame in kernel.all_frames())
    frames = _all_frames()
    policy = int(kernel.value("overcommit_memory"))
    total = int(kernel.value("committed_pages"))
    names = ("guess", "always", "never")
    print(f"promised {total}, limit {_limit(frames)}, RAM {frames}, "
          f"free {free}; overcommit_memory {policy} ({names[policy]})")
    print(f"  {'process':<24} {'promised':>8} {'resident':>8} {'adj':>6} "
          f"{'score':>8}")
    scores = {}
    for one in candidates():
        scores.setdefault(one.mms[0], one)
    charged = 0
    for mm, processes in kernel.owners().items():
        charged += mm.number("charged_pages")
        print(f"  {kernel.owner_name(processes)[:24]:<24} "
              f"{mm.number('charged_pages'):>8} {mm.number('rss_pages'):>8} "
              f"{_score_cells(scores.get(mm))}".rstrip())
    print(f"  {'files, shared memory':<24} {total - charged:>8}")
    print(f"  {victim_line()}")


def _score_cells(one):
    if one is None:
        return ""
    score = f"({one.immune()})" if one.immune() else str(one.score)
    return f"{one.adjustment:>6} {score:>8}"


def _on_stop(event):
    """At the place where somebody has to be killed: who."""
    if not isinstance(event, gdb.BreakpointEvent):
        return
    try:
        if gdb.newest_frame().name() == "kill_someone":
            print(f"out of memory, asks {strong(str(kernel.current_task()))}; "
                  f"{victim_line()}")
    except (gdb.error, gdb.MemoryError, kernel.Unknown):
        pass


gdb.events.stop.connect(_on_stop)
