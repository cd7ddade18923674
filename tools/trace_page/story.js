/*
 * story.js - what events mean: groups, kinds of moments, explanations
 *
 * The sentence of an event comes from kernel/lib/events.def.  Here is what a
 * teacher would add: why it happens, and what to look at.
 */
"use strict";

/* What the filter switches on and off; an event of no group is in "other". */
const GROUPS = [
    { id: "process", label: "processes", on: true, names: [
        "BOOT", "CLOCK", "SPACE_NEW", "SPACE_END", "FORK", "CLONE",
        "EXEC", "EXIT", "THREAD_EXIT", "NAME"] },
    { id: "fault", label: "faults", on: true,
      names: ["FAULT", "FAULT_END"] },
    { id: "frame", label: "frames", on: true, names: [
        "RELEASE", "ALLOC", "FREE", "COPY", "GET", "PUT", "SHARE",
        "ADOPT", "DROP"] },
    { id: "entry", label: "tables", on: true, names: [
        "MAP", "UNMAP", "PROTECT", "WRITE_PROTECT", "REUSE",
        "TABLE_NEW", "TABLE_FREE"] },
    { id: "promise", label: "promises", on: true,
      names: ["COMMIT", "REFUSAL"] },
    { id: "oom", label: "OOM", on: true,
      names: ["OOM_SCORE", "OOM_KILL", "OOM_REAP"] },
    { id: "tlb", label: "TLB", on: true, names: ["FLUSH", "SHOOTDOWN"] },
    { id: "switch", label: "switches", on: false, names: ["SWITCH"] },
    { id: "call", label: "calls", on: false,
      names: ["CALL", "CALL_MORE", "CALL_TEXT", "RETURN"] },
    { id: "other", label: "other", on: true, names: [] },
];

/* The rows of the timeline, and the letter that stands for each elsewhere. */
const MOMENTS = [
    { id: "life", letter: "P", label: "fork exec exit" },
    { id: "zero", letter: "0", label: "zero pages" },
    { id: "file", letter: "F", label: "file pages" },
    { id: "copy", letter: "C", label: "copies" },
    { id: "reuse", letter: "R", label: "reuses" },
    { id: "else", letter: "S", label: "other faults" },
    { id: "oom", letter: "!", label: "killed, refused" },
];
const MOMENT_OF_EVENT = { FORK: 0, CLONE: 0, EXEC: 0, EXIT: 0, REFUSAL: 6,
                          OOM_KILL: 6 };
const MOMENT_OF_FAULT = { zero_fill: 1, zero_map: 1, file_map: 2, cow_copy: 3,
                          cow_reuse: 4 };
const OTHER_FAULT = 5;

/* Which kind of moment an event is: an index of MOMENTS, or NONE. */
class Moments {
    constructor(records)
    {
        const { meta, number } = records;

        this.records = records;
        this.end = number.FAULT_END;
        this.ofEvent = new Int8Array(256).fill(NONE);
        for (const [name, moment] of Object.entries(MOMENT_OF_EVENT))
            if (number[name] !== undefined)
                this.ofEvent[number[name]] = moment;
        this.ofFault = meta.fault_kinds.map(
            (kind) => MOMENT_OF_FAULT[kind] ?? OTHER_FAULT);
    }

    /* How many of each kind there have been in this model. */
    counts(model)
    {
        const counts = MOMENTS.map(() => 0);

        this.ofFault.forEach((moment, kind) => {
            counts[moment] += model.total.faults[kind];
        });
        counts[0] = model.total.life;
        counts[MOMENTS.length - 1] = model.total.kills +
            model.total.refusals;
        return counts;
    }

    of(i)
    {
        const event = this.records.event[i];

        return event === this.end ?
            this.ofFault[this.records.kind[i]] ?? OTHER_FAULT :
            this.ofEvent[event];
    }
}

const FAULT_REASONS = {
    zero_fill: "Written before it was ever read: a new frame of zeros, " +
        "private to this process and writable at once.",
    zero_map: "Only read so far: the one frame of zeros (Z) serves all " +
        "readers. The first write will get a copy of it.",
    file_map: "The bytes are a file's, or memory meant to be shared: the " +
        "entry points to the very frame that holds them.",
    cow_copy: "Copy-on-write. The entry was read-only and others still " +
        "need the old frame: the writer gets a copy, they keep theirs.",
    cow_reuse: "The entry was read-only, but nobody else holds the frame " +
        "any more: no copy, only the right to write is set.",
    spurious: "The entry allows it by now: the CPU went by an old " +
        "translation, or somebody else was faster. Just try again.",
    stack_grow: "Just below the stack: its area grows down to here, and " +
        "the page is filled with zeros.",
    segv: "Nothing there, or not for this access: the process gets a " +
        "signal, its page tables stay as they are.",
};

const EVENT_REASONS = {
    BOOT: "The kernel has read the firmware's memory map and made its " +
        "frame table.",
    SPACE_NEW: "A root table whose upper half is the kernel's. The lower " +
        "half is empty; what is filled in comes next.",
    SPACE_END: "Its pages are unmapped one by one, each dropping its " +
        "frame; then its tables go.",
    FORK: "No page was copied: the child's entries point to the parent's " +
        "frames, and in both processes what is private is read-only now.",
    CLONE: "Both run in one address space: nothing is shared " +
        "copy-on-write, because nothing was doubled.",
    EXEC: "The new program starts in a space of its own; the old one goes.",
    RELEASE: "Boot hands free memory to the allocator, in blocks of a " +
        "power of two.",
    ALLOC: "The allocator hands it out with one reference.",
    FREE: "The last reference is gone.",
    COPY: "4096 bytes: this is what copy-on-write puts off as long as " +
        "it can.",
    SHARE: "The count goes up first, then the entry is written: a frame " +
        "that is mapped can never be free.",
    ADOPT: "The reference that came with the allocation is the entry's now.",
    DROP: "Last of three steps: change the entry, flush the TLB, drop the " +
        "frame. At zero it is free.",
    GET: "A reason to keep the frame that is no page-table entry.",
    WRITE_PROTECT: "The entry that allowed writing must not any more: the " +
        "next write of anybody has to trap.",
    REUSE: "Same frame, one bit more. No other CPU need hear of it: at " +
        "worst it faults once and tries again.",
    TABLE_NEW: "Page tables are frames too: 512 entries, 2 MiB of " +
        "addresses for a table of level 1.",
    COMMIT: "A promise of memory, to be kept when the pages are first " +
        "written. There is no frame for it yet.",
    REFUSAL: "More is promised than the policy allows: the call fails " +
        "with ENOMEM, and nothing has changed.",
    OOM_SCORE: "Each process is looked at: resident pages and page tables, " +
        "shifted by its oom_score_adj.",
    OOM_KILL: "The highest score loses. Its frames come back as it ends; " +
        "the fault that found no frame is tried again.",
    FLUSH: "The CPU may remember what the entry said before: it must not " +
        "use that again.",
    SHOOTDOWN: "Other CPUs may remember it as well; until they have " +
        "answered, the old frame is kept.",
};

class Story {
    constructor(records, catalogue)
    {
        this.records = records;
        this.catalogue = catalogue;
    }

    /* Why, in a sentence or two; "" if the event says it all. */
    reason(i)
    {
        const { records } = this;
        const name = records.name(i);

        if (name === "FAULT")
            return this.beginning(i);
        if (name === "FAULT_END")
            return FAULT_REASONS[this.faultKind(i)] ?? "";
        if (name === "COMMIT" && records.signedValue(i) < 0)
            return "A promise is taken back: it can be given to others.";
        return EVENT_REASONS[name] ?? "";
    }

    /* A fault begins: how will it end? */
    beginning(i)
    {
        const end = this.catalogue.mate[i];
        const write = this.records.code[i] & PF_WRITE;
        const present = this.records.code[i] & PF_PRESENT;
        const why = present ? write ?
            "The entry is there, but it is read-only." :
            "The entry is there, but does not allow this." :
            "There is no entry for this page.";

        if (end === NONE)
            return why + " The trace does not have its end.";
        return `${why} It will be a ${this.faultKind(end)
            }, at event ${this.records.sequence[end]}.`;
    }

    faultKind(end)
    {
        return known(this.records.meta.fault_kinds, this.records.kind[end]);
    }
}
