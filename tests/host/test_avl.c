/*
 * The balanced tree against a plain array of flags: after each of many random
 * insertions and removals it holds the same keys, in order and in balance.
 */
#include <stdio.h>
#include <stdlib.h>

#include "kernel/lib/avl.h"

enum { KEYS = 64, STEPS = 20000 };

struct item {
	struct avl_node node;
	int key;
	bool is_in;
};

static struct item items[KEYS];
static struct avl_node *root;

static struct item *item_of(const struct avl_node *node)
{
	return (struct item *)((char *)node - offsetof(struct item, node));
}

static bool less(const struct avl_node *a, const struct avl_node *b)
{
	return item_of(a)->key < item_of(b)->key;
}

static void check(bool condition, const char *what, int step)
{
	if (condition)
		return;
	printf("step %d: %s\n", step, what);
	exit(1);
}

/* Check the subtree and return its height; *next is the smallest key left. */
static int check_tree(const struct avl_node *node, int *next, int step)
{
	int left, right;

	if (!node)
		return 0;
	left = check_tree(node->left, next, step);
	while (*next < KEYS && !items[*next].is_in)
		(*next)++;
	check(item_of(node)->key == (*next)++, "a wrong key", step);
	right = check_tree(node->right, next, step);
	check(abs(left - right) <= 1, "not in balance", step);
	check(node->height == (left > right ? left : right) + 1,
	      "a wrong height", step);
	return node->height;
}

int main(void)
{
	for (int i = 0; i < KEYS; i++)
		items[i].key = i;
	srand(1);
	for (int step = 0; step < STEPS; step++) {
		struct item *item = &items[rand() % KEYS];
		int next = 0;

		if (item->is_in)
			root = avl_remove(root, &item->node, less);
		else
			root = avl_insert(root, &item->node, less);
		item->is_in = !item->is_in;
		check_tree(root, &next, step);
		while (next < KEYS)
			check(!items[next++].is_in, "a key is missing", step);
	}
	return 0;
}
