/*
 * trace.h - what has happened, as a list of fixed-size records
 *
 * Each CPU writes into a ring of its own, which GDB reads ("events"), after a
 * panic too.  If QEMU has a debug console at TRACE_PORT, every record goes there
 * as well, at once: then none is lost (tools/run --trace FILE).  Which events
 * there are is in events.def; tools/trace tells them in English.
 *
 * Owns: the rings, the mask, the order of records.  Knows no meaning.
 * Locks: none in the rings; trace_lock, a leaf with interrupts off, keeps the
 * records apart on their way out.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

/* Classes of events, which can be switched on and off: /proc/sys/vm/trace. */
#define TRACE_LIFE (1u << 0)
#define TRACE_FAULT (1u << 1)
#define TRACE_TRAP (1u << 2)
#define TRACE_MEMORY (1u << 3)
#define TRACE_TLB (1u << 4)
#define TRACE_SWITCH (1u << 5)
#define TRACE_SYSCALL (1u << 6)
#define TRACE_STATE (1u << 7)

/* What is on if nobody reads along: a few instructions for each fault. */
#define TRACE_ALWAYS (TRACE_LIFE | TRACE_FAULT)

/* EVENT_FORK, EVENT_EXEC … */
#define EVENT(name, class, sentence) EVENT_##name,
enum trace_event {
	EVENT_NONE, /* a record that was never written */
#include "kernel/lib/events.def"
	EVENTS,
};
#undef EVENT

/*
 * One event.  What a field means in it, if anything, is in events.def.  Text
 * takes the place of address and value.
 */
struct trace_record {
	u64 sequence; /* 1, 2, 3 …; of the whole machine */
	u64 time; /* the TSC */
	u8 event; /* enum trace_event */
	u8 cpu;
	u8 kind;
	u8 result;
	u32 pid; /* of the task that ran; 0: none */
	u32 space; /* the address space, as the frame of its root table */
	u32 code;
	u64 address;
	u64 value;
	u32 frame;
	u32 other;
	u32 refcount; /* of frame, when all was done */
	u32 mapcount;
};

_Static_assert(sizeof(struct trace_record) == 64, "tools/tracefile.py");
_Static_assert(EVENTS <= 256, "trace_record.event is a byte");

/*
 * Before the records come as many bytes that say what follows:
 * TRACE_MAGIC, then the size of a record and the number of events, as u32.
 */
#define TRACE_MAGIC "CALFTRC1"
