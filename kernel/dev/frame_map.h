/*
 * frame_map.h - what every frame is used for, by whom, and shared by how many
 *
 * Owns: a picture of the frame table and of all page tables, as numbers.  It
 * is what user/map.c learns from /proc, and comes from the same counts.
 * Does not own: pixels (kernel/dev/memory_map.h).
 * Locks: takes the kernel lock and each mm->lock while it collects.
 */
#pragma once

#include "kernel/proc/task.h"

/* In this order: of several frames in one cell the last kind shows. */
enum map_kind {
	MAP_FREE,
	MAP_KERNEL,
	MAP_TABLE,
	MAP_FILE, /* of a file or shared memory, and mapped by nobody */
	MAP_ZERO, /* the zero frame */
	MAP_OWN, /* mapped once */
	MAP_SHARED, /* mapped more often */
};

#define MAP_LETTERS 26
#define MAP_COLOURS 8
#define MAP_OWNERS_MAX 4

/* One frame, or several neighbours. */
struct map_cell {
	u8 kind;
	u8 count; /* MAP_SHARED: mapped so often; 255: or more */
	u8 letter; /* MAP_OWN: the process's, from 0 */
	u8 owner_count; /* how many of the next are filled in */
	u8 owners[MAP_OWNERS_MAX]; /* colours of the processes */
};

#define MAP_PROCESSES_MAX 8

struct map_process {
	u32 pid;
	char name[TASK_NAME_BYTES];
	u64 own_pages;
	u64 shared_pages;
};

/* Frames [first, end) that are not reserved; those before them: .before. */
struct map_run {
	u64 first;
	u64 end;
	u64 before;
};

#define MAP_RUNS_MAX 32

struct frame_map {
	struct map_cell *cells;
	u32 cell_count;
	u64 frames_per_cell; /* a power of two */
	u64 frame_count; /* reserved ones have no cell: they never change */
	u32 run_count;
	struct map_run runs[MAP_RUNS_MAX];
	u32 process_count; /* at most MAP_PROCESSES_MAX have a name below */
	struct map_process processes[MAP_PROCESSES_MAX];
};

/* Find the frames, and how many to a cell so that @cells_max are enough. */
void frame_map_init(struct frame_map *map, u64 cells_max);

/* Look at all of them.  => .cells is set; no lock is held */
void frame_map_collect(struct frame_map *map);

/* A process's letter, from 0, and its colour: as in user/map.c. */
static inline u8 map_letter(u32 pid)
{
	return (u8)((pid - 1) % MAP_LETTERS);
}

static inline u8 map_colour(u32 pid)
{
	return (u8)(pid % MAP_COLOURS);
}
