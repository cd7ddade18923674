/*
 * sched.c - who runs next, and where
 *
 * Preemption: user mode is preempted, the kernel is not.  A task gives up its
 * CPU in schedule() only, which it calls when it sleeps, in long loops
 * (sched_checkpoint), and on its way to user mode if its slice of 10 ms is
 * over and others wait.  So kernel code stays on its CPU, and this_cpu() means
 * the same, until it may sleep; interrupt handlers come in between, but they
 * switch to nobody.
 *
 * A task belongs to one CPU's queue.  It changes queue
 *	- when it starts or is woken: to an idle CPU, if there is one;
 *	- while it waits for its turn: a CPU with nothing to do pulls it over;
 *	- when it may not run where it is any more (sched_set_affinity).
 * A CPU at work whose queue has others waiting wakes an idle one at its timer
 * tick.  An idle CPU halts, and looks around once each time it is woken.
 *
 * Hand-over: the lock of the queue is held over the switch, taken by the task
 * that leaves and given back by the one that comes, on its own stack.  Until
 * then task->is_running says that the old stack is in use: nobody moves such a
 * task to another queue, nor frees it.
 *
 * Locks: run_queue->lock guards the queue, the sleepers and the fields of
 * struct task named there; task->cpu says which queue's.
 */
#include "kernel/proc/sched.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace.h"
#include "kernel/proc/kernel_lock.h"
#include "kernel/proc/loadavg.h"
#include "kernel/proc/signal.h"
#include "kernel/timer.h"
#include "kernel/x86_64/asm/insn.h"
#include "kernel/x86_64/cpu.h"
#include "kernel/x86_64/fpu.h"
#include "kernel/x86_64/smp.h"
#include "kernel/x86_64/switch.h"
#include "kernel/x86_64/time.h"
#include "kernel/x86_64/tlb.h"
#include "mm/mm.h"

struct run_queue {
	struct spinlock lock;
	struct list_node runnable; /* lock; task.run_node; not the running */
	u32 waiting; /* lock to change; how many are runnable */
	struct list_node sleepers; /* lock; by deadline */
	struct task *previous; /* lock; whom the last switch left */
	struct sched_times times; /* lock */
	struct task idle; /* runs when nobody else wants to */
};

static struct run_queue run_queues[CPUS_MAX];
/* That of all idle tasks. */
static struct process idle_process = { .is_kernel = true };

/* Atomic; bit n: CPU n halts, or is about to, and nobody has claimed it. */
static u64 idle_cpus;

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
	if (!idle_process.refcount)
		process_init(&idle_process);
	idle->process = &idle_process;
	list_init(&idle->cpu_timers);
	idle->is_kernel_thread = true;
	idle->credentials = credentials_root;
	idle->is_running = true;
	idle->refcount = 1;
	idle->cpu = cpu->id;
	idle->affinity = 1UL << cpu->id;
	cpu->current = idle;
}

u64 sched_cpus(void)
{
	return ~0UL >> (CPUS_MAX - READ_ONCE(cpu_count));
}

static bool may_run_on(const struct task *task, u32 cpu)
{
	return READ_ONCE(task->affinity) >> cpu & 1;
}

/* ---- Which queue --------------------------------------------------------- */

/* Lock the queue @task belongs to.  Return: what to restore. */
static u64 lock_queue_of(const struct task *task, struct run_queue **queue)
{
	while (1) {
		u32 cpu = READ_ONCE(task->cpu);
		u64 rflags;

		*queue = &run_queues[cpu];
		rflags = spin_lock_irqsave(&(*queue)->lock);
		if (READ_ONCE(task->cpu) == cpu)
			return rflags;
		/* It was moved meanwhile. */
		spin_unlock_irqrestore(&(*queue)->lock, rflags);
	}
}

/* => the queue's lock is held */
static void push(struct run_queue *queue, struct task *task)
{
	u32 cpu = (u32)(queue - run_queues);

	list_push_back(&queue->runnable, &task->run_node);
	WRITE_ONCE(queue->waiting, queue->waiting + 1);
	if (cpus[cpu].current == &queue->idle && cpu != this_cpu()->id)
		smp_interrupt(cpu, TRAP_RESCHEDULE);
}

/* => the queue's lock is held, @task waits on it */
static void pull(struct run_queue *queue, struct task *task)
{
	list_remove(&task->run_node);
	WRITE_ONCE(queue->waiting, queue->waiting - 1);
}

static bool claim_idle(u32 cpu)
{
	u64 bit = 1UL << cpu;

	return __atomic_fetch_and(&idle_cpus, ~bit, __ATOMIC_SEQ_CST) & bit;
}

/* The CPU of @allowed with the fewest tasks. */
static u32 least_busy(u64 allowed)
{
	u32 best = (u32)__builtin_ctzl(allowed);

	for (u64 left = allowed; left; left &= left - 1) {
		u32 cpu = (u32)__builtin_ctzl(left);

		if (READ_ONCE(run_queues[cpu].waiting) <
		    READ_ONCE(run_queues[best].waiting))
			best = cpu;
	}
	return best;
}

/* Where @task, which is runnable now, had best run. */
static u32 choose_cpu(const struct task *task)
{
	u64 allowed = READ_ONCE(task->affinity) & sched_cpus();
	u64 idle = READ_ONCE(idle_cpus) & allowed;
	u32 old = task->cpu;

	if (cpu_count == 1)
		return 0;
	/* Where it was, its data may still be in the caches. */
	if (idle >> old & 1 && claim_idle(old))
		return old;
	for (; idle; idle &= idle - 1)
		if (claim_idle((u32)__builtin_ctzl(idle)))
			return (u32)__builtin_ctzl(idle);
	return allowed >> old & 1 ? old : least_busy(allowed);
}

/*
 * @task is runnable, on no queue, and not running: until it is pushed nobody
 * else touches it.
 */
static void place(struct task *task)
{
	u32 cpu = choose_cpu(task);
	struct run_queue *queue = &run_queues[cpu];
	u64 rflags;

	rflags = spin_lock_irqsave(&queue->lock);
	WRITE_ONCE(task->cpu, cpu);
	push(queue, task);
	spin_unlock_irqrestore(&queue->lock, rflags);
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
	if (!task->mm)
		tlb_be_lazy();
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
	bool must_move = previous->state == TASK_RUNNABLE &&
			 !may_run_on(previous, previous->cpu);

	/* Order: with this, whoever waits in task_free() frees the stack. */
	__atomic_store_n(&previous->is_running, false, __ATOMIC_RELEASE);
	spin_unlock_irqrestore(&queue->lock, rflags);
	if (is_dead)
		task_put(previous);
	else if (must_move)
		place(previous);
}

static __cold void trace_switch(const struct task *next)
{
	TRACE(SWITCH, .value = next->pid,
	      .space = next->mm ? (u32)next->mm->pgtable.space.root.val : 0);
}

static void switch_to(struct run_queue *queue, struct task *next)
{
	struct cpu *cpu = this_cpu();
	struct task *previous = cpu->current;

	if (trace_is_on(TRACE_SWITCH))
		trace_switch(next);
	save_user_state(previous);
	queue->times.switches++;
	queue->previous = previous;
	next->is_running = true;
	cpu->current = next;
	cpu->pid = next->pid;
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
	pull(queue, next);
	return next;
}

bool sched_checkpoint(void)
{
	struct task *task = current_task();

	kernel_lock_share();
	if (likely(!READ_ONCE(task->work)))
		return true;
	if (READ_ONCE(task->work) & TASK_WORK_RESCHED)
		schedule();
	return !signal_is_fatal_pending(task);
}

void schedule_with_kernel_lock(void)
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
		/* Its stack is in use: finish_switch() will move it. */
		if (may_run_on(task, task->cpu))
			push(queue, task);
		task->usage.involuntary_switches++;
	} else {
		task->usage.voluntary_switches++;
	}
	next = pick_next(queue);
	if (next == task) {
		spin_unlock_irqrestore(&queue->lock, rflags);
	} else {
		switch_to(queue, next);
		/* Perhaps much later, and on another CPU. */
		finish_switch(rflags);
	}
	smp_stop_point();
}

void schedule(void)
{
	bool had_lock = kernel_lock_is_held();

	kernel_unlock(had_lock);
	schedule_with_kernel_lock();
	if (had_lock)
		kernel_lock();
}

void sched_finish_first_switch(void)
{
	finish_switch(RFLAGS_INTERRUPT);
	smp_stop_point();
}

void sched_use_mm(struct mm *mm)
{
	tlb_switch_to(&mm->pgtable.space);
}

/* ---- The run queue ------------------------------------------------------ */

void sched_start(struct task *task)
{
	task->cpu = this_cpu()->id;
	place(task);
}

void sched_wake(struct task *task, u32 states)
{
	struct run_queue *queue;
	u64 rflags = lock_queue_of(task, &queue);
	bool is_woken = states & 1u << task->state;

	if (is_woken)
		task->state = TASK_RUNNABLE;
	if (task->is_running) {
		/*
		 * One that has not reached schedule() yet will simply go on.
		 * In user mode on another CPU it shall hear of its signal.
		 */
		is_woken = false;
		if (task->cpu != this_cpu()->id && READ_ONCE(task->work))
			smp_interrupt(task->cpu, TRAP_RESCHEDULE);
	}
	spin_unlock(&queue->lock);
	if (is_woken)
		place(task);
	interrupts_restore(rflags);
}

void sched_set_affinity(struct task *task, u64 allowed)
{
	struct run_queue *queue;
	u64 rflags = lock_queue_of(task, &queue);
	bool must_move;

	WRITE_ONCE(task->affinity, allowed);
	must_move = !may_run_on(task, task->cpu);
	if (must_move && task->is_running) {
		task_add_work(task, TASK_WORK_RESCHED);
		if (task->cpu != this_cpu()->id)
			smp_interrupt(task->cpu, TRAP_RESCHEDULE);
		must_move = false;
	} else if (must_move && task->state == TASK_RUNNABLE &&
		   !list_is_empty(&task->run_node)) {
		pull(queue, task);
	} else {
		must_move = false; /* it sleeps; place() will see to it */
	}
	spin_unlock(&queue->lock);
	if (must_move)
		place(task);
	interrupts_restore(rflags);
}

/* ---- Idling -------------------------------------------------------------- */

/* The longest queue of the others, or NULL: nobody waits anywhere. */
static struct run_queue *find_busiest(const struct run_queue *mine)
{
	struct run_queue *busiest = NULL;
	u32 most = 0;

	for (u32 i = 0; i < cpu_count; i++) {
		u32 waiting = READ_ONCE(run_queues[i].waiting);

		if (&run_queues[i] == mine || waiting <= most)
			continue;
		busiest = &run_queues[i];
		most = waiting;
	}
	return busiest;
}

/* Fetch a task that waits elsewhere, if there is one. */
static void pull_from_others(struct run_queue *mine)
{
	struct run_queue *other = find_busiest(mine);
	u32 cpu = this_cpu()->id;
	struct task *task;
	u64 rflags;

	if (!other)
		return;
	rflags = interrupts_save();
	/* The order of two queues is that of their addresses. */
	spin_lock(other < mine ? &other->lock : &mine->lock);
	spin_lock_nested(other < mine ? &mine->lock : &other->lock);
	list_for_each_entry(task, &other->runnable, run_node) {
		if (!may_run_on(task, cpu))
			continue;
		pull(other, task);
		WRITE_ONCE(task->cpu, cpu);
		push(mine, task);
		break;
	}
	spin_unlock(&mine->lock);
	spin_unlock(&other->lock);
	interrupts_restore(rflags);
}

void sched_interrupt(void)
{
	/* A busy CPU goes to schedule(), where it looks at its queue. */
	if (!list_is_empty(&my_queue()->runnable) || smp_stop_is_wanted() ||
	    !may_run_on(current_task(), this_cpu()->id))
		task_add_work(current_task(), TASK_WORK_RESCHED);
}

void sched_idle(void)
{
	struct run_queue *queue = my_queue();
	u64 bit = 1UL << this_cpu()->id;

	ASSERT(current_task() == &queue->idle);
	while (1) {
		if (READ_ONCE(queue->waiting) == 0)
			pull_from_others(queue);
		/*
		 * The test and the halt must not be separated by the interrupt
		 * that wakes somebody: it would be handled before the halt,
		 * which then would last until the next one.
		 */
		interrupts_off();
		__atomic_fetch_or(&idle_cpus, bit, __ATOMIC_SEQ_CST);
		if (list_is_empty(&queue->runnable)) {
			smp_begin_quiet();
			interrupts_on_and_halt();
			smp_end_quiet();
			claim_idle(this_cpu()->id);
			continue;
		}
		claim_idle(this_cpu()->id);
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

/*
 * => the queue's lock is held
 *
 * A task that belongs to another queue by now was woken before its time, and is
 * about to take itself off the list of sleepers.
 */
static void wake_here(struct run_queue *queue, struct task *task)
{
	if (READ_ONCE(task->cpu) != (u32)(queue - run_queues) ||
	    !(SCHED_WAKE_ANY & 1u << task->state))
		return;
	task->state = TASK_RUNNABLE;
	if (task->is_running)
		return;
	/* Perhaps it may not run here any more: then not for long. */
	if (!may_run_on(task, task->cpu))
		task_add_work(task, TASK_WORK_RESCHED);
	push(queue, task);
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
		wake_here(queue, first->task);
	}
}

u64 sched_running_count(void)
{
	u64 count = 0;

	for (u32 i = 0; i < cpu_count; i++)
		count += READ_ONCE(run_queues[i].waiting) +
			 (READ_ONCE(cpus[i].current) != &run_queues[i].idle);
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
		loadavg_sample(sched_running_count());
}

/* Somebody waits here while another CPU has nothing to do: let it look. */
static void wake_a_helper(const struct run_queue *queue)
{
	u64 idle = READ_ONCE(idle_cpus);

	if (queue->waiting == 0 || current_task() == &queue->idle || !idle)
		return;
	if (claim_idle((u32)__builtin_ctzl(idle)))
		smp_interrupt((u32)__builtin_ctzl(idle), TRAP_RESCHEDULE);
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
	__atomic_fetch_add(from_user ? &task->process->user_ns :
				       &task->process->kernel_ns,
			   SCHED_TICK_NS, __ATOMIC_RELAXED);
	account_tick(queue, from_user);
	wake_sleepers(queue, time_since_boot_ns());
	if (!list_is_empty(&queue->runnable))
		task_add_work(task, TASK_WORK_RESCHED);
	spin_unlock_irqrestore(&queue->lock, rflags);
	wake_a_helper(queue);
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

u64 sched_idle_ns(void)
{
	u64 sum = 0;

	for (u32 i = 0; i < cpu_count; i++)
		sum += READ_ONCE(run_queues[i].idle.usage.kernel_ns);
	return sum;
}
