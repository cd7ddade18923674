"""Sit at the terminal: what "make qemu" gives a person who types.

Every step waits for text that only its success can print. Time is never what
decides; the limit below is for a machine that has hung.
"""

import hashlib
import os
import re
import socket
import subprocess
import termios

import pexpect
import pytest

import harness

ROWS, COLUMNS = 30, 100
SECONDS = 60                        # for a step on a busy machine
PROMPT = "calf> "
INITRAMFS = harness.DEBUG.parent / "initramfs.cpio"

pytestmark = pytest.mark.skipif(
    b"bin/busybox" not in INITRAMFS.read_bytes() if INITRAMFS.exists()
    else True, reason="there is no busybox in the image (make deps)")


def plain_output():
    """In the child: QEMU's output comes as it is, without more returns."""
    settings = termios.tcgetattr(0)
    settings[1] &= ~termios.ONLCR
    termios.tcsetattr(0, termios.TCSANOW, settings)


class Terminal:
    """A terminal with Calf in it, started as "make qemu" starts it."""

    def __init__(self, memory="64M", initramfs=INITRAMFS, command=None):
        command = command or (
            harness.ROOT / "tools" / "qemu", "qemu-nox", "-kernel",
            harness.DEBUG, "-initrd", initramfs)
        environment = dict(os.environ, QEMU="qemu-system-x86_64", MEM=memory,
                           CPUS="1", BUILD=str(harness.DEBUG.parent))
        self.child = pexpect.spawn(
            str(command[0]), [str(word) for word in command[1:]],
            cwd=harness.ROOT, env=environment, timeout=SECONDS,
            dimensions=(ROWS, COLUMNS), preexec_fn=plain_output)
        self.wait(PROMPT)

    def type(self, text):
        self.child.send(text.encode())

    def wait(self, text):
        """Everything up to @text, which must come."""
        self.child.expect_exact(text.encode())
        return self.child.before.decode(errors="replace")

    def run(self, command):
        """A command that needs no keys; what it prints."""
        # The mark is not what is typed, so its echo cannot be taken for it.
        self.type(command + "; echo do''ne=$?\r")
        printed = self.wait("done=")
        self.wait(PROMPT)
        return printed

    def close(self):
        self.child.close(force=True)


@pytest.fixture
def terminal():
    one = Terminal()
    yield one
    one.close()


def test_editing(terminal):
    # Cursor left, insert; the word before the cursor; the whole line.
    # Keys of several bytes come when all before them is read: they fit the
    # serial port, so that even a busy machine does not tear one apart.
    terminal.type("echo hllo")
    terminal.wait("hllo")
    terminal.type("\x1b[D\x1b[D\x1b[De\r")
    terminal.wait("\r\nhello\r\n")
    terminal.type("echo one two\x17three\r")
    terminal.wait("\r\none three\r\n")
    terminal.type("rubbish\x15echo fine\r")
    terminal.wait("\r\nfine\r\n")
    terminal.wait(PROMPT)
    # History: the line before the last one, as it was.
    terminal.type("\x1b[A\x1b[A\r")
    terminal.wait("\r\none three\r\n")
    # Completion of a file's name.
    terminal.type("touch /tmp/a-long-name\r")
    terminal.type("ls -d /tmp/a-l\t\r")
    terminal.wait("\r\n/tmp/a-long-name\r\n")
    # Letters of two and three bytes go through editing unharmed.
    terminal.type("echo ä€x\x7f!\r")
    terminal.wait("\r\nä€!\r\n")
    # A program that reads lines: the kernel's own editing.
    terminal.type("cat\r")
    terminal.type("abx\x7fc\r")
    terminal.wait("\r\nabc\r\n")
    terminal.type("\x04")
    terminal.wait(PROMPT)
    assert "done" not in terminal.run("true")


def test_jobs(terminal):
    assert "job control turned off" not in terminal.run("true")
    # Ctrl-C ends a loop.
    terminal.type("while :; do echo wor''king; done\r")
    terminal.wait("working")
    terminal.type("\x03")
    terminal.wait("^C")
    terminal.wait(PROMPT)
    # Ctrl-Z, jobs, bg, fg.
    terminal.type("sleep 1000\r")
    terminal.wait("sleep 1000\r\n")
    terminal.type("\x1a")
    terminal.wait("Stopped")
    terminal.wait(PROMPT)
    assert re.search(r"Stopped +sleep 1000", terminal.run("jobs"))
    assert " T " in terminal.run("cat /proc/$(pidof sleep)/stat")
    terminal.run("bg")
    assert re.search(r"Running +sleep 1000", terminal.run("jobs"))
    terminal.type("fg\r")
    terminal.wait("sleep 1000\r\n")
    terminal.type("\x03")
    terminal.wait(PROMPT)
    assert "sleep" not in terminal.run("jobs")
    # A job in the background may not read; in the foreground it may.
    terminal.type("cat > /tmp/typed &\r")
    terminal.wait(PROMPT)
    terminal.type("\r")
    while "Stopped (tty input)" not in terminal.run("jobs"):
        pass
    terminal.type("fg\r")
    terminal.wait("/tmp/typed\r\n")
    terminal.type("into the file\r")
    terminal.wait("into the file\r\n")
    terminal.type("\x04")
    terminal.wait(PROMPT)
    assert "into the file" in terminal.run("cat /tmp/typed")
    # Ctrl-D at the prompt is the end of the shell, and of the machine.
    terminal.type("\x04")
    terminal.child.expect(pexpect.EOF)


def test_full_screen(terminal):
    # The size of the terminal it runs in, and a new one.
    assert f"{ROWS} {COLUMNS}" in terminal.run("stty size")
    terminal.run("trap 'echo chan''ged' WINCH; stty rows 24 cols 80")
    assert "24 80" in terminal.run("stty size")
    # top draws, and q quits it.
    terminal.type("top\r")
    terminal.wait("Load average:")
    terminal.wait("/init")
    terminal.type("q")
    terminal.wait(PROMPT)
    # vi: insert two lines, delete one, save.
    terminal.type("vi /tmp/letter\r")
    terminal.wait("/tmp/letter")
    # A key that follows ESC at once would be taken for a part of it.
    terminal.type("iDear calf,\rwrong\x1b")
    terminal.wait("- /tmp/letter [Modified]")
    terminal.type("ddoyours\x1b")
    terminal.wait("- /tmp/letter [Modified]")
    terminal.type(":wq\r")
    terminal.wait(PROMPT)
    assert "Dear calf,\r\nyours\r\n" in terminal.run("cat /tmp/letter")


# Shell and loop are one group in the foreground, so the trap is the loop's.
WAIT_FOR_A_SIZE = (
    "sh -c 'trap \"echo now \\$(stty size); exit\" WINCH;"
    " echo wait\"\"ing; while :; do sleep 0.1; done'\r")


@pytest.mark.parametrize("command", [
    None, (harness.RUN, "--kernel", harness.DEBUG, "--no-program"),
], ids=["make-qemu", "tools-run"])
def test_resizing(command):
    """The window that QEMU runs in gets larger, then smaller."""
    terminal = Terminal(command=command)
    assert f"{ROWS} {COLUMNS}" in terminal.run("stty size")
    for rows, columns in ((41, 133), (20, 70)):
        terminal.type(WAIT_FOR_A_SIZE)
        terminal.wait("waiting")
        terminal.child.setwinsize(rows, columns)
        terminal.wait(f"now {rows} {columns}\r\n")
        terminal.wait(PROMPT)
        assert f"{rows} {columns}" in terminal.run("stty size")
    # An editor moves its last line to where the last line is now.
    terminal.type("vi /tmp/letter\r")
    terminal.wait("\x1b[20;1H")
    terminal.wait("- /tmp/letter")
    terminal.child.setwinsize(33, 90)
    terminal.wait("\x1b[33;1H")
    terminal.wait("- /tmp/letter")
    terminal.type(":q\r")
    terminal.wait(PROMPT)
    terminal.close()


NOT_SIZES = ("0 80", "80 0", "24", "24 ", " 24 80", "24 80 ", "24  80", "24x80",
             "24\t80", "+24 80", "-1 80", "65536 80", "24 99999999999", "",
             "123456789012 80", "24 80 1", "24 80\r")
TOLD = ("until stty size | grep -x '33 20000'; do sleep 0.1; done;"
        "dmesg | grep -c 'COM2: not a window size'")


def test_what_is_no_size(tmp_path):
    """A line that is none is told of once, and changes nothing."""
    with socket.socket(socket.AF_UNIX) as server:
        server.settimeout(SECONDS)
        server.bind(str(tmp_path / "window"))
        server.listen()
        calf = subprocess.Popen(
            [harness.RUN, "--kernel", harness.DEBUG, "--qemu",
             f"-chardev socket,id=window,path={tmp_path}/window "
             "-serial chardev:window", "--", "/bin/sh", "-c", TOLD],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        guest, _ = server.accept()
        with guest:
            guest.settimeout(SECONDS)
            with guest.makefile("rb") as question:
                assert question.readline() == b"?\n"
            lines = "65535 65535", *NOT_SIZES, "33 20000"
            guest.sendall("".join(f"{line}\n" for line in lines).encode())
            done = subprocess.CompletedProcess(
                calf.args, 0, *calf.communicate())
    assert done.stdout.decode() == f"33 20000\n{len(NOT_SIZES)}\n", \
        harness.explain(done)


LINE = b"0123456789abcdefghijklmnopqrstuvwxyz/0123456789ABCDEFGHIJKLMNO.\n"
MEGABYTE = LINE * ((1 << 20) // len(LINE))


@pytest.mark.parametrize("job", [
    harness.Job("--", "/bin/md5sum", stdin=MEGABYTE, timeout=180)],
    ids=["md5sum"])
def test_a_megabyte(job):
    """Faster than a program reads, a megabyte of lines arrives whole."""
    done = job.result()
    digest = hashlib.md5(MEGABYTE).hexdigest()
    assert done.stdout.decode() == f"{digest}  -\n", harness.explain(done)
