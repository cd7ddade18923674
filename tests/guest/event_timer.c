/* guest-test: host=yes */
/* eventfd and timerfd: counting, waiting, polling. */
#include "guest.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

static int look(int fd)
{
	struct pollfd one = { fd, POLLIN | POLLOUT, 0 };

	CHECK_OK(poll(&one, 1, 0));
	return one.revents;
}

static void counting(void)
{
	int fd = eventfd(3, EFD_NONBLOCK);
	uint64_t value = 7;

	say("eventfd 3: poll 0x%x", look(fd));
	CHECK_EQ(write(fd, &value, 8), 8);
	CHECK_EQ(read(fd, &value, 8), 8);
	say(", +7, read %lu, poll 0x%x", (unsigned long)value, look(fd));
	CHECK_ERRNO(read(fd, &value, 8), EAGAIN);
	CHECK_ERRNO(read(fd, &value, 7), EINVAL);
	value = UINT64_MAX;
	CHECK_ERRNO(write(fd, &value, 8), EINVAL);
	value = UINT64_MAX - 1;
	CHECK_EQ(write(fd, &value, 8), 8);
	say(", full, poll 0x%x\n", look(fd));
	CHECK_ERRNO(write(fd, &value, 8), EAGAIN);
	close(fd);
	CHECK_ERRNO(eventfd(0, 0x10), EINVAL);
}

static void semaphore(void)
{
	int fd = eventfd(2, EFD_SEMAPHORE);
	uint64_t value;
	pid_t pid;

	CHECK_EQ(read(fd, &value, 8), 8);
	CHECK_EQ(value, 1);
	CHECK_EQ(read(fd, &value, 8), 8);
	pid = check_fork();
	if (pid == 0) {
		usleep(20000);
		value = 1;
		CHECK_EQ(write(fd, &value, 8), 8);
		_exit(0);
	}
	CHECK_EQ(read(fd, &value, 8), 8);
	wait_well(pid);
	close(fd);
	say("semaphore: one at a time, and waits\n");
}

static void once(int fd)
{
	struct itimerspec setting = { { 0, 0 }, { 0, 20000000 } };
	uint64_t count;

	CHECK_OK(timerfd_settime(fd, 0, &setting, NULL));
	CHECK_EQ(look(fd), 0);
	CHECK_OK(timerfd_gettime(fd, &setting));
	CHECK(setting.it_value.tv_nsec > 0);
	CHECK(setting.it_value.tv_nsec <= 20000000);
	CHECK_EQ(read(fd, &count, 8), 8);
	CHECK_EQ(count, 1);
	CHECK_OK(timerfd_gettime(fd, &setting));
	CHECK_EQ(setting.it_value.tv_nsec, 0);
	say("once: expires, then is off\n");
}

static void again(int fd)
{
	struct itimerspec setting = { { 0, 10000000 }, { 0, 10000000 } };
	struct itimerspec old;
	struct pollfd one = { fd, POLLIN, 0 };
	uint64_t count;

	CHECK_OK(timerfd_settime(fd, 0, &setting, NULL));
	CHECK_EQ(poll(&one, 1, 5000), 1);
	CHECK_EQ(one.revents, POLLIN);
	usleep(50000);
	CHECK_EQ(read(fd, &count, 8), 8);
	CHECK(count >= 4);
	setting.it_value.tv_nsec = 0;
	CHECK_OK(timerfd_settime(fd, 0, &setting, &old));
	CHECK_EQ(old.it_interval.tv_nsec, 10000000);
	CHECK_EQ(look(fd), 0);
	say("again and again: the count of all since the last read\n");
}

static void absolute(int fd)
{
	struct itimerspec setting = { { 0, 0 }, { 0, 1 } };
	struct timespec now;
	uint64_t count;

	clock_gettime(CLOCK_MONOTONIC, &now);
	setting.it_value = now;
	CHECK_OK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &setting, NULL));
	CHECK_EQ(read(fd, &count, 8), 8);
	setting.it_value.tv_sec += 1000;
	CHECK_OK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &setting, NULL));
	CHECK_EQ(look(fd), 0);
	setting.it_value.tv_nsec = 1000000000;
	CHECK_ERRNO(timerfd_settime(fd, 0, &setting, NULL), EINVAL);
	CHECK_ERRNO(timerfd_settime(1, 0, &setting, NULL), EINVAL);
	CHECK_ERRNO(timerfd_create(99, 0), EINVAL);
	say("absolute: past and future\n");
}

int main(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	CHECK_OK(fd);
	counting();
	semaphore();
	once(fd);
	again(fd);
	absolute(fd);
	close(fd);
	run_check();
	return 0;
}
