/*
 * guest-test: release=yes host="no: takes all memory" mem=32M smp=4 timeout=240
 * append="sysctl.vm.overcommit_memory=1" log="UID:54321"
 */
/*
 * Who is killed: the largest, moved by oom_score_adj; of equals the younger;
 * never the protected; with vm.oom_kill_allocating_task whoever asks.  All who
 * share the victim's memory die with it.
 */
#include "oom.h"

static long frames; /* free ones, at the start */

/* ---- Holders and a trigger ----------------------------------------------- */

static struct gate ready;
static int hold_percent;

static void hold_memory(void)
{
	int pages = (int)(frames * hold_percent / 100);

	write_pages(map_pages((size_t)pages, MAP_PRIVATE), 0, pages, 'h');
	gate_open(&ready);
	pause();
}

/* A process that has its memory and waits. */
static pid_t holder(const char *adjustment, int percent)
{
	pid_t pid;

	hold_percent = percent;
	pid = oom_child(adjustment, hold_memory);
	gate_wait(&ready);
	return pid;
}

/* Take memory until one process was killed: less than its death gives back. */
static void trigger(void)
{
	long kills = oom_kills();
	volatile char *area = map_pages((size_t)frames, MAP_PRIVATE);

	for (int i = 0; oom_kills() == kills; i += 16)
		write_pages(area, i, i + 16, 't');
}

/* The trigger is the hog, or protected and thus not a candidate. */
static int trigger_in_child(const char *adjustment)
{
	return wait_for(oom_child(adjustment, trigger));
}

static const char *end(pid_t pid)
{
	kill(pid, SIGTERM);
	return how_ended(wait_for(pid));
}

struct scene {
	const char *what;
	const char *holder_adj;
	int holder_percent;
	const char *trigger_adj;
};

static void play(const struct scene *scene)
{
	long before = oom_free();
	long kills = oom_kills();
	pid_t pid = holder(scene->holder_adj, scene->holder_percent);

	say("%s:\n", scene->what);
	say("  hog: %s\n", how_ended(trigger_in_child(scene->trigger_adj)));
	say("  holder: %s\n", end(pid));
	CHECK_EQ(oom_kills() - kills, 1);
	oom_is_quiet(before);
}

static void scenes(void)
{
	static const struct scene list[] = {
		{ "a quarter held, and a hog", "0", 25, "0" },
		{ "the same, the holder at 900", "900", 25, "0" },
		{ "two thirds held, and a hog", "0", 66, "0" },
		{ "the same, the holder at -500", "-500", 66, "0" },
		{ "the same, the holder at -1000", NEVER, 66, "0" },
		{ "a small one at 1000, the hog at -1000", "1000", 1, NEVER },
	};

	for (size_t i = 0; i < COUNT_OF(list); i++)
		play(&list[i]);
	CHECK_OK(file_write("/proc/sys/vm/oom_kill_allocating_task", "1"));
	play(&(struct scene){ "two thirds held, and the hog pays", "0", 66,
			      "0" });
	CHECK_OK(file_write("/proc/sys/vm/oom_kill_allocating_task", "0"));
}

/* Equal in everything: the younger goes. */
static void ties(void)
{
	long before = oom_free();
	pid_t elder = holder("0", 30);
	pid_t younger = holder("0", 30);

	CHECK_EQ(trigger_in_child(NEVER), 0);
	say("of two equal ones the elder: %s\n", end(elder));
	say("the younger: %s\n", end(younger));
	oom_is_quiet(before);
}

/* Who it belonged to is in the log. */
static void hog_of_a_user(void)
{
	CHECK_OK(setresuid(54321, 54321, 54321));
	oom_hog();
}

static void users(void)
{
	long before = oom_free();

	say("a user's hog: %s\n",
	    how_ended(wait_for(oom_child("0", hog_of_a_user))));
	oom_is_quiet(before);
}

/* ---- One memory, two processes ------------------------------------------- */

static int alive[2]; /* a pipe: its end is that of all who have it */

static void vfork_and_hog(void)
{
	long pages = frames * 40 / 100;
	volatile char *area = map_pages((size_t)frames * 2, MAP_PRIVATE);

	write_pages(area, 0, (int)pages, 'p');
	if (vfork() == 0) {
		write_pages(area, (int)pages, (int)frames * 2, 'c');
		_exit(0);
	}
	_exit(0);
}

static void vfork_dies_whole(void)
{
	long before = oom_free();
	long kills = oom_kills();
	char byte;
	pid_t pid;

	CHECK_OK(pipe(alive));
	pid = oom_child("0", vfork_and_hog);
	CHECK_OK(close(alive[1]));
	say("a parent whose vfork child is the hog: %s\n",
	    how_ended(wait_for(pid)));
	CHECK_EQ(read(alive[0], &byte, 1), 0);
	CHECK_OK(close(alive[0]));
	CHECK_EQ(oom_kills() - kills, 1);
	say("the child with it, as it shares the memory\n");
	oom_is_quiet(before);
}

int main(void)
{
	oom_adjust(NEVER);
	ready = gate_make();
	settle();
	(void)oom_kills();
	frames = oom_free();
	scenes();
	ties();
	users();
	vfork_dies_whole();
	return 0;
}
