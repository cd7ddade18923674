/*
 * timer.c - see timer.h
 *
 * Two kinds of clock, two lists: what waits for a time is sorted, so that a
 * tick looks at the first only; what waits for CPU time hangs at the
 * process or thread that uses it, and is looked at when the tick finds that one
 * running.
 */
#include "kernel/timer.h"

#include "kernel/clock.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/spinlock.h"
#include "kernel/proc/task.h"
#include "kernel/timespec.h"
#include "kernel/x86_64/time.h"

static struct spinlock timers_lock = SPINLOCK_INIT("timers");
/* timers_lock; armed, by the time since boot at which they expire */
static struct list_node timers = LIST_INIT(timers);

/* Where a timer waits that is not in the list of times; or NULL. */
static struct list_node *cpu_list(const struct timer *timer)
{
	switch (timer->clock) {
	case TIMER_CPU:
	case TIMER_CPU_USER:
		return &timer->owner.process->cpu_timers;
	case TIMER_CPU_THREAD:
		return &timer->owner.thread->cpu_timers;
	case TIMER_BOOT:
	case TIMER_REALTIME:
		break;
	}
	return NULL;
}

u64 timer_clock_now(enum timer_clock clock, const struct timer_owner *owner)
{
	switch (clock) {
	case TIMER_BOOT:
		return time_since_boot_ns();
	case TIMER_REALTIME:
		return clock_realtime_ns();
	case TIMER_CPU:
		return process_cpu_ns(owner->process);
	case TIMER_CPU_USER:
		return READ_ONCE(owner->process->user_ns);
	case TIMER_CPU_THREAD:
		return clock_thread_ns(owner->thread);
	}
	return 0;
}

/* The time since boot at which it expires, as the clock is set now. */
static u64 deadline_ns(const struct timer *timer)
{
	u64 epoch_ns = clock_boot_epoch_ns();

	if (timer->clock != TIMER_REALTIME)
		return timer->next_ns;
	return timer->next_ns > epoch_ns ? timer->next_ns - epoch_ns : 0;
}

/* => timers_lock is held; @timer is on no list and not off */
static void arm(struct timer *timer)
{
	struct list_node *after = timers.prev;

	if (cpu_list(timer)) {
		list_push_back(cpu_list(timer), &timer->node);
		return;
	}
	/* From the end: most expire later than those there are. */
	while (after != &timers &&
	       deadline_ns(list_entry(after, struct timer, node)) >
		       deadline_ns(timer))
		after = after->prev;
	list_insert_after(after, &timer->node);
}

/* => timers_lock is held */
static void update_locked(struct timer *timer)
{
	u64 now_ns;
	u64 count = 1;

	if (!timer->next_ns)
		return;
	now_ns = timer_clock_now(timer->clock, &timer->owner);
	if (now_ns < timer->next_ns)
		return;
	list_remove(&timer->node);
	if (timer->interval_ns) {
		count += (now_ns - timer->next_ns) / timer->interval_ns;
		timer->next_ns += count * timer->interval_ns;
		arm(timer);
	} else {
		timer->next_ns = 0;
	}
	timer->expire(timer, count);
}

void timer_init(struct timer *timer, enum timer_clock clock,
		const struct timer_owner *owner,
		void (*expire)(struct timer *timer, u64 count))
{
	*timer = (struct timer){ .clock = clock,
				 .owner = *owner,
				 .expire = expire };
	list_init(&timer->node);
}

void timer_set(struct timer *timer, const struct timer_setting *setting)
{
	u64 rflags = spin_lock_irqsave(&timers_lock);

	list_remove(&timer->node);
	timer->clock = setting->clock;
	timer->next_ns = setting->next_ns;
	timer->interval_ns = setting->next_ns ? setting->interval_ns : 0;
	if (timer->next_ns)
		arm(timer);
	update_locked(timer);
	spin_unlock_irqrestore(&timers_lock, rflags);
}

void timer_cancel(struct timer *timer)
{
	const struct timer_setting off = { .clock = timer->clock };

	timer_set(timer, &off);
}

void timer_update(struct timer *timer)
{
	u64 rflags = spin_lock_irqsave(&timers_lock);

	update_locked(timer);
	spin_unlock_irqrestore(&timers_lock, rflags);
}

void timer_read(struct timer *timer, u64 *left_ns, u64 *interval_ns)
{
	u64 rflags = spin_lock_irqsave(&timers_lock);
	u64 now_ns;

	update_locked(timer);
	now_ns = timer_clock_now(timer->clock, &timer->owner);
	*left_ns = 0;
	/* At least 1: a timer that is on never says that it is off. */
	if (timer->next_ns)
		*left_ns = timer->next_ns > now_ns ? timer->next_ns - now_ns :
						     1;
	*interval_ns = timer->interval_ns;
	spin_unlock_irqrestore(&timers_lock, rflags);
}

/* ---- The tick ------------------------------------------------------------ */

/* => timers_lock is held */
static void expire_due(void)
{
	u64 now_ns = time_since_boot_ns();

	while (!list_is_empty(&timers)) {
		struct timer *first =
			list_first_entry(&timers, struct timer, node);

		if (deadline_ns(first) > now_ns)
			return;
		update_locked(first);
	}
}

/* => timers_lock is held */
static void update_all(struct list_node *cpu_timers)
{
	struct timer *timer, *next;

	list_for_each_entry_safe(timer, next, cpu_timers, node)
		update_locked(timer);
}

void timers_thread_ends(struct task *task)
{
	struct timer *timer, *next;
	u64 rflags = spin_lock_irqsave(&timers_lock);

	list_for_each_entry_safe(timer, next, &task->cpu_timers, node) {
		list_remove(&timer->node);
		timer->next_ns = 0;
	}
	spin_unlock_irqrestore(&timers_lock, rflags);
}

void timers_tick(void)
{
	struct task *task = current_task();
	u64 rflags = spin_lock_irqsave(&timers_lock);

	expire_due();
	update_all(&task->cpu_timers);
	update_all(&task->process->cpu_timers);
	spin_unlock_irqrestore(&timers_lock, rflags);
}

void timers_clock_was_set(void)
{
	u64 rflags = spin_lock_irqsave(&timers_lock);
	struct list_node old = LIST_INIT(old);

	while (!list_is_empty(&timers)) {
		struct list_node *node = timers.next;

		list_remove(node);
		list_push_back(&old, node);
	}
	while (!list_is_empty(&old)) {
		struct timer *timer =
			list_first_entry(&old, struct timer, node);

		list_remove(&timer->node);
		arm(timer);
	}
	expire_due();
	spin_unlock_irqrestore(&timers_lock, rflags);
}
