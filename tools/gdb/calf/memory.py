"""Kernel memory and physical memory, read in blocks of 4 KiB.

One request costs about the same whether it asks for 8 bytes or for 4096, so a
block is read whole and remembered until the machine runs on or GDB writes.
"""

import gdb

PAGE = 4096
DIRECT_MAP = 0xffff888000000000     # DIRECT_MAP_BASE of asm/page.h

_blocks = {}


def forget(_event=None):
    _blocks.clear()


for _changes in (gdb.events.cont, gdb.events.stop, gdb.events.memory_changed,
                 gdb.events.inferior_call, gdb.events.exited):
    _changes.connect(forget)


def block(address):
    """The 4 KiB of kernel memory around this address."""
    start = address & ~(PAGE - 1)
    if start not in _blocks:
        _blocks[start] = bytes(
            gdb.selected_inferior().read_memory(start, PAGE))
    return _blocks[start]


def read(address, length):
    """Kernel memory, from as many blocks as it takes."""
    parts = []
    while length > 0:
        offset = address & PAGE - 1
        part = block(address)[offset:offset + length]
        parts.append(part)
        address += len(part)
        length -= len(part)
    return b"".join(parts)


def read_physical(address, length):
    return read(DIRECT_MAP + address, length)
