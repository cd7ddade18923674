"""The trace: nothing is missing in it, and it leads to what there is.

Two witnesses that know nothing of it: /proc, as a program in the guest reads it,
and QEMU's own log of exceptions.
"""

import re
import subprocess
import sys

import pytest

import harness
from harness import BUILD, DEBUG, RELEASE, ROOT, Job

sys.path.insert(0, str(ROOT / "tools"))
import tracefile        # noqa: E402
import tracestate       # noqa: E402

FOLDER = BUILD / "trace"
PROGRAMS = BUILD / "tests" / "programs"
GUESTS = BUILD / "tests" / "guest"


class Traced(Job):
    """A run whose events are kept; with QEMU's log of exceptions if asked."""

    def __init__(self, name, program, *options, arguments=(), classes="all",
                 log=False, kernel=DEBUG):
        self.path = FOLDER / f"{name}.trace"
        self.log = FOLDER / f"{name}.log"
        qemu = ["--qemu", f"-d int -D {self.log}"] if log else []
        super().__init__("--trace", self.path, "--trace-events", classes,
                         *qemu, *options, "--", program, *arguments,
                         kernel=kernel, timeout=100)

    def _run(self):
        FOLDER.mkdir(parents=True, exist_ok=True)
        return super()._run()

    def records(self):
        done = self.result()
        assert done.returncode == 0, harness.explain(done)
        return list(tracefile.read(self.path))


def check_numbers(records):
    """No event is missing, none comes twice, and time goes on."""
    assert [record.sequence for record in records] == list(
        range(1, len(records) + 1))


def replay(records, strict=True):
    machine = tracestate.Machine(strict)
    for record in records:
        machine.apply(record)
    return machine


# ---- The end state ---------------------------------------------------------

class Witness(tracestate.Machine):
    """Keeps the counts of the moment when /proc was read."""

    def _state_begin(self, record):
        super()._state_begin(record)
        if self.states == 0:
            self.maps = {pfn: frame.mapcount
                         for pfn, frame in self.frames.items()
                         if frame.mapcount}
            self.promised_then = self.promised


@pytest.mark.parametrize("job, strict", [
    pytest.param(Traced("memory", PROGRAMS / "trace_memory", "--mem", "64M"),
                 True, id="one-cpu"),
    pytest.param(Traced("memory-release", PROGRAMS / "trace_memory", "--mem",
                        "64M", kernel=RELEASE), True, id="release"),
    pytest.param(Traced("memory-smp", PROGRAMS / "trace_memory", "--mem",
                        "64M", "--smp", "4"), False, id="four-cpus")])
def test_proc_agrees(job, strict):
    """From the events alone: every frame's count of mappings, and promises."""
    records = job.records()
    check_numbers(records)
    machine = Witness(strict)
    for record in records:
        machine.apply(record)
    assert machine.states == 2      # the program's, and the one at the end
    first, *lines = job.result().stdout.decode().splitlines()
    assert int(first.split()[1]) == machine.promised_then
    said = dict(map(int, line.split()) for line in lines)
    assert said == machine.maps
    assert len(said) > 100 and max(said.values()) >= 80     # the zero frame


@pytest.mark.parametrize("job", [
    pytest.param(Traced("mremap", GUESTS / "mremap",
                        classes="life,memory,state"), id="mremap"),
    pytest.param(Traced("pipes", GUESTS / "pipes",
                        classes="life,memory,state"), id="pipes"),
    pytest.param(Traced("file_private", GUESTS / "file_private",
                        classes="life,memory,state"), id="file_private"),
    pytest.param(Traced("fork_level", GUESTS / "fork_level",
                        classes="life,memory,state"), id="fork_level")])
def test_end_state(job):
    """Each event fits; the end is what the kernel finds in its tables."""
    records = job.records()
    check_numbers(records)
    machine = replay(records)
    assert machine.states == 1
    assert all(process.status is not None
               for process in machine.processes.values())


JOB_FOR_GAPS = Traced("gaps", PROGRAMS / "trace_memory", "--mem", "64M",
                      classes="life,memory,state")


@pytest.mark.parametrize("job", [pytest.param(JOB_FOR_GAPS, id="gaps")])
def test_replay_is_strict(job):
    """An event left out, or one too many, does not go unnoticed."""
    records = job.records()
    for name in ("ALLOC", "MAP", "UNMAP", "DROP", "SHARE", "FREE", "COMMIT",
                 "TABLE_NEW", "WRITE_PROTECT", "PUT"):
        index = next(index for index, record in enumerate(records)
                     if record.name == name and index > 500)
        with pytest.raises(tracestate.Contradiction):
            replay(records[:index] + records[index + 1:])


@pytest.mark.parametrize("job", [pytest.param(JOB_FOR_GAPS, id="gaps")])
def test_tool_tells_what_is_missing(job):
    records = job.path.read_bytes() if job.records() else b""
    cut = FOLDER / "cut.trace"
    cut.write_bytes(records[:64 * 101] + records[64 * 104:])
    done = subprocess.run([ROOT / "tools" / "trace", cut], encoding="utf-8",
                          capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[100] == "--- 3 events are missing"
    assert len(lines) == len(records) // 64 - 1 - 3 + 1


# ---- QEMU's own log --------------------------------------------------------

def qemu_faults(path):
    """(address, error code) of each page fault that QEMU has delivered."""
    text = path.read_text(errors="replace")
    return [(int(address, 16), int(code, 16)) for code, address in re.findall(
        r"^ *\d+: v=0e e=([0-9a-f]{4}) .*CR2=([0-9a-f]{16})", text, re.M)]


@pytest.mark.parametrize("job, least", [
    pytest.param(Traced("oracle-cow", BUILD / "user" / "cow", log=True,
                        classes="trap,fault"), 100, id="cow"),
    pytest.param(Traced("oracle-segv", GUESTS / "segv_info", log=True,
                        classes="trap,fault"), 60, id="segv_info"),
    pytest.param(Traced("oracle-write", GUESTS / "kernel_write", log=True,
                        classes="trap,fault"), 60, id="kernel_write")])
def test_qemu_agrees(job, least):
    """Every fault that the CPU took, in order, and no other."""
    records = job.records()
    check_numbers(records)
    seen = [(record.address, record.code) for record in records
            if record.name == "FAULT"]
    assert seen == qemu_faults(job.log)
    assert len(seen) >= least
    # Each had its end: here only a program's, so none is inside another.
    for record, after in zip(records, records[1:]):
        if record.name == "FAULT" and after.name == "FAULT_END":
            assert record.address & ~0xfff == after.address
            assert record.code == after.code


# ---- System calls ----------------------------------------------------------

@pytest.mark.parametrize("job", [
    pytest.param(Job("--strace", "--", harness.ACT, "cat", "/nowhere"),
                 id="act")])
def test_strace(job):
    done = job.result()
    text = done.stderr.decode()
    assert done.returncode == 1, harness.explain(done)
    calls = re.findall(r"^\[ +(\d+)\] (.*)$", text, re.M)
    assert [call for pid, call in calls if pid == "1" and "fork" in call] == \
        ["fork() = 2"], text
    execve = [call for _, call in calls if call.startswith("execve")]
    assert len(execve) == 1 and re.fullmatch(
        r'execve\("/bin/act", 0x[0-9a-f]+, 0x[0-9a-f]+\) = 0', execve[0]), text
    opens = [call for _, call in calls if call.startswith("open(")]
    assert len(opens) == 1 and re.fullmatch(
        r'open\("/nowhere", \w+, \w+\) = -1 ENOENT', opens[0]), text
    assert ("2", "exit_group(1) = ?") in calls, text


def test_strace_streams(tmp_path):
    """A call is told while the program runs, not after its end.

    cat ends only when we say so, and we do when we have read its execve; what
    an earlier run has left in the file is not told.
    """
    trace = tmp_path / "trace"
    for text in (b"one\n", b"two\n"):
        with subprocess.Popen(
                [harness.RUN, "--kernel", DEBUG, "--timeout", "60", "--mem",
                 "64M", "--strace", "--trace", trace, "--", "/bin/busybox",
                 "cat"], cwd=ROOT, bufsize=0, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
            said = []
            # Without a buffer, or communicate() misses what is in it.
            for line in run.stderr:
                said.append(line)
                if b'execve("/bin/busybox"' in line:
                    break
            assert run.poll() is None, b"".join(said)
            out, rest = run.communicate(text, timeout=90)
        log = b"".join(said) + rest
        assert (run.returncode, out) == (0, text), log
        calls = re.findall(rb"^\[ +2\] (.*)$", log, re.M)
        names = [call.split(b"(")[0] for call in calls]
        assert names.count(b"execve") == 1, log
        assert calls[-1] == b"exit_group(0) = ?", log
        # No line is a mixture of two, and each call is there once.
        assert len(calls) == log.count(b"[    2] "), log
        assert len(calls) == sum(
            record.pid == 2 and record.name in ("RETURN", "EXIT")
            for record in tracefile.read(trace)), log


# ---- The handbook ----------------------------------------------------------

def test_handbook():
    """docs/trace.md has each event and each field, as the sources have them."""
    text = (ROOT / "docs" / "trace.md").read_text()
    rows = re.findall(r"^\| `([A-Z_]+)` \| (\w+) \| (.*) \|$", text, re.M)
    assert sorted(rows) == sorted(
        (event.name, event.klass.lower(), event.sentence)
        for event in tracefile.events().values())
    layout = text[text.index("| field |"):text.index("## The events")]
    sizes = [(name, int(size)) for names, size in re.findall(
                 r"^\| (`.*?`) \| (\d+)", layout, re.M)
             for name in re.findall(r"`(\w+)`", names)]
    assert [name for name, _ in sizes] == list(tracefile.FIELDS)
    assert [size for _, size in sizes] == [
        {"Q": 8, "I": 4, "B": 1}[code]
        for code in tracefile.LAYOUT.format.lstrip("<")]
    assert sum(size for _, size in sizes) == tracefile.RECORD_BYTES
