/*
 * process_timers.c - see process_timers.h; setitimer(2) and timer_create(2)
 *
 * An expired timer sends its signal once and counts until that is handled:
 * what has expired meanwhile is an overrun, not a second signal.
 * Sources: timer_create(2), timer_getoverrun(2), setitimer(2); Linux v6.12
 * kernel/time/posix-timers.c and itimer.c for the order of the checks.
 */
#include "kernel/proc/process_timers.h"

#include "kernel/clock.h"
#include "kernel/lib/errno.h"
#include "kernel/proc/signal.h"
#include "kernel/proc/signal_queue.h"
#include "kernel/proc/syscalls.h"
#include "kernel/timespec.h"
#include "kernel/x86_64/time.h"
#include "mm/kmem.h"
#include "mm/uaccess.h"

/* ---- setitimer, getitimer, alarm ----------------------------------------- */

enum {
	ITIMER_REAL,
	ITIMER_VIRTUAL,
	ITIMER_PROF,
};

struct linux_itimerval {
	struct linux_timeval interval;
	struct linux_timeval value;
};

static const struct {
	enum timer_clock clock;
	int signal;
} interval_kind[INTERVAL_TIMERS] = {
	[ITIMER_REAL] = { TIMER_BOOT, SIGALRM },
	[ITIMER_VIRTUAL] = { TIMER_CPU_USER, SIGVTALRM },
	[ITIMER_PROF] = { TIMER_CPU, SIGPROF },
};

static void interval_expire(struct timer *timer, u64 count)
{
	struct process *process = timer->owner.process;
	struct process_timers *timers = process->timers;

	(void)count;
	signal_send(process, interval_kind[timer - timers->interval].signal);
}

struct process_timers *process_timers_current(void)
{
	struct process *process = current_task()->process;
	const struct timer_owner owner = { .process = process };
	struct process_timers *timers = process->timers;

	if (timers)
		return timers;
	timers = kmalloc_zeroed(sizeof(*timers));
	if (!timers)
		return NULL;
	for (int i = 0; i < INTERVAL_TIMERS; i++)
		timer_init(&timers->interval[i], interval_kind[i].clock, &owner,
			   interval_expire);
	list_init(&timers->posix);
	process->timers = timers;
	return timers;
}

static struct linux_itimerval read_interval(int which)
{
	struct process_timers *timers = current_task()->process->timers;
	struct linux_itimerval setting = { .value = { 0 } };
	u64 left_ns, interval_ns;

	if (!timers)
		return setting;
	timer_read(&timers->interval[which], &left_ns, &interval_ns);
	if (left_ns && left_ns < 1000)
		left_ns = 1000; /* one that is on does not look off */
	setting.value = ns_to_timeval(left_ns);
	setting.interval = ns_to_timeval(interval_ns);
	return setting;
}

static int set_interval(int which, u64 value_ns, u64 interval_ns)
{
	struct process_timers *timers = process_timers_current();
	struct timer_setting setting = { .interval_ns = interval_ns };

	if (!timers)
		return -ENOMEM;
	setting.clock = interval_kind[which].clock;
	if (value_ns)
		setting.next_ns =
			timer_clock_now(setting.clock,
					&timers->interval[which].owner) +
			value_ns;
	timer_set(&timers->interval[which], &setting);
	return 0;
}

i64 sys_getitimer(int which, vaddr_t value)
{
	struct linux_itimerval setting;

	if (which < 0 || which >= INTERVAL_TIMERS)
		return -EINVAL;
	setting = read_interval(which);
	return copy_to_user(value, &setting, sizeof(setting));
}

/* Return: 0, or -EINVAL. */
static int timeval_to_ns(const struct linux_timeval *from, u64 *ns)
{
	const struct linux_timespec time = { from->seconds,
					     from->microseconds * 1000 };

	if (from->microseconds < 0 || from->microseconds >= US_PER_SECOND ||
	    !timespec_is_valid(&time))
		return -EINVAL;
	*ns = timespec_to_ns(&time);
	return 0;
}

i64 sys_setitimer(int which, vaddr_t new_value, vaddr_t old_value)
{
	struct linux_itimerval wanted = { .value = { 0 } };
	struct linux_itimerval old;
	u64 value_ns, interval_ns;
	int error;

	if (new_value.val &&
	    copy_from_user(&wanted, new_value, sizeof(wanted)) != 0)
		return -EFAULT;
	if (timeval_to_ns(&wanted.value, &value_ns) != 0 ||
	    timeval_to_ns(&wanted.interval, &interval_ns) != 0 || which < 0 ||
	    which >= INTERVAL_TIMERS)
		return -EINVAL;
	old = read_interval(which);
	error = set_interval(which, value_ns, interval_ns);
	if (!error && old_value.val)
		error = copy_to_user(old_value, &old, sizeof(old));
	return error;
}

i64 sys_alarm(u32 seconds)
{
	struct linux_itimerval old = read_interval(ITIMER_REAL);
	int error = set_interval(ITIMER_REAL, (u64)seconds * NS_PER_SECOND, 0);

	if (error)
		return error;
	/* To the nearest second, but not to 0. */
	if (old.value.microseconds >= US_PER_SECOND / 2 ||
	    (!old.value.seconds && old.value.microseconds))
		old.value.seconds++;
	return old.value.seconds;
}

/* ---- timer_create and what goes with it ---------------------------------- */

#define SIGEV_SIGNAL 0
#define SIGEV_NONE 1
#define SIGEV_THREAD 2 /* a C library's; to us a signal */
#define SIGEV_THREAD_ID 4

/* As timer_getoverrun(2) may answer at most. */
#define DELAYTIMER_MAX INT32_MAX

struct linux_sigevent {
	u64 value;
	i32 signal;
	i32 notify;
	i32 tid;
	u8 padding[44];
};

_Static_assert(sizeof(struct linux_sigevent) == 64, "Linux's layout");

struct posix_timer {
	struct timer timer;
	struct list_node node; /* process_timers.posix */
	struct task *receiver; /* a reference: SIGEV_THREAD_ID; or NULL */
	i32 id;
	enum timer_clock clock; /* of absolute times */
	bool has_signal;
	int signal;
	u64 value; /* of the signal's siginfo */
	/* tasks_lock */
	bool is_pending; /* the signal was sent and not handled yet */
	u64 missed; /* expired while it was pending */
	i32 overrun; /* of the signal handled last */
	struct list_node supply; /* a node, for a real-time signal */
};

static struct kmem_cache posix_cache =
	KMEM_CACHE("posix_timer", struct posix_timer);

static void posix_expire(struct timer *timer, u64 count)
{
	struct posix_timer *posix =
		container_of(timer, struct posix_timer, timer);
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	if (posix->is_pending) {
		posix->missed += count;
	} else if (posix->has_signal) {
		const struct signal_info info = {
			.signal = posix->signal,
			.code = SI_TIMER,
			.pid = (u32)posix->id,
			.value = posix->value,
		};

		posix->missed = count - 1;
		posix->is_pending = signal_send_supplied_locked(
			(struct signal_target){ timer->owner.process,
						posix->receiver },
			&info, &posix->supply);
	}
	spin_unlock_irqrestore(&tasks_lock, rflags);
}

/* => tasks_lock is held */
static struct posix_timer *find_locked(const struct process *process, i32 id)
{
	struct posix_timer *posix;

	if (!process->timers)
		return NULL;
	list_for_each_entry(posix, &process->timers->posix, node)
		if (posix->id == id)
			return posix;
	return NULL;
}

void process_timers_delivered(struct process *process, struct signal_info *info,
			      struct list_node *garbage)
{
	struct posix_timer *posix = find_locked(process, (i32)info->pid);

	if (!posix)
		return; /* deleted meanwhile */
	posix->is_pending = false;
	posix->overrun = (i32)min_u64(posix->missed, DELAYTIMER_MAX);
	info->overrun = posix->overrun;
	if (signal_is_queued(posix->signal) && !list_is_empty(garbage)) {
		struct list_node *node = garbage->prev;

		list_remove(node);
		list_push_back(&posix->supply, node);
	}
}

/*
 * Only the process itself makes and deletes its timers, under the kernel lock:
 * it stays until the caller sleeps.
 */
static struct posix_timer *find(i32 id)
{
	u64 rflags = spin_lock_irqsave(&tasks_lock);
	struct posix_timer *posix = find_locked(current_task()->process, id);

	spin_unlock_irqrestore(&tasks_lock, rflags);
	return posix;
}

int timer_clock_of_id(int id, enum timer_clock *clock)
{
	u64 ns;
	int error = clock_read(id, &ns);

	if (error)
		return error;
	switch (id) {
	case CLOCK_REALTIME:
	case CLOCK_TAI:
		*clock = TIMER_REALTIME;
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
		*clock = TIMER_BOOT;
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		*clock = TIMER_CPU;
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		*clock = TIMER_CPU_THREAD;
		return 0;
	}
	return -EOPNOTSUPP;
}

/* @receiver: with SIGEV_THREAD_ID a reference; else NULL */
static int check_event_of_timer(const struct linux_sigevent *event,
				struct task **receiver)
{
	struct task *task;

	if (event->notify == SIGEV_NONE)
		return 0;
	if (event->notify & ~(SIGEV_SIGNAL | SIGEV_THREAD | SIGEV_THREAD_ID) ||
	    event->notify == (SIGEV_THREAD | SIGEV_THREAD_ID))
		return -EINVAL;
	if (event->signal < 1 || event->signal > SIGNAL_MAX)
		return -EINVAL;
	if (event->notify != SIGEV_THREAD_ID)
		return 0;
	task = task_find_get((u32)event->tid);
	if (task && task->process == current_task()->process) {
		*receiver = task;
		return 0;
	}
	if (task)
		task_put(task);
	return -EINVAL;
}

/* Give it an id and a place in the list. */
static void posix_publish(struct posix_timer *posix,
			  struct process_timers *timers,
			  const struct linux_sigevent *event)
{
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	while (find_locked(posix->timer.owner.process, timers->next_id))
		timers->next_id = (timers->next_id + 1) & INT32_MAX;
	posix->id = timers->next_id;
	timers->next_id = (timers->next_id + 1) & INT32_MAX;
	posix->has_signal = !event || event->notify != SIGEV_NONE;
	posix->signal = event ? event->signal : SIGALRM;
	posix->value = event ? event->value : (u64)posix->id;
	list_push_back(&timers->posix, &posix->node);
	spin_unlock_irqrestore(&tasks_lock, rflags);
}

/* => on no list */
static void posix_free(struct posix_timer *posix)
{
	signal_nodes_free(&posix->supply);
	if (posix->receiver)
		task_put(posix->receiver);
	if (posix->timer.owner.thread)
		task_put(posix->timer.owner.thread);
	kmem_cache_free(&posix_cache, posix);
}

static void posix_delete(struct posix_timer *posix)
{
	u64 rflags;

	timer_cancel(&posix->timer);
	rflags = spin_lock_irqsave(&tasks_lock);
	list_remove(&posix->node);
	spin_unlock_irqrestore(&tasks_lock, rflags);
	posix_free(posix);
}

/* Return: one that is not set and on no list; NULL: no memory. */
static struct posix_timer *posix_create(enum timer_clock clock,
					struct task *receiver)
{
	struct posix_timer *posix = kmem_cache_alloc_zeroed(&posix_cache);
	struct timer_owner owner = { .process = current_task()->process };

	if (!posix)
		return NULL;
	list_init(&posix->supply);
	if (!signal_nodes_alloc(&posix->supply, 1)) {
		kmem_cache_free(&posix_cache, posix);
		return NULL;
	}
	if (clock == TIMER_CPU_THREAD) {
		owner.thread = current_task();
		task_get(owner.thread);
	}
	posix->clock = clock;
	posix->receiver = receiver;
	timer_init(&posix->timer, clock, &owner, posix_expire);
	return posix;
}

i64 sys_timer_create(int clock_id, vaddr_t event_address, vaddr_t id)
{
	struct process_timers *timers;
	struct linux_sigevent event;
	struct task *receiver = NULL;
	struct posix_timer *posix;
	enum timer_clock clock;
	i32 number;
	int error;

	if (event_address.val &&
	    copy_from_user(&event, event_address, sizeof(event)) != 0)
		return -EFAULT;
	error = timer_clock_of_id(clock_id, &clock);
	if (!error && event_address.val)
		error = check_event_of_timer(&event, &receiver);
	if (error)
		return error;
	timers = process_timers_current();
	posix = timers ? posix_create(clock, receiver) : NULL;
	if (!posix) {
		if (receiver)
			task_put(receiver);
		return -EAGAIN; /* as Linux says it here */
	}
	posix_publish(posix, timers, event_address.val ? &event : NULL);
	number = posix->id;
	error = copy_to_user(id, &number, sizeof(number));
	/* Another thread may have guessed the number, and deleted it. */
	if (error && find(number) == posix)
		posix_delete(posix);
	return error;
}

static struct linux_itimerspec read_posix(struct posix_timer *posix)
{
	u64 left_ns, interval_ns;

	timer_read(&posix->timer, &left_ns, &interval_ns);
	return (struct linux_itimerspec){ ns_to_timespec(interval_ns),
					  ns_to_timespec(left_ns) };
}

static void set_posix(struct posix_timer *posix, bool is_absolute,
		      const struct linux_itimerspec *wanted)
{
	struct timer_setting setting = {
		.clock = posix->clock,
		.next_ns = timespec_to_ns(&wanted->value),
		.interval_ns = timespec_to_ns(&wanted->interval),
	};

	/* What is so far ahead does not move when the clock is set. */
	if (posix->clock == TIMER_REALTIME && !is_absolute)
		setting.clock = TIMER_BOOT;
	if (setting.next_ns && !is_absolute)
		setting.next_ns +=
			timer_clock_now(setting.clock, &posix->timer.owner);
	timer_cancel(&posix->timer);
	posix->missed = 0;
	posix->overrun = 0;
	timer_set(&posix->timer, &setting);
}

i64 sys_timer_settime(int id, int flags, vaddr_t new_value, vaddr_t old_value)
{
	struct linux_itimerspec wanted, old;
	struct posix_timer *posix;

	if (!new_value.val)
		return -EINVAL;
	if (copy_from_user(&wanted, new_value, sizeof(wanted)) != 0)
		return -EFAULT;
	posix = find(id);
	if (!timespec_is_valid(&wanted.value) ||
	    !timespec_is_valid(&wanted.interval) || !posix)
		return -EINVAL;
	old = read_posix(posix);
	set_posix(posix, flags & TIMER_ABSTIME, &wanted);
	return old_value.val ? copy_to_user(old_value, &old, sizeof(old)) : 0;
}

i64 sys_timer_gettime(int id, vaddr_t value)
{
	struct posix_timer *posix = find(id);
	struct linux_itimerspec setting;

	if (!posix)
		return -EINVAL;
	setting = read_posix(posix);
	return copy_to_user(value, &setting, sizeof(setting));
}

i64 sys_timer_getoverrun(int id)
{
	struct posix_timer *posix = find(id);

	return posix ? posix->overrun : -EINVAL;
}

i64 sys_timer_delete(int id)
{
	struct posix_timer *posix = find(id);

	if (!posix)
		return -EINVAL;
	posix_delete(posix);
	return 0;
}

/* ---- The end ------------------------------------------------------------- */

void process_timers_exec(struct process *process)
{
	if (!process->timers)
		return;
	while (!list_is_empty(&process->timers->posix))
		posix_delete(list_first_entry(&process->timers->posix,
					      struct posix_timer, node));
}

void process_timers_exit(struct process *process)
{
	struct process_timers *timers = process->timers;

	if (!timers)
		return;
	process_timers_exec(process);
	for (int i = 0; i < INTERVAL_TIMERS; i++)
		timer_cancel(&timers->interval[i]);
	process->timers = NULL;
	kfree(timers);
}
