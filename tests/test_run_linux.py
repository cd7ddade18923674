"""The contract of tools/run-linux: output, empty input, exit status."""

import os
import signal
import subprocess

import pytest

import harness
from harness import ACT, BUILD, LinuxJob, ROOT, RUN_LINUX

if harness.has_linux_image():
    @pytest.mark.parametrize("job, status, text", [
        pytest.param(LinuxJob("--quiet", ACT, *words), status, text, id=name)
        for name, words, status, text in [
            ("say", ["say"], 0, "hello from a program\n"),
            ("exit", ["exit", "255"], 255, ""),
            ("signal", ["kill", int(signal.SIGSEGV)],
             128 + signal.SIGSEGV, ""),
            ("words", ["args", "two words", "-x", "", "a=b"], 0,
             "[two words]\n[-x]\n[]\n[a=b]\n")]])
    def test_output_and_status(job, status, text):
        done = job.result()
        assert (done.returncode, done.stdout.decode(), done.stderr) == \
            (status, text, b""), harness.explain(done)

    def test_input_is_empty():
        """The program sees none of ours, and we keep it."""
        done = subprocess.run(
            ["sh", "-c", '"$@" && cat', "sh", RUN_LINUX, "--build", BUILD,
             "--timeout", "60", ACT, "cat"],
            cwd=ROOT, input=b"for the next program\n", capture_output=True)
        assert (done.returncode, done.stdout) == \
            (0, b"for the next program\n"), harness.explain(done)
        assert b"linux_init: status 0" in done.stderr

    @pytest.mark.parametrize("job", [
        LinuxJob("--add", f"{ROOT}/LICENSE:/tmp/text", ACT, "cat",
                 "/tmp/text")], ids=["file"])
    def test_add_a_file(job):
        done = job.result()
        assert done.stdout == (ROOT / "LICENSE").read_bytes(), \
            harness.explain(done)

    @pytest.mark.parametrize("job", [LinuxJob(ACT, "wait", timeout=25)],
                             ids=["wait"])
    def test_time_out(job):
        assert job.result().returncode == 124, harness.explain(job.result())
else:
    @pytest.mark.skip(reason="no Linux image: make deps-linux")
    def test_output_and_status():
        pass


def run_linux(*arguments):
    return subprocess.run([RUN_LINUX, "--build", BUILD, *arguments],
                          cwd=ROOT, stdin=subprocess.DEVNULL,
                          capture_output=True)


def test_a_missing_program():
    done = run_linux("no-such-program")
    assert done.returncode == 125
    assert b"no-such-program" in done.stderr


def test_a_missing_image(tmp_path):
    """It says what to do, and runs nothing."""
    programs = tmp_path / "tests" / "programs"
    programs.mkdir(parents=True)
    os.symlink(BUILD / "tests" / "programs" / "linux_init",
               programs / "linux_init")
    done = subprocess.run([RUN_LINUX, "--build", tmp_path, ACT, "say"],
                          cwd=ROOT, stdin=subprocess.DEVNULL,
                          capture_output=True)
    assert (done.returncode, done.stdout) == (125, b"")
    assert b"make deps-linux" in done.stderr
