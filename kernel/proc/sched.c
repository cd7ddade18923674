/*
 * sched.c - who runs next
 *
 * Owns: the run queues and the switch.  A task belongs to one CPU's queue;
 * moving it to another will be the business of a later balancer.
 * Locks: run_queue->lock guards the queue, the sleepers and the fields of
 * struct task named there.  It is held over the switch: taken by the
 * task that leaves, given back by the one that comes.
 */
#include "kernel/proc/sched.h"

#include "kernel/lib/assert.h"
#include "kernel/proc/signal.h"
#include "kernel/lib/string.h"
#include "kernel/proc/loadavg.h"
#include "kernel/timer.h"
#include "kernel/x86_64/asm/insn.h"
#include "kernel/x86_64/cpu.h"
#include "kernel/x86_64/fpu.h"
#include "kernel/x86_64/switch.h"
#include "kernel/x86_64/time.h"
#include "kernel/x86_64/tlb.h"
#include "mm/mm.h"

struct run_queue {
	struct spinlock lock;
	struct list_node runnable; /* lock; task.run_node; not the running */
	struct list_node sleepers; /* lock; by deadline */
	struct task *previous; /* lock; whom the last switch left */
	struct sched_times times; /* lock */
	struct task idle; /* runs when nobody else wants to */
};

static struct run_queue run_queues[CPUS_MAX];

/* A task that wants to be woken at a time; on its own stack. */
struct sleeper {
	struct list_node node;
	u64 deadline_ns;
	struct task *task;
};

static struct run_queue *my_queue(void)
{
	return &run_queues[this_cpu()->id];
}

void sched_init(void)
{
	struct cpu *cpu = this_cpu();
	struct run_queue *queue = &run_queues[cpu->id];
	struct task *idle = &queue->idle;

	spinlock_init(&queue->lock, "run_queue");
	list_init(&queue->runnable);
	list_init(&queue->sleepers);

	strlcpy(idle->name, "idle", sizeof(idle->name));
	spinlock_init(&idle->lock, "task");
	list_init(&idle->children);
	list_init(&idle->cpu_timers);
	idle->is_kernel_thread = true;
	idle->credentials = credentials_root;
	idle->is_running = true;
	idle->refcount = 1;
	idle->cpu = cpu->id;
	cpu->current = idle;
}

/* ---- The switch --------------------------------------------------------- */

static void save_user_state(struct task *task)
{
	if (task->is_kernel_thread)
		return;
	fpu_save(task->fpu_state);
	task->fs_base = cpu_get_fs_base();
	task->user_gs_base = cpu_get_user_gs_base();
}

/*
 * Kernel threads need none of this: they leave the user registers alone and
 * run on the page tables that are there, as all have the kernel's half (I12).
 */
static void load_user_state(struct task *task)
{
	if (task->is_kernel_thread)
		return;
	fpu_restore(task->fpu_state);
	cpu_set_fs_base(task->fs_base);
	cpu_set_user_gs_base(task->user_gs_base);
	if (task->mm)
		tlb_switch_to(&task->mm->pgtable.space);
}

/* On the stack of the task that comes; the other one's is free from here. */
static void finish_switch(u64 rflags)
{
	struct run_queue *queue = my_queue();
	struct task *previous = queue->previous;
	bool is_dead = previous->state == TASK_DEAD;

	previous->is_running = false;
	spin_unlock_irqrestore(&queue->lock, rflags);
	if (is_dead)
		task_put(previous);
}

static void switch_to(struct run_queue *queue, struct task *next)
{
	struct cpu *cpu = this_cpu();
	struct task *previous = cpu->current;

	save_user_state(previous);
	queue->times.switches++;
	queue->previous = previous;
	next->is_running = true;
	cpu->current = next;
	if (next->kernel_stack_top)
		cpu_set_kernel_stack(cpu, next->kernel_stack_top);
	load_user_state(next);
	switch_stack(&previous->saved_rsp, next->saved_rsp);
}

static struct task *pick_next(struct run_queue *queue)
{
	struct task *next;

	if (list_is_empty(&queue->runnable))
		return &queue->idle;
	next = list_first_entry(&queue->runnable, struct task, run_node);
	list_remove(&next->run_node);
	return next;
}

bool sched_checkpoint(void)
{
	struct task *task = current_task();

	if (likely(!READ_ONCE(task->work)))
		return true;
	if (READ_ONCE(task->work) & TASK_WORK_RESCHED)
		schedule();
	return !signal_is_fatal_pending(task);
}

void schedule(void)
{
	struct run_queue *queue = my_queue();
	struct task *task = current_task();
	struct task *next;
	u64 rflags;

	ASSERT(interrupts_are_on() && this_cpu()->locks_held == 0);
	rflags = spin_lock_irqsave(&queue->lock);
	task_clear_work(task, TASK_WORK_RESCHED);
	if (task == &queue->idle) {
		/* Waits in sched_idle() rather than on the queue. */
	} else if (task->state == TASK_RUNNABLE) {
		list_push_back(&queue->runnable, &task->run_node);
		task->usage.involuntary_switches++;
	} else {
		task->usage.voluntary_switches++;
	}
	next = pick_next(queue);
	if (next == task) {
		spin_unlock_irqrestore(&queue->lock, rflags);
		return;
	}
	switch_to(queue, next);
	/* Perhaps much later, and on another CPU one day. */
	finish_switch(rflags);
}

void sched_finish_first_switch(void)
{
	finish_switch(RFLAGS_INTERRUPT);
}

void sched_use_mm(struct mm *mm)
{
	tlb_switch_to(&mm->pgtable.space);
}

/* ---- The run queue ------------------------------------------------------ */

/* => the queue's lock is held */
static void make_runnable(struct run_queue *queue, struct task *task)
{
	task->state = TASK_RUNNABLE;
	/* One that has not reached schedule() yet will simply go on. */
	if (task->is_running)
		return;
	list_push_back(&queue->runnable, &task->run_node);
}

void sched_start(struct task *task)
{
	struct run_queue *queue = my_queue();
	u64 rflags = spin_lock_irqsave(&queue->lock);

	task->cpu = this_cpu()->id;
	make_runnable(queue, task);
	spin_unlock_irqrestore(&queue->lock, rflags);
}

void sched_wake(struct task *task, u32 states)
{
	struct run_queue *queue = &run_queues[task->cpu];
	u64 rflags = spin_lock_irqsave(&queue->lock);

	if (states & 1u << task->state)
		make_runnable(queue, task);
	spin_unlock_irqrestore(&queue->lock, rflags);
}

void sched_idle(void)
{
	struct run_queue *queue = my_queue();

	ASSERT(current_task() == &queue->idle);
	while (1) {
		/*
		 * The test and the halt must not be separated by the interrupt
		 * that wakes somebody: it would be handled before the halt,
		 * which then would last until the next one.
		 */
		interrupts_off();
		if (list_is_empty(&queue->runnable)) {
			interrupts_on_and_halt();
			continue;
		}
		interrupts_on();
		schedule();
	}
}

/* ---- Time --------------------------------------------------------------- */

/* => the queue's lock is held */
static void add_sleeper(struct run_queue *queue, struct sleeper *sleeper)
{
	struct list_node *after = queue->sleepers.prev;

	/* From the end: most deadlines are later than those there are. */
	while (after != &queue->sleepers &&
	       list_entry(after, struct sleeper, node)->deadline_ns >
		       sleeper->deadline_ns)
		after = after->prev;
	list_insert_after(after, &sleeper->node);
}

void sched_sleep_until(u64 deadline_ns)
{
	struct sleeper sleeper = {
		.deadline_ns = deadline_ns,
		.task = current_task(),
	};
	struct run_queue *queue = my_queue();
	u64 rflags = spin_lock_irqsave(&queue->lock);

	add_sleeper(queue, &sleeper);
	spin_unlock_irqrestore(&queue->lock, rflags);

	schedule();

	rflags = spin_lock_irqsave(&queue->lock);
	list_remove(&sleeper.node);
	spin_unlock_irqrestore(&queue->lock, rflags);
}

/* => the queue's lock is held */
static void wake_sleepers(struct run_queue *queue, u64 now_ns)
{
	while (!list_is_empty(&queue->sleepers)) {
		struct sleeper *first = list_first_entry(&queue->sleepers,
							 struct sleeper, node);

		if (first->deadline_ns > now_ns)
			return;
		list_remove(&first->node);
		if (SCHED_WAKE_ANY & 1u << first->task->state)
			make_runnable(queue, first->task);
	}
}

/* => the queue's lock is held */
static u64 count_running(const struct run_queue *queue, u32 cpu)
{
	u64 count = cpus[cpu].current != &queue->idle;
	const struct list_node *node;

	for (node = queue->runnable.next; node != &queue->runnable;
	     node = node->next)
		count++;
	return count;
}

/* => the queue's lock is held */
static void account_tick(struct run_queue *queue, bool from_user)
{
	if (from_user)
		queue->times.user_ns += SCHED_TICK_NS;
	else if (current_task() == &queue->idle)
		queue->times.idle_ns += SCHED_TICK_NS;
	else
		queue->times.kernel_ns += SCHED_TICK_NS;
	if (this_cpu()->id == 0 && loadavg_is_due())
		loadavg_sample(count_running(queue, 0));
}

void sched_tick(bool from_user)
{
	struct run_queue *queue = my_queue();
	struct task *task = current_task();
	u64 rflags = spin_lock_irqsave(&queue->lock);

	if (from_user)
		task->usage.user_ns += SCHED_TICK_NS;
	else
		task->usage.kernel_ns += SCHED_TICK_NS;
	account_tick(queue, from_user);
	wake_sleepers(queue, time_since_boot_ns());
	if (!list_is_empty(&queue->runnable))
		task_add_work(task, TASK_WORK_RESCHED);
	spin_unlock_irqrestore(&queue->lock, rflags);
	timers_tick();
}

struct sched_times sched_times_read(u32 cpu)
{
	struct run_queue *queue = &run_queues[cpu];
	u64 rflags = spin_lock_irqsave(&queue->lock);
	struct sched_times times = queue->times;

	spin_unlock_irqrestore(&queue->lock, rflags);
	return times;
}

u64 sched_running_count(void)
{
	u64 count = 0;

	for (u32 i = 0; i < cpu_count; i++) {
		struct run_queue *queue = &run_queues[i];
		u64 rflags = spin_lock_irqsave(&queue->lock);

		count += count_running(queue, i);
		spin_unlock_irqrestore(&queue->lock, rflags);
	}
	return count;
}

u64 sched_idle_ns(void)
{
	u64 sum = 0;

	for (u32 i = 0; i < cpu_count; i++)
		sum += READ_ONCE(run_queues[i].idle.usage.kernel_ns);
	return sum;
}
