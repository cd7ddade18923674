/*
 * procfs_kernel.c - /proc/sys/kernel and /proc/sysrq-trigger
 *
 * Source: Linux v6.12 kernel/sysctl.c, drivers/char/random.c,
 * drivers/tty/sysrq.c.
 */
#include "kernel/fs/procfs.h"

#include "kernel/hostname.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/proc/task.h"
#include "kernel/random.h"
#include "kernel/version.h"
#include "mm/mm.h"

/* ---- sys/kernel ---------------------------------------------------------- */

static void show_hostname(struct text *text, struct task *task)
{
	char name[HOSTNAME_BYTES];

	(void)task;
	hostname_get(name);
	text_printf(text, "%s\n", name);
}

static int write_hostname(struct task *task, const char *value)
{
	char name[HOSTNAME_BYTES];
	char *newline;

	(void)task;
	strlcpy(name, value, sizeof(name));
	newline = strchr(name, '\n');
	if (newline)
		*newline = '\0';
	hostname_set(name);
	return 0;
}

static void show_osrelease(struct text *text, struct task *task)
{
	(void)task;
	text_string(text, CALF_LINUX_RELEASE "\n");
}

static void show_ostype(struct text *text, struct task *task)
{
	(void)task;
	text_string(text, "Linux\n");
}

static void show_pid_max(struct text *text, struct task *task)
{
	(void)task;
	text_printf(text, "%u\n", PID_LIMIT);
}

static void show_version(struct text *text, struct task *task)
{
	(void)task;
	text_string(text, "Calf " CALF_VERSION "\n");
}

/* A random number in the form of RFC 9562, version 4. */
static void show_number(struct text *text, const u8 random[16])
{
	for (int i = 0; i < 16; i++) {
		u32 byte = random[i];

		if (i == 6)
			byte = (byte & 0x0f) | 0x40; /* the version */
		if (i == 8)
			byte = (byte & 0x3f) | 0x80; /* the variant */
		text_printf(text,
			    i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" :
								    "%02x",
			    byte);
	}
	text_string(text, "\n");
}

static void show_uuid(struct text *text, struct task *task)
{
	u8 random[16];

	(void)task;
	random_fill(random, sizeof(random));
	show_number(text, random);
}

/* The same until the machine is switched off. */
static void show_boot_id(struct text *text, struct task *task)
{
	static struct spinlock lock = SPINLOCK_INIT("boot_id");
	static u8 random[16];
	static bool is_made;

	(void)task;
	spin_lock(&lock);
	if (!is_made)
		random_fill(random, sizeof(random));
	is_made = true;
	spin_unlock(&lock);
	show_number(text, random);
}

/* Linux's answer since 5.18, whatever it has gathered. */
static void show_entropy(struct text *text, struct task *task)
{
	(void)task;
	text_string(text, "256\n");
}

static const struct proc_node random_nodes[] = {
	PROC_TEXT("boot_id", show_boot_id),
	PROC_TEXT("entropy_avail", show_entropy),
	PROC_TEXT("poolsize", show_entropy),
	PROC_TEXT("uuid", show_uuid),
	{ .name = NULL },
};

const struct proc_node procfs_kernel_nodes[] = {
	PROC_SWITCH("hostname", show_hostname, write_hostname),
	PROC_TEXT("osrelease", show_osrelease),
	PROC_TEXT("ostype", show_ostype),
	PROC_TEXT("pid_max", show_pid_max),
	PROC_DIRECTORY("random", random_nodes),
	PROC_TEXT("version", show_version),
	{ .name = NULL },
};

/* ---- sysrq-trigger ------------------------------------------------------- */

static void log_memory(void)
{
	static const char *const names[] = {
		[FRAME_RESERVED] = "reserved", [FRAME_FREE] = "free",
		[FRAME_ANON] = "anonymous",    [FRAME_OBJECT] = "objects",
		[FRAME_PGTABLE] = "pgtables",  [FRAME_KERNEL] = "kernel",
		[FRAME_ZERO] = "zero",
	};
	u64 frames[ARRAY_SIZE(names)] = { 0 };

	for (u64 pfn = 0; pfn < frame_count; pfn++)
		frames[READ_ONCE(frame_table[pfn].kind)]++;
	log_info("sysrq: Show Memory\n");
	for (u64 i = 0; i < ARRAY_SIZE(names); i++)
		log_info("  %-10s %8lu frames\n", names[i], frames[i]);
}

static void log_tasks(void)
{
	struct task *task;

	log_info("sysrq: Show State\n");
	log_info("  %5s %5s %s %8s %s\n", "pid", "ppid", "S", "rss", "name");
	for (u32 pid = 1; (task = task_find_next_get(pid)); pid++) {
		struct mm *mm = task_get_mm(task);
		char name[TASK_NAME_BYTES];

		task_get_name(task, name);
		log_info("  %5u %5u %c %8lu %s\n", task->pid,
			 process_parent_pid(task->process),
			 task_state_letter(task), mm ? mm->rss_pages : 0, name);
		if (mm)
			mm_put(mm);
		pid = task->pid;
		task_put(task);
	}
}

/* Root's keys: one letter, as behind Linux's magic key. */
int procfs_write_sysrq(struct task *task, const char *value)
{
	(void)task;
	switch (*value) {
	case 'c':
		log_error("sysrq: Trigger a crash\n");
		panic("sysrq triggered crash");
	case 'm':
		log_memory();
		break;
	case 't':
		log_tasks();
		break;
	default:
		log_info("sysrq: HELP : crash(c) show-memory-usage(m) "
			 "show-task-states(t)\n");
	}
	return 0;
}
