/*
 * procfs_limits.c - /proc/PID/limits, oom_score and oom_score_adj
 *
 * Source: Linux v6.12 fs/proc/base.c, mm/oom_kill.c oom_badness().
 */
#include "kernel/fs/procfs.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/oom.h"
#include "kernel/proc/credentials.h"
#include "kernel/proc/task.h"
#include "mm/mm.h"

/* Linux's: a resource, and what it is counted in. */
struct limit_name {
	const char *name;
	const char *unit;
};

/* Their indices are RLIMIT_… of setrlimit(2). */
static const struct limit_name limit_names[] = {
	{ "Max cpu time", "seconds" },	   { "Max file size", "bytes" },
	{ "Max data size", "bytes" },	   { "Max stack size", "bytes" },
	{ "Max core file size", "bytes" }, { "Max resident set", "bytes" },
	{ "Max processes", "processes" },  { "Max open files", "files" },
	{ "Max locked memory", "bytes" },  { "Max address space", "bytes" },
	{ "Max file locks", "locks" },	   { "Max pending signals", "signals" },
	{ "Max msgqueue size", "bytes" },  { "Max nice priority", "" },
	{ "Max realtime priority", "" },   { "Max realtime timeout", "us" },
};

static void show_value(struct text *text, u64 value)
{
	if (value == RLIMIT_INFINITY)
		text_printf(text, "%-20s ", "unlimited");
	else
		text_printf(text, "%-20lu ", value);
}

void procfs_show_pid_limits(struct text *text, struct task *task)
{
	text_printf(text, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit",
		    "Hard Limit", "Units");
	for (u32 i = 0; i < ARRAY_SIZE(limit_names); i++) {
		struct rlimit limit = rlimit_read(task, i);

		text_printf(text, "%-25s ", limit_names[i].name);
		show_value(text, limit.soft);
		show_value(text, limit.hard);
		if (*limit_names[i].unit)
			text_printf(text, "%-10s", limit_names[i].unit);
		text_string(text, "\n");
	}
}

/* ---- Who is to go when memory runs out ----------------------------------- */

/* Linux's scale: 666 for a process that is small, more for a larger one. */
void procfs_show_pid_oom_score(struct text *text, struct task *task)
{
	i64 total = (i64)oom_total_pages();
	i64 score;

	if (oom_badness(task, &score))
		score = 0; /* never chosen */
	else
		score = (1000 + score * 1000 / total) * 2 / 3;
	text_printf(text, "%ld\n", score);
}

void procfs_show_pid_oom_score_adj(struct text *text, struct task *task)
{
	text_printf(text, "%d\n", READ_ONCE(task->process->oom_score_adj));
}

/* Return: 0 and a number of [@min, @max]; -EINVAL. */
static int parse_adjustment(const char *value, i64 min, i64 max, i64 *result)
{
	if (parse_i64(value, result) != 0 || *result < min || *result > max)
		return -EINVAL;
	return 0;
}

/*
 * A user may say "rather me", but may not protect himself more than somebody
 * entitled to it has protected him.
 */
static int set_adjustment(struct task *task, i64 adjustment, i64 floor)
{
	if (adjustment < floor && !is_capable(CAP_SYS_RESOURCE))
		return -EACCES;
	WRITE_ONCE(task->process->oom_score_adj, (i32)adjustment);
	return 0;
}

int procfs_write_pid_oom_score_adj(struct task *task, const char *value)
{
	i64 adjustment;
	int error = parse_adjustment(value, OOM_SCORE_ADJ_MIN,
				     OOM_SCORE_ADJ_MAX, &adjustment);

	if (!error)
		error = set_adjustment(
			task, adjustment,
			READ_ONCE(task->process->oom_score_adj_floor));
	if (!error && is_capable(CAP_SYS_RESOURCE))
		WRITE_ONCE(task->process->oom_score_adj_floor, (i32)adjustment);
	return error;
}

/*
 * The older file has another scale: -17 is never, 15 is first.  Linux rounds
 * towards zero both ways, but for the two ends.
 */
#define OOM_ADJ_MIN (-17)
#define OOM_ADJ_MAX 15

void procfs_show_pid_oom_adj(struct text *text, struct task *task)
{
	i32 adjustment = READ_ONCE(task->process->oom_score_adj);

	if (adjustment == OOM_SCORE_ADJ_MAX)
		adjustment = OOM_ADJ_MAX;
	else
		adjustment = adjustment * -OOM_ADJ_MIN / OOM_SCORE_ADJ_MAX;
	text_printf(text, "%d\n", adjustment);
}

int procfs_write_pid_oom_adj(struct task *task, const char *value)
{
	i64 adjustment;
	int error =
		parse_adjustment(value, OOM_ADJ_MIN, OOM_ADJ_MAX, &adjustment);

	if (error)
		return error;
	if (adjustment == OOM_ADJ_MAX)
		adjustment = OOM_SCORE_ADJ_MAX;
	else
		adjustment = adjustment * OOM_SCORE_ADJ_MAX / -OOM_ADJ_MIN;
	/* Here the floor is the present value. */
	return set_adjustment(task, adjustment,
			      READ_ONCE(task->process->oom_score_adj));
}
