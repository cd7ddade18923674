"""Recordings, and going back in time in them (tools/recording.py)."""

import json
import os
import re
import shutil
import subprocess
import sys

import pexpect
import pytest

import harness
import test_oom
from harness import BUILD, DEBUG, ROOT
from test_gdb import OUTPUT, PROGRAM, SECONDS, SESSIONS, Make, golden

FOLDER = BUILD / "recordings" / "test"
GDB_SECONDS = 300           # on a busy machine; there is much to replay


def recorder(name):
    """A run of fork_write, and where it was kept."""
    return harness.Job("--mem", "32M", "--record", FOLDER / name, "--", PROGRAM)


def gdb_session(recording, script, *arguments):
    """A GDB that carries out a file of tests/gdb/ on a recording."""
    return subprocess.run(
        ["timeout", "-k", "5", str(GDB_SECONDS), os.environ.get("GDB", "gdb"),
         "-nx", "-q", "-batch", "-x", "tools/gdb/init.gdb",
         "-ex", f"python import sys; sys.path.insert(0, '{SESSIONS}'); "
                "sys.dont_write_bytecode = True",
         "-ex", f'set $recording = "{recording}"', *arguments,
         "-x", str(SESSIONS / f"{script}.py")], cwd=ROOT,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors="replace")


def replay(recording, *commands):
    """What GDB says to these commands, after opening the recording."""
    words = [word for one in commands for word in ("-ex", one)]
    return subprocess.run(
        ["timeout", "-k", "5", str(GDB_SECONDS), os.environ.get("GDB", "gdb"),
         "-nx", "-q", "-batch", "-x", "tools/gdb/init.gdb",
         "-ex", f"replay {recording}", *words], cwd=ROOT,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors="replace").stdout


@pytest.mark.parametrize("job", [recorder("exact")])
def test_rewind_is_exact(job):
    """Recording changes nothing; replaying repeats every instruction."""
    done = job.result()
    assert (done.returncode, done.stdout) == (0, OUTPUT), harness.explain(done)
    session = gdb_session(FOLDER / "exact", "travel")
    assert session.returncode == 0 and \
        "session passed\n" in session.stdout, session.stdout
    shutil.rmtree(FOLDER / "exact")


@pytest.mark.parametrize("job", [harness.Job(
    "--mem", "32M", "--record", FOLDER / "seek", "--trace",
    FOLDER / "seek.trace", "--", PROGRAM)])
def test_seek_is_exact(job):
    """To the instruction at which the event's record is complete."""
    done = job.result()
    assert (done.returncode, done.stdout) == (0, OUTPUT), harness.explain(done)
    session = gdb_session(FOLDER / "seek", "seek", "-ex",
                          f'set $trace = "{FOLDER / "seek.trace"}"')
    assert session.returncode == 0 and \
        "session passed\n" in session.stdout, session.stdout
    shutil.rmtree(FOLDER / "seek")
    (FOLDER / "seek.trace").unlink()


@pytest.fixture(scope="module")
def recorded():
    """A recording that nobody changes."""
    done = recorder("shared")._run()
    assert (done.returncode, done.stdout) == (0, OUTPUT), harness.explain(done)
    yield FOLDER / "shared"
    shutil.rmtree(FOLDER / "shared")


def test_commands_anywhere(recorded):
    """At the first instruction, in user mode, after the end: no traceback."""
    session = gdb_session(recorded, "anywhere")
    assert session.returncode == 0 and \
        "session passed\n" in session.stdout, session.stdout


@pytest.mark.parametrize("variables, coloured", [
    ({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": ""}, False),
    ({"TERM": "dumb"}, False)])
def test_colours(recorded, variables, coloured):
    """For terminals that have them, unless they are not wanted."""
    environment = {name: value for name, value in os.environ.items()
                   if name != "NO_COLOR"}
    gdb = pexpect.spawn(
        os.environ.get("GDB", "gdb"),
        ["-nx", "-q", "-x", "tools/gdb/init.gdb", "-ex", f"replay {recorded}",
         "-ex", "break-cow fork_write", "-ex", "continue", "-ex", "why",
         "-ex", "rerun", "-ex", "quit"],
        cwd=str(ROOT), env={**environment, **variables}, timeout=SECONDS,
        encoding="utf-8", dimensions=(50, 200))
    try:
        gdb.expect("  error 0x7")
        gdb.expect("after 0 instructions")
        assert ("\x1b[1;31mCOPY\x1b[0m" in gdb.before) == coloured
        assert "case 6C, " in gdb.before and "by " in gdb.before
    finally:
        gdb.close(force=True)


@pytest.mark.parametrize("job", [recorder("refused")])
def test_what_is_refused(job):
    """A recording that would not be the same run again, each with its why."""
    done = job.result()
    assert done.returncode == 0, harness.explain(done)
    folder = FOLDER / "refused"
    about = json.loads((folder / "recording.json").read_text())
    assert "fork_write, recorded with" in replay(folder)

    def said_with(**changes):
        (folder / "recording.json").write_text(json.dumps({**about, **changes}))
        said = replay(folder)
        assert "Traceback" not in said
        return said

    assert "may count otherwise: record the run again" in \
        said_with(qemu="QEMU emulator version 1.0")
    assert "another version of Calf" in said_with(format=0)
    with open(folder / "kernel.elf", "ab") as kernel:
        kernel.write(b"built anew")
    assert re.search("kernel.elf is not the file that this recording was made "
                     "with: record the run again", said_with())
    (folder / "recording.json").write_text("{")
    assert "is damaged: record the run again" in replay(folder)
    (folder / "recording.json").unlink()
    assert "is not a recording, or its run did not end" in replay(folder)
    assert "there is no such recording; make record makes one" in \
        replay(FOLDER / "nothing")
    assert "rewind: this is not a recording; make record" in \
        replay(FOLDER / "nothing", "rewind")
    shutil.rmtree(folder)


def test_record_refuses():
    """Neither several CPUs nor somebody's files."""
    def said(*arguments):
        done = subprocess.run(
            [harness.RUN, "--kernel", DEBUG, *arguments, "--", PROGRAM],
            cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert done.returncode == 125
        return done.stderr

    assert "one CPU" in said("--smp", "2", "--record", FOLDER / "no")
    assert "one CPU" in said("--boot", "bios", "--record", FOLDER / "no")
    assert not (FOLDER / "no").exists()
    assert "is no recording" in said("--record", ROOT / "tests")


@pytest.mark.parametrize("job", [
    harness.Job("--mem", "64M", "--record", FOLDER / "hangs", "--",
                "/bin/busybox", "sleep", "1000", timeout=3)])
def test_recording_of_a_hang(job):
    """A run that was cut off can be looked at to its last moment."""
    assert job.result().returncode == 124
    said = replay(FOLDER / "hangs", "continue", "rewind 0",
                  "rewind 1000")
    assert len(re.findall(r"^after (\d+) instructions:$", said, re.M)) == 2, said
    shutil.rmtree(FOLDER / "hangs")


def test_make_record():
    """What is typed at the prompt is typed again in the replay."""
    folder = FOLDER / "typed"
    record = Make("record", f"RECORDING={folder}")
    try:
        record.expect_exact("calf> ")
        record.send("echo one$((40 + 2))two\r")
        record.expect_exact("one42two")
        record.expect_exact("calf> ")
        record.send("exit\r")
        record.expect_exact(f"make replay-gdb RECORDING={os.path.relpath(folder, ROOT)}")
    finally:
        record.close(force=True)
    replayed = Make("replay-gdb", f"RECORDING={folder}")
    try:
        replayed.expect_exact("(gdb) ")
        said = replayed.ask("continue")
        assert re.search(r"echo one\$\(\(40 \+ 2\)\)two\s+one42two\s", said), said
        assert "calf: init exited with status 0" in said
        assert "The recording ends here." in said
        replayed.sendline("quit")
    finally:
        replayed.close(force=True)
    shutil.rmtree(folder)


def test_record_again(tmp_path):
    """What was made of the last one is in nobody's way; notes stay."""
    def record():
        return subprocess.run(
            [harness.RUN, "--kernel", DEBUG, "--mem", "32M", "--record",
             tmp_path, "--trace", tmp_path / "trace", "--", PROGRAM],
            cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True)

    assert record().returncode == 0
    for form in ("--html", "--perfetto"):
        subprocess.run([ROOT / "tools/trace", form, tmp_path / "trace"],
                       cwd=ROOT, check=True, capture_output=True)
    (tmp_path / "notes.txt").write_text("look at event 99\n")
    assert {"trace.html", "trace.json"} <= set(os.listdir(tmp_path))
    done = record()
    assert (done.returncode, done.stdout) == (0, OUTPUT), harness.explain(done)
    assert set(os.listdir(tmp_path)) == {
        "kernel.elf", "initramfs.cpio", "program", "events", "trace",
        "recording.json", "notes.txt"}
    assert (tmp_path / "notes.txt").read_text() == "look at event 99\n"


FAILS = """
import pytest, harness
def job(name):
    return harness.Job("--mem", "64M", "--", {program!r}, record="test/" + name)
@pytest.mark.parametrize("job, status", [(job("passes"), 0), (job("fails"), 1)])
def test_it(job, status):
    assert job.result().returncode == status
"""


def test_failing_test_leaves_its_recording(tmp_path):
    """And says how to open it; a test that passes leaves nothing."""
    (tmp_path / "test_it.py").write_text(FAILS.format(program=str(PROGRAM)))
    done = subprocess.run(
        [sys.executable, "-B", "-m", "pytest", "-q", "-p", "conftest",
         "-p", "no:cacheprovider", tmp_path / "test_it.py"], cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert "1 passed, 1 failed" in done.stdout, done.stdout + done.stderr
    told = re.search("this very run, in GDB:  make replay-gdb RECORDING=(.*)",
                     done.stdout)
    assert told, done.stdout
    assert (FOLDER / "fails").exists() and not (FOLDER / "passes").exists()
    said = replay(ROOT / told[1], "continue")
    assert OUTPUT.decode() in said
    shutil.rmtree(FOLDER / "fails")


@pytest.mark.parametrize("job", [harness.Job(
    "--mem", "32M", "--record", FOLDER / "oom", "--", BUILD / "user" / "oom",
    timeout=240)])
def test_commit_foretells_the_kills(job):
    """Each score and each victim, against the table in the kernel's log."""
    done = job.result()
    assert done.returncode == 0, harness.explain(done)
    session = gdb_session(FOLDER / "oom", "oom")
    assert session.returncode == 0 and \
        "session passed\n" in session.stdout, session.stdout
    said = session.stdout
    golden(said[said.index("(gdb) "):said.rindex("(gdb)")], "oom")
    kills, table = [], {}
    for line in done.stderr.decode(errors="replace").splitlines():
        if row := test_oom.ROW.match(line):
            score = row["score"]
            table[row["pid"]] = f"{row['adj']}:{score}"
        elif killed := test_oom.KILLED.match(line):
            victim = table[killed[1]].split(":")[1]
            kills.append((table, f"{killed[1]}:{victim}"))
            table = {}
    foretold = [(dict(word.split(":", 1) for word in scores.split()), victim)
                for scores, victim in re.findall(
                    r"^foretold (.*) victim (\S+)$", session.stdout, re.M)]
    assert kills and foretold == kills
    shutil.rmtree(FOLDER / "oom")
