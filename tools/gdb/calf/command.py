"""What all commands share: arguments, errors, help, colours."""

import os

import gdb

from calf import kernel

COMMANDS = []


def define_help():
    """"calf" and "help calf" list the commands that there are by now."""
    listed = "\n".join(f"{name:<12} {title}"
                       for name, title in sorted(COMMANDS))

    def invoke(_self, _text, _from_tty):
        print(listed)

    type("calf", (gdb.Command,), {
        "__doc__": "List Calf's own commands.\n\n" + listed,
        "invoke": invoke})("calf", gdb.COMMAND_SUPPORT)


def command(name, needs_machine=True):
    """Make a GDB command of a function that takes a list of words.

    The function's documentation is the command's help.
    """
    def define(function):
        def invoke(_self, text, _from_tty):
            try:
                if needs_machine and not gdb.selected_inferior().pid:
                    raise kernel.Unknown("no machine runs here (any more)")
                function(gdb.string_to_argv(text))
            except kernel.Unknown as problem:
                raise gdb.GdbError(f"{name}: {problem}") from None
            except gdb.MemoryError as problem:
                raise gdb.GdbError(f"{name}: {problem}; has the kernel set "
                                   "up its memory yet?") from None
            except gdb.error as problem:
                raise gdb.GdbError(f"{name}: {problem}") from None
        title = function.__doc__.split("\n")[0]
        COMMANDS.append((name, title))
        made = type(name, (gdb.Command,),
                    {"__doc__": function.__doc__, "invoke": invoke})
        made(name, gdb.COMMAND_DATA)
        return function
    return define


def words(arguments, least, most, usage):
    """Exactly as many arguments as the command takes."""
    if not least <= len(arguments) <= most:
        raise gdb.GdbError(f"usage: {usage}")
    return arguments + [None] * (most - len(arguments))


def number(text):
    """An expression of GDB as a number; an address type as its number."""
    value = gdb.parse_and_eval(text)
    plain = value.type.strip_typedefs()
    if plain.code == gdb.TYPE_CODE_STRUCT:
        value = value[plain.fields()[0]]
    elif plain.code == gdb.TYPE_CODE_ARRAY:
        value = value.address
    return int(value) & (1 << 64) - 1


def pid_of(text):
    return None if text is None else number(text)


# ---- Colours ---------------------------------------------------------------

def _in_colour():
    return (os.isatty(1) and "NO_COLOR" not in os.environ and
            os.environ.get("TERM", "dumb") != "dumb" and
            gdb.parameter("style enabled"))


def paint(text, code):
    return f"\x1b[{code}m{text}\x1b[0m" if _in_colour() else text


def strong(text):
    return paint(text, "1")


def warning(text):
    return paint(text, "1;31")


def plural(count, noun):
    return f"{count} {noun}{'' if count == 1 else 's'}"
