"""Run the programs of tests/guest/ in Calf, and on Linux where they can.

tests/guest/README.md says how such a test is written.
"""

import pathlib
import re
import shlex
import subprocess

import pytest

import harness

FOLDER = harness.ROOT / "tests" / "guest"
KEYS = {"status", "mem", "smp", "timeout", "host", "release", "append", "args",
        "stdin", "log", "linux", "linux_mem", "leaves"}


class Directive:
    """The guest-test: line of a program; each name in it is an attribute."""

    status, mem, smp, timeout = 0, "64M", "1", 60
    host, release, linux = None, "no", "no"
    append = args = stdin = log = linux_mem = leaves = ""

    def __init__(self, source):
        found = re.search(r"guest-test:(.*?)\*/", source.read_text(), re.S)
        assert found, f"{source.name}: there is no guest-test: line"
        for word in shlex.split(found[1].replace("\n *", "\n")):
            key, equals, value = word.partition("=")
            assert equals and key in KEYS, f"{source.name}: what is {word!r}?"
            setattr(self, key, value)
        assert self.host, f"{source.name}: say host=yes or host=\"no: why\""
        self.status, self.timeout = int(self.status), float(self.timeout)

    def job(self, name, kernel, recording=None):
        smp = max(int(self.smp), harness.SMP)
        # The longest runs would take twice as long.
        unrecorded = ("QEMU records machines with one CPU" if smp > 1 else
                      "it reads its standard input" if self.stdin else
                      "it runs for long" if self.timeout > 60 else
                      "of the release build" if kernel == harness.RELEASE
                      else "")
        return harness.Job(
            "--mem", self.mem, "--smp", smp,
            "--append", self.append, "--count",
            "--", harness.BUILD / "tests" / "guest" / name,
            *shlex.split(self.args), kernel=kernel, timeout=self.timeout,
            record=None if unrecorded else recording or name, unrecorded=unrecorded,
            stdin=self.stdin.encode().decode("unicode_escape").encode())

    def linux_job(self, name):
        # The machine is emulated, and Linux needs a while to boot.
        return harness.LinuxJob(
            "--mem", self.linux_mem or self.mem, "--smp", self.smp,
            "--", harness.BUILD / "tests" / "guest" / name,
            *shlex.split(self.args), timeout=self.timeout + 60)


SOURCES = sorted(FOLDER.glob("*.c"))
TESTS = {source.stem: Directive(source) for source in SOURCES}


def expected(name):
    return (FOLDER / f"{name}.out").read_text()


def check(done, name, status, log):
    assert done.stdout.decode(errors="replace") == expected(name), \
        harness.explain(done)
    assert done.returncode == status, harness.explain(done)
    assert log in done.stderr.decode(errors="replace"), harness.explain(done)


NOTHING = "init: left behind: 0 frames, 0 objects, 0 pages promised, 0 tasks\n"


def check_calf(done, name):
    """And nothing is lost, unless the machine ended before the program."""
    check(done, name, TESTS[name].status, TESTS[name].log)
    log = done.stderr.decode(errors="replace")
    if "calf: init exited" in log and not TESTS[name].leaves:
        assert NOTHING in log, harness.explain(done)


def guest_cases(kernel, names):
    return [pytest.param(name, TESTS[name].job(name, kernel), id=name)
            for name in names]


@pytest.mark.parametrize("name, job", guest_cases(harness.DEBUG, TESTS))
def test_calf(name, job):
    check_calf(job.result(), name)


@pytest.mark.parametrize("name, job", guest_cases(
    harness.RELEASE, [n for n in TESTS if TESTS[n].release == "yes"]))
def test_calf_release(name, job):
    check_calf(job.result(), name)


# What a test may say of this machine, and run here.
ON_LINUX = ("yes", "root", "mounts")


@pytest.mark.parametrize("name", [n for n in TESTS
                                  if TESTS[n].host in ON_LINUX])
def test_linux(name, tmp_path):
    test = TESTS[name]
    reason = harness.why_not_as(test.host)
    if reason:
        pytest.skip(reason)
    done = subprocess.run(
        [harness.BUILD / "tests" / "guest" / name, *shlex.split(test.args)],
        input=test.stdin.encode().decode("unicode_escape").encode(),
        cwd=tmp_path, timeout=test.timeout, capture_output=True)
    # A shell reports death by signal N as 128 + N; so does tools/run.
    if done.returncode < 0:
        done.returncode = 128 - done.returncode
    check(done, name, test.status, "")


ON_SMALL_LINUX = [n for n in TESTS if TESTS[n].linux == "yes"]


if harness.has_linux_image():
    @pytest.mark.parametrize("name, job", [
        pytest.param(name, TESTS[name].linux_job(name), id=name)
        for name in ON_SMALL_LINUX])
    def test_small_linux(name, job):
        """Under the distribution's kernel, with as little memory as Calf."""
        check(job.result(), name, TESTS[name].status, "")


def test_each_expectation_has_a_program():
    programs = {source.stem for source in SOURCES}
    stray = {file.stem for file in FOLDER.glob("*.out")} - programs
    assert not stray


def test_which_programs_are_not_compared_with_linux(capsys):
    """Never leave one out silently: print each with its reason."""
    with capsys.disabled():
        print()
        for name in ON_SMALL_LINUX:
            if not harness.has_linux_image():
                print(f"  not under a small Linux: {name}: "
                      "there is no image; make deps-linux fetches one")
        for name, test in TESTS.items():
            if test.host not in ON_LINUX:
                reason = test.host.removeprefix("no: ")
                print(f"  Calf only: {name}: {reason}")
    assert all(test.host != "no" for test in TESTS.values()), \
        "host=no needs a reason"
