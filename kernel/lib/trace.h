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

#include "kernel/x86_64/asm/code_switch.h"
#include "kernel/x86_64/asm/insn.h"
#include "kernel/x86_64/asm/percpu.h"
#include "kernel/x86_64/asm/types.h"

/* Classes of events, which can be switched on and off: vm.trace. */
#define TRACE_LIFE (1u << 0)
#define TRACE_FAULT (1u << 1)
#define TRACE_TRAP (1u << 2)
#define TRACE_MEMORY (1u << 3)
#define TRACE_TLB (1u << 4)
#define TRACE_SWITCH (1u << 5)
#define TRACE_SYSCALL (1u << 6)
#define TRACE_STATE (1u << 7)
#define TRACE_ALL 0xffu
/* Not a class: somebody reads along. */
#define TRACE_DRAINED (1u << 8)

/*
 * What is on if nobody reads along.  A record takes some 40 instructions, more
 * than a tenth of a short fault: in the release build those must be asked for.
 */
#define TRACE_ALWAYS (TRACE_LIFE | (CALF_DEBUG ? TRACE_FAULT : 0))

/* EVENT_FORK, EVENT_EXEC … */
#define EVENT(name, class, sentence) EVENT_##name,
enum trace_event {
	EVENT_NONE, /* a record that was never written */
#include "kernel/lib/events.def"
	EVENTS,
};
#undef EVENT

/* The class of each: TRACE_CLASS_FORK … */
#define EVENT(name, class, sentence) TRACE_CLASS_##name = TRACE_##class,
enum trace_class {
#include "kernel/lib/events.def"
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
	u8 cpu; /* in a ring: 0, as the ring is a CPU's */
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

/* 64 KiB for each CPU: the last faults of a second or so. */
#define TRACE_RING_RECORDS 1024
#define TRACE_RING_ORDER 4 /* as a block of frames */

/*
 * Bits TRACE_…; nothing is recorded before trace_init().  Change it by
 * trace_set_classes() only: the answers stand in the code.
 */
extern u64 trace_mask;

/**
 * trace_init() - the ring of the boot CPU; and does somebody read along?
 * @classes: as "life,fault": what to record; "all"; NULL: the usual
 */
void trace_init(const char *classes);

/*
 * A record to be filled in, and its end.  An interrupt may come between the
 * two: it gets the next one.
 */
static inline struct trace_record *trace_begin(void)
{
	u64 at = percpu_trace_reserve(sizeof(struct trace_record));

	return &percpu_trace_ring()[at / sizeof(struct trace_record) %
				    TRACE_RING_RECORDS];
}

void trace_end(struct trace_record *record, enum trace_event event);

/* If nobody reads along: numbers, which the next reader of the ring needs. */
extern u64 trace_last_sequence; /* atomic */

static inline void trace_end_in_ring(struct trace_record *record,
				     enum trace_event event)
{
	record->event = (u8)event;
	record->pid = percpu_pid();
	tsc_store(&record->time);
	/* Last: by it a reader knows a record that is not finished. */
	__atomic_store_n(&record->sequence,
			 __atomic_add_fetch(&trace_last_sequence, 1,
					    __ATOMIC_RELAXED),
			 __ATOMIC_RELEASE);
}

/* Other classes from now on. */
void trace_set_classes(u64 classes);

/* Shall any of these be recorded?  "make TRACE=0": never. */
#define trace_is_on(classes)                                                   \
	(CALF_TRACE && unlikely(code_switch_is_on(classes)))

/* A record has room for so many bytes of a text. */
#define TRACE_TEXT_BYTES 16
void trace_text(struct trace_record *record, const char *text, size_t length);

/**
 * TRACE() - record an event, if its class is on
 * @name: of events.def
 *
 * What follows are the fields that mean something in it:
 *	TRACE(COPY, .frame = (u32)to.val, .other = (u32)from.val);
 */
#define TRACE(name, ...)                                                       \
	do {                                                                   \
		if (trace_is_on(TRACE_CLASS_##name)) {                         \
			struct trace_record *record_ = trace_begin();          \
			*record_ = (struct trace_record){ __VA_ARGS__ };       \
			trace_end(record_, EVENT_##name);                      \
		}                                                              \
	} while (0)

/* The same for an event with a text, and with fields. */
#define TRACE_TEXT(name, text, length, ...)                                    \
	do {                                                                   \
		if (trace_is_on(TRACE_CLASS_##name)) {                         \
			struct trace_record *record_ = trace_begin();          \
			*record_ = (struct trace_record){ __VA_ARGS__ };       \
			trace_text(record_, text, length);                     \
			trace_end(record_, EVENT_##name);                      \
		}                                                              \
	} while (0)
