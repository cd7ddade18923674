// SPDX-License-Identifier: MIT
/*
 * tests/bench/empty.c - what a C library adds to tests/bench/tiny.c.
 */
int main(void)
{
	return 0;
}
