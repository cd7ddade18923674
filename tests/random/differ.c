// SPDX-License-Identifier: MIT
/*
 * tests/random/differ.c - random programs, to compare Calf with Linux.
 *
 *	differ [-v] [-f] [-s STEPS] FIRST [COUNT]
 *
 * Each seed from FIRST on makes a random program: a family of processes that
 * fork, end and wait for each other, and in between make every memory call on
 * the same arena of pages, backed by memory that is anonymous or of files,
 * private or shared.  The first process tells them what to do, one at a time,
 * so the order of everything is the same on every machine.
 *
 * What each step returned, the signals it took, and at times all bytes, areas
 * and frames each process has, go into one digest for a seed.  The same file
 * must print the same digests on Linux and on Calf.
 *
 *	-v	print what goes into the digest, a line for each step
 *	-f	leave frame numbers out; they are shown to root only
 *	-s	so many steps for a seed, instead of a random number
 */
#include "differ_steps.h"

#include <poll.h>
#include <sched.h>
#include <sys/stat.h>

enum {
	SLOTS = 6, /* processes that live at the same time */
	FAMILY_MAX = 64, /* processes of one seed */
	STEPS_MIN = 30,
	STEPS_SPREAD = 60,
	LOOK_EVERY = 12, /* steps */
	PATIENCE_MS = 60000, /* no step takes so long */
	FRAMES_MAX = SLOTS * PAGES,
};

static bool verbose, without_frames;
static unsigned long seed;
static unsigned long digest;
static int step_number;

/* ---- Chance --------------------------------------------------------- */

static unsigned long chance;

static unsigned long draw_word(void)
{
	chance = chance * 6364136223846793005 + 1442695040888963407;
	return mix(chance, chance >> 32);
}

static int draw(int below)
{
	return (int)(draw_word() % (unsigned long)below);
}

static int draw_from(const int *values, size_t count)
{
	return values[draw((int)count)];
}

#define DRAW_FROM(values) draw_from(values, COUNT_OF(values))

/* ---- What is told ---------------------------------------------------- */

static void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void tell(const char *format, ...)
{
	static char text[4 * MAPS_SIZE];
	va_list list;
	int length;

	va_start(list, format);
	length = vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	CHECK(length < (int)sizeof(text));
	digest = mix(digest, hash_bytes(text, (size_t)length));
	if (verbose)
		CHECK_EQ(write(STDOUT_FILENO, text, (size_t)length), length);
}

/* ---- The family ------------------------------------------------------ */

/*
 * A process of this seed.  Where areas begin and end inside of one of a kind
 * is the kernel's business, but mremap() tells: so it is called only where
 * no step has made a border.
 */
static struct process {
	pid_t pid;
	int slot; /* -1: it has ended */
	bool border[PAGES + 1]; /* before this page */
} family[FAMILY_MAX];

static int family_size;
static int command_pipe[SLOTS][2], answer_pipe[2];

static int slot_owner(int wanted)
{
	for (int i = 0; i < family_size; i++)
		if (family[i].slot == wanted)
			return i;
	return -1;
}

static int free_slot(void)
{
	for (int i = 0; i < SLOTS; i++)
		if (slot_owner(i) < 0)
			return i;
	return -1;
}

/* One that lives. */
static int draw_process(void)
{
	int number;

	do
		number = draw(family_size);
	while (family[number].slot < 0);
	return number;
}

static int living(void)
{
	int count = 0;

	for (int i = 0; i < family_size; i++)
		count += family[i].slot >= 0;
	return count;
}

/* ---- Drawing steps --------------------------------------------------- */

static void draw_pages(struct step *step)
{
	step->page = draw(PAGES);
	step->count =
		1 + draw(PAGES - step->page < 12 ? PAGES - step->page : 12);
}

static void draw_other(struct step *step)
{
	step->other = draw(PAGES);
	step->other_count =
		1 + draw(PAGES - step->other < 8 ? PAGES - step->other : 8);
}

static void draw_prot(struct step *step)
{
	static const int prots[] = {
		PROT_NONE,
		PROT_READ,
		PROT_READ | PROT_WRITE,
		PROT_READ | PROT_WRITE,
		PROT_READ | PROT_WRITE,
		PROT_READ | PROT_EXEC,
		PROT_READ | PROT_WRITE | PROT_EXEC,
	};

	step->prot = DRAW_FROM(prots);
}

static int draw_place_flags(void)
{
	static const int places[] = {
		MAP_FIXED,   MAP_FIXED,		  MAP_FIXED,
		0,	     MAP_FIXED_NOREPLACE, MAP_FIXED | MAP_POPULATE,
		MAP_POPULATE
	};

	return DRAW_FROM(places);
}

static void draw_map(struct step *step)
{
	static const int kinds[] = { MAP_PRIVATE, MAP_PRIVATE, MAP_SHARED,
				     MAP_PRIVATE | MAP_NORESERVE };

	step->flags = DRAW_FROM(kinds) | draw_place_flags();
}

static void draw_map_file(struct step *step)
{
	step->flags = (draw(2) ? MAP_PRIVATE : MAP_SHARED) | draw_place_flags();
}

/* Shorten the range to one without a border. */
static void draw_remap(struct step *step)
{
	static const int flags[] = {
		0,
		MREMAP_MAYMOVE,
		MREMAP_MAYMOVE | MREMAP_FIXED,
		MREMAP_MAYMOVE | MREMAP_FIXED,
	};

	step->flags = DRAW_FROM(flags);
	if (draw(3) == 0)
		step->other_count = step->count;
}

static void draw_advise(struct step *step)
{
	static const int advices[] = { MADV_DONTNEED, MADV_DONTNEED,
				       MADV_NORMAL,   MADV_RANDOM,
				       MADV_WILLNEED, 12345 };

	step->flags = DRAW_FROM(advices);
}

static void draw_allocate(struct step *step)
{
	static const int modes[] = { 0, 0, FALLOC_FL_PUNCH_HOLE };

	step->flags = DRAW_FROM(modes);
}

static void draw_flag(struct step *step)
{
	step->flags = draw(2);
}

static void draw_grow_map(struct step *step)
{
	step->count = 1 + draw(4);
	step->flags = draw(4) ? MAP_GROWSDOWN : 0;
}

static void draw_grow(struct step *step)
{
	static const int distances[] = { 1, 2, 10, 100, 255, 256, 257, 300 };

	step->count = 1 + draw(4);
	step->other = DRAW_FROM(distances) + draw(3);
	step->other_count = 1 + draw(4);
	step->flags = draw(3) == 0;
}

static void draw_process_or_any(struct step *step)
{
	step->process = draw(family_size + 1) - 1;
	if (step->process >= 0)
		step->pid = family[step->process].pid;
}

static void draw_fork(struct step *step)
{
	step->other = free_slot();
}

/* ---- All kinds of steps ---------------------------------------------- */

static const struct call {
	const char *name;
	int weight;
	int uses; /* enum use: what is printed */
	bool makes_borders; /* at both ends of the range */
	bool ends; /* the process does not come back */
	void (*draw)(struct step *);
	void (*run)(const struct step *, struct result *);
} calls[] = {
	{ "look", 0, USE_FLAGS, false, false, NULL, do_look },
	{ "fork", 3, USE_OTHER, false, false, draw_fork, do_fork },
	{ "exit", 1, USE_VALUE, false, true, NULL, do_exit },
	{ "die", 1, 0, false, true, NULL, do_die },
	{ "kill", 1, 0, false, true, NULL, NULL },
	{ "wait", 3, USE_PROCESS, false, false, draw_process_or_any, do_wait },
	{ "vfork", 1, USE_PAGES | USE_VALUE, false, false, NULL, do_vfork },
	{ "mmap", 8, USE_PAGES | USE_PROT | USE_FLAGS, true, false, draw_map,
	  do_map },
	{ "mmap file", 8,
	  USE_PAGES | USE_PROT | USE_FLAGS | USE_FILE | USE_VALUE, true, false,
	  draw_map_file, do_map_file },
	{ "munmap", 3, USE_PAGES, true, false, NULL, do_unmap },
	{ "mprotect", 8, USE_PAGES | USE_PROT, true, false, NULL, do_protect },
	{ "mremap", 6, USE_PAGES | USE_OTHER | USE_FLAGS, true, false,
	  draw_remap, do_remap },
	{ "madvise", 6, USE_PAGES | USE_FLAGS, true, false, draw_advise,
	  do_advise },
	{ "brk", 2, USE_VALUE, false, false, NULL, do_break },
	{ "read page", 6, USE_PAGES, false, false, NULL, do_read },
	{ "write page", 20, USE_PAGES | USE_VALUE, false, false, NULL,
	  do_write },
	{ "call page", 2, USE_PAGES, false, false, NULL, do_call },
	{ "read pipe", 6, USE_PAGES | USE_VALUE, false, false, NULL,
	  do_pipe_in },
	{ "write pipe", 3, USE_PAGES | USE_VALUE, false, false, NULL,
	  do_pipe_out },
	{ "pread", 5, USE_PAGES | USE_VALUE | USE_FILE, false, false, NULL,
	  do_file_read },
	{ "pwrite", 5, USE_PAGES | USE_VALUE | USE_FILE, false, false, NULL,
	  do_file_write },
	{ "vector", 3, USE_PAGES | USE_OTHER | USE_FLAGS | USE_VALUE | USE_FILE,
	  false, false, draw_flag, do_file_vector },
	{ "fill", 5, USE_VALUE | USE_FILE, false, false, NULL, do_file_fill },
	{ "ftruncate", 2, USE_VALUE | USE_FILE, false, false, NULL,
	  do_truncate },
	{ "fallocate", 2, USE_VALUE | USE_FILE | USE_FLAGS, false, false,
	  draw_allocate, do_allocate },
	{ "grow map", 1, USE_PAGES | USE_FLAGS, false, false, draw_grow_map,
	  do_grow_map },
	{ "grow block", 1, USE_PAGES | USE_OTHER | USE_PROT | USE_FLAGS, false,
	  false, draw_grow, do_grow_block },
	{ "grow touch", 3, USE_PAGES | USE_OTHER | USE_FLAGS, false, false,
	  draw_grow, do_grow_touch },
};

enum { LOOK = 0 };

static int find_call(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(calls); i++)
		if (!strcmp(calls[i].name, name))
			return (int)i;
	FAIL("no call %s", name);
}

static int draw_call(void)
{
	static int total;
	int left;

	for (size_t i = 0; !total && i < COUNT_OF(calls); i++)
		for (size_t k = 0; k < COUNT_OF(calls); k++)
			total += i == 0 ? calls[k].weight : 0;
	left = draw(total);
	for (int i = 0;; i++) {
		left -= calls[i].weight;
		if (left < 0)
			return i;
	}
}

static void draw_step(struct step *step)
{
	memset(step, 0, sizeof(*step));
	step->call = draw_call();
	step->file = draw(FILES);
	step->value = draw_word();
	draw_pages(step);
	draw_other(step);
	draw_prot(step);
	if (calls[step->call].draw)
		calls[step->call].draw(step);
}

/* ---- One step -------------------------------------------------------- */

/* The process at the other end of a pipe must answer, or something hangs. */
static void read_answer(void *to, size_t size)
{
	struct pollfd waiting = { .fd = answer_pipe[0], .events = POLLIN };
	char *at = to;
	long got;

	for (; size; size -= (size_t)got, at += got) {
		if (poll(&waiting, 1, PATIENCE_MS) != 1)
			FAIL("seed %lu, step %d: no answer", seed, step_number);
		got = read(answer_pipe[0], at, size);
		if (got <= 0)
			FAIL("answers end: %s", errno_name(errno));
	}
}

static void write_all(int fd, const void *from, size_t size)
{
	CHECK_EQ(write(fd, from, size), size);
}

/* A zombie has given back its memory; but who reaps it, and when? */
static bool has_ended(pid_t pid)
{
	static char text[1024];
	char path[32];
	const char *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (file_read(path, text, sizeof(text)) <= 0)
		return true;
	state = strrchr(text, ')');
	return !state || state[2] == 'Z' || state[2] == 'X';
}

static void await_end(int number)
{
	for (int i = 0; !has_ended(family[number].pid); i++) {
		if (i < 100)
			sched_yield();
		else
			usleep(1000);
		if (i > PATIENCE_MS)
			FAIL("seed %lu, step %d: process %d does not end", seed,
			     step_number, number);
	}
	family[number].slot = -1;
}

/* @is_new: there is a new area in the whole range */
static void make_borders(struct process *process, const struct step *step,
			 bool is_new)
{
	const struct call *call = &calls[step->call];

	if (!call->makes_borders)
		return;
	if (is_new)
		memset(&process->border[step->page], false,
		       (size_t)step->count);
	process->border[step->page] = true;
	process->border[step->page + step->count] = true;
	if (call->run == do_remap) {
		process->border[step->other] = true;
		process->border[step->other + step->other_count] = true;
		for (int i = 0; i < step->count; i++)
			if (step->page + i + step->other_count <= PAGES)
				process->border[step->page + i] = true;
	}
}

/* mremap() works on one area. */
static void keep_to_one_area(const struct process *process, struct step *step)
{
	int count = 1;

	while (count < step->count && !process->border[step->page + count])
		count++;
	step->count = count;
}

static void tell_step(int number, const struct step *step)
{
	const struct call *call = &calls[step->call];

	tell("%3d p%d %s", step_number, number, call->name);
	if (call->uses & USE_PAGES)
		tell(" [%d,%d)", step->page, step->page + step->count);
	if (call->uses & USE_OTHER)
		tell(" other [%d,%d)", step->other,
		     step->other + step->other_count);
	if (call->uses & USE_PROT)
		tell(" prot %d", step->prot);
	if (call->uses & USE_FLAGS)
		tell(" flags 0x%x", (unsigned int)step->flags);
	if (call->uses & USE_FILE)
		tell(" file %d", step->file);
	if (call->uses & USE_VALUE)
		tell(" value 0x%lx", step->value);
	if (call->uses & USE_PROCESS)
		tell(" process %d", step->process);
	tell(":");
}

static void tell_result(const struct result *result)
{
	if (result->signo)
		tell(" %s at page %ld", signal_name(result->signo),
		     result->page);
	if (result->signo)
		tell(" %s", code_name(result->signo, result->code));
	else if (result->code)
		tell(" status 0x%x", (unsigned int)result->code);
	if (result->value == -1)
		tell(" %s", errno_name(result->error));
	else
		tell(" %ld", result->value);
	if (result->hash)
		tell(" bytes %08x", (unsigned int)result->hash);
	tell("\n");
}

/* Pids differ; numbers in the family do not. */
static void pid_to_number(struct result *result)
{
	for (int i = 0; i < family_size; i++)
		if (result->value == family[i].pid)
			result->value = i + 1000;
}

static void add_to_family(int parent, pid_t pid, int its_slot)
{
	struct process *child = &family[family_size++];

	if (parent >= 0)
		*child = family[parent];
	else
		memset(child, 0, sizeof(*child));
	child->pid = pid;
	child->slot = its_slot;
}

static void take_step(int number, struct step *step)
{
	struct process *process = &family[number];
	const struct call *call = &calls[step->call];
	struct result result;

	if (call->run == do_remap)
		keep_to_one_area(process, step);
	tell_step(number, step);
	if (call->run)
		write_all(command_pipe[process->slot][1], step, sizeof(*step));
	else
		kill(process->pid, SIGKILL);
	if (call->ends) {
		tell("\n");
		await_end(number);
		return;
	}
	read_answer(&result, sizeof(result));
	if (call->run == do_fork && result.value > 0) {
		add_to_family(number, (pid_t)result.value, step->other);
		result.value = family_size - 1;
	}
	if (call->run == do_wait)
		pid_to_number(&result);
	make_borders(process, step,
		     (call->run == do_map || call->run == do_map_file) &&
			     result.value == step->page);
	tell_result(&result);
}

/* ---- Looking at all of them ------------------------------------------ */

static int count_file, flags_file;

static long number_of_frame(int fd, unsigned long pfn)
{
	long value = 0;

	CHECK_EQ(pread(fd, &value, 8, (off_t)(pfn * 8)), 8);
	return value;
}

/* Frames are called by the order in which they are met. */
static int frame_name(unsigned long pfn)
{
	static unsigned long known[FRAMES_MAX];
	static int count;

	if (pfn == 0) { /* begin anew */
		count = 0;
		return 0;
	}
	for (int i = 0; i < count; i++)
		if (known[i] == pfn)
			return i;
	known[count] = pfn;
	return count++;
}

/*
 * The frames of private memory: who shares which, and how often is each mapped?
 * Zeros that were only read are not told, nor are pages of files: Linux may
 * map those ahead, or not copy them at fork.
 */
static void tell_frames(const struct view *of)
{
	const unsigned long present = 1UL << 63, of_file = 1UL << 61;
	const long zero_page = 1L << 24;

	tell("   frames:");
	for (int i = 0; i < PAGES; i++) {
		unsigned long entry = of->pagemap[i];
		unsigned long pfn = entry & ((1UL << 55) - 1);

		if (!(entry & present) || entry & of_file)
			continue;
		if (number_of_frame(flags_file, pfn) & zero_page)
			continue;
		tell(" %d:%d*%ld", i, frame_name(pfn),
		     number_of_frame(count_file, pfn));
	}
	tell("\n");
}

static void tell_bytes(const struct view *of)
{
	tell("   bytes:");
	for (int i = 0; i < PAGES; i++)
		tell(" %08x", (unsigned int)of->hash[i]);
	tell("\n");
}

static void tell_files(void)
{
	static char bytes[FILE_PAGES * PAGE_SIZE + 4 * PAGE_SIZE];
	struct stat status;

	for (int i = 0; i < FILES; i++) {
		long got = pread(files[i], bytes, sizeof(bytes), 0);

		CHECK_OK(fstat(files[i], &status));
		tell("   file %d: size %ld, %ld blocks, bytes %08x\n", i,
		     (long)status.st_size, (long)status.st_blocks,
		     (unsigned int)hash_bytes(bytes, (size_t)got));
	}
}

static void look_at_all(bool at_bytes)
{
	struct step step = { .call = LOOK, .flags = at_bytes };
	struct result result;

	frame_name(0);
	for (int i = 0; i < family_size; i++) {
		if (family[i].slot < 0)
			continue;
		write_all(command_pipe[family[i].slot][1], &step, sizeof(step));
		read_answer(&result, sizeof(result));
		read_answer(&view, sizeof(view));
		tell("   p%d:%s\n", i, view.maps);
		if (looks_at_frames)
			tell_frames(&view);
		if (at_bytes)
			tell_bytes(&view);
	}
	tell_files();
}

/* ---- A process: does what it is told --------------------------------- */

static _Noreturn void process_main(void)
{
	struct result result;
	struct step step;

	for (;;) {
		CHECK_EQ(read(command_pipe[slot][0], &step, sizeof(step)),
			 sizeof(step));
		memset(&result, 0, sizeof(result));
		calls[step.call].run(&step, &result);
		if (newborn) {
			newborn = false;
			continue;
		}
		write_all(answer_pipe[1], &result, sizeof(result));
		if (step.call == LOOK)
			write_all(answer_pipe[1], &view, sizeof(view));
	}
}

/* ---- One seed --------------------------------------------------------- */

/* What makes the rest worth while: something is mapped, files have bytes. */
static void begin(void)
{
	static const struct step steps[] = {
		{ .page = 0,
		  .count = 30,
		  .prot = PROT_READ | PROT_WRITE,
		  .flags = MAP_PRIVATE | MAP_FIXED },
		{ .page = 30,
		  .count = 12,
		  .prot = PROT_READ | PROT_WRITE,
		  .flags = MAP_SHARED | MAP_FIXED },
		{ .page = 42,
		  .count = 12,
		  .prot = PROT_READ | PROT_WRITE,
		  .flags = MAP_PRIVATE | MAP_FIXED,
		  .file = 1 },
	};

	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		struct step step = steps[i], fill = { .file = (int)i };

		fill.call = find_call("fill");
		fill.value = draw_word();
		take_step(0, &fill);
		step.call = find_call(i == 0 ? "mmap" : "mmap file");
		take_step(0, &step);
	}
}

/* Some steps make no sense at times. */
static bool is_possible(const struct step *step)
{
	const struct call *call = &calls[step->call];

	if (call->run == do_fork)
		return step->other >= 0 && family_size < FAMILY_MAX;
	return !call->ends || living() > 1;
}

static void end(void)
{
	struct step step = { .call = find_call("exit") };

	for (int i = 0; i < family_size; i++)
		if (family[i].slot >= 0)
			take_step(i, &step);
	wait_for(family[0].pid);
}

static void run_steps(int steps)
{
	struct step step;

	begin();
	for (step_number = 0; step_number < steps; step_number++) {
		do
			draw_step(&step);
		while (!is_possible(&step));
		take_step(draw_process(), &step);
		if (step_number % LOOK_EVERY == LOOK_EVERY - 1)
			look_at_all(draw(4) == 0);
	}
	look_at_all(true);
	end();
}

/* On Calf, what a seed has used must be free again. */
static long memory_in_use(void)
{
	const char *file = "/proc/vmstat";

	/* How many frames the caches take depends on the order of frees. */
	return free_frames() + file_value(file, "nr_slab_unreclaimable");
}

static void run_seed(int steps)
{
	long before = on_calf() ? memory_in_use() : 0;
	pid_t pid;
	int drawn;

	chance = seed * 0x9e3779b97f4a7c15 + 1;
	digest = seed;
	step_number = 0;
	family_size = 0;
	for (int i = 0; i < FILES; i++)
		CHECK_OK(ftruncate(files[i], 0));
	pid = check_fork();
	if (pid == 0)
		process_main();
	add_to_family(-1, pid, 0);
	drawn = STEPS_MIN + draw(STEPS_SPREAD);
	run_steps(steps ? steps : drawn);
	say("seed %lu: %016lx\n", seed, digest);

	for (int i = 0; i < FILES; i++)
		CHECK_OK(ftruncate(files[i], 0));
	/* Init takes a moment to see the last ones off. */
	for (int i = 0; i < 1000 && on_calf() && memory_in_use() != before; i++)
		usleep(1000);
	if (on_calf() && memory_in_use() != before)
		say("seed %lu: %ld frames are lost\n", seed,
		    before - memory_in_use());
	run_check();
}

static void open_all(void)
{
	const struct rlimit no_core = { 0, 0 };

	for (int i = 0; i < FILES; i++) {
		char name[] = { 'f', (char)('0' + i), '\0' };

		CHECK_OK(files[i] = memfd_create(name, 0));
	}
	CHECK_OK(scratch = memfd_create("scratch", 0));
	CHECK_OK(pipe(data_pipe));
	CHECK_OK(pipe(answer_pipe));
	for (int i = 0; i < SLOTS; i++)
		CHECK_OK(pipe(command_pipe[i]));
	if (!without_frames) {
		looks_at_frames = true;
		CHECK_OK(count_file = open("/proc/kpagecount", O_RDONLY));
		CHECK_OK(flags_file = open("/proc/kpageflags", O_RDONLY));
	}
	setrlimit(RLIMIT_CORE, &no_core);
}

/* On one CPU, Linux batches less of what it will only do later. */
static void stay_on_one_cpu(void)
{
	cpu_set_t one;

	if (on_calf())
		return;
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
}

int main(int argc, char **argv)
{
	int option, steps = 0;
	unsigned long count = 1;

	while ((option = getopt(argc, argv, "vfs:")) != -1) {
		verbose |= option == 'v';
		without_frames |= option == 'f';
		if (option == 's')
			steps = atoi(optarg);
	}
	if (optind == argc) {
		say("usage: differ [-v] [-f] [-s STEPS] FIRST [COUNT]\n");
		return 2;
	}
	seed = strtoul(argv[optind], NULL, 10);
	if (optind + 1 < argc)
		count = strtoul(argv[optind + 1], NULL, 10);
	stay_on_one_cpu();
	catch_install();
	open_all();
	settle(); /* what is touched for the first time later looks lost */
	for (; count; count--, seed++)
		run_seed(steps);
	return 0;
}
