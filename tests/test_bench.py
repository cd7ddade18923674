"""The benchmark runs, and what it counts repeats to the last digit.

No test here looks at how fast anything is.
"""

import itertools
import json
import re
import subprocess

import pytest

import harness
from harness import BUILD, Job, RELEASE, ROOT

# One figure of each kind that the table of targets needs.
EXPECTED = {"null_call", "zero_fill", "zero_map", "cow_copy", "cow_reuse",
            "fork_per_page", "fork_call_256M", "fork_exit_wait_1M",
            "fork_exit_wait_1M.level0", "fork_exec_tiny", "fork_exec_musl",
            "mmap_munmap", "brk", "pipe_round_trip", "yield_switch",
            "save_total"}


class Bench(Job):
    """A short run of tools/bench, without any wall time."""

    count = itertools.count()

    def __init__(self):
        super().__init__()
        self.json = BUILD / f"test_bench.{next(self.count)}.json"
        self.timeout = 120
        self.command = [str(ROOT / "tools" / "bench"), "--quick", "--no-wall",
                        "--no-profile", "--build", str(BUILD),
                        "--kernel", str(RELEASE), "--json", str(self.json)]


@pytest.mark.parametrize("first, second", [
    pytest.param(Bench(), Bench(), id="twice")])
def test_figures_repeat_exactly(first, second):
    for job in (first, second):
        done = job.result()
        assert done.returncode == 0, harness.explain(done)
    assert first.json.read_bytes() == second.json.read_bytes()
    figures = json.loads(first.json.read_text())["instructions"]
    assert EXPECTED <= figures.keys()
    assert all(0 < figures[name]["min"] <= figures[name]["median"]
               for name in EXPECTED)


@pytest.mark.parametrize("job", [
    pytest.param(Job("--quiet", "--icount",
                     BUILD / "tests" / "bench" / "calls", "null_call",
                     kernel=RELEASE),
                 id="clock")])
def test_one_tick_is_one_instruction(job):
    """The guest's clock agrees: one tick, one instruction, is 1 ns."""
    done = job.result()
    assert done.returncode == 0, harness.explain(done)
    clock = re.search(rb"clock (\d+) ticks (\d+) ns", done.stdout)
    assert abs(int(clock[1]) - int(clock[2])) < 1000, harness.explain(done)


def test_linux_image_missing(tmp_path):
    """Without the image, one clear line says what to do."""
    done = subprocess.run([ROOT / "tools" / "bench-linux", "--build",
                           tmp_path], capture_output=True, timeout=30)
    assert done.returncode == 1
    assert b"make deps-linux" in done.stderr
    assert len(done.stderr.splitlines()) == 1
