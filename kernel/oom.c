/*
 * oom.c - the machine is out of memory: what now, and who has to go?
 *
 * One pass over all processes finds the one with the highest score.  It gets
 * SIGKILL, and with it everyone who shares its memory.  The frame it needs to
 * get out of the kernel comes from the emergency reserve.  Until its memory is
 * back nobody else is killed: whoever finds no frame meanwhile sleeps.
 *
 * Why this ends.  A victim runs to its end by itself unless it waits for a
 * mutex (all other sleeps end with a fatal signal), whose holder may be
 * one of those who sleep here.  So the wait is limited: then mm_reap() takes
 * the victim's private pages where it stands, under mm->lock, which nobody
 * holds while asleep.  A victim that was reaped is not waited for and not
 * chosen again.  So each return of oom_retry() has brought back memory or made
 * one process fewer that could be chosen; with none left it is a panic.
 *
 * Locks: the kernel lock, for tasks and signals.  Inside it oom_lock, a mutex:
 * one task at a time chooses or waits.  It may be taken with any other mutex
 * held and takes only spinlocks itself.
 * Source: Linux v6.12 mm/oom_kill.c, for the score, the ties, the log lines
 * and the switches.
 */
#include "kernel/oom.h"

#include "kernel/exit_status.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/trace.h"
#include "kernel/proc/kernel_lock.h"
#include "kernel/proc/mutex.h"
#include "kernel/proc/sched.h"
#include "kernel/proc/signal.h"
#include "kernel/x86_64/time.h"
#include "mm/check.h"
#include "mm/frame.h"
#include "mm/mm.h"

u64 panic_on_oom;
u64 oom_kill_allocating_task;
u64 oom_dump_tasks = 1;

/*
 * As Linux: that no larger block than this is left says little about memory,
 * and no kill would be sure to make one.
 */
#define SHORTAGE_ORDER_MAX 3

/* There are frames enough, but not in a row. */
static bool is_only_fragmented(unsigned int order)
{
	struct frame_stats stats = frame_stats_read();

	return order > SHORTAGE_ORDER_MAX &&
	       stats.free > stats.emergency + (2UL << order);
}

/*
 * How long a victim may take to end by itself: ten time slices.  Linux gives
 * it two seconds; here nothing but a mutex can be in its way.
 */
#define VICTIM_TIME_NS (10 * SCHED_TICK_NS)

static struct mutex oom_lock = MUTEX_INIT(oom_lock);
static struct wait_queue victim_gone = WAIT_QUEUE_INIT(victim_gone);
static u64 kills; /* oom_lock to change */
static u64 killed_ns; /* oom_lock to change; when the last one was */

u64 oom_kill_count(void)
{
	return READ_ONCE(kills);
}

/* ---- Who -------------------------------------------------------------------
 */

u64 oom_total_pages(void)
{
	struct frame_stats stats = frame_stats_read();

	return stats.total - stats.reserved;
}

/* The memory of one process, in pages. */
struct memory {
	u64 mapped;
	struct mm_rss rss;
	u64 tables;
	bool is_reaped;
};

static u64 rss_sum(const struct memory *memory)
{
	return memory->rss.anonymous + memory->rss.files + memory->rss.shared;
}

static void add_mm(struct memory *memory, struct mm *mm)
{
	struct mm_rss rss;

	write_lock(&mm->lock);
	rss = mm_rss_read(mm);
	memory->mapped += mm->total_pages;
	memory->rss.anonymous += rss.anonymous;
	memory->rss.files += rss.files;
	memory->rss.shared += rss.shared;
	memory->tables += mm->pgtable.table_pages;
	memory->is_reaped |= mm->is_reaped;
	write_unlock(&mm->lock);
}

/*
 * In the middle of execve a process has two address spaces: the one it fills
 * and the one it goes back to on failure.  All of both is its own.
 */
#define MMS_MAX 2

struct mms {
	struct mm *mm[MMS_MAX]; /* a reference of each */
	u32 count;
};

static void add_once(struct mms *mms, struct mm *mm)
{
	if (!mm || (mms->count > 0 && mms->mm[0] == mm) ||
	    (mms->count > 1 && mms->mm[1] == mm))
		return;
	ASSERT(mms->count < MMS_MAX); /* one thread at a time is in execve */
	mm_get(mm);
	mms->mm[mms->count++] = mm;
}

/* Of all threads; an ended leader has none. */
static struct mms get_mms(struct process *process)
{
	struct mms mms = { .count = 0 };
	struct task *task;

	for (u32 tid = 1; (task = process_next_thread_get(process, tid));) {
		tid = task->pid + 1;
		spin_lock(&task->lock);
		add_once(&mms, task->mm);
		add_once(&mms, task->mm_before_exec);
		spin_unlock(&task->lock);
		task_put(task);
	}
	return mms;
}

static u32 read_memory(struct process *process, struct memory *memory)
{
	struct mms mms = get_mms(process);

	*memory = (struct memory){ .mapped = 0 };
	for (u32 i = 0; i < mms.count; i++) {
		add_mm(memory, mms.mm[i]);
		mm_put(mms.mm[i]);
	}
	return mms.count;
}

/* Return: NULL, or why it must never be chosen. */
static const char *why_immune(const struct task *task,
			      const struct memory *memory)
{
	if (task->is_kernel_thread)
		return "kernel";
	if (task->process == init_process)
		return "init";
	if (READ_ONCE(task->process->oom_score_adj) == OOM_SCORE_ADJ_MIN)
		return "-1000";
	/* Its memory is its parent's, which is a candidate itself. */
	if (READ_ONCE(task->borrows_mm))
		return "vfork";
	if (memory->is_reaped)
		return "reaped";
	return NULL;
}

static i64 score_of(const struct process *process, const struct memory *memory)
{
	i64 unit = (i64)(oom_total_pages() / OOM_SCORE_ADJ_MAX);

	return (i64)(rss_sum(memory) + memory->tables) +
	       READ_ONCE(process->oom_score_adj) * unit;
}

/* A process, and all that decides what becomes of it. */
struct candidate {
	struct task *leader; /* NULL: there is nobody */
	struct memory memory;
	i64 score;
	const char *immune; /* NULL, or why it must never be chosen */
};

/* => takes no reference of @leader.  Return: has it any memory? */
static bool look_at(struct task *leader, struct candidate *candidate)
{
	*candidate = (struct candidate){ .leader = leader };
	if (!read_memory(leader->process, &candidate->memory))
		return false;
	candidate->score = score_of(leader->process, &candidate->memory);
	candidate->immune = why_immune(leader, &candidate->memory);
	return true;
}

const char *oom_badness(struct task *task, i64 *score)
{
	struct candidate candidate;
	bool has_memory = look_at(task, &candidate);

	*score = candidate.score;
	return has_memory ? candidate.immune : "no memory";
}

/* ---- The choice, and the table that explains it ----------------------------
 */

static void log_header(void)
{
	struct task *task = current_task();

	log_warning("%s invoked oom-killer: order=%u, oom_score_adj=%d\n",
		    task->name, task->missed_order,
		    task->process->oom_score_adj);
	if (!READ_ONCE(oom_dump_tasks))
		return;
	log_info("Tasks state (memory values in pages), of %lu:\n",
		 oom_total_pages());
	log_info("[  pid  ] total_vm      rss rss_anon rss_file rss_shmem "
		 "pgtables oom_score_adj    score name\n");
}

static void log_candidate(const struct candidate *candidate)
{
	struct task *leader = candidate->leader;
	const struct memory *memory = &candidate->memory;
	char name[TASK_NAME_BYTES];
	char score[24];

	if (!READ_ONCE(oom_dump_tasks))
		return;
	task_get_name(leader, name);
	if (candidate->immune)
		snprintf(score, sizeof(score), "(%s)", candidate->immune);
	else
		snprintf(score, sizeof(score), "%ld", candidate->score);
	log_info("[%7u] %8lu %8lu %8lu %8lu %9lu %8lu %13d %8s %s\n",
		 leader->pid, memory->mapped, rss_sum(memory),
		 memory->rss.anonymous, memory->rss.files, memory->rss.shared,
		 memory->tables, READ_ONCE(leader->process->oom_score_adj),
		 score, name);
}

static void log_rule(void)
{
	if (READ_ONCE(oom_dump_tasks))
		log_info("score = rss + pgtables + oom_score_adj x %lu; the "
			 "highest goes, of equals the youngest\n",
			 oom_total_pages() / OOM_SCORE_ADJ_MAX);
}

/* Of equal ones the younger: as Linux, whose list is in this order. */
static bool is_worse(const struct candidate *candidate,
		     const struct candidate *than)
{
	if (!than->leader || candidate->score != than->score)
		return !than->leader || candidate->score > than->score;
	return candidate->leader->start_ns >= than->leader->start_ns;
}

static void choose(struct candidate *victim, const struct candidate *candidate)
{
	if (victim->leader)
		task_put(victim->leader);
	task_get(candidate->leader);
	*victim = *candidate;
}

/* Look at everyone, say so, and keep the worst, with a reference. */
static struct candidate choose_worst(void)
{
	struct candidate worst = { .leader = NULL };
	struct task *leader;

	for (u32 pid = 1; (leader = task_find_next_leader_get(pid)); pid++) {
		struct candidate candidate;

		pid = leader->pid;
		if (look_at(leader, &candidate)) {
			log_candidate(&candidate);
			TRACE(OOM_SCORE, .code = leader->pid,
			      .kind = candidate.immune != NULL,
			      .value = (u64)candidate.score);
			if (!candidate.immune && is_worse(&candidate, &worst))
				choose(&worst, &candidate);
		}
		task_put(leader);
	}
	log_rule();
	return worst;
}

/* vm.oom_kill_allocating_task: whoever asks pays, if it may be killed. */
static void prefer_current(struct candidate *victim)
{
	struct candidate current;

	if (look_at(current_task()->process->leader, &current) &&
	    !current.immune)
		choose(victim, &current);
}

/* ---- The kill ------------------------------------------------------------ */

#define PAGE_KIB (PAGE_SIZE / 1024)

static void log_kill(const struct candidate *victim, const char *prefix)
{
	struct task *leader = victim->leader;
	const struct memory *memory = &victim->memory;
	char name[TASK_NAME_BYTES];

	task_get_name(leader, name);
	log_info("oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),"
		 "cpuset=/,mems_allowed=0,global_oom,task_memcg=/,task=%s,"
		 "pid=%u,uid=%u\n",
		 name, leader->pid, leader->credentials.user.real);
	log_error("%s: Killed process %u (%s) total-vm:%lukB, "
		  "anon-rss:%lukB, file-rss:%lukB, shmem-rss:%lukB, UID:%u "
		  "pgtables:%lukB oom_score_adj:%d\n",
		  prefix, leader->pid, name, memory->mapped * PAGE_KIB,
		  memory->rss.anonymous * PAGE_KIB,
		  memory->rss.files * PAGE_KIB, memory->rss.shared * PAGE_KIB,
		  leader->credentials.user.real, memory->tables * PAGE_KIB,
		  READ_ONCE(leader->process->oom_score_adj));
}

static bool uses_mm(struct process *process, const struct mm *mm)
{
	struct mms mms = get_mms(process);
	bool result = false;

	for (u32 i = 0; i < mms.count; i++) {
		result |= mms.mm[i] == mm;
		mm_put(mms.mm[i]);
	}
	return result;
}

/* => @mm is marked */
static void kill_all_in(struct mm *mm, const struct process *victim)
{
	struct task *leader;

	for (u32 pid = 1; (leader = task_find_next_leader_get(pid)); pid++) {
		struct process *process = leader->process;

		pid = leader->pid;
		/* init borrows from nobody, and who borrows from it is safe. */
		if (process != victim && process != init_process &&
		    uses_mm(process, mm)) {
			signal_kill(process);
			log_info("Killed process %u too: it shares the "
				 "memory\n",
				 leader->pid);
		}
		task_put(leader);
	}
}

/* First the signal: from then on the reserve is there for the victim. */
static void kill(const struct candidate *victim, const char *prefix)
{
	struct process *process = victim->leader->process;
	struct mms mms = get_mms(process);

	WRITE_ONCE(kills, kills + 1);
	killed_ns = time_since_boot_ns();
	TRACE(OOM_KILL, .code = process->pid, .value = (u64)victim->score);
	signal_kill(process);
	log_kill(victim, prefix);
	for (u32 i = 0; i < mms.count; i++) {
		mm_mark_oom_victim(mms.mm[i]);
		kill_all_in(mms.mm[i], process);
		mm_put(mms.mm[i]);
	}
}

static void __noreturn panic_no_victim(void)
{
	log_warning("Out of memory and no killable processes...\n");
	panic_set_status(EXIT_OOM);
	panic("System is deadlocked on memory");
}

static void check_panic_on_oom(void)
{
	u64 mode = READ_ONCE(panic_on_oom);

	if (!mode)
		return;
	panic("Out of memory: %s panic_on_oom is enabled",
	      mode == 2 ? "compulsory" : "system-wide");
}

static void kill_someone(void)
{
	const char *prefix = "Out of memory";
	struct candidate victim;

	log_header();
	victim = choose_worst();
	check_panic_on_oom();
	if (READ_ONCE(oom_kill_allocating_task)) {
		prefix = "Out of memory (oom_kill_allocating_task)";
		prefer_current(&victim);
	}
	if (!victim.leader)
		panic_no_victim();
	kill(&victim, prefix);
	task_put(victim.leader);
}

/* ---- The victim's end ---------------------------------------------------- */

/* Take what is left of the victims' memory, as they do not come to it. */
static void reap_victims(void)
{
	struct task *task;

	for (u32 pid = 1; (task = task_find_next_leader_get(pid)); pid++) {
		struct mms mms = get_mms(task->process);

		pid = task->pid;
		for (u32 i = 0; i < mms.count; i++) {
			u64 frees = frame_stats.frees;
			struct mm *mm = mms.mm[i];

			if (mm->is_oom_victim && !mm->is_reaped) {
				TRACE(OOM_REAP,
				      .space = (u32)mm->pgtable.space.root.val);
				mm_reap(mm);
				log_info("oom_reaper: reaped process %u (%s): "
					 "%lu frames given back\n",
					 task->pid, task->name,
					 frame_stats.frees - frees);
			}
			mm_put(mm);
		}
		task_put(task);
	}
	check_event();
}

/* => may end early, as the waiting task may be killed as well */
static void wait_for_victim(void)
{
	int error = wait_event_state(&victim_gone, !mm_oom_victims(),
				     TASK_KILLABLE, killed_ns + VICTIM_TIME_NS);

	if (error == -ETIMEDOUT)
		reap_victims();
}

void oom_put_mm(struct mm *mm)
{
	const struct task *task = current_task();
	bool is_victim = READ_ONCE(mm->is_oom_victim);
	u64 frees = frame_stats.frees;

	/* The others of its threads, and who shares the memory, go as well. */
	if (likely(!mm_put(mm) || !is_victim))
		return;
	log_info("oom: process %u (%s) is gone: %lu frames given back, %lu us "
		 "after the kill\n",
		 task->process->pid, task->name, frame_stats.frees - frees,
		 (time_since_boot_ns() - killed_ns) / 1000);
	wait_wake_all(&victim_gone);
}

/* ---- Trying again -------------------------------------------------------- */

bool oom_is_dying(const struct task *task)
{
	return task->is_exiting || signal_is_fatal_pending(task);
}

void oom_note_shortage(unsigned int order)
{
	struct task *task = current_task();

	if (is_only_fragmented(order))
		return;
	task->missed_order = order;
	task->missed_ends = mm_oom_ends();
	task_add_work(task, TASK_WORK_NO_FRAME);
}

/* => the kernel lock is held: given back while it sleeps */
static void make_room(void)
{
	if (!mutex_try_lock(&oom_lock)) {
		/* Another is at it: what it does may be enough for both. */
		if (mutex_lock_killable(&oom_lock) != 0)
			return;
	} else if (mm_oom_victims()) {
		wait_for_victim();
	} else if (current_task()->missed_ends == mm_oom_ends()) {
		kill_someone(); /* no victim has ended since, elsewhere */
	}
	mutex_unlock(&oom_lock);
}

bool oom_retry(void)
{
	struct task *task = current_task();
	bool is_locked;

	if (!(READ_ONCE(task->work) & TASK_WORK_NO_FRAME))
		return false;
	task_clear_work(task, TASK_WORK_NO_FRAME);
	if (task->is_kernel_thread || oom_is_dying(task))
		return false;
	is_locked = kernel_lock(); /* a page fault has come without it */
	make_room();
	kernel_unlock(is_locked);
	return !oom_is_dying(task);
}
