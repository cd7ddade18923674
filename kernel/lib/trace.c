/*
 * trace.c - see trace.h
 */
#include "kernel/lib/trace.h"

#include "kernel/lib/string.h"
#include "kernel/x86_64/asm/insn.h"

/*
 * A second debug console beside the one of the log, as the two would mix.
 * QEMU's answers a read with the number of the usual port.
 */
#define TRACE_PORT 0xe8
#define TRACE_PORT_ANSWER 0xe9

u64 trace_mask;
u64 trace_last_sequence; /* while drained: trace_lock */
static u32 trace_lock;

/* Other CPUs get theirs before they start (kernel/cpus.c). */
static struct trace_record boot_ring[TRACE_RING_RECORDS];

static void put_bytes(const void *from, size_t count)
{
	const u8 *bytes = from;

	for (size_t i = 0; i < count; i++)
		port_out8(TRACE_PORT, bytes[i]);
}

static void put_header(void)
{
	struct {
		char magic[8];
		u32 record_bytes;
		u32 events;
		u8 unused[sizeof(struct trace_record) - 16];
	} header = {
		.magic = TRACE_MAGIC,
		.record_bytes = sizeof(struct trace_record),
		.events = EVENTS,
	};

	_Static_assert(sizeof(header) == sizeof(struct trace_record),
		       "the header takes the place of a record");
	put_bytes(&header, sizeof(header));
}

static const struct {
	const char *name;
	u64 bits;
} class_names[] = {
	{ "life", TRACE_LIFE },	  { "fault", TRACE_FAULT },
	{ "trap", TRACE_TRAP },	  { "memory", TRACE_MEMORY },
	{ "tlb", TRACE_TLB },	  { "switch", TRACE_SWITCH },
	{ "state", TRACE_STATE }, { "syscall", TRACE_SYSCALL },
	{ "all", TRACE_ALL },
};

/* Names between commas; what is none is left out. */
static u64 parse_classes(const char *text)
{
	u64 classes = 0;

	while (*text) {
		size_t length = 0;

		while (text[length] && text[length] != ',')
			length++;
		for (size_t i = 0; i < ARRAY_SIZE(class_names); i++)
			if (strlen(class_names[i].name) == length &&
			    strncmp(class_names[i].name, text, length) == 0)
				classes |= class_names[i].bits;
		text += length + (text[length] == ',');
	}
	return classes;
}

/*
 * What is read-only for everybody is writable for this CPU while CR0.WP is off:
 * no page table ever says that code may be written.
 */
static void set_switches(u64 mask)
{
	const struct code_switch *site;
	u64 rflags = interrupts_save();
	u64 cr0 = cr0_read();

	cr0_write(cr0 & ~CR0_WRITE_PROTECT);
	for (site = code_switches_start;
	     (uintptr_t)site < (uintptr_t)code_switches_end; site++)
		WRITE_ONCE(*site->address, mask & site->bits ? CODE_SWITCH_YES :
							       CODE_SWITCH_NO);
	cr0_write(cr0);
	interrupts_restore(rflags);
}

void trace_set_classes(u64 classes)
{
	u64 mask = classes | (trace_mask & TRACE_DRAINED);

	WRITE_ONCE(trace_mask, mask);
	set_switches(mask);
}

void trace_init(const char *classes)
{
	percpu_set_trace_ring(boot_ring);
	if (!CALF_TRACE)
		return;
	if (port_in8(TRACE_PORT) == TRACE_PORT_ANSWER) {
		trace_mask = TRACE_DRAINED;
		put_header();
	}
	if (classes)
		trace_set_classes(parse_classes(classes));
	else if (trace_mask & TRACE_DRAINED)
		trace_set_classes(TRACE_ALL & ~TRACE_STATE);
	else
		trace_set_classes(TRACE_ALWAYS);
}

/*
 * Whole records, in the order of their numbers.  Not spin_lock(): that is for
 * those whose events these are.
 */
static void drain(struct trace_record *record)
{
	u64 rflags = interrupts_save();

	while (__atomic_exchange_n(&trace_lock, 1, __ATOMIC_ACQUIRE))
		cpu_pause();
	record->time = tsc_read();
	record->sequence = ++trace_last_sequence;
	put_bytes(record, sizeof(*record));
	__atomic_store_n(&trace_lock, 0, __ATOMIC_RELEASE);
	interrupts_restore(rflags);
}

void trace_end(struct trace_record *record, enum trace_event event)
{
	if (!(trace_mask & TRACE_DRAINED)) {
		trace_end_in_ring(record, event);
		return;
	}
	record->event = (u8)event;
	record->cpu = (u8)percpu_id();
	record->pid = percpu_pid();
	drain(record);
}

void trace_text(struct trace_record *record, const char *text, size_t length)
{
	_Static_assert(offsetof(struct trace_record, value) + 8 -
				       offsetof(struct trace_record, address) ==
			       TRACE_TEXT_BYTES,
		       "the text takes the place of address and value");
	memcpy(&record->address, text, min_u64(length, TRACE_TEXT_BYTES));
}
