/*
 * sys_poll.c - poll(2), ppoll(2), select(2), pselect6(2)
 */
#include "kernel/fs/syscalls.h"

#include "kernel/fs/files.h"
#include "kernel/fs/poll.h"
#include "kernel/fs/poll_args.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/proc/task.h"
#include "kernel/x86_64/asm/percpu.h"
#include "kernel/proc/rlimit.h"
#include "kernel/x86_64/traps.h"
#include "mm/kmem.h"

/* As struct pollfd. */
struct linux_pollfd {
	i32 fd;
	u16 events;
	u16 revents;
};

/* One descriptor of a call; several may name the same file. */
struct polled {
	struct file *file; /* a reference; NULL: there is none */
	struct linux_pollfd ask;
};

struct request {
	struct polled *polled;
	u32 count;
};

static int scan(void *argument, struct poll_table *table)
{
	struct request *request = argument;
	int ready = 0;

	for (u32 i = 0; i < request->count; i++) {
		struct polled *one = &request->polled[i];

		if (one->file)
			one->ask.revents = (u16)file_poll(
				one->file, one->ask.events, table);
		else
			one->ask.revents = one->ask.fd < 0 ? 0 : POLLNVAL;
		if (one->ask.revents)
			ready++;
	}
	return ready;
}

static void put_files(struct request *request)
{
	for (u32 i = 0; i < request->count; i++)
		if (request->polled[i].file)
			file_put(request->polled[i].file);
	kfree(request->polled);
}

/* ---- poll ---------------------------------------------------------------- */

static int read_pollfds(struct request *request, vaddr_t fds)
{
	for (u32 i = 0; i < request->count; i++) {
		struct polled *one = &request->polled[i];
		vaddr_t from = VADDR(fds.val + i * sizeof(one->ask));

		if (copy_from_user(&one->ask, from, sizeof(one->ask)) != 0)
			return -EFAULT;
		if (files_get_file(one->ask.fd, &one->file) != 0)
			one->file = NULL;
	}
	return 0;
}

static int write_pollfds(const struct request *request, vaddr_t fds)
{
	for (u32 i = 0; i < request->count; i++) {
		const struct linux_pollfd *ask = &request->polled[i].ask;
		vaddr_t to = VADDR(fds.val + i * sizeof(*ask) +
				   offsetof(struct linux_pollfd, revents));

		if (copy_to_user(to, &ask->revents, sizeof(ask->revents)) != 0)
			return -EFAULT;
	}
	return 0;
}

static i64 poll_until(vaddr_t fds, u32 count, u64 deadline_ns)
{
	struct request request = { .count = count };
	i64 result;

	if (count > rlimit_current(RLIMIT_NOFILE))
		return -EINVAL;
	request.polled = kmalloc_zeroed((count + 1) * sizeof(struct polled));
	if (!request.polled)
		return -ENOMEM;
	result = read_pollfds(&request, fds);
	if (!result)
		result = poll_loop(scan, &request, deadline_ns);
	if (result >= 0 && write_pollfds(&request, fds) != 0)
		result = -EFAULT;
	put_files(&request);
	return result;
}

/* poll(2) goes on until the same deadline after a signal without handler. */
static i64 poll_restartable(const struct restart *how)
{
	struct restart restart = *how;
	i64 result =
		poll_until(restart.address, restart.count, restart.deadline_ns);

	if (result != -ERESTARTNOHAND)
		return result;
	current_task()->restart = restart;
	return -ERESTARTBLOCK;
}

i64 sys_poll(vaddr_t fds, u32 count, int ms)
{
	const struct restart restart = {
		.call = poll_restartable,
		.deadline_ns = poll_deadline_ms(ms),
		.address = fds,
		.count = count,
	};

	return poll_restartable(&restart);
}

i64 sys_ppoll(vaddr_t fds, u32 count, vaddr_t time, vaddr_t mask,
	      u64 mask_bytes)
{
	u64 deadline_ns;
	i64 result = poll_deadline_read(time, POLL_TIMESPEC, &deadline_ns);

	if (!result)
		result = poll_mask_set(mask, mask_bytes);
	if (result)
		return result;
	result = poll_until(fds, count, deadline_ns);
	poll_mask_restore(result);
	poll_deadline_write(time, POLL_TIMESPEC, deadline_ns);
	return result;
}

/* ---- select -------------------------------------------------------------- */

#define SETS 3
#define BITS_PER_WORD 64

/* What each of the three sets asks for, and what counts as an answer. */
static const u16 set_asks[SETS] = {
	POLLIN | POLLRDNORM | POLLRDBAND,
	POLLOUT | POLLWRNORM | POLLWRBAND,
	POLLPRI,
};
static const u16 set_answers[SETS] = {
	POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR,
	POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR,
	POLLPRI,
};

static bool test_bit(const u64 *set, u32 bit)
{
	return set[bit / BITS_PER_WORD] >> (bit % BITS_PER_WORD) & 1;
}

/* One entry for each descriptor in a set.  Return: 0 or -EBADF. */
static int read_sets(struct request *request, u64 *const *sets, u32 fds)
{
	for (u32 fd = 0; fd < fds; fd++) {
		struct polled *one = &request->polled[request->count];

		one->ask = (struct linux_pollfd){ .fd = (i32)fd };
		for (u32 i = 0; i < SETS; i++)
			if (test_bit(sets[i], fd))
				one->ask.events |= set_asks[i];
		if (!one->ask.events)
			continue;
		if (files_get_file((int)fd, &one->file) != 0)
			return -EBADF;
		request->count++;
	}
	return 0;
}

/* Leave in the sets what is ready.  Return: the number of bits. */
static int fill_sets(const struct request *request, u64 *const *sets)
{
	int bits = 0;

	for (u32 i = 0; i < SETS; i++)
		for (u32 k = 0; k < request->count; k++) {
			const struct linux_pollfd *ask =
				&request->polled[k].ask;
			u32 fd = (u32)ask->fd;
			u64 bit = 1UL << fd % BITS_PER_WORD;
			u64 *word = &sets[i][fd / BITS_PER_WORD];

			if (!(*word & bit))
				continue;
			if (ask->revents & set_answers[i])
				bits++;
			else
				*word &= ~bit;
		}
	return bits;
}

/* The sets lie in memory of the kernel. */
static i64 select_sets(u64 *const *sets, u32 fds, u64 deadline_ns)
{
	struct request request = { .count = 0 };
	i64 result;

	request.polled = kmalloc_zeroed((fds + 1) * sizeof(struct polled));
	if (!request.polled)
		return -ENOMEM;
	result = read_sets(&request, sets, fds);
	if (!result)
		result = poll_loop(scan, &request, deadline_ns);
	if (result >= 0)
		result = fill_sets(&request, sets);
	put_files(&request);
	return result;
}

static i64 select_until(int fds, const vaddr_t *user, u64 deadline_ns)
{
	u64 *sets[SETS];
	u64 *memory;
	u64 bytes;
	i64 result = 0;

	if (fds < 0)
		return -EINVAL;
	/* No descriptor is above the limit: those bits are not looked at. */
	fds = (int)min_u64((u64)fds, rlimit_current(RLIMIT_NOFILE));
	bytes = align_up((u64)fds, BITS_PER_WORD) / 8;
	memory = kmalloc_zeroed(SETS * bytes + 1);
	if (!memory)
		return -ENOMEM;
	for (u32 i = 0; i < SETS; i++) {
		sets[i] = memory + i * (bytes / sizeof(u64));
		if (user[i].val && !result)
			result = copy_from_user(sets[i], user[i], bytes);
	}
	if (!result)
		result = select_sets(sets, (u32)fds, deadline_ns);
	for (u32 i = 0; i < SETS && result >= 0; i++)
		if (user[i].val && copy_to_user(user[i], sets[i], bytes) != 0)
			result = -EFAULT;
	kfree(memory);
	return result;
}

i64 sys_select(int fds, vaddr_t in, vaddr_t out, vaddr_t except, vaddr_t time)
{
	vaddr_t user[SETS] = { in, out, except };
	u64 deadline_ns;
	i64 result = poll_deadline_read(time, POLL_TIMEVAL, &deadline_ns);

	if (result)
		return result;
	result = select_until(fds, user, deadline_ns);
	poll_deadline_write(time, POLL_TIMEVAL, deadline_ns);
	return result;
}

/* The sixth argument points to the mask and its size. */
i64 sys_pselect6(const struct trap_frame *frame)
{
	vaddr_t user[SETS] = { VADDR(frame->rsi), VADDR(frame->rdx),
			       VADDR(frame->r10) };
	vaddr_t time = VADDR(frame->r8);
	u64 mask[2] = {};
	u64 deadline_ns;
	i64 result = 0;

	if (frame->r9)
		result = copy_from_user(mask, VADDR(frame->r9), sizeof(mask));
	if (!result)
		result = poll_deadline_read(time, POLL_TIMESPEC, &deadline_ns);
	if (!result)
		result = poll_mask_set(VADDR(mask[0]), mask[1]);
	if (result)
		return result;
	result = select_until((int)frame->rdi, user, deadline_ns);
	poll_mask_restore(result);
	poll_deadline_write(time, POLL_TIMESPEC, deadline_ns);
	return result;
}
