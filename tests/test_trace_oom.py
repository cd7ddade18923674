"""The trace of a run out of memory: who was looked at, who went, what came back.

user/oom lets memory run out three times.  The trace is replayed, and at each
kill the machine that the events have led to must be the one that the kernel's
log describes: the table of scores, the victim, the frames given back.  At the
end it must be the one that the kernel finds in its own tables.
"""

import pytest

import harness
import test_oom
from harness import BUILD
from test_trace import Traced, check_numbers, tracefile, tracestate

PROGRAM = BUILD / "user" / "oom"
CLASSES = "life,memory,state"


def rss_and_tables(machine, pid):
    """(anon, objects, tables) in pages, from the replay."""
    space = machine.spaces[machine.processes[pid].space]
    kinds = [machine.frames[tracefile.pfn_of(entry)].kind
             for entry in space.entries.values()]
    return (kinds.count("anon"), kinds.count("object"),
            len(space.tables) + 1)


def frames_of_its_own(machine, root):
    """Those that nobody else has: they are free when the space has ended."""
    space = machine.spaces[root]
    own = [tracefile.pfn_of(entry) for entry in space.entries.values()]
    return {pfn for pfn in own
            if machine.frames[pfn].refcount == own.count(pfn)
            } | set(space.tables) | {root}


class Kill:
    """What the events tell of one: scores, the victim, its frames."""

    def __init__(self):
        self.scores = {}        # pid -> (score, must not be chosen)
        self.memory = {}        # pid -> (anon, objects, tables)
        self.pid = self.score = self.root = None
        self.own = None         # frames that only the victim has, at its end
        self.freed = []         # frames freed from there to its root table's
        self.kernel = 0         # and then: of the kernel, for its struct mm
        self.status = None      # as its parent is told


def kills_of(records, machine):
    """Replay all; each kill as it comes by."""
    kills = []
    for record in records:
        kill = kills[-1] if kills else None
        if record.name == "OOM_SCORE":
            if kill is None or kill.pid is not None:
                kills.append(kill := Kill())
            kill.scores[record.code] = (tracefile.signed(record.value),
                                        bool(record.kind))
            kill.memory[record.code] = rss_and_tables(machine, record.code)
        elif record.name == "OOM_KILL":
            kill.pid, kill.score = record.code, tracefile.signed(record.value)
            kill.root = machine.processes[kill.pid].space
        elif record.name == "SPACE_END" and kill and \
                record.space == kill.root:
            kill.own = frames_of_its_own(machine, kill.root)
        elif record.name == "FREE" and kill and kill.own is not None and \
                record.pid == kill.pid:
            if kill.root in kill.freed:
                kill.kernel += 1
            else:
                kill.freed.append(record.frame)
        elif record.name == "EXIT" and kill and record.code == kill.pid:
            kill.status = record.value
        machine.apply(record)
    return kills


def check_kill(kill, explained, is_alone):
    """The trace against the log: table, unit of adj, the line, the end."""
    table, unit, line, (end,) = explained
    assert {int(row["pid"]) for row in table} == set(kill.scores)
    for row in table:
        pid = int(row["pid"])
        score, is_immune = kill.scores[pid]
        assert is_immune == (row["immune"] is not None), row[0]
        assert score == int(row["rss"]) + int(row["tables"]) + \
            int(row["adj"]) * unit, row[0]
        assert is_immune or score == int(row["score"]), row[0]
        assert kill.memory[pid] == (
            int(row["anon"]), int(row["file"]) + int(row["shmem"]),
            int(row["tables"])), row[0]
    assert kill.pid == int(line[1])
    assert kill.score == kill.scores[kill.pid][0] == max(
        score for score, is_immune in kill.scores.values() if not is_immune)
    assert kill.status == 9, "SIGKILL"
    # Its own frames, each once, and no other.
    assert sorted(kill.freed) == sorted(kill.own)
    assert int(end[1]) == kill.pid
    # The log counts what all CPUs free meanwhile.
    assert not is_alone or int(end[2]) == len(kill.freed) + kill.kernel


def told_by(job):
    """The kills in the trace and in the log; and the machine at the end."""
    records = job.records()
    check_numbers(records)
    machine = tracestate.Machine(job.is_strict)
    kills = kills_of(records, machine)
    explained = test_oom.explained_kills(job.result().stderr.decode())
    assert len(kills) == len(explained), harness.explain(job.result())
    assert [kill.pid for kill in kills] == [
        record.code for record in records if record.name == "OOM_KILL"]
    return kills, explained, machine


class Oom(Traced):
    """The scenes of user/oom; on one CPU each record fits exactly."""

    def __init__(self, name, *options, scenes=(), is_strict=True):
        super().__init__(name, PROGRAM, "--mem", "16M", *options,
                         arguments=scenes, classes=CLASSES)
        self.is_strict = is_strict


@pytest.mark.parametrize("job, kills", [
    pytest.param(Oom("oom", "--icount"), 3, id="one-cpu"),
    pytest.param(Oom("oom-smp", "--smp", "4", scenes=["2"], is_strict=False),
                 1, id="four-cpus")])
def test_kills(job, kills):
    """Each kill, and then the end, as the kernel finds it in its tables."""
    told, explained, machine = told_by(job)
    assert len(told) == kills
    for kill, said in zip(told, explained):
        check_kill(kill, said, job.is_strict)
    assert machine.states == 1 and machine.differences == []
    assert all(process.status is not None
               for process in machine.processes.values())
