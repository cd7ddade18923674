"""What Calf's commands say of themselves; help.out has it."""

import gdb

from calf.command import COMMANDS
from session import run


def steps():
    for name in ["calf", *sorted(name for name, _ in COMMANDS)]:
        print(f"(gdb) help {name}")
        gdb.execute(f"help {name}")


run(steps)
