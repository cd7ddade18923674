"""GDB sessions as tests: the sessions of tests/gdb/, and make gdb itself."""

import os
import pathlib
import re
import subprocess
import time

import pexpect
import pytest

import harness
from harness import BUILD, DEBUG, LLVM, MAKE_VARIABLES, RELEASE, ROOT

SESSIONS = ROOT / "tests" / "gdb"
PROGRAM = BUILD / "tests" / "programs" / "fork_write"
OUTPUT = b"c wrote 0xc0c0c0c\np wrote 0xd0d0d0d\n"
SECONDS = 60


class Session(harness.Job):
    """tools/run waits for GDB; GDB carries out a script of tests/gdb/."""

    def __init__(self, name, *arguments, kernel=DEBUG, smp=1, program=PROGRAM,
                 append="", **variables):
        super().__init__("--gdb", "--smp", smp, "--append", append, "--",
                         program, *arguments, kernel=kernel, timeout=SECONDS)
        self.gdb = [
            "timeout", "-k", "5", str(SECONDS), os.environ.get("GDB", "gdb"),
            "-nx", "-q", "-batch", str(kernel),
            "-x", "tools/gdb/init.gdb",
            "-ex", f"add-symbol-file {program}",
            "-ex", f"python import sys; sys.path.insert(0, '{SESSIONS}'); "
                   "sys.dont_write_bytecode = True"]
        for key, value in variables.items():
            self.gdb += ["-ex", f'set ${key} = "{value}"']
        self.script = SESSIONS / f"{name}.py"
        self.smp = smp

    def _run(self):
        """Both processes, finished; the machine's has GDB's as .session."""
        machine = subprocess.Popen(
            self.command, cwd=ROOT, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            first = machine.stderr.readline()
            socket = re.search(rb"target remote (.*)'", first)
            assert socket, f"tools/run --gdb said {first!r}"
            wait_for_socket(socket[1].decode())
            session = subprocess.run(
                [*self.gdb, "-ex", f"target remote {socket[1].decode()}",
                 "-x", str(self.script)], cwd=ROOT, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            if session.returncode != 0:
                machine.terminate()
            stdout, stderr = machine.communicate(timeout=self.timeout)
        finally:
            machine.kill()
            machine.wait()
        done = subprocess.CompletedProcess(
            self.command, machine.returncode, stdout, stderr)
        done.session = session
        return done


def wait_for_socket(path):
    """Until QEMU listens there; it makes the file a moment earlier."""
    end = time.monotonic() + 10
    listening = f" 00010000 0001 01 +[0-9]+ {re.escape(path)}$"
    while not re.search(listening, pathlib.Path("/proc/net/unix").read_text(),
                        re.M):
        assert time.monotonic() < end, f"QEMU does not listen at {path}"
        time.sleep(0.01)


def check(good, done):
    if not good:
        text = done.session.stdout.decode(errors="replace")
        pytest.fail(f"--- GDB, exit status {done.session.returncode}:\n{text}"
                    f"\n--- the machine, {harness.explain(done)}",
                    pytrace=False)


def session_text(done):
    """What the session printed, if it went well."""
    text = done.session.stdout.decode(errors="replace")
    check(done.session.returncode == 0 and text.endswith("session passed\n"),
          done)
    return text


@pytest.mark.parametrize("job", [
    pytest.param(Session("first_instruction"), id="first_instruction"),
    pytest.param(Session("user_program"), id="user_program"),
    pytest.param(Session("cow_write"), id="cow_write"),
    pytest.param(Session("rights"), id="rights"),
    pytest.param(Session("rights", kernel=RELEASE), id="rights-release"),
    pytest.param(Session("verdicts", smp=4), id="verdicts"),
    pytest.param(Session("cow_write", kernel=RELEASE),
                 id="cow_write-release")])
def test_session(job):
    done = job.result()
    session_text(done)
    # The program did not notice.
    check((done.returncode, done.stdout) == (0, OUTPUT), done)


@pytest.mark.parametrize("job", [
    Session("threads", smp=4, program=PROGRAM.with_name("four_threads"))])
def test_threads(job):
    done = job.result()
    session_text(done)
    check((done.returncode, done.stdout) == (0, b"4 threads\n"), done)


def normal(text):
    """Columns are as wide as they have to be; blanks do not matter."""
    return [" ".join(line.split()) for line in text.splitlines()]


def matches(template, line, known):
    """Is it this line?  <name> is a word, and the same one everywhere; <_> is
    any word, <file> any file.
    """
    pattern, seen = "", set()
    for part in re.split(r"(<\w+>)", template):
        name = part[1:-1] if re.fullmatch(r"<\w+>", part) else None
        if name is None:
            pattern += re.escape(part)
        elif name == "_":
            pattern += r"\w+"
        elif name == "file":
            pattern += r"[\w./-]+"
        elif name in known:
            pattern += re.escape(known[name])
        else:
            pattern += f"(?P={name})" if name in seen else \
                rf"(?P<{name}>\w+)"
            seen.add(name)
    found = re.fullmatch(pattern, line)
    if found:
        known.update(found.groupdict())
    return bool(found)


def compare(template, text, known=None):
    """Nothing, or what is the first difference. "..." are any lines.

    @known: what the names are; those of this text come to it
    """
    lines, known = normal(text), {} if known is None else known
    any_lines = False
    for number, wanted in enumerate(normal(template), 1):
        if wanted == "...":
            any_lines = True
            continue
        while lines and any_lines and not matches(wanted, lines[0], known):
            del lines[0]
        if not lines or not matches(wanted, lines[0], known):
            return (f"line {number}: {wanted!r}\n"
                    f"printed: {lines[0] if lines else 'nothing more'!r}\n"
                    f"known: {known}")
        del lines[0]
        any_lines = False
    return f"more was printed: {lines[0]!r}" if lines else ""


def golden(text, name, known=None):
    """The text must be the one in tests/gdb/NAME.out."""
    difference = compare((SESSIONS / f"{name}.out").read_text(), text, known)
    assert not difference, f"{name}.out: {difference}\n--- all:\n{text}"


@pytest.mark.parametrize("job", [
    pytest.param(Session("commands", "check"), id="commands"),
    pytest.param(Session("commands", "check", "apart", smp=4),
                 id="commands-smp4"),
    # "events" shows faults, which the release build records when asked to.
    pytest.param(Session("commands", "check", kernel=RELEASE,
                         append="trace=life,fault"),
                 id="commands-release")])
def test_commands(job):
    """Calf's own commands say what tests/gdb/commands.out says, on four CPUs
    as on one; and cpus.out, what they say on the others of the four.

    It tells of a parent that sleeps while the child writes. The child waits for
    that; but what woke the parent for a moment makes it another story, and we
    listen again.
    """
    done = job.result()
    text = session_text(done)
    for _ in range(5):
        if not re.search(r"^ +2 +1 +1 +runn", text, re.M):
            break
        done = job._run()
        text = session_text(done)
    check((done.returncode, done.stdout) == (0, OUTPUT), done)
    text = text[text.index("(gdb) "):].replace(f"{BUILD}/", "build/")
    # With several CPUs there is a part for what the others see.
    before, here, text_after = text.partition("--- the other CPUs\n")
    others, _, after = text_after.partition("---\n")
    assert bool(here) == (job.smp > 1)
    known = {}
    golden(before + after, "commands", known)
    if here:
        golden(others, "cpus", known)
    assert max(len(line) for line in text.splitlines()
               if not line.startswith("#0 ")) <= 100      # that is GDB's
    assert "\x1b" not in text          # colours are for terminals


def test_help():
    """What each command says of itself; a machine is not needed for that."""
    done = subprocess.run(
        ["timeout", "-k", "5", str(SECONDS), os.environ.get("GDB", "gdb"),
         "-nx", "-q", "-batch", "-x", "tools/gdb/init.gdb",
         "-ex", f"python import sys; sys.path.insert(0, '{SESSIONS}'); "
                "sys.dont_write_bytecode = True",
         str(DEBUG), "-x", str(SESSIONS / "help.py")], cwd=ROOT,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    golden(done.stdout, "help")
    assert max(map(len, done.stdout.splitlines())) <= 90


PLANTED = {
    "refcount": r"I2 violated: pfn {pfn} kind \d+: refcount 2, mapcount 1, ",
    "mapcount": r"I1 violated: pfn {pfn} kind \d+: mapcount \d+, but \d+ PTEs",
    "shared": r"I4 violated: pfn {pfn} kind \d+: writable at .* mapcount 2",
    "right": r"I5 violated: pfn {pfn} kind \d+: PTE .* more than its area",
    "pointer": r"page fault in the kernel: address 0xffff800000000000, ",
}


@pytest.mark.parametrize("job", [
    pytest.param(Session("events", "check"), id="events"),
    pytest.param(Session("events", "check", append="trace=all"),
                 id="events-all")])
def test_events(job):
    """The events of a copy, and those before a panic."""
    done = job.result()
    session_text(done)
    check(done.returncode == 125 and
          b"tools/run: the kernel panicked" in done.stderr, done)


@pytest.mark.parametrize("job, message", [
    pytest.param(Session("planted", "check", what=what), message, id=what)
    for what, message in PLANTED.items()])
def test_panic(job, message):
    """The kernel's own backtrace is the one that GDB sees."""
    done = job.result()
    text = session_text(done)
    log = done.stderr.decode(errors="replace")
    check(done.returncode == 125 and "tools/run: the kernel panicked" in log,
          done)

    pfn = re.search(r"^planted pfn (0x[0-9a-f]+)$", text, re.M)[1]
    panic = re.search(r"^PANIC: (.*)$", log, re.M)
    check(panic and re.match(message.format(pfn=pfn), panic[1]), done)

    printed = re.findall(r"^  #\d+ (0x[0-9a-f]+) (\w+)\+0x", log, re.M)
    seen = re.findall(r"^chain (0x[0-9a-f]+) (\w+)$", text, re.M)
    check(seen and printed == seen, done)


class Make(pexpect.spawn):
    """A make verb in a terminal of its own, not a part of the make around us.
    """

    def __init__(self, *words):
        environment = {name: value for name, value in os.environ.items()
                       if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
        environment["TERM"] = "dumb"        # no colours
        super().__init__(
            "make", [*MAKE_VARIABLES, f"O={os.path.relpath(BUILD, ROOT)}",
                     f"LLVM={1 if LLVM else ''}", *words],
            cwd=str(ROOT), env=environment, timeout=SECONDS,
            encoding="utf-8", dimensions=(50, 200))

    def ask(self, text):
        """One command at GDB's prompt; what it said."""
        self.sendline(text)
        self.expect_exact("(gdb) ")
        return self.before.replace("\r", "")


def test_make_gdb():
    """One command, one terminal: GDB, the kernel and its console."""
    gdb = Make("gdb", "PROG=cow")
    try:
        gdb.expect_exact("(gdb) ")
        gdb.ask("hbreak start64")
        assert "Breakpoint 1, start64 ()" in gdb.ask("continue")
        gdb.ask("break cow_break")
        assert "Breakpoint 2, cow_break (" in gdb.ask("continue")
        chain = re.findall(r"^#\d+ .*?(\w+) \(", gdb.ask("bt"), re.M)
        assert chain[0] == "cow_break" and "fault_handle" in chain and \
            "trap_dispatch" in chain, chain
        gdb.ask("kill")
        gdb.sendline("quit")
        gdb.expect(pexpect.EOF)
        gdb.close()
        assert gdb.exitstatus == 0
    finally:
        gdb.close(force=True)


def transcript_of_readme():
    """What README shows of make gdb: [(command, what it says)].

    The right column is README's own; "backtrace" and "walk" are left to the
    reader there, and say nothing.
    """
    text = (ROOT / "README.md").read_text()
    block = text[text.index("(gdb) break-cow cow\n"):]
    block = block[:block.index("```")]
    parts = re.split(r"^\(gdb\) (.*)\n", block, flags=re.M)[1:]
    return [(re.split(r" {3,}", command)[0], said)
            for command, said in zip(parts[::2], parts[1::2])]


def normalised(text):
    """Without what moves with every build: lines of source and offsets in code
    are N; addresses and frames are named in the order in which they come. An
    entry is its frame and its flags.
    """
    names = {}

    def name(number):
        return names.setdefault(int(number, 16), f"#{len(names)}")

    def entry(found):
        raw = int(found[1], 16)
        return (f"= {name(hex(raw >> 12 & 0xffffffffff))} with "
                f"{raw & ~0xffffffffff000:b}")

    text = "\n".join(normal(text)).replace("fault@entry=", "")
    text = re.sub(r"(\.c:|\w\+)\d+\b", r"\1N", text)
    text = re.sub(r"= 0x([0-9a-f]{16})\b", entry, text)
    return re.sub(r"\b0x([0-9a-f]+)\b", lambda found: name(found[1]), text)


def as_in_readme(said):
    """README leaves out the program's output before a stop, blank lines and
    the source line that GDB adds.
    """
    _, found, stop = said.rpartition("\nBreakpoint ")
    lines = (found.strip() + " " + stop if found else said).splitlines()
    return [line for line in lines
            if line and not re.match(r"\d+\t", line)]


def test_make_gdb_as_in_readme():
    """The session that README shows is the one that a student gets.

    Addresses and frames move with every build of the kernel; which of them are
    the same must not.
    """
    told = transcript_of_readme()
    gdb = Make("gdb", "PROG=cow")
    try:
        gdb.expect_exact("(gdb) ")
        wanted, said = [], []
        for command, expected in told:
            _, _, answer = gdb.ask(command).partition("\n")     # of the echo
            if expected:
                said += as_in_readme(answer)
                wanted += expected.splitlines()
        assert len(wanted) > 15
        assert normalised("\n".join(said)) == \
            normalised("\n".join(wanted)), "\n".join(said)
    finally:
        gdb.close(force=True)


def test_make_gdb_runs_the_program():
    """With its arguments, and its output in this terminal."""
    gdb = Make("gdb", "PROG=arguments", "ARGS=one two")
    try:
        gdb.expect_exact("(gdb) ")
        # init has a main() too, and maybe at the same address.
        gdb.ask('hbreak main if $_streq(cpus[0].current->name, "arguments")')
        assert "Breakpoint 1, main (argc=3" in gdb.ask("continue")
        assert '"two"' in gdb.ask("print argv[2]")
        end = gdb.ask("continue")
        assert '1: "one"\n2: "two"\ncalf: init exited with status 0' in end
    finally:
        gdb.close(force=True)


def test_make_qemu_gdb():
    """Two terminals: QEMU in one, the GDB that it names in the other."""
    (BUILD / "gdb.sock").unlink(missing_ok=True)    # of the last run
    qemu = Make("qemu-gdb")
    try:
        qemu.expect(r"In another terminal: *([^\r\n]*)\r\n")
        attach = qemu.match[1]
        socket = re.search(r"target remote ([^']*)", attach)[1]
        qemu.expect_exact("To quit")
        wait_for_socket(socket)
        done = subprocess.run(
            f"exec timeout -k 5 {SECONDS} {attach} -batch -ex 'hbreak start64'"
            " -ex continue -ex 'print $rip' -ex kill", shell=True, cwd=ROOT,
            stdin=subprocess.DEVNULL, capture_output=True)
        assert b"<start64>\n" in done.stdout, done
        qemu.expect(pexpect.EOF)
    finally:
        qemu.close(force=True)
