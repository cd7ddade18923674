"""Copy-on-write as the debugger sees it, from the store to the retry.

fork_write's child writes to a page that it shares with its parent: a copy.
Then the parent writes: nobody else is left, the frame is reused.
"""

import gdb

from session import (
    ACCESSED, DIRECT_MAP, DIRTY, PF_PRESENT, PF_USER, PF_WRITE,
    TRAP_PAGE_FAULT, WRITE, Failure, counts, expect, finish, flags, frame_of,
    frame_word, memory, names_from, number, page_entry, pfn_of, register, run,
    run_to, run_to_end, run_to_own, run_to_place, step, value, word)

BEFORE_FORK, BY_CHILD, BY_PARENT = 0x0b0b0b0b, 0x0c0c0c0c, 0x0d0d0d0d

# So many instructions at most lie between fault_handle() and IRETQ.
STEPS_MAX = 2000


class Store:
    """One store instruction and its page, as they were before the fault."""

    def __init__(self, new_value):
        run_to_place("store", f"value == {new_value}")
        self.rip, self.rsp, self.cr3 = map(register, ("rip", "rsp", "cr3"))
        self.address = number("where")
        self.old_value, self.new_value = word(self.address), new_value
        self.slot, self.entry = page_entry(self.address)
        self.pfn = pfn_of(self.entry)
        self.counts = counts(self.pfn)
        expect("the value that will be stored", number("value"), new_value)
        expect("the PTE before", flags(self.entry & ~(ACCESSED | DIRTY)),
               "present user")
        self.compare_with_proc("before")

    def compare_with_proc(self, name):
        """/proc's figures, which the program keeps in a variable."""
        view = value(f"'fork_write.c'::{name}")
        _, entry = page_entry(self.address)
        pfn = pfn_of(entry)
        for field, got in (("pfn", pfn), ("refs", counts(pfn)[0]),
                           ("maps", counts(pfn)[1]),
                           ("writable", int(bool(entry & WRITE)))):
            expect(f"{field} {name} the write, /proc against GDB",
                   int(view[field]), got)


def enter_handler(store):
    """From the store into fault_handle(): what did the CPU report?"""
    run_to_own("fault_handle")
    error_code = PF_PRESENT | PF_WRITE | PF_USER
    expect("CR2", register("cr2"), store.address)
    expect("fault_handle()'s error code", number("error_code"), error_code)
    expect("fault_handle()'s address", number("address.val"), store.address)

    trap = frame_of("trap_dispatch").read_var("frame").dereference()
    expect("the trap's vector", int(trap["vector"]), TRAP_PAGE_FAULT)
    expect("the trap's error code", int(trap["error_code"]), error_code)
    expect("the interrupted rip", int(trap["rip"]), store.rip)
    expect("the interrupted rsp", int(trap["rsp"]), store.rsp)
    expect("the chain into the user program",
           names_from("trap_dispatch"),
           ["trap_dispatch", "(trap)", "store", "write_page", "main"])

    # Nothing has changed yet.
    expect("the PTE in the handler", page_entry(store.address),
           (store.slot, store.entry))
    expect("the counts in the handler", counts(store.pfn), store.counts)


def decide(store):
    """cow_break() knows the PTE; it returns when the page may be written."""
    run_to_own("cow_break")
    expect("fault->seen", number("fault->seen.raw"), store.entry)
    expect("fault->slot", number("fault->slot"), DIRECT_MAP + store.slot)
    expect("fault->address", number("fault->address.val"), store.address)


def retry(store):
    """Step to IRETQ and over it: the same instruction, and now it works."""
    expect("fault_handle()", finish("fault_handle"), "FAULT_DONE")
    for _ in range(STEPS_MAX):
        if memory(register("rip"), 2) == b"\x48\xcf":       # iretq
            break
        step()
    else:
        raise Failure(f"no IRETQ within {STEPS_MAX} instructions")
    if (register("cr3"), word(register("rsp"))) != (store.cr3, store.rip):
        # A timer tick during the fault: it is another process's turn.
        run_to(f"*{register('rip')}", f"$cr3 == {store.cr3} && "
                                      f"*(unsigned long *)$rsp == {store.rip}")

    step()
    expect("rip after IRETQ", register("rip"), store.rip)
    expect("rsp after IRETQ", register("rsp"), store.rsp)
    expect("the privilege level after IRETQ", register("cs") & 3, 3)
    expect("the value before the retry", word(store.address), store.old_value)

    step()
    if register("cs") & 3 != 3:
        raise Failure("the retry has faulted again")
    expect("the value after the retry", word(store.address), store.new_value)


def proc_after(store, kind):
    """The program looks again, and counts its faults."""
    run_to_place("look")
    store.compare_with_proc("after")
    for name in ("COW_COPY", "COW_REUSE"):
        expect(f"faults of kind {name}, says /proc/self/faults",
               int(value(f"faults_after[{name}] - faults_before[{name}]")),
               int(name == kind))


def copy_for_the_child():
    store = Store(BY_CHILD)
    old = store.pfn
    expect("(refcount, mapcount) of the shared frame", store.counts, (2, 2))
    expect("the shared value", store.old_value, BEFORE_FORK)

    enter_handler(store)
    decide(store)
    run_to_own("cow_copy")
    expect("the source of the copy", number("source - frame_table"), old)
    expect("cow_copy()", finish("cow_copy"), "FAULT_DONE")

    slot, entry = page_entry(store.address)
    expect("the place of the PTE", slot, store.slot)
    expect("the PTE after", flags(entry),
           "present write user accessed dirty")
    if pfn_of(entry) == old:
        raise Failure(f"the PTE still maps the shared frame {old:#x}")
    expect("(refcount, mapcount) of the copy", counts(pfn_of(entry)), (1, 1))
    expect("(refcount, mapcount) of the original", counts(old), (1, 1))
    expect("the copy's bytes", frame_word(pfn_of(entry)), BEFORE_FORK)

    retry(store)
    expect("the copy's new bytes", frame_word(pfn_of(entry)), BY_CHILD)
    expect("the original's bytes", frame_word(old), BEFORE_FORK)
    proc_after(store, "COW_COPY")
    return old


def reuse_for_the_parent(original):
    store = Store(BY_PARENT)
    expect("the parent's frame", store.pfn, original)
    expect("(refcount, mapcount) of the frame", store.counts, (1, 1))
    expect("the parent's value", store.old_value, BEFORE_FORK)

    enter_handler(store)
    decide(store)
    copied = gdb.Breakpoint("cow_copy", type=gdb.BP_HARDWARE_BREAKPOINT)
    expect("cow_break()", finish("cow_break"), "FAULT_DONE")
    expect("calls of cow_copy()", copied.hit_count, 0)
    copied.delete()

    slot, entry = page_entry(store.address)
    expect("the PTE's frame after", pfn_of(entry), original)
    expect("the place of the PTE", slot, store.slot)
    expect("the PTE after", flags(entry),
           "present write user accessed dirty")
    expect("(refcount, mapcount) after", counts(original), (1, 1))

    retry(store)
    expect("the frame's bytes", frame_word(original), BY_PARENT)
    proc_after(store, "COW_REUSE")


def steps():
    reuse_for_the_parent(copy_for_the_child())
    run_to_end()


run(steps)
