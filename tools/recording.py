"""Recordings of QEMU: one run of a machine, to be run again exactly so.

With "-icount ...,rr=record" QEMU counts the guest's instructions and writes
down everything that comes from outside, each at its instruction: what was
typed, the clock of the host. "rr=replay" runs the same instructions again and
gives them the same from that file.

A recording is a folder which needs nothing else but QEMU itself:

  kernel.elf, initramfs.cpio   what ran, so that building anew spoils nothing
  program                      the program, with its symbols; if one was given
  events                       what came from outside (QEMU's own format)
  trace                        the kernel's events, if asked for
  recording.json               the rest; it is written last
"""

import hashlib
import json
import os
import shutil
import subprocess

FORMAT = 1
# In recording.json the recording's own folder, wherever it is by now.
HERE = "{recording}"
PARTS = ("kernel.elf", "initramfs.cpio", "program", "events")
# What goes when the next one is made; the last two are made from the trace.
OWN = (*PARTS, "recording.json", "trace", "trace.html", "trace.json")

# An instruction takes 32 ns, which is slow; so the guest's timer, at which QEMU
# hands on what was typed, ticks often. A sleep of a second takes a second.
ICOUNT = "shift=5"


class Problem(Exception):
    """What keeps a recording from being made or replayed."""


def qemu_version(qemu):
    try:
        said = subprocess.run([qemu, "--version"], capture_output=True,
                              text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise Problem(f"{qemu}: {error}") from None
    return said.splitlines()[0]


def _digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


# ---- Making one ------------------------------------------------------------

def prepare(folder):
    """A folder for a recording: an older one there goes, other files stay."""
    if "," in folder:
        raise Problem(f"{folder}: QEMU takes no comma in the name of a file")
    os.makedirs(folder, exist_ok=True)
    strange = sorted(set(os.listdir(folder)) - set(OWN))
    if strange and "recording.json" not in os.listdir(folder):
        raise Problem(f"{folder} is no recording (there is {strange[0]} "
                      "in it) and stays as it is")
    for name in OWN:
        if os.path.exists(os.path.join(folder, name)):
            os.remove(os.path.join(folder, name))


def keep(folder, name, path):
    """A copy of a file that the run needs; where the copy is."""
    place = os.path.join(folder, name)
    shutil.copy2(path, place)       # as old as it was, for GDB to see
    return place


def icount(folder, how=ICOUNT):
    """QEMU's arguments to record into the folder."""
    return ["-icount", f"{how},rr=record,rrfile={folder}/events"]


def finish(folder, command, program):
    """QEMU has ended by itself: all is there that a replay needs.

    @command: how QEMU was started
    @program: the name of the program in the guest, or None
    """
    about = {
        "format": FORMAT,
        "qemu": qemu_version(command[0]),
        "program": program,
        "arguments": [word.replace(folder + "/", HERE + "/")
                      for word in command[1:]],
        "sha256": {name: _digest(os.path.join(folder, name))
                   for name in PARTS
                   if os.path.exists(os.path.join(folder, name))},
    }
    _write(folder, about)


def _write(folder, about):
    with open(os.path.join(folder, "recording.json"), "w",
              encoding="utf-8") as file:
        json.dump(about, file, indent=1)


# ---- Replaying it ----------------------------------------------------------

class Recording:
    """A finished recording, complete and as it was made."""

    def __init__(self, folder, qemu="qemu-system-x86_64"):
        self.folder, self.qemu = os.path.abspath(folder), qemu
        self._read()
        for name, digest in self.about["sha256"].items():
            path = self.path(name)
            if not os.path.exists(path) or _digest(path) != digest:
                raise Problem(f"{path} is not the file that this recording "
                              "was made with: record the run again")
        here = qemu_version(qemu)
        if here != self.about["qemu"]:
            raise Problem(
                f"{folder} was recorded by {self.about['qemu']}; this is "
                f"{here}, which may count otherwise: record the run again")

    def _read(self):
        if not os.path.isdir(self.folder):
            raise Problem(f"{self.folder}: there is no such recording; "
                          "make record makes one")
        try:
            with open(self.path("recording.json"), encoding="utf-8") as file:
                self.about = json.load(file)
        except FileNotFoundError:
            raise Problem(f"{self.folder} is not a recording, or its run did "
                          "not end in an orderly way") from None
        except ValueError:
            raise Problem(f"{self.path('recording.json')} is damaged: record "
                          "the run again") from None
        if self.about.get("format") != FORMAT:
            raise Problem(f"{self.folder} is a recording of another version "
                          "of Calf: record the run again")

    def remember(self, **facts):
        """What was found out about the run, for the next time."""
        self.about.update(facts)
        _write(self.folder, self.about)

    def path(self, name):
        return os.path.join(self.folder, name)

    @property
    def program(self):
        """The program's name in the guest, or None."""
        return self.about["program"]

    def command(self, console):
        """QEMU, replaying from the start and waiting for GDB on stdin.

        What the guest says on its serial port and in its log goes to the end
        of the file @console. The character devices must be as many as they
        were, in the same order.
        """
        words = iter(self.about["arguments"])
        made = [self.qemu]
        for word in words:
            if word == "-S":
                continue
            value = next(words) if word in (
                "-add-fd", "-gdb", "-chardev", "-icount") else None
            if word == "-chardev":
                name = next(part for part in value.split(",")
                            if part.startswith("id="))
                shown = name in ("id=console", "id=log")
                made += [word, f"file,path={console},append=on,{name}"
                         if shown else f"null,{name}"]
            elif word == "-icount":
                made += [word, value.replace("rr=record", "rr=replay")]
            elif value is None:
                made.append(word)
        return [word.replace(HERE, self.folder) for word in made] + [
            "-S", "-gdb", "stdio"]
