/* guest-test: host=yes */
/*
 * execve hands over exactly what it got: arguments, environment, auxiliary
 * vector, and the stack as the ABI wants it.  The program runs itself.
 */
#include "guest.h"

extern const char __ehdr_start[];
void _start(void);

static long aux(unsigned long type)
{
	return (long)getauxval(type);
}

/* What the ABI says about the stack below the strings. */
static void check_stack(int argc, char **argv, char **envp)
{
	const long *words = (const long *)envp;
	const unsigned char *random = (void *)getauxval(AT_RANDOM);
	size_t count = 0;

	CHECK_EQ(((long *)argv)[-1], argc);
	CHECK_EQ((unsigned long)&argv[-1] % 16, 0);
	CHECK(argv[argc] == NULL);
	CHECK(envp == argv + argc + 1);
	while (words[count])
		count++;
	for (words += count + 1, count = 0; words[0] != AT_NULL; words += 2)
		count++;
	CHECK(count >= 8);

	CHECK_EQ(aux(AT_PAGESZ), PAGE_SIZE);
	CHECK_EQ(aux(AT_ENTRY), _start);
	CHECK_EQ(aux(AT_PHENT), sizeof(Elf64_Phdr));
	CHECK_EQ(aux(AT_PHNUM), ((Elf64_Ehdr *)__ehdr_start)->e_phnum);
	CHECK_EQ(aux(AT_PHDR),
		 __ehdr_start + ((Elf64_Ehdr *)__ehdr_start)->e_phoff);
	CHECK_EQ(aux(AT_BASE), 0);
	CHECK_EQ(aux(AT_FLAGS), 0);
	CHECK_EQ(aux(AT_SECURE), 0);
	CHECK_EQ(aux(AT_UID), aux(AT_EUID));
	CHECK_EQ(aux(AT_CLKTCK), 100);
	CHECK(random != NULL);
	for (count = 0; count < 16 && !random[count]; count++)
		;
	CHECK(count < 16);
}

static int second(int argc, char **argv, char **envp)
{
	check_stack(argc, argv, envp);
	for (int i = 2; i < argc; i++)
		say("argument \"%s\"\n", argv[i]);
	for (int i = 0; envp[i]; i++)
		say("environment \"%s\"\n", envp[i]);
	return 33;
}

static int count_only(int argc, char **argv)
{
	long sum = 0;

	for (int i = 2; i < argc; i++)
		sum += (long)strlen(argv[i]);
	say("%d arguments, %ld bytes\n", argc - 2, sum);
	return 0;
}

static const char *program;

/* Execute this program again in a child; returns how it went. */
static const char *run(char **argv, char **envp)
{
	pid_t pid = check_fork();

	if (pid == 0) {
		execve(program, argv, envp);
		say("execve: %s\n", errno_name(errno));
		_exit(0);
	}
	return how_ended(wait_for(pid));
}

static void try_many(int count, size_t length)
{
	static char *argv[3000], text[200 * 1024];
	char *none[] = { NULL };

	memset(text, 'x', length);
	text[length] = '\0';
	argv[0] = "many";
	argv[1] = "count";
	for (int i = 0; i < count; i++)
		argv[i + 2] = text;
	argv[count + 2] = NULL;
	run(argv, none);
}

int main(int argc, char **argv, char **envp)
{
	char *arguments[] = { "name",  "show",	   "",	 "one two",
			      "\"'\\", "\xc3\xa4", "-x", NULL };
	char *environment[] = { "A=1", "", "EMPTY=", "PATH=/bin:/usr/bin",
				NULL };
	char *none[] = { NULL };

	if (argc > 1 && !strcmp(argv[1], "show"))
		return second(argc, argv, envp);
	if (argc > 1 && !strcmp(argv[1], "count"))
		return count_only(argc, argv);
	program = (const char *)getauxval(AT_EXECFN);
	check_stack(argc, argv, envp);
	say("%s\n", run(arguments, environment));
	arguments[2] = NULL;
	say("nothing at all: %s\n", run(arguments, none));
	try_many(2000, 10);
	try_many(10, 100 * 1024);
	say("one argument too long: ");
	try_many(1, 190 * 1024);
	say("all of it too long: ");
	try_many(40, 100 * 1024);
	run_check();
	return 0;
}
