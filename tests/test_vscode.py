"""Visual Studio Code's settings (.vscode/), carried out as it would do it.

Its C++ extension (cppdbg) starts the task, starts GDB with the machine interface
(MI), sends the commands of launch.json in their order, then the breakpoints that
the editor shows, and lets the machine run.
"""

import json
import re
import shlex
import shutil
import subprocess

import pexpect
import pexpect.popen_spawn
import pytest

from harness import BUILD, LLVM, ROOT
from test_gdb import SECONDS, Make, wait_for_socket

# pexpect's own, for a newer Python
pytestmark = pytest.mark.filterwarnings("ignore:setDaemon")

SETTINGS = ROOT / ".vscode"
KERNEL, RECORDING = (
    one for one in json.loads(
        (SETTINGS / "launch.json").read_text())["configurations"])
TASKS = {one["label"]: one for one in json.loads(
    (SETTINGS / "tasks.json").read_text())["tasks"]}


def in_workspace(text):
    return text.replace("${workspaceFolder}", str(ROOT))


class Editor:
    """GDB, as the extension drives it."""

    def __init__(self, settings):
        assert settings["type"] == "cppdbg" and settings["MIMode"] == "gdb"
        self.gdb = pexpect.popen_spawn.PopenSpawn(
            ["timeout", "-k", "5", str(2 * SECONDS),
             settings["miDebuggerPath"],
             *shlex.split(settings["miDebuggerArgs"]), "--interpreter=mi"],
            cwd=in_workspace(settings["cwd"]), timeout=SECONDS,
            encoding="utf-8")
        self.count = 0
        for command in settings["customLaunchSetupCommands"]:
            self.ask(in_workspace(command["text"]))
        assert settings["launchCompleteCommand"] == "exec-continue"

    def ask(self, command):
        """One command; what came up to its result and the result."""
        self.count += 1
        self.gdb.sendline(f"{self.count}{command}")
        self.gdb.expect(rf"(?m)^{self.count}(\^[^\r\n]*)\r?\n")
        result = self.gdb.match[1]
        assert re.match(r"\^(done|connected|running)", result), \
            (command, self.gdb.before, result)
        return self.gdb.before, result

    def console(self, command):
        """The Debug Console's "-exec COMMAND": what is printed."""
        said, result = self.ask(f'-interpreter-exec console "{command}"')
        assert result == "^done", result
        return "".join(json.loads(text) for text in re.findall(
            r'^~(".*")\r?$', said, re.M))

    def stop(self):
        """Wait for a stop; its reason and function."""
        self.gdb.expect(r'(?m)^\*stopped,reason="([^"]*)".*?func="(\w+)"[^\n]*\n')
        return self.gdb.match[1], self.gdb.match[2]

    def resume(self):
        _, result = self.ask("-exec-continue")
        assert result == "^running"
        return self.stop()

    def number(self, expression):
        _, result = self.ask(f'-data-evaluate-expression "{expression}"')
        return int(re.search(r'value="(\d+)"', result)[1])

    def close(self):
        self.gdb.sendline("-gdb-exit")
        self.gdb.wait()


@pytest.fixture
def qemu():
    """The task that the launch configuration asks for, until it is ready."""
    task = TASKS[KERNEL["preLaunchTask"]]
    assert task["isBackground"] and task["type"] == "shell"
    program, *verbs = shlex.split(task["command"])
    assert program == "make"
    running = Make(*verbs)
    ready = task["problemMatcher"]["background"]
    try:
        running.expect(ready["beginsPattern"].replace("^", r"\n?"))
        running.expect(ready["endsPattern"].replace("^", r"\n") + r"(\S+)")
        wait_for_socket(running.match[1])
        yield running
    finally:
        running.close(force=True)


def at_the_decision(editor):
    """From the start to a write, as a student with a breakpoint there."""
    editor.ask("-break-insert -f cow_break")
    assert editor.resume() == ("breakpoint-hit", "kernel_main")
    assert editor.resume() == ("breakpoint-hit", "cow_break")
    why = editor.console("why")
    assert re.search(r"^#PF pid 1 init: write to 0x\w+, user code at 0x\w+$",
                     why, re.M)
    assert "case 6C, COPY: the zero frame is everybody's" in why
    _, frames = editor.ask("-stack-list-frames")
    assert 'func="trap_dispatch"' in frames


ordinary = pytest.mark.skipif(
    LLVM or BUILD != ROOT / "build",
    reason="the settings are for what make without variables builds")


@ordinary
def test_kernel(qemu):
    editor = Editor(KERNEL)
    try:
        assert KERNEL["program"].endswith("build/kernel.elf")
        at_the_decision(editor)
    finally:
        editor.close()


@ordinary
def test_recording():
    """The editor sees where rewind arrives: it is told of a stop."""
    folder = BUILD / "recording"
    kept = folder.with_name("recording.kept")
    if folder.exists():
        folder.rename(kept)             # somebody's own
    try:
        subprocess.run(["tools/run", "--mem", "32M", "--record", folder,
                        BUILD / "tests" / "programs" / "fork_write"],
                       cwd=ROOT, check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        editor = Editor(RECORDING)
        at_the_decision(editor)
        place = editor.number("(unsigned long)$pc")
        said, result = editor.ask('-interpreter-exec console "rewind 40"')
        assert "instructions:" in said and result == "^running"
        assert editor.stop()[0] == "end-stepping-range"
        assert editor.number("(unsigned long)$pc") != place
        assert editor.resume() == ("breakpoint-hit", "cow_break")
        assert editor.number("(unsigned long)$pc") == place
        editor.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if kept.exists():
            kept.rename(folder)
