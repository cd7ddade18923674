/* guest-test: host=yes */
/* epoll: levels, edges, one shot, descriptors that go away. */
#include "guest.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

static int set;
static int data[2];

static void change(int operation, int fd, unsigned int events)
{
	struct epoll_event event = { events, { .u64 = 0x123400000000 + fd } };

	CHECK_OK(epoll_ctl(set, operation, fd, &event));
}

/* The events of the only ready descriptor, 0 if there is none. */
static unsigned int look(void)
{
	struct epoll_event events[4];
	int count = epoll_wait(set, events, 4, 0);

	CHECK_OK(count);
	CHECK(count <= 1);
	if (count == 0)
		return 0;
	CHECK_EQ(events[0].data.u64 >> 32, 0x1234);
	return events[0].events;
}

static void put(void)
{
	CHECK_EQ(write(data[1], "ab", 2), 2);
}

static void take(void)
{
	char byte;

	CHECK_EQ(read(data[0], &byte, 1), 1);
}

static void levels(void)
{
	change(EPOLL_CTL_ADD, data[0], EPOLLIN);
	say("level: empty 0x%x", look());
	put();
	say(", data 0x%x", look());
	say(", still 0x%x", look());
	take();
	say(", one left 0x%x", look());
	take();
	say(", none 0x%x\n", look());
}

static void edges(void)
{
	change(EPOLL_CTL_MOD, data[0], EPOLLIN | EPOLLET);
	put();
	say("edge: data 0x%x", look());
	say(", the same 0x%x", look());
	put();
	say(", more 0x%x", look());
	take();
	say(", less 0x%x", look());
	change(EPOLL_CTL_MOD, data[0], EPOLLIN | EPOLLET);
	say(", modified 0x%x\n", look());
}

static void one_shot(void)
{
	change(EPOLL_CTL_MOD, data[0], EPOLLIN | EPOLLONESHOT);
	say("one shot: 0x%x", look());
	say(", then 0x%x", look());
	change(EPOLL_CTL_MOD, data[0], EPOLLIN | EPOLLONESHOT);
	say(", armed again 0x%x\n", look());
}

static void going_away(void)
{
	int copy = dup(data[0]);
	struct pollfd whole = { set, POLLIN, 0 };

	change(EPOLL_CTL_MOD, data[0], EPOLLIN);
	CHECK_EQ(poll(&whole, 1, 0), 1);
	close(data[0]);
	say("closed, but a copy is open: 0x%x", look());
	close(copy);
	say("; closed for good: 0x%x\n", look());
	CHECK_EQ(poll(&whole, 1, 0), 0);
	close(data[1]);
}

static void errors(void)
{
	struct epoll_event event = { EPOLLIN, { .u64 = 0 } };
	int file = open("file", O_RDWR | O_CREAT, 0600);
	int counter = eventfd(0, 0);

	unlink("file");
	CHECK_ERRNO(epoll_ctl(set, EPOLL_CTL_ADD, file, &event), EPERM);
	CHECK_ERRNO(epoll_ctl(set, EPOLL_CTL_ADD, set, &event), EINVAL);
	CHECK_ERRNO(epoll_ctl(file, EPOLL_CTL_ADD, counter, &event), EINVAL);
	CHECK_ERRNO(epoll_ctl(set, EPOLL_CTL_ADD, 999, &event), EBADF);
	CHECK_ERRNO(epoll_ctl(set, EPOLL_CTL_MOD, counter, &event), ENOENT);
	CHECK_ERRNO(epoll_ctl(set, EPOLL_CTL_DEL, counter, NULL), ENOENT);
	CHECK_OK(epoll_ctl(set, EPOLL_CTL_ADD, counter, &event));
	CHECK_ERRNO(epoll_ctl(set, EPOLL_CTL_ADD, counter, &event), EEXIST);
	CHECK_ERRNO(epoll_ctl(set, 77, counter, &event), EINVAL);
	CHECK_ERRNO(epoll_wait(set, &event, 0, 0), EINVAL);
	CHECK_ERRNO(epoll_wait(counter, &event, 1, 0), EINVAL);
	CHECK_ERRNO(epoll_create1(1), EINVAL);
	close(file);
	close(counter);
	say("errors as documented\n");
}

static void waiting(void)
{
	struct epoll_event events[8];
	pid_t pid;

	CHECK_OK(pipe(data));
	change(EPOLL_CTL_ADD, data[0], EPOLLIN);
	CHECK_EQ(epoll_wait(set, events, 8, 30), 0);
	pid = check_fork();
	if (pid == 0) {
		usleep(30000);
		put();
		_exit(0);
	}
	CHECK_EQ(epoll_wait(set, events, 8, -1), 1);
	wait_well(pid);
	close(data[1]);
	take();
	take();
	CHECK_EQ(epoll_wait(set, events, 8, -1), 1);
	CHECK_EQ(events[0].events, EPOLLHUP);
	close(data[0]);
	say("waits for another process\n");
}

int main(void)
{
	set = epoll_create1(EPOLL_CLOEXEC);
	CHECK_OK(set);
	CHECK_OK(pipe(data));
	levels();
	edges();
	one_shot();
	going_away();
	errors();
	waiting();
	close(set);
	run_check();
	return 0;
}
