"""why - explain the page fault in progress; and a line at stops inside one."""

import pathlib
import re

import gdb

from calf import fault, kernel, paging, travel
from calf.command import command, strong, warning, words


def headline(now):
    who = str(now.task) if now.task else "no task"
    return (f"#PF {strong(who)}: {now.action()} {now.address:#x}, "
            f"{'user' if now.from_user else 'kernel'} code at {now.rip:#x}")


def source_line(now):
    """FUNCTION+N, and the line of source if the right symbols are loaded."""
    block = gdb.block_for_pc(now.rip)
    while block and not block.function:
        block = block.superblock
    if not block:
        return _assembly_line(now.rip) or \
            "no symbols for this code; usersyms PROGRAM loads them"
    file = pathlib.Path(block.function.symtab.objfile.filename)
    name = now.task.name()
    if now.from_user and file.name[:15] != name and \
            file != travel.recorded_program(name):
        return (f"not in {file.name}, whose symbols are "
                "loaded; usersyms PROGRAM")
    where = f"{block.function.name}+{now.rip - block.start}"
    line = _line_of(now.rip)
    return f"{where}, {line}"[:88] if line else where


def _line_of(address):
    """FILE:LINE: and its text, or nothing."""
    sal = gdb.find_pc_line(address)
    if not sal.symtab:
        return ""
    path = pathlib.Path(sal.symtab.fullname())
    text = ""
    if path.exists():
        text = path.read_text(errors="replace").splitlines()[sal.line - 1]
    line = f"{path.name}:{sal.line}: {' '.join(text.split())}"
    return line if len(line) <= 80 else line[:77] + "..."


def _assembly_line(address):
    """Of the kernel's assembly, which has lines and no functions."""
    line = _line_of(address)
    found = re.match(r"(\w+)( \+ (\d+))? in section",
                     gdb.execute(f"info symbol {address:#x}", to_string=True))
    return f"{found[1]}+{found[3] or 0}, {line}" if line and found else None


def _area_line(now):
    area = now.mm.area_of(now.address)
    if area is None:
        return "none"
    return (f"{area.start:#x}-{area.end:#x} {area.rights()} "
            f"{area.what(now.mm)}")


def _entry_lines(now):
    last = paging.walk(now.mm.root(), now.address)[-1]
    if last.level > 1:
        yield "entry ", f"none: the {paging.NAMES[last.level]} has no table"
        return
    if not last.pte.has_frame:
        yield "entry ", f"@{last.address:#x} = 0: absent"
        return
    yield "entry ", (f"@{last.address:#x} = {last.pte.raw:#018x} "
                     f"{last.pte.flags()}")
    found = paging.mappings().get(last.pte.pfn, ())
    owners = kernel.owners()
    others = sorted({kernel.owner_name(owners.get(mm)) for mm, va, _ in found
                     if (mm, va) != (now.mm, now.page())})
    text = str(kernel.frame(last.pte.pfn))
    if last.pte.pfn == kernel.zero_pfn():
        text += ", everybody's"
    elif others:
        text += f", also of {'; '.join(others[:3])}"
        text += ", ..." if len(others) > 3 else ""
    yield "frame ", text.split(" ", 1)[1]


@command("why")
def why(arguments):
    """Explain the page fault in progress: who, what, where, what comes of it.

Usage: why

Works anywhere between the trap and the return from it; "break-cow" and
"break-zero" stop at a good place. The flags of an entry: Present, Writable,
User, Accessed, Dirty, Global, NX. The verdict names the case of the table in
mm/fault.c and the function that will do it; it is worked out from what is in
memory now, so after the page was mapped it is RETRY."""
    words(arguments, 0, 0, "why")
    now = fault.current()
    if now is None:
        print("No page fault is in progress here. break-cow and break-zero "
              "stop in the next one.")
        return
    print(headline(now))
    print(f"  {source_line(now)}")
    print(f"  error {now.error_code:#x}: {now.error_bits()}")
    if now.mm and now.address < kernel.constant["USER_END"]:
        print(f"  area   {_area_line(now)}")
        for name, text in _entry_lines(now):
            print(f"  {name} {text}")
    ends = fault.verdict(now)
    print(f"  case {ends.case}, {warning(ends.does)}: {ends.why}")
    print(f"  by {strong(ends.function + '()')} in "
          f"{kernel.FUNCTIONS[ends.function]}")


# ---- At a stop -------------------------------------------------------------

def _on_stop(event):
    """One line whenever a breakpoint stops inside the handling of a fault."""
    if not isinstance(event, gdb.BreakpointEvent):
        return
    try:
        if gdb.newest_frame().name() not in kernel.FUNCTIONS:
            return
        now = fault.current()
        if now:
            ends = fault.verdict(now)
            print(f"{headline(now)}\n    case {ends.case}, {ends.does}: "
                  "\"why\" explains it")
    except (gdb.error, gdb.MemoryError, kernel.Unknown):
        pass                            # it was worth a try


gdb.events.stop.connect(_on_stop)
