/*
 * memory_map.h - all frames on the screen, while programs run
 *
 * Owns: a part of the framebuffer, which shows what user/map.c shows: a cell
 * for each frame, on its owner's colour, with the number of mappings where it
 * has several and then a stripe for each of up to four owners; and a bar for
 * each process.  What has not changed is not drawn again.
 * Locks: none; only the task that draws the screen calls these.
 */
#pragma once

#include "kernel/dev/framebuffer.h"

/* Show the map in @area, which is erased; always the same one. */
void memory_map_begin(struct area area);
void memory_map_end(void);

/* Look at memory, and draw what is different.  => between the two above */
void memory_map_draw(void);
