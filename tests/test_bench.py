"""The benchmark runs, and what it counts repeats to the last digit.

No test here looks at how fast anything is.
"""

import itertools
import json
import re
import subprocess

import pytest

import harness
from harness import BUILD, Job, RELEASE, ROOT, UNTRACED

# One figure of each kind that the table of targets needs.
EXPECTED = {"null_call", "zero_fill", "zero_map", "cow_copy", "cow_reuse",
            "fork_per_page", "fork_call_256M", "fork_exit_wait_1M",
            "fork_exit_wait_1M.level0", "fork_exec_tiny", "fork_exec_musl",
            "mmap_munmap", "brk", "pipe_round_trip", "yield_switch",
            "save_total"}


class Bench(Job):
    """A short run of tools/bench, without any wall time."""

    count = itertools.count()

    def __init__(self, kernel=RELEASE):
        super().__init__()
        self.json = BUILD / f"test_bench.{next(self.count)}.json"
        self.timeout = 120
        self.command = [str(ROOT / "tools" / "bench"), "--quick", "--no-wall",
                        "--no-profile", "--build", str(BUILD),
                        "--kernel", str(kernel), "--json", str(self.json)]


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


@pytest.mark.parametrize("traced, untraced", [
    pytest.param(Bench(), Bench(UNTRACED), id="undrained")])
def test_trace_costs_less_than_2_percent(traced, untraced):
    """Compiled in, with nobody reading, against a kernel without it."""
    figures = []
    for job in (traced, untraced):
        done = job.result()
        assert done.returncode == 0, harness.explain(done)
        figures.append(json.loads(job.json.read_text())["instructions"])
    traced, untraced = ({name: figure["median"]
                         for name, figure in kernel.items()
                         if name != "ticks_per_us"} for kernel in figures)
    assert EXPECTED | {"cow_reuse"} <= traced.keys() == untraced.keys()
    assert traced != untraced
    assert {name: (traced[name], untraced[name]) for name in traced
            if traced[name] >= 1.02 * untraced[name]} == {}


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
