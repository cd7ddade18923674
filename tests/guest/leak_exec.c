/* guest-test: host=yes mem=64M timeout=120 */
/* Programs executed, files that are none, mappings of every kind: no leak. */
#include "guest.h"

static char *program;

static void execute(const char *path, const char *how)
{
	char *arguments[] = { program, (char *)how, NULL };

	execv(path, arguments);
	_exit(1);
}

static void exec_good(void)
{
	execute(program, "second");
}

static void exec_nothing(void)
{
	execute("/no/such/program", "second");
}

static void use_memory(void)
{
	volatile char *area = map_pages(600, MAP_PRIVATE);
	volatile char *shared = map_pages(20, MAP_SHARED);

	write_pages(area, 0, 600, 'a');
	write_pages(shared, 0, 20, 's');
	CHECK_OK(munmap((void *)(area + 100 * PAGE_SIZE), 50 * PAGE_SIZE));
	CHECK(mremap((void *)area, 50 * PAGE_SIZE, 90 * PAGE_SIZE,
		     MREMAP_MAYMOVE) != MAP_FAILED);
	CHECK_OK(madvise((void *)(area + 200 * PAGE_SIZE), 50 * PAGE_SIZE,
			 MADV_DONTNEED));
	if (check_fork() == 0) {
		write_pages(area, 300, 320, 'c');
		write_pages(shared, 0, 20, 'c');
		_exit(0);
	}
	wait(NULL);
	raise(SIGKILL);
}

static void leave_pipes(void)
{
	static char bytes[4096];
	int data[2];

	for (int i = 0; i < 5; i++) {
		CHECK_OK(pipe(data));
		CHECK_EQ(write(data[1], bytes, sizeof(bytes)), sizeof(bytes));
	}
}

static void all_of_it(void)
{
	CHECK_EQ(in_child(exec_good), 7 << 8);
	CHECK_EQ(in_child(exec_nothing), 1 << 8);
	CHECK_EQ(in_child(use_memory), SIGKILL);
	CHECK_EQ(in_child(leave_pipes), 0);
}

int main(int argc, char **argv)
{
	long before;

	if (argc > 1 && !strcmp(argv[1], "second"))
		return 7;
	program = (char *)getauxval(AT_EXECFN);
	for (int i = 0; i < 3; i++)
		all_of_it();
	settle();
	before = free_frames();
	for (int i = 0; i < 20; i++)
		all_of_it();
	settle();
	if (on_calf())
		CHECK_EQ(free_frames(), before);
	say("20 rounds: no frame lost\n");
	run_check();
	return 0;
}
