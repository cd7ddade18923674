"""replay, rewind, rerun - time travel in a recording.

A recording (tools/recording.py) runs the same way each time, to the instruction,
and QEMU counts instructions. So to go back is to start again and to stop
earlier; it takes as long as the run took, which is a fraction of a second for
most. (QEMU has commands of its own to step back. They hang.)
"""

import atexit
import contextlib
import os
import pathlib
import re
import sys
import tempfile

import gdb

from calf import kernel, memory
from calf.command import command, number, plural, words

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))
import recording  # noqa: E402

MARK = "calf-console-begins"        # tools/run: what comes before is firmware

_replay = None                      # the recording that is open


def is_travelling():
    """On the way through time no stop is one for the user."""
    return _replay is not None and _replay.is_travelling


def recorded_program(name):
    """The file with the symbols of the program that was recorded, or None."""
    if _replay is None or _replay.recording.program != name:
        return None
    path = pathlib.Path(_replay.recording.path("program"))
    return path if path.exists() else None


def _quietly(text):
    return gdb.execute(text, to_string=True)


@contextlib.contextmanager
def _silence():
    """GDB tells nobody of the stops on the way.

    It prints them whatever gdb.execute() is told; and an editor that drives it
    would take the end of one QEMU for the end of the program.
    """
    gdb.flush()
    sys.stdout.flush()
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        gdb.flush()
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def _run_on():
    """Let the machine run until it stops by itself. Or has it ended?

    "continue" would stop at breakpoints, and tell of it. So QEMU is told
    directly; GDB has then to forget what it knows of registers and memory.
    """
    timeout = gdb.parameter("remotetimeout")
    gdb.execute("set remotetimeout 1000000")
    try:
        said = _quietly("maintenance packet vCont;c")
    except gdb.error:
        return False
    finally:
        gdb.execute(f"set remotetimeout {timeout}")
    memory.forget()
    for cache in ("register-cache", "dcache"):
        try:
            _quietly(f"maintenance flush {cache}")
        except gdb.error:               # GDB before version 11
            if cache == "register-cache":
                _quietly("flushregs")
    return re.search(r'received: "[ST]', said) is not None


class Ended(Exception):
    """The recording ends before that moment."""


def is_running():
    return gdb.selected_inferior().pid != 0


def end_machine():
    if is_running():
        for way in ("kill", "disconnect"):
            try:
                _quietly(way)
            except gdb.error:
                pass                # QEMU was faster
            if not is_running():
                return


class Replay:
    """A recording, and the QEMU that runs it for this GDB."""

    def __init__(self, folder):
        self.recording = recording.Recording(
            folder, os.environ.get("QEMU", "qemu-system-x86_64"))
        self.is_travelling = False
        self.scratch = tempfile.TemporaryDirectory(prefix="calf-")
        atexit.register(self.scratch.cleanup)
        self.console = os.path.join(self.scratch.name, "console")
        self.shown = 0              # bytes of the console on the screen
        self.said_end = False
        self.counts = {}            # moment -> how many events there were

    # ---- Moments: the number of instructions that have run -----------------

    def now(self):
        """How many instructions have run; the last moment after the end."""
        if not is_running():
            return self.end()
        said = _quietly("monitor info replay")
        found = re.search(r"instruction count = (\d+)", said)
        if not found:
            raise kernel.Unknown(f"QEMU does not replay: {said.strip()}")
        return int(found[1])

    def start(self):
        """QEMU anew, before its first instruction."""
        end_machine()
        self.said_end = False
        open(self.console, "wb").close()
        command_line = " ".join(
            _quoted(word) for word in self.recording.command(self.console))
        errors = os.path.join(self.scratch.name, "errors")
        try:
            _quietly(f"target remote | exec {command_line} 2> {errors}")
        except gdb.error as error:
            said = pathlib.Path(errors).read_text(errors="replace").strip()
            raise kernel.Unknown(f"QEMU does not start: {said}") from error

    def forward(self, moment):
        """On to a later moment; after it QEMU is gone if there is none."""
        _quietly(f"monitor replay_break {moment}")
        if not _run_on():
            end_machine()
            raise Ended
        if self.now() != moment:
            raise kernel.Unknown(f"the replay stopped at {self.now()} and not "
                                 f"at {moment}")

    def reach(self, moment):
        """To this moment, earlier or later."""
        if not is_running() or self.now() > moment:
            self.start()
        if moment > self.now():
            self.forward(moment)

    def first(self, count, wanted):
        """The first moment at which count() is @wanted; None: never.

        @count: something that never falls. What it was at moments where we
        have been is kept, so that the next search begins closer.
        """
        moment = max((at for at, was in self.counts.items() if was < wanted),
                     default=0)
        later = min((at for at, was in self.counts.items() if was >= wanted),
                    default=1 << 63)
        step, ends = 1 << 24, False
        while step:
            if moment + step >= later:
                step >>= 6              # in smaller steps
                continue
            try:
                self.reach(moment + step)
                ends, was = False, count()
                self.counts[moment + step] = was
            except Ended:
                ends, was = True, wanted
            if was >= wanted:
                later = moment + step
            else:
                moment += step
        return None if ends else moment + 1

    def end(self):
        """The last moment of the recording: found by trying, and kept."""
        about = self.recording.about
        if "last_moment" not in about:
            moment, step = 0, 1 << 24
            with self.travel():
                while step:
                    try:
                        self.reach(moment + step)
                        moment += step
                    except Ended:
                        step >>= 6
            self.recording.remember(last_moment=moment)
        return about["last_moment"]

    @contextlib.contextmanager
    def travel(self):
        """Nothing stops or speaks on the way; the screen stays as it is."""
        if self.is_travelling:
            yield
            return
        self.is_travelling = True
        try:
            with _silence():
                yield
        finally:
            self.is_travelling = False
            self.shown = os.path.getsize(self.console)

    # ---- What the guest says -----------------------------------------------

    def show_console(self):
        """What the guest has written since the last stop."""
        with open(self.console, "rb") as file:
            file.seek(self.shown)
            fresh = file.read()
        self.shown += len(fresh)
        text = fresh.decode(errors="replace").replace("\r", "")
        sys.stdout.write(text.replace(MARK + "\n", ""))
        sys.stdout.flush()


def _quoted(word):
    return "'" + word.replace("'", "'\\''") + "'"


def _on_stop(_event):
    if _replay is not None and not _replay.is_travelling:
        _replay.show_console()


def _on_prompt():
    """The machine may have ended, which is no stop."""
    if _replay is not None and not is_running() and not _replay.said_end:
        print("The recording ends here. rewind goes back, rerun to the start.")
        _replay.said_end = True


gdb.events.stop.connect(_on_stop)
gdb.events.exited.connect(_on_stop)
gdb.events.before_prompt.connect(_on_prompt)


# ---- The commands ----------------------------------------------------------

def opened():
    if _replay is None:
        raise kernel.Unknown(
            "this is not a recording; make record keeps a run, "
            "make replay-gdb opens it")
    return _replay


def _under_editor():
    """Does a program drive GDB, by the machine interface (MI)?"""
    try:
        line = pathlib.Path("/proc/self/cmdline").read_bytes()
    except OSError:
        return False
    return re.search(rb"\0(-i|--?interpreter)[=\0]mi", line) is not None


@contextlib.contextmanager
def _breakpoints_off():
    """None of the user's breakpoints and watchpoints stops anything."""
    asleep = [one for one in gdb.breakpoints() or () if one.enabled]
    for one in asleep:
        one.enabled = False
    try:
        yield
    finally:
        for one in asleep:
            if one.is_valid():
                one.enabled = True


def go(replay, moment, tell=lambda: gdb.execute("frame")):
    """To that moment, and say where we are, as at any other stop.

    The last step is GDB's own, so that it knows that it stands on a breakpoint,
    if it does, and an editor sees a stop, and looks where we are now. (After the
    very last moment QEMU may be gone in the middle of such a step.)
    """
    steps = moment > 0 and moment != replay.recording.about.get("last_moment")
    visibly = steps and _under_editor()
    with replay.travel():
        replay.reach(moment - steps)
        if steps and not visibly:
            with _breakpoints_off():
                gdb.execute("stepi", to_string=True)
    print(f"after {moment} instructions:")
    if visibly:
        with _breakpoints_off():
            gdb.execute("stepi")
    else:
        tell()


@command("replay", needs_machine=False)
def replay(arguments):
    """Open a recording; stop before its first instruction.

Usage: replay FOLDER

make record makes one, and so does tools/run --record FOLDER. Breakpoints work as
usual, and rewind, rerun and seek travel in time. Nothing may be changed: what
you write to memory or registers is gone after the next travel back."""
    global _replay
    folder, = words(arguments, 1, 1, "replay FOLDER")
    try:
        wanted = Replay(folder)
    except recording.Problem as problem:
        raise kernel.Unknown(str(problem)) from None
    end_machine()
    _quietly(f'file "{wanted.recording.path("kernel.elf")}"')
    missing = next(kernel.missing(), None)
    if missing:
        raise kernel.Unknown(
            f"this recording's kernel and tools/gdb/ do not fit together "
            f"({missing}): record the run again, or go back to the sources "
            "that it was made from")
    program = wanted.recording.path("program")
    if os.path.exists(program):
        _quietly(f'add-symbol-file "{program}"')
    _replay = wanted
    with wanted.travel():
        wanted.start()
    what = wanted.recording.program
    print(f"{folder}: {what if what else 'no program of its own'}, recorded "
          f"with {wanted.recording.about['qemu']}")


@command("rewind", needs_machine=False)
def rewind(arguments):
    """Go back in time, by one instruction or by many.

Usage: rewind [N]

Exactly N instructions, the kernel's and the program's together, without N one.
At the end of the recording it counts from the last instruction. Breakpoints do
not stop on the way."""
    text, = words(arguments, 0, 1, "rewind [N]")
    count = 1 if text is None else number(text)
    here = opened().now()
    if count > here:
        raise kernel.Unknown(
            f"only {plural(here, 'instruction')} have run since the start")
    go(_replay, here - count)


@command("rerun", needs_machine=False)
def rerun(arguments):
    """Go back to the start of the recording, before its first instruction.

Usage: rerun

Breakpoints stay: "continue" runs to the first of them."""
    words(arguments, 0, 0, "rerun")
    go(opened(), 0)
