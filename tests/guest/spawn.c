/* guest-test: host=yes */
/* posix_spawn, as libraries start programs: clone(CLONE_VM|CLONE_VFORK). */
#include <spawn.h>

#include "guest.h"

extern char **environ;

int main(int argc, char **argv)
{
	char *program = (char *)getauxval(AT_EXECFN);
	char *arguments[] = { program, "second", NULL };
	posix_spawn_file_actions_t actions;
	volatile char *page;
	char text[16];
	int out[2];
	pid_t pid;

	if (argc > 1 && !strcmp(argv[1], "second")) {
		say("spawned");
		return 7;
	}
	page = map_pages(1, MAP_PRIVATE);
	*page = 'p';
	CHECK_EQ(posix_spawn(&pid, program, NULL, NULL, arguments, environ), 0);
	say(": %s\n", (wait_for(pid), "and waited for"));

	CHECK_OK(pipe(out));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
	CHECK_EQ(posix_spawn(&pid, program, &actions, NULL, arguments, environ),
		 0);
	CHECK_EQ(read(out[0], text, sizeof(text)), 7);
	CHECK(!memcmp(text, "spawned", 7));
	say("with its output in a pipe: %s\n", how_ended(wait_for(pid)));

	CHECK_EQ(posix_spawn(&pid, "/no/such/program", NULL, NULL, arguments,
			     environ),
		 ENOENT);
	say("no such program: ENOENT\n");
	CHECK_ERRNO(wait(NULL), ECHILD);
	CHECK_EQ(*page, 'p');
	run_check();
	return 0;
}
