"""Make the kernel fail on purpose; its panic must tell what GDB knows.

$what, from the command line, names what is planted. Then this session prints
the call chain at panic(), which the kernel is about to print itself, so that
test_gdb.py can compare the two.
"""

import gdb

from session import (
    DIRECT_MAP, WRITE, number, page_entry, pfn_of, register, run, run_to,
    run_to_end, run_to_own, run_to_place)

NOWHERE = 0xffff800000000000        # no kernel memory is there


def plant_refcount():
    pfn = pfn_of(page_entry(number("page"))[1])
    gdb.execute(f"set var frame_table[{pfn}].refcount += 1")
    return pfn


def plant_mapcount():
    gdb.execute("set var zero_frame->mapcount += 1")
    return number("zero_pfn.val")


def plant_shared():
    """Two mappings of a frame that one of them may write."""
    pfn = pfn_of(page_entry(number("page"))[1])
    gdb.execute(f"set var frame_table[{pfn}].mapcount += 1")
    return pfn


def plant_right():
    """The program may write to its own instructions."""
    slot, entry = page_entry(register("rip"))
    place_of_entry = f"*(unsigned long *){DIRECT_MAP + slot}"
    gdb.execute(f"set var {place_of_entry} = {entry | WRITE}")
    return pfn_of(entry)


def plant_pointer():
    """The page fault looks for the PTE where no memory is."""
    pfn = pfn_of(page_entry(number("page"))[1])
    run_to_own("cow_copy")
    gdb.execute(f"set var fault->slot = {NOWHERE}")
    return pfn


def print_chain():
    """The kernel's part of the chain, as panic() prints it."""
    frame = gdb.newest_frame().older()
    while frame is not None and frame.pc() >= NOWHERE:
        # An inlined function has no frame of its own on the stack.
        if frame.type() == gdb.NORMAL_FRAME:
            print(f"chain {frame.pc():#018x} {frame.name()}")
        frame = frame.older()


def steps():
    what = gdb.convenience_variable("what").string()
    run_to_place("call" if what == "pointer" else "check")
    pfn = globals()[f"plant_{what}"]()
    print(f"planted pfn {pfn:#x}")
    run_to("panic")
    print_chain()
    run_to_end()


run(steps)
