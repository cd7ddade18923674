/* guest-test: host=root smp=2 */
/* /proc/self/task/TID/comm: who may name a thread?  Its own process, always. */
#include "guest.h"

#include <fcntl.h>
#include <pthread.h>

static struct gate gate_of_name, gate_of_end;
static pid_t thread_tid;

static void *thread(void *unused)
{
	(void)unused;
	thread_tid = (pid_t)syscall(SYS_gettid);
	gate_open(&gate_of_name);
	gate_wait(&gate_of_end);
	return NULL;
}

static void stranger(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", getppid(),
		 thread_tid);
	CHECK_ERRNO(open(path, O_WRONLY), EACCES);
	CHECK_OK(open(path, O_RDONLY));
}

int main(void)
{
	pthread_t other;
	char path[64], text[64];

	gate_of_name = gate_make();
	gate_of_end = gate_make();
	CHECK_EQ(pthread_create(&other, NULL, thread, NULL), 0);
	gate_wait(&gate_of_name);
	CHECK_OK(setuid(1000)); /* its files in /proc are root's now */

	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", thread_tid);
	CHECK_OK(file_write(path, "worker"));
	CHECK(file_read(path, text, sizeof(text)) > 0);
	say("the thread is %s", text);
	CHECK_ERRNO(open("/proc/self/comm", O_WRONLY), EACCES);
	in_child_well(stranger);
	say("of the process, and of another's thread: EACCES\n");

	gate_open(&gate_of_end);
	CHECK_EQ(pthread_join(other, NULL), 0);
	return 0;
}
