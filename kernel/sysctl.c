/*
 * sysctl.c - the switches of /proc/sys/vm
 */
#include "kernel/sysctl.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace.h"
#include "kernel/memory_hooks.h"
#include "kernel/oom.h"
#include "kernel/x86_64/smp.h"
#include "mm/check.h"
#include "mm/commit.h"
#include "mm/cow.h"
#include "mm/fork.h"
#include "mm/mm_trace.h"

/* A violated invariant panics, so whoever reads this will read "ok". */
static void read_check(char *text, size_t size)
{
	check_all();
	strlcpy(text, "ok", size);
}

static int write_check(u64 value)
{
	if (value)
		check_all();
	return 0;
}

static void read_trace(char *text, size_t size)
{
	snprintf(text, size, "%lu", trace_mask & TRACE_ALL);
}

/*
 * This changes code (kernel/x86_64/asm/code_switch.h), and only what serialises
 * keeps a CPU from running code that it fetched before: the others stand still
 * meanwhile, and leave by an iret.
 */
static int write_trace(u64 value)
{
	smp_stop_others();
	trace_set_classes(value);
	smp_resume_others();
	return 0;
}

/* The trace gets a list of all there is. */
static int write_trace_state(u64 value)
{
	if (value)
		mm_trace_state();
	return 0;
}

static void read_trace_state(char *text, size_t size)
{
	strlcpy(text, "0", size);
}

/* Linux keeps the ratio in an int, KiB in a long. */
#define KBYTES_MAX (~0UL >> 1)

/* Linux takes any int for a switch; all but 0 means on. */
#define SWITCH_MAX 0x7fffffffUL

const struct sysctl sysctl_vm[] = {
	{ .name = "admin_reserve_kbytes",
	  .value = &admin_reserve_kbytes,
	  .max = KBYTES_MAX },
	{ .name = "check", .max = 1, .read = read_check, .write = write_check },
	{ .name = "cow_reuse", .value = &cow_reuse_enabled, .max = 1 },
	{ .name = "fail_nth",
	  .max = ~0UL,
	  .read = fail_nth_read,
	  .write = fail_nth_write },
	{ .name = "fork_level", .value = &fork_level, .max = FORK_LEVEL_MAX },
	{ .name = "oom_dump_tasks",
	  .value = &oom_dump_tasks,
	  .max = SWITCH_MAX },
	{ .name = "oom_kill_allocating_task",
	  .value = &oom_kill_allocating_task,
	  .max = SWITCH_MAX },
	{ .name = "overcommit_kbytes",
	  .value = &overcommit_kbytes,
	  .max = KBYTES_MAX,
	  .replaces = &overcommit_ratio },
	{ .name = "overcommit_memory",
	  .value = &overcommit_memory,
	  .max = COMMIT_NEVER },
	{ .name = "overcommit_ratio",
	  .value = &overcommit_ratio,
	  .max = INT32_MAX,
	  .replaces = &overcommit_kbytes },
	{ .name = "panic_on_oom", .value = &panic_on_oom, .max = 2 },
	{ .name = "trace",
	  .max = TRACE_ALL,
	  .read = read_trace,
	  .write = write_trace },
	{ .name = "trace_state",
	  .max = 1,
	  .read = read_trace_state,
	  .write = write_trace_state },
	{ .name = "user_reserve_kbytes",
	  .value = &user_reserve_kbytes,
	  .max = KBYTES_MAX },
};

const u64 sysctl_vm_count = ARRAY_SIZE(sysctl_vm);

const struct sysctl *sysctl_find(const char *name)
{
	for (u64 i = 0; i < sysctl_vm_count; i++)
		if (strcmp(sysctl_vm[i].name, name) == 0)
			return &sysctl_vm[i];
	return NULL;
}

size_t sysctl_read(const struct sysctl *entry, char *text, size_t size)
{
	char value[SYSCTL_TEXT_BYTES];
	int length;

	if (entry->value)
		snprintf(value, sizeof(value), "%lu", READ_ONCE(*entry->value));
	else
		entry->read(value, sizeof(value));
	length = snprintf(text, size, "%s\n", value);
	return min_u64((u64)length, size - 1);
}

int sysctl_write(const struct sysctl *entry, const char *text)
{
	u64 value;
	int error = parse_u64(text, &value);

	if (error)
		return error;
	if (value < entry->min || value > entry->max)
		return -EINVAL;
	if (!entry->value)
		return entry->write(value);
	WRITE_ONCE(*entry->value, value);
	if (entry->replaces)
		WRITE_ONCE(*entry->replaces, 0);
	return 0;
}
