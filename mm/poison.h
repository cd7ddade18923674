/*
 * poison.h - free frames are filled with rubbish, in debug builds
 *
 * Whoever reads a frame after giving it back gets an address that traps; whoever
 * writes to it is found out when the frame is handed out again.
 * Invariants: I3.
 */
#pragma once

#include "mm/frame.h"

void poison_fill(struct frame *frame);
/* => does nothing for a frame that was never filled */
void poison_assert_intact(struct frame *frame);
