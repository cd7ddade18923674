/* guest-test: host=yes */
/* Files that execve cannot run, and that the caller survives it unharmed. */
#include "guest.h"

static volatile char *page;

static void try_path(const char *path)
{
	char *argv[] = { "x", NULL }, *envp[] = { NULL };

	CHECK_EQ(execve(path, argv, envp), -1);
	say("\"%.20s\": %s\n", path, errno_name(errno));
	CHECK_EQ(page[0], 'p');
}

int main(void)
{
	static char long_path[8192];

	page = map_pages(1, MAP_PRIVATE);
	page[0] = 'p';
	try_path("/no/such/program");
	try_path("/nosuch");
	try_path("");
	try_path("/");
	try_path("/proc");
	memset(long_path, '/', sizeof(long_path) - 1);
	try_path(long_path);
	memset(long_path, 'x', sizeof(long_path) - 1);
	try_path(long_path);
	run_check();
	return 0;
}
