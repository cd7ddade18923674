/*
 * map_letters.h - letters so small that they fit into a cell of the map
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

#define MAP_LETTER_WIDTH 5
#define MAP_LETTER_HEIGHT 7

/* A to Z, 2 to 9, + * f k t z; all others are blank.  One byte a row. */
void map_letter_rows(char letter, u8 rows[MAP_LETTER_HEIGHT]);
