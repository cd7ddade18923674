/*
 * frame_map.c - see frame_map.h
 */
#include "kernel/dev/frame_map.h"

#include "kernel/proc/kernel_lock.h"
#include "mm/mm.h"

/* ---- Frames and cells ---------------------------------------------------- */

static bool is_reserved(u64 number)
{
	return READ_ONCE(pfn_to_frame(PFN(number))->kind) == FRAME_RESERVED;
}

void frame_map_init(struct frame_map *map, u64 cells_max)
{
	struct map_run *run = NULL;

	map->run_count = 0;
	map->frame_count = 0;
	for (u64 number = 0; number < frame_count; number++) {
		if (is_reserved(number)) {
			run = NULL;
			continue;
		}
		if (!run && map->run_count == MAP_RUNS_MAX)
			break;
		if (!run) {
			run = &map->runs[map->run_count++];
			run->first = number;
			run->before = map->frame_count;
		}
		run->end = number + 1;
		map->frame_count++;
	}
	map->frames_per_cell = 1;
	while (map->frame_count > cells_max * map->frames_per_cell)
		map->frames_per_cell *= 2;
	map->cell_count = (u32)((map->frame_count + map->frames_per_cell - 1) /
				map->frames_per_cell);
}

static struct map_cell *cell_in_run(const struct frame_map *map,
				    const struct map_run *run, u64 number)
{
	return &map->cells[(run->before + number - run->first) /
			   map->frames_per_cell];
}

/* Return: the cell of a frame; NULL: it has none. */
static struct map_cell *cell_of(const struct frame_map *map, u64 number)
{
	for (u32 i = 0; i < map->run_count; i++) {
		const struct map_run *run = &map->runs[i];

		if (number < run->first)
			return NULL;
		if (number < run->end)
			return cell_in_run(map, run, number);
	}
	return NULL;
}

static enum map_kind kind_of(const struct frame *frame, u32 mapcount)
{
	switch ((enum frame_kind)READ_ONCE(frame->kind)) {
	case FRAME_FREE:
		return MAP_FREE;
	case FRAME_PGTABLE:
		return MAP_TABLE;
	case FRAME_ZERO:
		return MAP_ZERO;
	case FRAME_ANON:
	case FRAME_OBJECT:
		if (mapcount)
			return mapcount > 1 ? MAP_SHARED : MAP_OWN;
		return MAP_FILE;
	case FRAME_KERNEL:
	case FRAME_RESERVED:
		break;
	}
	return MAP_KERNEL;
}

static void add_frame(struct map_cell *cell, const struct frame *frame)
{
	u32 mapcount = frame_mapcount(frame);
	enum map_kind kind = kind_of(frame, mapcount);

	if (kind > cell->kind)
		cell->kind = (u8)kind;
	if (kind == MAP_SHARED && mapcount > cell->count)
		cell->count = (u8)min_u64(mapcount, 255);
}

static void collect_frames(struct frame_map *map)
{
	for (u32 i = 0; i < map->cell_count; i++)
		map->cells[i] = (struct map_cell){ .kind = MAP_FREE };
	for (u32 i = 0; i < map->run_count; i++) {
		const struct map_run *run = &map->runs[i];

		for (u64 number = run->first; number < run->end; number++)
			add_frame(cell_in_run(map, run, number),
				  pfn_to_frame(PFN(number)));
	}
}

/* ---- Owners -------------------------------------------------------------- */

static void add_owner(struct map_cell *cell, u32 pid)
{
	u8 colour = map_colour(pid);

	cell->letter = map_letter(pid);
	for (u32 i = 0; i < cell->owner_count; i++)
		if (cell->owners[i] == colour)
			return;
	if (cell->owner_count < MAP_OWNERS_MAX)
		cell->owners[cell->owner_count++] = colour;
}

static void collect_mm(struct frame_map *map, struct mm *mm,
		       struct map_process *process)
{
	struct pgtable_iter it;

	write_lock(&mm->lock);
	pgtable_for_each_slot(it, &mm->pgtable, VADDR(0), VADDR(USER_END)) {
		pte_t pte = pte_load(it.slot);
		struct map_cell *cell;

		if (!mm_counts_in_rss(pte))
			continue;
		if (frame_mapcount(pfn_to_frame(pte_pfn(pte))) > 1)
			process->shared_pages++;
		else
			process->own_pages++;
		cell = cell_of(map, pte_pfn(pte).val);
		if (cell)
			add_owner(cell, process->pid);
	}
	write_unlock(&mm->lock);
}

static void collect_task(struct frame_map *map, struct task *task)
{
	struct map_process process = { .pid = task->pid };
	struct mm *mm = task_get_mm(task);

	if (!mm)
		return;
	task_get_name(task, process.name);
	collect_mm(map, mm, &process);
	mm_put(mm);
	if (map->process_count < MAP_PROCESSES_MAX)
		map->processes[map->process_count] = process;
	map->process_count++;
}

void frame_map_collect(struct frame_map *map)
{
	struct task *task;
	bool was_taken;
	u32 pid = 1;

	collect_frames(map);
	map->process_count = 0;
	/* Tasks come and go under this lock only. */
	was_taken = kernel_lock();
	/* One task of each process: the others share its memory. */
	while ((task = task_find_next_leader_get(pid))) {
		pid = task->pid + 1;
		collect_task(map, task);
		task_put(task);
	}
	kernel_unlock(was_taken);
}
