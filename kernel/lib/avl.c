/*
 * avl.c - balanced search tree
 *
 * Both operations go down recursively and rebalance on the way up.  The
 * depth is at most 1.44 log2(n): 24 for the 65,530 areas of one mm.
 */
#include "kernel/lib/avl.h"

static int height_of(const struct avl_node *node)
{
	return node ? node->height : 0;
}

static void update_height(struct avl_node *node)
{
	int left = height_of(node->left);
	int right = height_of(node->right);

	node->height = 1 + (left > right ? left : right);
}

static struct avl_node *rotate_right(struct avl_node *node)
{
	struct avl_node *top = node->left;

	node->left = top->right;
	top->right = node;
	update_height(node);
	update_height(top);
	return top;
}

static struct avl_node *rotate_left(struct avl_node *node)
{
	struct avl_node *top = node->right;

	node->right = top->left;
	top->left = node;
	update_height(node);
	update_height(top);
	return top;
}

/*
 * Restore the balance of a node whose subtrees are balanced and differ in
 * height by at most two.  An inner grandchild that is the taller one is
 * first rotated to the outside.
 */
static struct avl_node *rebalance(struct avl_node *node)
{
	struct avl_node *left = node->left;
	struct avl_node *right = node->right;

	if (left && left->height > height_of(right) + 1) {
		if (left->right && left->right->height > height_of(left->left))
			node->left = rotate_left(left);
		return rotate_right(node);
	}
	if (right && right->height > height_of(left) + 1) {
		if (right->left &&
		    right->left->height > height_of(right->right))
			node->right = rotate_right(right);
		return rotate_left(node);
	}
	update_height(node);
	return node;
}

struct avl_node *avl_insert(struct avl_node *root, struct avl_node *node,
			    avl_less_fn *less)
{
	if (!root) {
		node->left = NULL;
		node->right = NULL;
		node->height = 1;
		return node;
	}
	if (less(node, root))
		root->left = avl_insert(root->left, node, less);
	else
		root->right = avl_insert(root->right, node, less);
	return rebalance(root);
}

/* Unlink the leftmost node of @root into @leftmost. */
static struct avl_node *remove_leftmost(struct avl_node *root,
					struct avl_node **leftmost)
{
	if (!root->left) {
		*leftmost = root;
		return root->right;
	}
	root->left = remove_leftmost(root->left, leftmost);
	return rebalance(root);
}

struct avl_node *avl_remove(struct avl_node *root, struct avl_node *node,
			    avl_less_fn *less)
{
	struct avl_node *successor;

	if (root != node) {
		if (less(node, root))
			root->left = avl_remove(root->left, node, less);
		else
			root->right = avl_remove(root->right, node, less);
		return rebalance(root);
	}
	if (!node->right)
		return node->left;

	/* The next larger node takes the place of the removed one. */
	node->right = remove_leftmost(node->right, &successor);
	successor->left = node->left;
	successor->right = node->right;
	return rebalance(successor);
}
