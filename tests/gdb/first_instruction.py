"""GDB is there from the first instruction of long mode on."""

from session import (
    expect, location, names_from, number, register, run, run_to, run_to_end)

CR0_PAGING, EFER_LONG_MODE_ACTIVE = 1 << 31, 1 << 10


def steps():
    run_to("start64")
    expect("rip", register("rip"), number("(unsigned long)&start64"))
    expect("the name of rip", location().split()[0], "start64")
    expect("paging", register("cr0") & CR0_PAGING, CR0_PAGING)
    expect("long mode", register("efer") & EFER_LONG_MODE_ACTIVE,
           EFER_LONG_MODE_ACTIVE)

    # And from there to C, by name.
    run_to("kernel_main")
    expect("who called kernel_main",
           names_from("kernel_main")[:2], ["kernel_main", "start64"])
    run_to_end()


run(steps)
