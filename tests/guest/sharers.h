/* SPDX-License-Identifier: MIT */
/*
 * tests/guest/sharers.h - many processes share one page, then part, one by
 * one.  Included by sharers3.c, sharers100.c and sharers300.c, which define
 * SHARERS: the parent and its children together.
 */
#include "guest.h"

enum { CHILDREN = SHARERS - 1 };

static volatile int *page;

/* Whichever child takes the token from a gate goes next: all are equal. */
static struct gate ready, turn, wrote, leave;

static void child(int self)
{
	settle();
	gate_open(&ready);
	gate_wait(&turn);
	CHECK_EQ(*page, -1);
	CHECK_FAULTS(*page = self, 1);
	CHECK_EQ(*page, self);
	gate_open(&wrote);
	gate_wait(&leave);
	CHECK_EQ(*page, self);
	_exit(0);
}

static void check_maps(long maps)
{
	long seen = page_look(page).maps;

	if (seen != UNKNOWN)
		CHECK_EQ(seen, maps);
}

int main(void)
{
	static pid_t pid[CHILDREN];

	page = map_pages(1, MAP_PRIVATE);
	*page = -1;
	ready = gate_make();
	turn = gate_make();
	wrote = gate_make();
	leave = gate_make();
	for (int i = 0; i < CHILDREN; i++) {
		pid[i] = check_fork();
		if (pid[i] == 0)
			child(i);
		gate_wait(&ready);
		check_maps(i + 2);
	}
	say("%d sharers of one frame\n", SHARERS);
	for (int i = 0; i < CHILDREN; i++) {
		gate_open(&turn);
		gate_wait(&wrote);
		CHECK_EQ(*page, -1);
		check_maps(CHILDREN - i);
	}
	say("%d wrote, one fault each\n", CHILDREN);
	settle();
	CHECK_FAULTS(*page = -2, 1);
	CHECK_FAULTS(*page = -3, 0);
	say("the last one reused the frame\n");
	run_check();
	for (int i = 0; i < CHILDREN; i++)
		gate_open(&leave);
	for (int i = 0; i < CHILDREN; i++)
		wait_well(pid[i]);
	CHECK_EQ(*page, -3);
	run_check();
	return 0;
}
