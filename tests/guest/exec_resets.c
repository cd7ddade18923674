/* guest-test: host=yes */
/*
 * What a process keeps over execve and what it loses: it keeps its pid, its
 * files, what it ignores and what it blocks; it loses its memory, its
 * handlers, its signal stack and the files marked close-on-exec.
 */
#include "guest.h"

static void handler(int signo)
{
	(void)signo;
}

static bool is_open(int fd)
{
	int copy = dup(fd);

	if (copy >= 0)
		close(copy);
	return copy >= 0;
}

static int second(char **argv)
{
	struct sigaction action;
	sigset_t blocked;
	stack_t stack;
	struct area area;

	CHECK_EQ(getpid(), atoi(argv[2]));
	CHECK(is_open(atoi(argv[3])));
	CHECK(!is_open(atoi(argv[4])));
	say("pid and files: kept, but for close-on-exec\n");

	CHECK_OK(sigaction(SIGUSR1, NULL, &action));
	CHECK(action.sa_handler == SIG_DFL);
	CHECK_OK(sigaction(SIGUSR2, NULL, &action));
	CHECK(action.sa_handler == SIG_IGN);
	CHECK_OK(sigprocmask(SIG_BLOCK, NULL, &blocked));
	CHECK_EQ(sigismember(&blocked, SIGTERM), 1);
	CHECK_EQ(sigismember(&blocked, SIGUSR1), 0);
	CHECK_OK(sigaltstack(NULL, &stack));
	CHECK(stack.ss_flags & SS_DISABLE);
	say("handlers and signal stack: gone; ignored, blocked: kept\n");

	CHECK(!maps_find((void *)strtoul(argv[5], NULL, 16), &area));
	say("memory: gone\n");
	return 0;
}

int main(int argc, char **argv)
{
	static char stack_bytes[16384], text[4][24];
	stack_t stack = { .ss_sp = stack_bytes,
			  .ss_size = sizeof(stack_bytes) };
	char *arguments[] = { "x",     "second", text[0], text[1],
			      text[2], text[3],	 NULL };
	char *program = (char *)getauxval(AT_EXECFN);
	sigset_t block;
	int kept[2], closed[2];
	char *area;

	if (argc > 1 && !strcmp(argv[1], "second"))
		return second(argv);
	area = mmap((void *)0x10000000000, PAGE_SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CHECK(area != MAP_FAILED);
	area[0] = 'x';
	CHECK_OK(pipe2(kept, 0));
	CHECK_OK(pipe2(closed, O_CLOEXEC));
	signal(SIGUSR1, handler);
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	CHECK_OK(sigprocmask(SIG_BLOCK, &block, NULL));
	CHECK_OK(sigaltstack(&stack, NULL));
	snprintf(text[0], sizeof(text[0]), "%d", getpid());
	snprintf(text[1], sizeof(text[1]), "%d", kept[0]);
	snprintf(text[2], sizeof(text[2]), "%d", closed[0]);
	snprintf(text[3], sizeof(text[3]), "%lx", (unsigned long)area);
	execv(program, arguments);
	FAIL("execve: %s", errno_name(errno));
}
