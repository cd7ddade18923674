"""GDB commands that know Calf's memory.

  command.py   what a command is: arguments, errors, help, colours
  memory.py    physical memory, read in blocks
  kernel.py    which symbols and fields of the kernel are used, and as what
  paging.py    page-table entries, walks, who maps a frame
  fault.py     the page fault in progress, and what will come of it
  why.py page.py spaces.py commit.py audit.py breaks.py usersyms.py
               the commands
  travel.py    the commands that travel in time, in a recording
  events.py    what has happened, and the way back to it
  printers.py  how GDB prints Calf's types
"""

from calf import audit, breaks, commit, events, page, printers, spaces, \
    travel, usersyms, why  # noqa: F401
from calf.command import define_help

define_help()
