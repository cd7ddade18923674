/*
 * procfs_system.c - files of /proc about the whole machine
 *
 * Source: Linux v6.12 fs/proc/meminfo.c, mm/vmstat.c; proc(5).
 */
#include "kernel/fs/procfs.h"

#include "kernel/fs/mount.h"
#include "kernel/oom.h"
#include "kernel/proc/loadavg.h"
#include "kernel/proc/sched.h"
#include "kernel/proc/task.h"
#include "kernel/version.h"
#include "kernel/x86_64/time.h"
#include "kernel/x86_64/tlb.h"
#include "mm/commit.h"
#include "mm/fault.h"
#include "mm/kmem.h"
#include "mm/kspace.h"
#include "mm/mm.h"

#define NS_PER_SECOND 1000000000UL
#define KIB_PER_PAGE (PAGE_SIZE / 1024)

/* The 32 TiB of addresses that kernel stacks come from. */
#define VMALLOC_PAGES (32UL << 40 >> PAGE_SHIFT)

void procfs_show_cmdline(struct text *text, struct task *task)
{
	(void)task;
	text_string(text, procfs_command_line);
	text_string(text, "\n");
}

void procfs_show_filesystems(struct text *text, struct task *task)
{
	(void)task;
	text_string(text, "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\n"
			  "nodev\tdevtmpfs\nnodev\tdevpts\nnodev\tramfs\n");
}

void procfs_show_loadavg(struct text *text, struct task *task)
{
	(void)task;
	for (u32 i = 0; i < LOADAVG_PERIODS; i++) {
		u64 load = loadavg_hundredths(i);

		text_printf(text, "%lu.%02lu ", load / 100, load % 100);
	}
	text_printf(text, "%lu/%lu %u\n", sched_running_count(), task_count(),
		    task_last_pid());
}

void procfs_show_mounts(struct text *text, struct task *task)
{
	(void)task;
	mount_show(text);
}

static void show_seconds(struct text *text, u64 ns, const char *after)
{
	text_printf(text, "%lu.%02lu%s", ns / NS_PER_SECOND,
		    ns % NS_PER_SECOND / (NS_PER_SECOND / 100), after);
}

void procfs_show_uptime(struct text *text, struct task *task)
{
	(void)task;
	show_seconds(text, time_since_boot_ns(), " ");
	show_seconds(text, sched_idle_ns(), "\n");
}

void procfs_show_version(struct text *text, struct task *task)
{
	(void)task;
	text_string(text, "Linux version " CALF_LINUX_RELEASE
			  " (Calf " CALF_VERSION ")\n");
}

/* ---- Memory -------------------------------------------------------------- */

/* What meminfo and vmstat both tell, in pages. */
struct memory_use {
	struct frame_stats frames;
	u64 anonymous;
	u64 objects; /* page cache and shared memory: the same thing here */
	u64 objects_mapped;
	u64 kernel;
	u64 pgtables;
};

/*
 * Count frames by their kind.  The table is read while others change it: the
 * sums are as exact as the moment allows, and nobody is stopped for them.
 */
static void count_frames(struct memory_use *use)
{
	for (u64 pfn = 0; pfn < frame_count; pfn++) {
		const struct frame *frame = &frame_table[pfn];

		switch ((enum frame_kind)READ_ONCE(frame->kind)) {
		case FRAME_ANON:
			use->anonymous++;
			break;
		case FRAME_OBJECT:
			use->objects++;
			if (frame_mapcount(frame))
				use->objects_mapped++;
			break;
		case FRAME_PGTABLE:
			use->pgtables++;
			break;
		case FRAME_KERNEL:
			use->kernel++;
			break;
		case FRAME_RESERVED:
		case FRAME_FREE:
		case FRAME_ZERO:
			break;
		}
	}
}

static struct memory_use memory_use_read(void)
{
	struct memory_use use = { .frames = frame_stats_read() };

	count_frames(&use);
	return use;
}

static void show_kib(struct text *text, const char *name, u64 pages)
{
	text_printf(text, "%-16s%8lu kB\n", name, pages * KIB_PER_PAGE);
}

/* There is no list of pages by age: all that is mapped counts as active. */
static void show_lists(struct text *text, const struct memory_use *use)
{
	u64 unmapped = use->objects - use->objects_mapped;

	show_kib(text, "Active:", use->anonymous + use->objects_mapped);
	show_kib(text, "Inactive:", unmapped);
	show_kib(text, "Active(anon):", use->anonymous);
	show_kib(text, "Inactive(anon):", 0);
	show_kib(text, "Active(file):", use->objects_mapped);
	show_kib(text, "Inactive(file):", unmapped);
	show_kib(text, "Unevictable:", 0);
	show_kib(text, "Mlocked:", 0);
	show_kib(text, "SwapTotal:", 0);
	show_kib(text, "SwapFree:", 0);
	show_kib(text, "Dirty:", 0);
	show_kib(text, "Writeback:", 0);
}

void procfs_show_meminfo(struct text *text, struct task *task)
{
	struct memory_use use = memory_use_read();
	u64 total = use.frames.total - use.frames.reserved;
	u64 stacks = task_count() * KSTACK_PAGES;
	u64 slab = use.kernel - min_u64(use.kernel, stacks);
	u64 available = use.frames.free -
			min_u64(use.frames.free, use.frames.emergency);

	(void)task;
	show_kib(text, "MemTotal:", total);
	show_kib(text, "MemFree:", use.frames.free);
	show_kib(text, "MemAvailable:", available);
	show_kib(text, "Buffers:", 0);
	show_kib(text, "Cached:", use.objects);
	show_kib(text, "SwapCached:", 0);
	show_lists(text, &use);
	show_kib(text, "AnonPages:", use.anonymous);
	show_kib(text, "Mapped:", use.objects_mapped);
	show_kib(text, "Shmem:", use.objects);
	show_kib(text, "KReclaimable:", 0);
	show_kib(text, "Slab:", slab);
	show_kib(text, "SReclaimable:", 0);
	show_kib(text, "SUnreclaim:", slab);
	show_kib(text, "KernelStack:", stacks);
	show_kib(text, "PageTables:", use.pgtables);
	show_kib(text, "SecPageTables:", 0);
	show_kib(text, "NFS_Unstable:", 0);
	show_kib(text, "Bounce:", 0);
	show_kib(text, "WritebackTmp:", 0);
	show_kib(text, "CommitLimit:", commit_limit());
	show_kib(text, "Committed_AS:", commit_total());
	show_kib(text, "VmallocTotal:", VMALLOC_PAGES);
	show_kib(text, "VmallocUsed:", stacks);
	show_kib(text, "VmallocChunk:", 0);
	show_kib(text, "Percpu:", 0);
}

void procfs_show_vmstat(struct text *text, struct task *task)
{
	struct kmem_stats slab = kmem_stats_read();
	struct memory_use use = memory_use_read();
	u64 faults = 0;

	(void)task;
	for (int kind = 0; kind < FAULT_KINDS; kind++)
		if (kind != FAULT_SEGV)
			faults += fault_totals.count[kind];
	text_printf(text, "nr_free_pages %lu\n", use.frames.free);
	text_printf(text, "nr_anon_pages %lu\n", use.anonymous);
	text_printf(text, "nr_mapped %lu\n", use.objects_mapped);
	text_printf(text, "nr_file_pages %lu\n", use.objects);
	text_printf(text, "nr_shmem %lu\n", use.objects);
	text_printf(text, "nr_page_table_pages %lu\n", use.pgtables);
	text_printf(text, "nr_slab_unreclaimable %lu\n", slab.frames);
	text_printf(text, "kmem_objects %lu\n", slab.objects);
	text_printf(text, "nr_kernel_stack %lu\n",
		    task_count() * (KSTACK_BYTES / 1024));
	text_printf(text, "pgalloc_normal %lu\n", use.frames.allocations);
	text_printf(text, "pgfree %lu\n", use.frames.frees);
	text_printf(text, "pgfault %lu\n", faults);
	text_printf(text, "pgmajfault 0\n");
	text_printf(text, "pgreuse %lu\n", fault_totals.count[FAULT_COW_REUSE]);
	text_printf(text, "oom_kill %lu\n", oom_kill_count());
	for (int kind = 0; kind < FAULT_KINDS; kind++)
		text_printf(text, "%s %lu\n", fault_kind_names[kind],
			    fault_totals.count[kind]);
	for (int event = 0; event < TLB_EVENTS; event++)
		text_printf(text, "%s %lu\n", tlb_event_names[event],
			    tlb_totals.count[event]);
}
