"""Random programs: Calf does what Linux does; random calls: nothing breaks.

tests/random/README.md says what they do, and how to replay one.
"""

import os
import subprocess

import pytest

import harness

PROGRAM = harness.BUILD / "tests" / "random" / "differ"
SEEDS = 500
BATCH = 250             # in one boot
# Frame numbers are shown to root only: without them there is less to compare.
WORDS = [] if os.geteuid() == 0 else ["-f"]


def calf(first):
    return harness.Job("--mem", "64M", "--", PROGRAM, *WORDS, first, BATCH,
                       timeout=600)


def linux(first, count):
    done = subprocess.run([PROGRAM, *WORDS, str(first), str(count)],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def check_seed(seed, digest):
    """One that came out otherwise in a long run of many, on its own."""
    alone = linux(seed, 1)[0]
    assert digest == alone, (
        f"Calf says {digest}, Linux says {alone}\n"
        f"to see the first step that differs: tools/differ {seed}")


@pytest.mark.parametrize("first, job", [
    pytest.param(first, calf(first), id=f"{first}-{first + BATCH - 1}")
    for first in range(1, SEEDS + 1, BATCH)])
def test_calf_does_what_linux_does(first, job):
    done = job.result()
    lines = done.stdout.decode(errors="replace").splitlines()
    assert done.returncode == 0 and len(lines) == BATCH, harness.explain(done)
    for seed, (ours, theirs) in enumerate(
            zip(lines, linux(first, BATCH)), first):
        if ours != theirs:
            check_seed(seed, ours)


FUZZ = harness.BUILD / "tests" / "random" / "fuzz"
FUZZ_SEEDS = 2
FUZZ_CALLS = 10000


def fuzz(cpus, children):
    job = harness.Job("--mem", "64M", "--smp", cpus, "--", FUZZ, 1, FUZZ_SEEDS,
                      FUZZ_CALLS, children, timeout=300)
    return pytest.param(job, id=f"{cpus} CPU, {children} at a time")


@pytest.mark.parametrize("job", [fuzz(1, 1), fuzz(2, 3)])
def test_random_calls_break_nothing(job):
    done = job.result()
    lines = done.stdout.decode(errors="replace").splitlines()
    assert done.returncode == 0, harness.explain(done)
    assert len(lines) == 2 * FUZZ_SEEDS, harness.explain(done)


CROWD = harness.BUILD / "tests" / "random" / "crowd"
CROWD_SECONDS = 15


@pytest.mark.parametrize("seed, job", [
    pytest.param(seed, harness.Job(
        "--mem", "64M", "--smp", "4", "--", CROWD, seed, CROWD_SECONDS,
        timeout=120), id=f"seed {seed}") for seed in (1, 2, 3, 4)])
def test_threads_on_four_cpus(seed, job):
    """With all invariants checked again and again by the debug kernel."""
    done = job.result()
    assert done.returncode == 0, harness.explain(done)
    assert done.stdout.decode().startswith(f"seed {seed}: "), \
        harness.explain(done)


def test_threads_on_linux():
    done = subprocess.run([CROWD, "5", "3"], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
