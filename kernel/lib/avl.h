/*
 * avl.h - a balanced search tree, embedded in what it orders
 *
 * An AVL tree: the heights of two siblings differ by at most one, so a tree
 * of n nodes is at most 1.44 log2(n) deep.  Finding is left to the
 * user, who knows the key; insertion and removal take a comparison.
 * Source: Adelson-Velsky and Landis, 1962; Knuth vol. 3, section 6.2.3.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

struct avl_node {
	struct avl_node *left;
	struct avl_node *right;
	int height; /* of the subtree; a leaf has 1 */
};

/* A strict total order of the nodes of one tree. */
typedef bool avl_less_fn(const struct avl_node *a, const struct avl_node *b);

/* Both return the new root. */
struct avl_node *avl_insert(struct avl_node *root, struct avl_node *node,
			    avl_less_fn *less);
struct avl_node *avl_remove(struct avl_node *root, struct avl_node *node,
			    avl_less_fn *less);
