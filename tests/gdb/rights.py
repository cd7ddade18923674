"""The kernel's page tables: nothing is writable and executable, at any address.

All mappings are held against the linker's borders. RAM is mapped twice: what
must not be written at one address must not be written at the other.
"""

import struct

from session import (
    DIRECT_MAP, LARGE, PAGE, PFN_MASK, PRESENT, WRITE, expect, memory, number,
    register, run, run_to, run_to_end)

KERNEL_BASE = 0xffffffff80000000
NO_EXECUTE = 1 << 63
LOCKED = ("text", "rodata", "ksyms")


def entries(table):
    """The present entries of a page table, by index."""
    data = memory(DIRECT_MAP + table, PAGE)
    for index, entry in enumerate(struct.unpack("<512Q", data)):
        if entry & PRESENT:
            yield index, entry


def mappings(table, level=4, writable=True, executable=True):
    """(physical address of a 4 KiB page, may be written, executed) of each
    page of the kernel's half: a right counts if all levels give it.
    """
    for index, entry in entries(table):
        if level == 4 and index < 256:
            continue
        write = writable and bool(entry & WRITE)
        execute = executable and not entry & NO_EXECUTE
        if level > 1 and not entry & LARGE:
            yield from mappings(entry & PFN_MASK, level - 1, write, execute)
            continue
        size = PAGE << 9 * (level - 1)
        start = entry & PFN_MASK & -size
        for page in range(start, start + size, PAGE):
            yield page, write, execute


def section(name):
    return range(number(f"(unsigned long)&{name}_start") - KERNEL_BASE,
                 number(f"(unsigned long)&{name}_end") - KERNEL_BASE, PAGE)


def steps():
    run_to("init_start")
    writable, executable, times = set(), set(), {}
    for page, write, execute in mappings(register("cr3") & PFN_MASK):
        times[page] = times.get(page, 0) + 1
        if write:
            writable.add(page)
        if execute:
            executable.add(page)
    expect("what can be executed", sorted(executable), list(section("text")))
    for name in LOCKED:
        pages = set(section(name))
        expect(f"{name} that can be written", sorted(pages & writable), [])
        expect(f"how often {name} is mapped", {times[p] for p in pages}, {2})
    expect("data that cannot be written",
           sorted(set(section("data")) - writable), [])
    run_to_end()


run(steps)
