"""The OOM killer explains itself, and decides the same each time.

user/oom lets memory run out three times. With --icount the machine is the
same to the last instruction, so two runs must print and log the same. The
table in the log is checked as a student would: by adding up.
"""

import re

import pytest

import harness
from harness import BUILD, Job


def run_oom(*arguments, append=""):
    return Job("--icount", "--mem", "32M", "--append", append, "--",
               BUILD / "user" / "oom", *arguments, timeout=240)


ROW = re.compile(
    r"\[ *(?P<pid>\d+)\] +(?P<total>\d+) +(?P<rss>\d+) +(?P<anon>\d+) +"
    r"(?P<file>\d+) +(?P<shmem>\d+) +(?P<tables>\d+) +(?P<adj>-?\d+) +"
    r"(?P<score>-?\d+|\((?P<immune>[^)]+)\)) (?P<name>.+)")
UNIT = re.compile(r"score = rss \+ pgtables \+ oom_score_adj x (\d+);")
KILLED = re.compile(
    r"Out of memory: Killed process (\d+) \((.+)\) total-vm:(\d+)kB, "
    r"anon-rss:(\d+)kB, file-rss:(\d+)kB, shmem-rss:(\d+)kB, UID:0 "
    r"pgtables:(\d+)kB oom_score_adj:(-?\d+)")
GONE = re.compile(r"oom: process (\d+) \(.*\) is gone: (\d+) frames given "
                  r"back, (\d+) us after the kill")


def explained_kills(log):
    """For each kill: the table before it, its rule, the line, the end."""
    table, unit, kills = [], None, []
    for line in log.splitlines():
        if match := ROW.match(line):
            table.append(match)
        elif match := UNIT.match(line):
            unit = int(match[1])
        elif match := KILLED.match(line):
            kills.append((table, unit, match, []))
            table, unit = [], None
        elif match := GONE.match(line):
            kills[-1][3].append(match)
    return kills


def check_kill(table, unit, line, ends):
    """All figures agree with each other and name this victim."""
    for row in table:
        assert int(row["rss"]) == \
            int(row["anon"]) + int(row["file"]) + int(row["shmem"]), row[0]
        if row["immune"] is None:
            assert int(row["score"]) == int(row["rss"]) + \
                int(row["tables"]) + int(row["adj"]) * unit, row[0]
        else:
            assert row["immune"] == ("init" if row["pid"] == "1" else
                                     row["adj"]), row[0]
    candidates = [row for row in table if row["immune"] is None]
    victim = max(candidates, key=lambda row: (int(row["score"]),
                                              int(row["pid"])))
    assert line[1] == victim["pid"]
    assert [int(figure) for figure in line.groups()[2:7]] == \
        [4 * int(victim[column])
         for column in ("total", "anon", "file", "shmem", "tables")]
    assert line[8] == victim["adj"]
    assert [end[1] for end in ends] == [victim["pid"]], "it ended, once"
    # All but what it shares: the program's text, one page of memory.
    own = int(victim["anon"]) + int(victim["tables"])
    assert 0 <= own - int(ends[0][2]) <= 40 or int(ends[0][2]) >= own


@pytest.mark.parametrize("first, second", [(run_oom(), run_oom())],
                         ids=["twice"])
def test_same_victims_each_time(first, second):
    one, two = first.result(), second.result()
    assert one.returncode == 0, harness.explain(one)
    assert one.stdout == two.stdout
    assert one.stderr == two.stderr


@pytest.mark.parametrize("job", [run_oom()], ids=["oom"])
def test_the_table_adds_up(job):
    done = job.result()
    kills = explained_kills(done.stderr.decode())
    assert len(kills) == 3, harness.explain(done)
    for kill in kills:
        check_kill(*kill)
    assert done.stdout.count(b": it died, and nobody else") == 3


@pytest.mark.parametrize("job", [
    run_oom("1", append="sysctl.vm.oom_dump_tasks=0")], ids=["oom"])
def test_without_the_table(job):
    """vm.oom_dump_tasks=0: who and what of, but not who else."""
    done = job.result()
    log = done.stderr.decode()
    assert done.returncode == 0, harness.explain(done)
    assert len(KILLED.findall(log)) == 1 and len(GONE.findall(log)) == 1
    assert not any(map(ROW.match, log.splitlines())), harness.explain(done)
    assert not UNIT.search(log) and "Tasks state" not in log


@pytest.mark.parametrize("job", [
    run_oom("1", append="sysctl.vm.panic_on_oom=2 "
                        "sysctl.vm.oom_kill_allocating_task=1")], ids=["oom"])
def test_rather_a_panic(job):
    """vm.panic_on_oom comes before vm.oom_kill_allocating_task."""
    done = job.result()
    log = done.stderr.decode()
    assert done.returncode == 125, harness.explain(done)
    assert "PANIC: Out of memory: compulsory panic_on_oom is enabled" in log
    assert any(map(ROW.match, log.splitlines())), "the table all the same"
    assert not KILLED.search(log), harness.explain(done)
