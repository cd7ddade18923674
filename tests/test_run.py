"""The contract of tools/run: bytes, arguments, files and exit status."""

import os
import subprocess

import pexpect
import pytest

import harness
from harness import ACT, Job, ROOT

EVERY_BYTE = bytes(range(256))
INPUTS = {
    "nothing": b"",
    "line": b"one line\n",
    "no-newline": b"no newline at the end",
    "every-byte": EVERY_BYTE,
    "every-byte-often": EVERY_BYTE * 40 + b"\n" + EVERY_BYTE[::-1] * 40,
    "long-line": b"x" * 10000 + b"\n",
    "exactly-1024": b"y" * 1024,
    "exactly-4096": b"z" * 4096 + b"\n",
}


@pytest.mark.parametrize("job, data", [
    pytest.param(Job(ACT, "cat", stdin=data), data, id=name)
    for name, data in INPUTS.items()])
def test_input_comes_out_unchanged(job, data):
    done = job.result()
    assert done.stdout == data, harness.explain(done)
    assert done.returncode == 0, harness.explain(done)


@pytest.mark.parametrize("job, status", [
    pytest.param(Job(ACT, "exit", status), status, id=str(status))
    for status in (0, 1, 2, 62, 63, 64, 95, 96, 97, 103, 124, 125, 127, 128,
                   129, 139, 159, 160, 254, 255)])
def test_exit_status(job, status):
    assert job.result().returncode == status, harness.explain(job.result())


@pytest.mark.parametrize("job, number", [
    pytest.param(Job(ACT, "kill", number), number, id=str(number))
    for number in (1, 2, 6, 9, 11, 15)])
def test_death_by_signal(job, number):
    assert job.result().returncode == 128 + number, \
        harness.explain(job.result())


WORDS = ["plain", "two words", "", 'say "this"', "it's", "back\\slash",
         "end\\", "a=b", "--", "-x", "tab\there", "grüße", "a  b", '"', "$HOME"]


@pytest.mark.parametrize("job", [Job(ACT, "args", *WORDS)], ids=["words"])
def test_arguments_survive(job):
    done = job.result()
    expected = "".join(f"[{word}]\n" for word in WORDS)
    assert done.stdout.decode() == expected, harness.explain(done)


SIMPLE = ["plain", "two words", "a=b", "--", "$HOME", "a  b"]


@pytest.mark.parametrize("job", [Job("--boot", "bios", ACT, "args", *SIMPLE)],
                         ids=["words"])
def test_arguments_survive_grub(job):
    done = job.result()
    expected = "".join(f"[{word}]\n" for word in SIMPLE)
    assert done.stdout.decode() == expected, harness.explain(done)


@pytest.mark.parametrize("job", [
    pytest.param(Job("--add", f"{ROOT}/LICENSE", ACT, "cat", "/LICENSE"),
                 id="default-name"),
    pytest.param(Job("--add", f"{ROOT}/LICENSE:/etc/deep/text", ACT, "cat",
                     "/etc/deep/text"), id="given-name")])
def test_add_a_file(job):
    done = job.result()
    assert done.stdout == (ROOT / "LICENSE").read_bytes(), \
        harness.explain(done)


@pytest.mark.parametrize("job", [Job(ACT, "wait", timeout=5)], ids=["wait"])
def test_time_out(job):
    done = job.result()
    assert done.returncode == 124, harness.explain(done)
    assert done.stdout == b"hello from a program\n", harness.explain(done)


@pytest.mark.parametrize("job", [Job("--icount", ACT, "say")], ids=["say"])
def test_icount(job):
    done = job.result()
    assert done.stdout == b"hello from a program\n", harness.explain(done)


@pytest.mark.parametrize("job", [
    pytest.param(Job("--quiet", ACT, "say"), id="host-file"),
    pytest.param(Job("--quiet", "--add", f"{ACT}:/bin/act", "/bin/act", "say"),
                 id="guest-path")])
def test_quiet_shows_no_log(job):
    done = job.result()
    assert (done.returncode, done.stdout, done.stderr) == \
        (0, b"hello from a program\n", b""), harness.explain(done)


def test_a_missing_program():
    done = subprocess.run([harness.RUN, "no-such-program"], cwd=ROOT,
                          stdin=subprocess.DEVNULL, capture_output=True)
    assert done.returncode == 125
    assert b"no-such-program" in done.stderr


def test_wrong_usage():
    done = subprocess.run([harness.RUN], stdin=subprocess.DEVNULL,
                          capture_output=True)
    assert done.returncode == 125


def test_input_from_dev_null():
    done = subprocess.run([harness.RUN, ACT, "cat"], cwd=ROOT,
                          stdin=subprocess.DEVNULL, capture_output=True)
    assert (done.returncode, done.stdout) == (0, b""), harness.explain(done)


def test_in_a_terminal():
    """The guest's terminal echoes and edits; Ctrl-D ends the input."""
    child = pexpect.spawn(str(harness.RUN), [str(ACT), "cat"], cwd=str(ROOT),
                          timeout=30)
    child.expect("calf: ")          # the log
    child.expect(pexpect.TIMEOUT, timeout=2)
    child.send("hellx\x7fo\r")
    child.expect("hello\r\n")       # read and printed again by the program
    child.send("\x04")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_ctrl_right_bracket_ends_the_machine():
    child = pexpect.spawn(str(harness.RUN), [str(ACT), "wait"], cwd=str(ROOT),
                          timeout=30)
    child.expect("hello from a program")
    child.send("\x1d")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 125


def test_no_qemu_outlives_tools_run(tmp_path):
    """Kill tools/run hard: the machine goes with it."""
    pid_file = tmp_path / "pid"
    script = tmp_path / "qemu"
    script.write_text(f"#!/bin/sh\necho $$ > {pid_file}\n"
                      "exec qemu-system-x86_64 \"$@\"\n")
    script.chmod(0o755)
    child = subprocess.Popen([harness.RUN, ACT, "wait"], cwd=ROOT,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             env=dict(os.environ, QEMU=str(script)))
    assert child.stdout.readline() == b"hello from a program\n"
    child.kill()
    child.wait()
    pid = int(pid_file.read_text())
    done = subprocess.run(["timeout", "10", "tail", f"--pid={pid}", "-f",
                           "/dev/null"])
    assert done.returncode == 0


@pytest.mark.parametrize("job, status, stdout", [
    (Job("--append", f"sysctl.vm.fail_nth={n}", ACT, "cat",
         "/proc/sys/vm/fail_nth"), status, stdout)
    for n, status, stdout in ((1, 0, b"0\n"),
                              (2, 126, b"/bin/act: Out of memory\n"))
], ids=["fault", "execve"])
def test_fail_nth_on_the_command_line(job, status, stdout):
    """A fault of user mode comes again; a system call says ENOMEM."""
    done = job.result()
    assert (done.returncode, done.stdout) == (status, stdout), \
        harness.explain(done)
