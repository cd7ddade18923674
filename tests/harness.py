"""What the tests share: where things are, and running programs in Calf.

A Job is one run of tools/run. Jobs are parameters of tests, so that the
harness knows them all before the first test starts; it then runs them in the
background, a few at a time, and each test waits for its own (conftest.py).
"""

import os
import pathlib
import re
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / os.environ.get("BUILD", "build")
RUN = ROOT / "tools" / "run"
RUN_LINUX = ROOT / "tools" / "run-linux"
LLVM = os.environ.get("LLVM") == "1"
# Guest tests get at least this many CPUs.
SMP = int(os.environ.get("SMP") or 1)


def make_words(text):
    """The words of make's $(MAKEOVERRIDES).

    In it a backslash makes a blank or itself a part of the word, but a
    quotation mark is a character like any other.
    """
    return [re.sub(r"\\(.)", r"\1", word)
            for word in re.findall(r"(?:\\.|\S)+", text)]


# What the make that started the tests was told, for those that call make.
MAKE_VARIABLES = make_words(os.environ.get("MAKE_VARIABLES", ""))
DEBUG = BUILD / ("llvm" if LLVM else "") / "kernel.elf"
RELEASE = BUILD / ("llvm-release" if LLVM else "release") / "kernel.elf"
# The same without a trace: make DEBUG=0 TRACE=0.
UNTRACED = RELEASE.parent.with_name(RELEASE.parent.name + "-untraced") / \
    "kernel.elf"
ACT = BUILD / "tests" / "programs" / "act"


class Job:
    """One run of tools/run with these arguments and this standard input.

    @record: the name of a recording of the run. It stays if the test fails, and
    the test's output says how to look into it (conftest.py). QEMU can record a
    machine with one CPU whose input does not come faster than a person types.
    @unrecorded: if there is none, why
    """

    def __init__(self, *arguments, stdin=b"", kernel=DEBUG, timeout=60,
                 record=None, unrecorded=""):
        self.unrecorded = unrecorded
        self.recording = BUILD / "recordings" / record if record else None
        self.command = [str(RUN), "--kernel", str(kernel),
                        "--timeout", str(timeout),
                        *(["--record", str(self.recording)] if record else ()),
                        *map(str, arguments)]
        self.stdin = stdin
        # tools/run keeps the time; this one is for its own mistakes.
        self.timeout = timeout + 30
        self.future = None

    def start(self, executor):
        self.future = executor.submit(self._run)

    def _run(self):
        return subprocess.run(self.command, input=self.stdin, cwd=ROOT,
                              timeout=self.timeout, capture_output=True)

    def result(self):
        """The finished run: returncode, stdout, stderr (both bytes)."""
        return self.future.result()


class LinuxJob(Job):
    """The same under the distribution's Linux, on a machine like Calf's."""

    def __init__(self, *arguments, timeout=60):
        super().__init__(*arguments, timeout=timeout)
        self.command = [str(RUN_LINUX), "--build", str(BUILD),
                        "--timeout", str(timeout), *map(str, arguments)]


def has_linux_image():
    return bool(list((BUILD / "linux").glob("vmlinuz*")))


def why_not_as(host):
    """Why a test cannot run here as @host= asks for; None: it can."""
    if host not in ("root", "mounts"):
        return None
    if os.geteuid() != 0:
        return "on Linux only root may become somebody else, or mount"
    may_mount = host == "root" or subprocess.run(
        ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/tmp"],
        stderr=subprocess.DEVNULL).returncode == 0
    return None if may_mount else "nobody may mount here, not even root"


def settle_recording(job, passed):
    """What to tell of a test's recording; that of a passed test goes."""
    if passed:
        if job.recording:
            shutil.rmtree(job.recording, ignore_errors=True)
        return None
    if not job.recording:
        return job.unrecorded and f"not recorded: {job.unrecorded}"
    place = os.path.relpath(job.recording, ROOT)
    return f"this very run, in GDB:  make replay-gdb RECORDING={place}"


def explain(done):
    """A failed run, for the reader of the test's output."""
    return (f"exit status {done.returncode}\n"
            f"--- stdout:\n{done.stdout.decode(errors='replace')}\n"
            f"--- kernel log:\n{done.stderr.decode(errors='replace')}")
