"""A user program under the kernel's debugger: lines, locals, call chains."""

import re

import gdb

from session import (
    expect, frame_of, names_from, number, register, run, run_to, run_to_end,
    run_to_own, run_to_place)


def steps():
    run_to_place("call")
    expect("the privilege level", register("cs") & 3, 3)
    expect("the function", gdb.newest_frame().name(), "write_page")
    text = gdb.execute("info locals", to_string=True)
    for name, wanted in (
            ("values", "{185273099, 202116108, 16843009}"),
            ("name", "99")):
        found = re.search(rf"^{name} = (.*)$", text, re.M)
        expect(f"info locals: {name}", found and found[1], wanted)
    expect("an argument", number("value"), 0x0c0c0c0c)
    expect("the program's functions", names_from("write_page"),
           ["write_page", "main"])
    line = gdb.newest_frame().older().find_sal()
    expect("where main() called",
           line.symtab.filename.split("/")[-1], "fork_write.c")

    # From the heart of the kernel back to the same function and its locals.
    run_to_own("cow_copy")
    expect("the whole chain", [
        name for name in names_from("cow_copy")
        if name in ("cow_copy", "fault_handle", "trap_dispatch", "(trap)",
                    "store", "write_page", "main")],
           ["cow_copy", "fault_handle", "trap_dispatch", "(trap)", "store",
            "write_page", "main"])
    frame_of("write_page").select()
    expect("a local, seen from the handler", number("values[1]"), 0x0c0c0c0c)
    run_to_end()


run(steps)
