"""usersyms - the symbols of the user program that runs, or of a chosen one."""

import pathlib

import gdb

from calf import kernel, paging, travel
from calf.command import command, words

_automatic = None       # the file that was loaded without being asked for


def _folders():
    """Where programs with symbols may be, the likeliest first."""
    # The kernel of a recording is where the recording is.
    kernel_file = pathlib.Path(kernel.kernel_file().filename)
    build = pathlib.Path(__file__).parents[3] / "build"
    for build in (*kernel_file.parents[:2], build):
        for folder in ("user", "tests/guest", "tests/programs"):
            yield build / folder


def find(name):
    """The file of a program with this name; a task's has 15 characters."""
    recorded = travel.recorded_program(name)
    if recorded:
        return recorded
    for folder in _folders():
        for path in sorted(folder.glob(name + ("*" if len(name) == 15
                                               else ""))):
            if path.is_file() and path.suffix == "":
                return path
    return None


def loaded():
    """The file whose symbols are loaded, or None."""
    for file in gdb.objfiles():
        if file.is_valid() and file.lookup_global_symbol("main"):
            return pathlib.Path(file.filename)
    return None


def load(path):
    """This one, or none, instead of the other: all use the same addresses."""
    before = loaded()
    if before == path:
        return
    if before:
        gdb.execute(f"remove-symbol-file \"{before}\"", to_string=True)
    if path:
        gdb.execute(f"add-symbol-file \"{path}\"", to_string=True)


def _running():
    """The name of the program whose memory CR3 points to, or None."""
    processes = paging.Space().processes
    return processes[0].name() if processes else None


def follow():
    """The symbols of the program that runs now. Are they other ones?"""
    global _automatic
    name, before = _running(), loaded()
    if name is None:
        return False
    _automatic = find(name)
    load(_automatic)
    return _automatic != before


def _on_stop(_event):
    """Follow from program to program, unless somebody chose one."""
    if travel.is_travelling():
        return
    try:
        if loaded() in (None, _automatic) and follow() and \
                kernel.register("cs") & 3 == 3:
            gdb.execute("frame")        # again, now with its name
    except (gdb.error, gdb.MemoryError, kernel.Unknown):
        pass                            # before there are processes


gdb.events.stop.connect(_on_stop)


@command("usersyms", needs_machine=False)
def usersyms(arguments):
    """Load the symbols of a user program, instead of those loaded before.

Usage: usersyms [PROGRAM]

PROGRAM is a file, or a name in build/user, build/tests/guest or
build/tests/programs. All programs use the same addresses, so the symbols are
right for one program at a time: for PROGRAM until you choose another one. Without
PROGRAM, at each stop for the program that runs then (the one that CR3 points to)."""
    global _automatic
    name, = words(arguments, 0, 1, "usersyms [PROGRAM]")
    if name is None:
        if travel.is_running():
            follow()
        _automatic = loaded()
        print(f"symbols of {_automatic or 'whichever program runs'}, and so "
              "on at each stop")
        return
    path = pathlib.Path(name).resolve() if pathlib.Path(name).is_file() \
        else find(name)
    if path is None:
        raise kernel.Unknown(f"{name}: no such program")
    load(path)
    _automatic = None
    print(f"symbols of {path}")
