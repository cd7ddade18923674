/*
 * procfs_pid.c - files of /proc about one process
 *
 * A process may end while it is looked at.  Each file takes what it needs by
 * reference; a process without an mm has empty memory files, as on Linux.
 * Source: Linux v6.12 fs/proc/array.c, fs/proc/task_mmu.c; proc(5).
 */
#include "kernel/fs/procfs.h"

#include "kernel/dev/tty.h"
#include "kernel/fs/files.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/proc/signal_queue.h"
#include "kernel/proc/signal_rules.h"
#include "kernel/proc/task.h"
#include "mm/mm.h"
#include "mm/object.h"

#define KIB_PER_PAGE (PAGE_SIZE / 1024)

/* Linux shows times in these, of which there are 100 in a second. */
#define NS_PER_CLOCK_TICK 10000000UL

void procfs_show_pid_comm(struct text *text, struct task *task)
{
	char name[TASK_NAME_BYTES];

	task_get_name(task, name);
	text_printf(text, "%s\n", name);
}

/* A program may name its own threads only; what is too long is cut off. */
int procfs_write_pid_comm(struct task *task, const char *value)
{
	if (task->process != current_task()->process)
		return -EINVAL;
	spin_lock(&task->lock);
	strlcpy(task->name, value, sizeof(task->name));
	spin_unlock(&task->lock);
	return 0;
}

/* A function of its own, as other rights hold: see procfs.c. */
int procfs_write_tid_comm(struct task *task, const char *value)
{
	return procfs_write_pid_comm(task, value);
}

void procfs_show_pid_faults(struct text *text, struct task *task)
{
	struct mm *mm = task_get_mm(task);
	struct fault_counts faults = { .count = {} };

	if (mm) {
		write_lock(&mm->lock);
		faults = mm->faults;
		write_unlock(&mm->lock);
		mm_put(mm);
	}
	for (int kind = 0; kind < FAULT_KINDS; kind++)
		text_printf(text, "%s %lu\n", fault_kind_names[kind],
			    faults.count[kind]);
}

void procfs_show_pid_tlb(struct text *text, struct task *task)
{
	struct mm *mm = task_get_mm(task);
	struct tlb_counts counts = { .count = { 0 } };

	if (mm) {
		counts = mm->pgtable.space.counts;
		mm_put(mm);
	}
	for (int event = 0; event < TLB_EVENTS; event++)
		text_printf(text, "%s %lu\n", tlb_event_names[event],
			    counts.count[event]);
}

/* ---- Strings in the process's memory ------------------------------------- */

/* The frame behind @va, with a reference; NULL: none is there. */
static struct frame *find_frame(struct mm *mm, vaddr_t va)
{
	struct frame *frame = NULL;
	pte_t *slot;

	write_lock(&mm->lock);
	slot = pgtable_walk(&mm->pgtable, va);
	if (slot && pte_is_present(pte_load(slot))) {
		frame = pfn_to_frame(pte_pfn(pte_load(slot)));
		frame_get(frame);
	}
	write_unlock(&mm->lock);
	return frame;
}

/* Without disturbing the process: what is not in memory ends the text. */
static void show_memory(struct text *text, struct mm *mm, vaddr_t start,
			vaddr_t end)
{
	while (start.val < end.val) {
		u64 offset = start.val & ~PAGE_MASK;
		u64 chunk = min_u64(PAGE_SIZE - offset, end.val - start.val);
		struct frame *frame = find_frame(mm, start);

		if (!frame)
			return;
		text_append(text, (char *)frame_ptr(frame) + offset, chunk);
		frame_put(frame);
		start = vaddr_add(start, chunk);
	}
}

void procfs_show_pid_cmdline(struct text *text, struct task *task)
{
	struct mm *mm = task_get_mm(task);

	if (!mm)
		return;
	show_memory(text, mm, mm->arg_start, mm->arg_end);
	mm_put(mm);
}

void procfs_show_pid_environ(struct text *text, struct task *task)
{
	struct mm *mm = task_get_mm(task);

	if (!mm)
		return;
	show_memory(text, mm, mm->env_start, mm->env_end);
	mm_put(mm);
}

/* ---- maps ---------------------------------------------------------------- */

/* Where the name begins: behind two 16-digit addresses on any machine. */
#define MAPS_NAME_COLUMN 73

static bool is_stack(const struct vma *vma)
{
	u64 top = vma->mm->stack_top.val;

	return vma->start.val < top && top <= vma->end.val;
}

static bool is_heap(const struct vma *vma)
{
	const struct mm *mm = vma->mm;

	return vma->start.val < mm->brk.val && vma->end.val > mm->brk_start.val;
}

void procfs_show_name(struct text *text, u64 line_start, const char *name)
{
	while (text->length < line_start + MAPS_NAME_COLUMN)
		text_append(text, " ", 1);
	text_string(text, name);
}

static void show_object_name(struct text *text, u64 line_start,
			     struct object *object)
{
	spin_lock(&object->lock); /* the name may change meanwhile */
	if (object->is_anonymous)
		procfs_show_name(text, line_start, "/dev/zero (deleted)");
	else if (object->name)
		procfs_show_name(text, line_start, object->name);
	spin_unlock(&object->lock);
}

void procfs_show_vma(struct text *text, const struct vma *vma)
{
	struct object *object = vma->object;
	u64 line_start = text->length;

	text_printf(text, "%08lx-%08lx %c%c%c%c ", vma->start.val, vma->end.val,
		    vma->flags & VMA_READ ? 'r' : '-',
		    vma->flags & VMA_WRITE ? 'w' : '-',
		    vma->flags & VMA_EXEC ? 'x' : '-',
		    vma->flags & VMA_SHARED ? 's' : 'p');
	text_printf(text, "%08lx 00:%02x %u ",
		    object ? vma->object_page << PAGE_SHIFT : 0,
		    object ? object->filesystem : 0,
		    object ? object->inode_number : 0);
	if (object)
		show_object_name(text, line_start, object);
	else if (is_stack(vma))
		procfs_show_name(text, line_start, "[stack]");
	else if (is_heap(vma))
		procfs_show_name(text, line_start, "[heap]");
	text_string(text, "\n");
}

void procfs_show_pid_maps(struct text *text, struct task *task)
{
	struct mm *mm = task_get_mm(task);
	const struct vma *vma;

	if (!mm)
		return;
	write_lock(&mm->lock);
	vma_for_each(vma, &mm->vmas)
		procfs_show_vma(text, vma);
	write_unlock(&mm->lock);
	mm_put(mm);
}

/* ---- How much memory it has ---------------------------------------------- */

/* In pages. */
struct mm_use {
	u64 total;
	u64 total_peak;
	u64 rss;
	u64 rss_peak;
	struct mm_rss rss_of; /* rss, split */
	u64 pgtables;
	u64 locked;
	u64 kind[VMA_KINDS];
	u64 text; /* of the program itself */
	u64 libraries; /* all other text */
	u64 committed; /* promised: Calf's own figure */
};

/* All zeros for a process without memory. */
static struct mm_use mm_use_read(struct task *task)
{
	struct mm *mm = task_get_mm(task);
	struct mm_use use = { .total = 0 };

	if (!mm)
		return use;
	write_lock(&mm->lock);
	use.total = mm->total_pages;
	use.total_peak = mm_total_peak(mm);
	use.rss = mm->rss_pages;
	use.rss_peak = mm_rss_peak(mm);
	use.rss_of = mm_rss_read(mm);
	use.pgtables = mm->pgtable.table_pages;
	use.committed = mm->committed_pages;
	use.locked = mm->locked_pages;
	memcpy(use.kind, mm->kind_pages, sizeof(use.kind));
	use.text = (align_up(mm->code_end.val, PAGE_SIZE) -
		    align_down(mm->code_start.val, PAGE_SIZE)) >>
		   PAGE_SHIFT;
	use.text = min_u64(use.text, use.kind[VMA_KIND_TEXT]);
	use.libraries = use.kind[VMA_KIND_TEXT] - use.text;
	write_unlock(&mm->lock);
	mm_put(mm);
	return use;
}

void procfs_show_pid_statm(struct text *text, struct task *task)
{
	struct mm_use use = mm_use_read(task);

	text_printf(text, "%lu %lu %lu %lu 0 %lu 0\n", use.total, use.rss,
		    use.rss_of.files + use.rss_of.shared, use.text,
		    use.kind[VMA_KIND_DATA] + use.kind[VMA_KIND_STACK]);
}

/* ---- status and stat ----------------------------------------------------- */

static const char *state_name(char letter)
{
	switch (letter) {
	case 'R':
		return "running";
	case 'S':
		return "sleeping";
	case 'D':
		return "disk sleep";
	case 'T':
		return "stopped";
	case 'Z':
		return "zombie";
	default:
		return "dead";
	}
}

static void show_kib(struct text *text, const char *name, u64 pages)
{
	text_printf(text, "%s:\t%8lu kB\n", name, pages * KIB_PER_PAGE);
}

static void show_status_memory(struct text *text, struct task *task)
{
	struct mm_use use = mm_use_read(task);

	if (!use.total)
		return;
	show_kib(text, "VmPeak", use.total_peak);
	show_kib(text, "VmSize", use.total);
	show_kib(text, "VmLck", use.locked);
	show_kib(text, "VmPin", 0);
	show_kib(text, "VmHWM", use.rss_peak);
	show_kib(text, "VmRSS", use.rss);
	show_kib(text, "RssAnon", use.rss_of.anonymous);
	show_kib(text, "RssFile", use.rss_of.files);
	show_kib(text, "RssShmem", use.rss_of.shared);
	show_kib(text, "VmData", use.kind[VMA_KIND_DATA]);
	show_kib(text, "VmStk", use.kind[VMA_KIND_STACK]);
	show_kib(text, "VmExe", use.text);
	show_kib(text, "VmLib", use.libraries);
	show_kib(text, "VmPTE", use.pgtables);
	show_kib(text, "VmSwap", 0);
	show_kib(text, "VmCommit", use.committed);
}

static u32 descriptor_slots(struct task *task)
{
	struct files *files = task_get_files(task);
	u32 slots;

	if (!files)
		return 0;
	slots = READ_ONCE(files->slots);
	files_put(files);
	return slots;
}

/* Signals that have a handler, or are ignored. */
static u64 signals_with(struct task *task, bool ignored)
{
	u64 rflags = spin_lock_irqsave(&tasks_lock);
	u64 bits = 0;

	const struct signal_actions *actions = task->process->actions;

	for (int signal = 1; actions && signal <= SIGNAL_MAX; signal++) {
		u64 handler = actions->action[signal - 1].handler;

		if (ignored ? handler == SIG_IGN : handler > SIG_IGN)
			bits |= signal_bit(signal);
	}
	spin_unlock_irqrestore(&tasks_lock, rflags);
	return bits;
}

static void show_status_signals(struct text *text, struct task *task)
{
	const struct credentials *who = &task->credentials;

	text_printf(text, "Threads:\t%u\nSigQ:\t%u/%u\n",
		    process_thread_count(task->process), signal_nodes_count(),
		    SIGNAL_NODES_MAX);
	text_printf(text, "SigPnd:\t%016lx\nShdPnd:\t%016lx\n",
		    task->signal.pending.set.bits,
		    task->process->pending.set.bits);
	text_printf(text, "SigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n",
		    task->signal.blocked.bits, signals_with(task, true),
		    signals_with(task, false));
	text_printf(text, "CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\n",
		    who->inheritable, who->permitted, who->effective);
	text_printf(text, "CapBnd:\t%016lx\nCapAmb:\t%016lx\n", who->bounding,
		    who->ambient);
}

static u32 umask_of(struct task *task)
{
	struct files *files = task_get_files(task);
	u32 umask;

	if (!files)
		return 0;
	umask = READ_ONCE(files->umask);
	files_put(files);
	return umask;
}

static void show_ids(struct text *text, const char *name, const struct ids *ids)
{
	text_printf(text, "%s:\t%u\t%u\t%u\t%u\n", name, ids->real,
		    ids->effective, ids->saved, ids->file);
}

static void show_groups(struct text *text, struct task *task)
{
	u64 rflags = spin_lock_irqsave(&tasks_lock);
	const struct groups *groups = task->credentials.groups;

	for (u32 i = 0; groups && i < groups->count; i++)
		text_printf(text, "%u ", groups->gid[i]);
	spin_unlock_irqrestore(&tasks_lock, rflags);
	text_string(text, groups && groups->count ? "\n" : " \n");
}

void procfs_show_pid_status(struct text *text, struct task *task)
{
	char name[TASK_NAME_BYTES];
	char letter = task_state_letter(task);
	u32 umask = umask_of(task);

	task_get_name(task, name);
	text_printf(text, "Name:\t%s\nUmask:\t0%u%u%u\n", name, umask >> 6,
		    umask >> 3 & 7, umask & 7);
	text_printf(text, "State:\t%c (%s)\n", letter, state_name(letter));
	text_printf(text, "Tgid:\t%u\nNgid:\t0\nPid:\t%u\n", task->process->pid,
		    task->pid);
	text_printf(text, "PPid:\t%u\nTracerPid:\t0\n",
		    process_parent_pid(task->process));
	show_ids(text, "Uid", &task->credentials.user);
	show_ids(text, "Gid", &task->credentials.group);
	text_printf(text, "FDSize:\t%u\nGroups:\t", descriptor_slots(task));
	show_groups(text, task);
	show_status_memory(text, task);
	show_status_signals(text, task);
	text_printf(text, "NoNewPrivs:\t%u\n",
		    task->credentials.has_no_new_privileges);
	text_printf(text, "voluntary_ctxt_switches:\t%lu\n",
		    task->usage.voluntary_switches);
	text_printf(text, "nonvoluntary_ctxt_switches:\t%lu\n",
		    task->usage.involuntary_switches);
}

/* Fields 26 to 52 of stat. */
static void show_stat_tail(struct text *text, struct task *task)
{
	static const struct mm nothing;
	struct mm *mm = task_get_mm(task);
	const struct mm *layout = mm ? mm : &nothing;

	/* startcode endcode startstack kstkesp kstkeip */
	text_printf(text, "%lu %lu %lu 0 0 ", layout->code_start.val,
		    layout->code_end.val, layout->arg_start.val);
	text_printf(text, "%lu %lu %lu %lu ", signals_pending(task) & INT32_MAX,
		    task->signal.blocked.bits & INT32_MAX,
		    signals_with(task, true) & INT32_MAX,
		    signals_with(task, false) & INT32_MAX);
	/* wchan nswap cnswap exit_signal processor rt_priority policy */
	text_printf(text, "0 0 0 %d %u 0 0 ", SIGCHLD, task->cpu);
	/* delayacct guest_time cguest_time start_data end_data start_brk */
	text_printf(text, "0 0 0 %lu %lu %lu ", layout->data_start.val,
		    layout->data_end.val, layout->brk_start.val);
	text_printf(text, "%lu %lu %lu %lu %u\n", layout->arg_start.val,
		    layout->arg_end.val, layout->env_start.val,
		    layout->env_end.val, task->process->exit_status);
	if (mm)
		mm_put(mm);
}

static void show_stat(struct text *text, struct task *task,
		      const struct task_usage *usage)
{
	struct mm_use use = mm_use_read(task);
	const struct process *process = task->process;
	struct tty_of_process tty = tty_of_process(process);
	char name[TASK_NAME_BYTES];

	task_get_name(task, name);
	text_printf(text, "%u (%s) %c %u %u %u ", task->pid, name,
		    task_state_letter(task), process_parent_pid(process),
		    process->group, process->session);
	text_printf(text, "%lu %d 0 ", tty.rdev, tty.foreground_group);
	/* minflt cminflt majflt cmajflt utime stime cutime cstime */
	text_printf(text, "%lu %lu 0 0 %lu %lu %lu %lu ", usage->minor_faults,
		    process->children_usage.minor_faults,
		    usage->user_ns / NS_PER_CLOCK_TICK,
		    usage->kernel_ns / NS_PER_CLOCK_TICK,
		    process->children_usage.user_ns / NS_PER_CLOCK_TICK,
		    process->children_usage.kernel_ns / NS_PER_CLOCK_TICK);
	/* priority nice num_threads itrealvalue starttime vsize rss rsslim */
	text_printf(text, "%d %d %u 0 %lu %lu %lu %lu ", 20 + task->nice,
		    task->nice, process_thread_count(process),
		    task->start_ns / NS_PER_CLOCK_TICK, use.total * PAGE_SIZE,
		    use.rss, ~0UL);
	show_stat_tail(text, task);
}

void procfs_show_pid_stat(struct text *text, struct task *task)
{
	struct task_usage usage;

	process_get_usage(task->process, &usage);
	show_stat(text, task, &usage);
}

void procfs_show_tid_stat(struct text *text, struct task *task)
{
	struct task_usage usage = task->usage;

	usage.minor_faults = READ_ONCE(task->minor_faults);
	show_stat(text, task, &usage);
}
