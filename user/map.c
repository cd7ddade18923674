// SPDX-License-Identifier: MIT
/*
 * user/map.c - the memory of the machine as a picture: a cell for each frame.
 *
 *	map [-a] [-p PID] [-w [SECONDS]]
 *
 * A frame that one process alone has mapped shows that process's letter, on
 * its colour; one that is mapped more often, how often.  Below, a bar for each
 * process: what is its own, and what it shares.
 *
 *	-p PID	only this process and its relatives: from the ancestor of the
 *		same name that comes first, all who descend from it
 *	-w	draw again every second, or every SECONDS, until q is typed
 *	-a	ASCII and no colours.  So it is also where the terminal cannot
 *		do better: TERM=dumb, NO_COLOR, a pipe; the bars alone where
 *		the locale is not UTF-8.
 *
 * A row is 64 frames; where there is no frame of a process shown, it is left
 * out.  Of a large machine only the frames in use are drawn, in order, without
 * the gaps.  If there are still too many, a cell stands for 2, 4, 8 ... frames.
 *
 * All of it comes from files that Linux has as well, so the program runs there
 * too, for root.
 * Sources: Linux Documentation/admin-guide/mm/pagemap.rst; proc(5).
 */
#include <ctype.h>
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "calf.h"

enum {
	ROW_CELLS = 64,
	ENTRIES = 512, /* of an array of /proc, read at a time */
	BAR_CELLS = 32,
	ROWS_MAX = 128, /* drawn, where no window is smaller */
	/* Of more, 256 MiB, only the frames in use are drawn. */
	SMALL_MACHINE_FRAMES = 1 << 16,
};

/* Bits of /proc/kpageflags: include/uapi/linux/kernel-page-flags.h. */
enum flag {
	FLAG_LRU = 5,
	FLAG_FREE = 10,
	FLAG_NO_PAGE = 20,
	FLAG_ZERO = 24,
	FLAG_TABLE = 26,
	FLAG_RESERVED = 32,
};

static bool has_flag(unsigned long flags, enum flag flag)
{
	return flags >> flag & 1;
}

static struct options {
	pid_t pid; /* 0: all processes */
	double seconds; /* 0: once */
	bool ascii;
	/* What the terminal can do. */
	bool utf8;
	bool colour;
	bool colours_256;
	int rows; /* of the window; 0: no limit */
} options;

static void *must(void *memory)
{
	if (memory)
		return memory;
	fputs("map: out of memory\n", stderr);
	exit(1);
}

/* ---- Processes ------------------------------------------------------ */

static struct process {
	pid_t pid, parent;
	char name[32];
	bool shown;
	long own, shared; /* frames */
} * processes;
static int process_count, process_room;

static void read_process(const char *pid)
{
	struct process *process;
	char path[300], text[512];
	char *name, *end;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	if (file_read(path, text, sizeof(text)) <= 0)
		return; /* it has ended meanwhile */
	name = strchr(text, '(');
	end = strrchr(text, ')'); /* the name may have brackets too */
	if (!name || !end)
		return;
	if (process_count == process_room) {
		process_room = process_room ? 2 * process_room : 64;
		processes = must(realloc(processes, (size_t)process_room *
							    sizeof(*process)));
	}
	process = &processes[process_count++];
	memset(process, 0, sizeof(*process));
	*end = '\0';
	process->pid = atoi(pid);
	process->parent = atoi(end + 4); /* ") S PARENT" */
	snprintf(process->name, sizeof(process->name), "%.16s", name + 1);
}

static int by_pid(const void *left, const void *right)
{
	return ((const struct process *)left)->pid -
	       ((const struct process *)right)->pid;
}

static struct process *find_process(pid_t pid)
{
	struct process key = { .pid = pid };

	return bsearch(&key, processes, (size_t)process_count, sizeof(key),
		       by_pid);
}

/* Does @pid descend from @ancestor? */
static bool descends(pid_t pid, pid_t ancestor)
{
	struct process *process = find_process(pid);

	/* So many steps at most: pids may be used again while we read. */
	for (int i = 0; process && i < process_count; i++) {
		if (process->pid == ancestor)
			return true;
		process = find_process(process->parent);
	}
	return false;
}

/* The process that this one, and perhaps others, were forked from. */
static pid_t first_of_family(pid_t pid)
{
	struct process *process = find_process(pid);
	struct process *parent;

	while (process && (parent = find_process(process->parent)) &&
	       parent->pid < pid && !strcmp(parent->name, process->name))
		process = parent;
	return process ? process->pid : pid;
}

static void read_processes(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	pid_t first;

	process_count = 0;
	while (proc && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			read_process(entry->d_name);
	if (proc)
		closedir(proc);
	qsort(processes, (size_t)process_count, sizeof(*processes), by_pid);
	first = first_of_family(options.pid);
	for (int i = 0; i < process_count; i++)
		processes[i].shown = !options.pid ||
				     descends(processes[i].pid, first);
}

/* ---- Arrays of /proc: one number for each frame or page ------------- */

struct array {
	int fd;
	unsigned long first; /* number of entries[0] */
	long count; /* of entries[] that hold something */
	unsigned long entries[ENTRIES];
};

static struct array frame_counts, frame_flags;

static void array_open(struct array *array, const char *path)
{
	array->count = 0;
	array->fd = open(path, O_RDONLY);
	if (array->fd >= 0)
		return;
	perror(path);
	exit(1);
}

/* The entry @number; false: the array is not so long. */
static bool array_get(struct array *array, unsigned long number,
		      unsigned long *entry)
{
	unsigned long first = number / ENTRIES * ENTRIES;

	if (!array->count || array->first != first) {
		long bytes = pread(array->fd, array->entries,
				   sizeof(array->entries), (off_t)(first * 8));

		array->first = first;
		array->count = bytes > 0 ? bytes / 8 : 0;
	}
	if (number - first >= (unsigned long)array->count)
		return false;
	*entry = array->entries[number - first];
	return true;
}

/* ---- Which process has which frame ---------------------------------- */

/* Page-table entries of processes shown, sorted by frame. */
static struct use {
	unsigned long pfn;
	struct process *process;
} * uses;
static size_t use_count, use_room;

static void add_use(unsigned long pfn, struct process *process)
{
	if (use_count == use_room) {
		use_room = use_room ? 2 * use_room : 1024;
		uses = must(realloc(uses, use_room * sizeof(*uses)));
	}
	uses[use_count++] = (struct use){ pfn, process };
}

/* All pages of [start, end), in numbers of pages. */
static void read_area(int pagemap, unsigned long start, unsigned long end,
		      struct process *process)
{
	unsigned long entries[ENTRIES];

	while (start < end) {
		unsigned long want = end - start < ENTRIES ? end - start :
							     ENTRIES;
		long got =
			pread(pagemap, entries, want * 8, (off_t)(start * 8));

		if (got <= 0)
			return; /* the process has ended */
		for (long i = 0; i < got / 8; i++) {
			unsigned long pfn = entries[i] & ((1UL << 55) - 1);

			if (entries[i] >> 63 && pfn)
				add_use(pfn, process);
		}
		start += (unsigned long)got / 8;
	}
}

static void read_memory(struct process *process)
{
	char path[64], line[512], rights[5];
	unsigned long start, end;
	FILE *maps;
	int pagemap;

	snprintf(path, sizeof(path), "/proc/%d/maps", process->pid);
	maps = fopen(path, "r");
	snprintf(path, sizeof(path), "/proc/%d/pagemap", process->pid);
	pagemap = open(path, O_RDONLY);
	while (maps && pagemap >= 0 && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %4s", &start, &end, rights) != 3)
			continue;
		/* Reserved addresses, which may be very many; the kernel's. */
		if (!strcmp(rights, "---p") || start >> 47 ||
		    strstr(line, "[vvar"))
			continue;
		read_area(pagemap, start / PAGE_SIZE, end / PAGE_SIZE, process);
	}
	if (maps)
		fclose(maps);
	if (pagemap >= 0)
		close(pagemap);
}

static int by_frame(const void *left, const void *right)
{
	const struct use *a = left, *b = right;

	if (a->pfn != b->pfn)
		return a->pfn < b->pfn ? -1 : 1;
	return a->process->pid - b->process->pid;
}

/* The first use of a frame numbered @pfn or more; may be the end. */
static struct use *find_use(unsigned long pfn)
{
	size_t low = 0, high = use_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (uses[middle].pfn < pfn)
			low = middle + 1;
		else
			high = middle;
	}
	return &uses[low];
}

static void read_uses(void)
{
	unsigned long flags, count;

	use_count = 0;
	for (int i = 0; i < process_count; i++)
		if (processes[i].shown)
			read_memory(&processes[i]);
	if (!use_count) {
		fputs("map: no frame numbers in /proc/PID/pagemap: they are "
		      "for root only\n",
		      stderr);
		exit(1);
	}
	qsort(uses, use_count, sizeof(*uses), by_frame);
	for (size_t i = 0; i < use_count; i++) {
		struct process *process = uses[i].process;

		/* The zero frame costs nobody anything. */
		if (!array_get(&frame_flags, uses[i].pfn, &flags) ||
		    !array_get(&frame_counts, uses[i].pfn, &count) ||
		    has_flag(flags, FLAG_ZERO))
			continue;
		if (count > 1)
			process->shared++;
		else
			process->own++;
	}
}

/* ---- Cells ---------------------------------------------------------- */

/* In this order: of several frames in one cell the last kind shows. */
enum kind {
	NO_FRAME,
	RESERVED,
	FREE,
	KERNEL,
	TABLE,
	FILE_CACHE,
	ZERO,
	OTHERS, /* mapped, but by no process that is shown */
	OWN,
	SHARED,
	KINDS
};

static const char kind_letters[KINDS] = " -.ktfzo";
static const char *const kind_names[KINDS] = {
	NULL,	 "reserved",   "free", "kernel",
	"table", "file cache", "zero", "others'",
};

struct cell {
	enum kind kind;
	const struct process *process; /* OWN; NULL: several */
	unsigned long count; /* SHARED: mapped so often */
};

/* What no process maps is one of these. */
static enum kind kind_of_flags(unsigned long flags)
{
	if (has_flag(flags, FLAG_RESERVED) || has_flag(flags, FLAG_NO_PAGE))
		return RESERVED;
	if (has_flag(flags, FLAG_FREE))
		return FREE;
	if (has_flag(flags, FLAG_TABLE))
		return TABLE;
	if (has_flag(flags, FLAG_LRU))
		return FILE_CACHE;
	return KERNEL;
}

static struct cell look_at_frame(unsigned long pfn)
{
	struct cell cell = { NO_FRAME, NULL, 0 };
	struct use *use = find_use(pfn);
	bool is_used = use < uses + use_count && use->pfn == pfn;
	unsigned long flags;

	if (!array_get(&frame_flags, pfn, &flags) ||
	    !array_get(&frame_counts, pfn, &cell.count))
		return cell;
	if (has_flag(flags, FLAG_ZERO)) {
		cell.kind = ZERO;
	} else if (is_used) {
		cell.kind = cell.count > 1 ? SHARED : OWN;
		cell.process = use->process;
	} else {
		/* Linux counts odd things where nothing is mapped. */
		cell.kind = kind_of_flags(flags);
		if (cell.kind == FILE_CACHE && cell.count)
			cell.kind = OTHERS;
	}
	return cell;
}

/* Add a frame to what a cell shows. */
static void add_frame(struct cell *cell, unsigned long pfn)
{
	struct cell next = look_at_frame(pfn);

	if (next.kind == OWN && cell->kind == OWN &&
	    next.process != cell->process)
		cell->process = NULL;
	else if (next.kind > cell->kind ||
		 (next.kind == SHARED && cell->kind == SHARED &&
		  next.count > cell->count))
		*cell = next;
}

/* ---- Drawing -------------------------------------------------------- */

/* Backgrounds of processes by pid: of 256 colours, and of 8. */
static const char *const palette_256[] = { "48;5;75",  "48;5;114", "48;5;203",
					   "48;5;141", "48;5;80",  "48;5;175",
					   "48;5;215", "48;5;150" };
static const char *const palette_8[] = { "44", "42", "41", "45",
					 "46", "47", "44", "42" };

static char letter(const struct process *process)
{
	return (char)('A' + (process->pid - 1) % 26);
}

/* Give what follows this background; NULL: none. */
static void set_colour(const char *background)
{
	static const char *now;

	if (!options.colour || background == now)
		return;
	if (background)
		printf("\033[30;%sm", background);
	else
		fputs("\033[m", stdout);
	now = background;
}

static const char *process_colour(const struct process *process)
{
	int index = process->pid % 8;

	return options.colours_256 ? palette_256[index] : palette_8[index];
}

static const char *shared_colour(void)
{
	return options.colours_256 ? "48;5;220" : "43";
}

/* In place, the rest of what was there before has to go. */
static void end_line(void)
{
	fputs(options.seconds ? "\033[K\n" : "\n", stdout);
}

static void draw_cell(const struct cell *cell)
{
	if (cell->kind == SHARED) {
		set_colour(shared_colour());
		putchar(cell->count > 9 ? '+' : (char)('0' + cell->count));
	} else if (cell->kind == OWN && cell->process) {
		set_colour(process_colour(cell->process));
		putchar(letter(cell->process));
	} else {
		set_colour(NULL);
		putchar(cell->kind == OWN ? '*' : kind_letters[cell->kind]);
	}
}

/* Say what lies in [pfn, end) by kind. */
static void draw_gap(unsigned long pfn, unsigned long end)
{
	unsigned long counts[KINDS] = { 0 };
	const char *comma = "";

	for (; pfn < end; pfn++)
		counts[look_at_frame(pfn).kind]++;
	fputs("         ", stdout);
	for (int kind = RESERVED; kind < OWN; kind++) {
		if (!counts[kind])
			continue;
		printf("%s%lu %s", comma, counts[kind], kind_names[kind]);
		comma = ", ";
	}
	end_line();
}

/* A picture of frames: all that are there, or only those in use. */
struct picture {
	unsigned long frames; /* up to the last number; 0: only those in use */
	unsigned long per_cell; /* frames in one cell */
};

/* Rows of the picture. */
static int count_rows(const struct picture *picture)
{
	unsigned long per_row = ROW_CELLS * picture->per_cell;
	unsigned long last = ~0UL;
	int rows = 0;

	if (!picture->frames)
		return (int)((use_count + per_row - 1) / per_row);
	for (size_t i = 0; i < use_count; i++) {
		rows += uses[i].pfn / per_row != last;
		last = uses[i].pfn / per_row;
	}
	return rows;
}

static void draw_row(const struct cell *cells, unsigned long first)
{
	printf("%8lx ", first);
	for (int i = 0; i < ROW_CELLS; i++)
		draw_cell(&cells[i]);
	set_colour(NULL);
	end_line();
}

static void draw_all_frames(const struct picture *picture)
{
	unsigned long per_row = ROW_CELLS * picture->per_cell, next = 0;
	struct use *use = uses;

	while (use < uses + use_count) {
		unsigned long row = use->pfn / per_row * per_row;
		struct cell cells[ROW_CELLS] = { 0 };

		if (row > next)
			draw_gap(next, row);
		for (unsigned long i = 0; i < per_row; i++)
			add_frame(&cells[i / picture->per_cell], row + i);
		draw_row(cells, row);
		next = row + per_row;
		use = find_use(next);
	}
	if (picture->frames > next)
		draw_gap(next, picture->frames);
}

static void draw_frames_in_use(const struct picture *picture)
{
	unsigned long per_row = ROW_CELLS * picture->per_cell;
	struct use *use = uses;

	while (use < uses + use_count) {
		unsigned long first = use->pfn;
		struct cell cells[ROW_CELLS] = { 0 };

		for (unsigned long i = 0; i < per_row && use < uses + use_count;
		     i++) {
			add_frame(&cells[i / picture->per_cell], use->pfn);
			use = find_use(use->pfn + 1);
		}
		draw_row(cells, first);
	}
}

static void draw_part(char ascii, const char *utf8, long cells)
{
	while (cells-- > 0) {
		if (options.utf8)
			fputs(utf8, stdout);
		else
			putchar(ascii);
	}
}

static void draw_bar(const struct process *process, long frames_per_cell)
{
	long half = frames_per_cell / 2;

	set_colour(process_colour(process));
	printf(" %c ", letter(process));
	set_colour(NULL);
	printf(" %5d %-16s %6ld %6ld  ", process->pid, process->name,
	       process->own, process->shared);
	draw_part('#', "█", (process->own + half) / frames_per_cell);
	draw_part('=', "▒", (process->shared + half) / frames_per_cell);
	end_line();
}

static void draw_bars(void)
{
	long per_cell = 1;

	for (int i = 0; i < process_count; i++)
		while ((processes[i].own + processes[i].shared) / per_cell >
		       BAR_CELLS)
			per_cell *= 2;
	printf("      pid %-16s    own shared  ", "name");
	draw_part('#', "█", 1);
	printf(" own ");
	draw_part('=', "▒", 1);
	printf(" shared, %ld to a mark", per_cell);
	end_line();
	for (int i = 0; i < process_count; i++)
		if (processes[i].own + processes[i].shared)
			draw_bar(&processes[i], per_cell);
}

static void draw_legend(const struct picture *picture)
{
	printf("A-Z of one process alone");
	if (options.pid)
		printf("   o of others");
	printf("   2-9 mapped so often, + more   z zeros");
	end_line();
	printf("f file cache   t page table   k kernel   . free   - reserved");
	if (picture->per_cell > 1)
		printf("   * of several");
	end_line();
}

static void draw_head(const struct picture *picture)
{
	printf("%ld MiB of RAM, %ld MiB free; ",
	       file_value("/proc/meminfo", "MemTotal") / 1024,
	       file_value("/proc/meminfo", "MemFree") / 1024);
	if (picture->per_cell == 1)
		printf("a cell is a frame");
	else
		printf("a cell is %lu frames", picture->per_cell);
	if (!picture->frames)
		printf(", without those not in use");
	end_line();
}

/* ---- The whole ------------------------------------------------------ */

/* Frames, up to the last number; 0: too many to draw them all. */
static unsigned long count_frames(void)
{
	unsigned long end = 0, flags;

	while (end <= SMALL_MACHINE_FRAMES &&
	       array_get(&frame_flags, end, &flags))
		end += ENTRIES;
	if (end > SMALL_MACHINE_FRAMES)
		return 0;
	while (end && !array_get(&frame_flags, end - 1, &flags))
		end--;
	return end;
}

static int rows_for_frames(void)
{
	int others = 4; /* head, legend, head of the bars */

	if (!options.seconds || !options.rows)
		return ROWS_MAX;
	for (int i = 0; i < process_count; i++)
		others += processes[i].own + processes[i].shared > 0;
	return options.rows > others + 4 ? options.rows - others : 4;
}

static void draw(void)
{
	struct picture picture = { .per_cell = 1 };

	array_open(&frame_counts, "/proc/kpagecount");
	array_open(&frame_flags, "/proc/kpageflags");
	read_processes();
	read_uses();
	picture.frames = count_frames();
	/* There may be a line about a gap with every row. */
	while (count_rows(&picture) * (picture.frames ? 2 : 1) >
	       rows_for_frames())
		picture.per_cell *= 2;
	draw_head(&picture);
	if (picture.frames)
		draw_all_frames(&picture);
	else
		draw_frames_in_use(&picture);
	draw_legend(&picture);
	draw_bars();
	close(frame_counts.fd);
	close(frame_flags.fd);
}

/* ---- Watching ------------------------------------------------------- */

static struct termios settings_before;

static void watch_end(void)
{
	tcsetattr(STDIN_FILENO, TCSADRAIN, &settings_before);
	fputs("\033[?25h\n", stdout); /* the cursor is back */
	fflush(stdout);
}

static void on_signal(int number)
{
	watch_end();
	_exit(128 + number);
}

/* Was q typed, or did the input end, within the time of one picture? */
static bool is_over(void)
{
	struct pollfd input = { STDIN_FILENO, POLLIN, 0 };
	char key = 0;

	if (poll(&input, 1, (int)(options.seconds * 1000)) <= 0)
		return false;
	return read(STDIN_FILENO, &key, 1) <= 0 || key == 'q';
}

static void watch(void)
{
	struct termios settings;

	tcgetattr(STDIN_FILENO, &settings_before);
	settings = settings_before;
	settings.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &settings);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	fputs("\033[?25l\033[2J", stdout);
	do {
		fputs("\033[H", stdout);
		draw();
		fputs("\033[J", stdout);
		fflush(stdout);
	} while (!is_over());
	watch_end();
}

/* ---- Options -------------------------------------------------------- */

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

/* The first of the three that is set decides. */
static bool is_utf8_locale(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *locale = "";

	for (int i = 0; i < 3 && !*locale; i++)
		locale = variable(names[i]);
	return strstr(locale, "UTF-8") || strstr(locale, "utf8");
}

static void look_at_terminal(void)
{
	const char *term = variable("TERM");
	bool is_plain = options.ascii || !strcmp(term, "dumb");
	struct winsize size;

	options.utf8 = !is_plain && is_utf8_locale();
	options.colour = !is_plain && !*variable("NO_COLOR") &&
			 isatty(STDOUT_FILENO);
	options.colours_256 = strstr(term, "256") || strstr(term, "linux") ||
			      *variable("COLORTERM");
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		options.rows = size.ws_row;
}

static _Noreturn void usage(void)
{
	fputs("usage: map [-a] [-p PID] [-w [SECONDS]]\n", stderr);
	exit(2);
}

static void read_options(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		bool has_value = i + 1 < argc && argv[i + 1][0] != '-';

		if (!strcmp(argv[i], "-a")) {
			options.ascii = true;
		} else if (!strcmp(argv[i], "-p") && has_value) {
			options.pid = atoi(argv[++i]);
		} else if (!strcmp(argv[i], "-w")) {
			options.seconds = has_value ? atof(argv[++i]) : 1;
			if (options.seconds < 0.01)
				usage();
		} else {
			usage();
		}
	}
}

int main(int argc, char **argv)
{
	static char buffer[1 << 16];

	/* A picture at a time, or it flickers. */
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	read_options(argc, argv);
	look_at_terminal();
	if (options.pid) {
		read_processes();
		if (!find_process(options.pid)) {
			fprintf(stderr, "map: no process %d\n", options.pid);
			return 1;
		}
	}
	if (options.seconds)
		watch();
	else
		draw();
	return 0;
}
