/*
 * path.c - see path.h
 */
#include "kernel/fs/path.h"

#include "kernel/fs/files.h"
#include "kernel/fs/permission.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "mm/kmem.h"
#include "mm/uaccess.h"

/*
 * One walk.  The path lies in a buffer of PATH_MAX bytes; following a symbolic
 * link puts its target in front of what is left to walk.
 */
struct walk {
	struct inode *at; /* a reference; NULL after an error */
	char *buffer;
	char *rest; /* in @buffer: what is left */
	u32 links_followed;
};

int path_from_user(vaddr_t address, char **path)
{
	char *buffer = kmalloc(PATH_MAX);
	i64 length;

	if (!buffer)
		return -ENOMEM;
	length = copy_string_from_user(buffer, address, PATH_MAX);
	if (length <= 0) {
		kfree(buffer);
		return length ? (int)length : -ENOENT;
	}
	*path = buffer;
	return 0;
}

void path_free(char *path)
{
	kfree(path);
}

/* Continue at @inode, whose reference is taken over. */
static void walk_move(struct walk *walk, struct inode *inode)
{
	inode_put(walk->at);
	walk->at = inode;
}

/* An absolute path begins at the root, wherever the walk is. */
static void walk_start(struct walk *walk)
{
	if (walk->rest[0] != '/')
		return;
	walk_move(walk, files_get_root());
}

static int walk_init(struct walk *walk, struct inode *start, const char *path)
{
	*walk = (struct walk){ .buffer = kmalloc(PATH_MAX) };
	if (!walk->buffer)
		return -ENOMEM;
	walk->rest = walk->buffer;
	if (strlcpy(walk->buffer, path, PATH_MAX) >= PATH_MAX) {
		kfree(walk->buffer);
		return -ENAMETOOLONG;
	}
	if (start)
		inode_get(start);
	walk->at = start ? start : files_get_cwd();
	walk_start(walk);
	return 0;
}

static void walk_destroy(struct walk *walk)
{
	inode_put(walk->at);
	kfree(walk->buffer);
}

/*
 * Cut the next component off walk->rest.  Its terminator overwrites the first
 * slash after it; *@has_slash tells that there was one.
 */
static int walk_next(struct walk *walk, char **name, bool *has_slash)
{
	char *at = walk->rest;
	size_t length;

	while (*at == '/')
		at++;
	*name = at;
	while (*at && *at != '/')
		at++;
	length = (size_t)(at - *name);
	*has_slash = *at == '/';
	if (*has_slash)
		*at++ = '\0';
	while (*at == '/')
		at++;
	walk->rest = at;
	return length > NAME_MAX ? -ENAMETOOLONG : 0;
}

/* As walk_follow(), for a link that knows its target without a path. */
static int walk_jump(struct walk *walk, struct inode *link, bool has_slash)
{
	struct inode *target;
	int error = link->ops->follow(link, &target);

	if (error)
		return error;
	walk_move(walk, target);
	return has_slash && !inode_is_directory(target) ? -ENOTDIR : 0;
}

/*
 * Walk on at the target of @link, then along what is left.  @has_slash: a
 * slash stood behind the link.
 */
static int walk_follow(struct walk *walk, struct inode *link, bool has_slash)
{
	size_t rest = strlen(walk->rest);
	char *joined;
	i64 length;

	if (++walk->links_followed > SYMLINKS_MAX)
		return -ELOOP;
	if (link->ops->follow)
		return walk_jump(walk, link, has_slash);
	joined = kmalloc(PATH_MAX);
	if (!joined)
		return -ENOMEM;
	length = link->ops->readlink(link, joined, PATH_MAX);
	if (length == 0)
		length = -ENOENT;
	else if (length > 0 && (size_t)length + 1 + rest >= PATH_MAX)
		length = -ENAMETOOLONG;
	if (length < 0) {
		kfree(joined);
		return (int)length;
	}
	if (has_slash || rest)
		joined[length++] = '/';
	memcpy(joined + length, walk->rest, rest + 1);
	kfree(walk->buffer);
	walk->buffer = joined;
	walk->rest = joined;
	walk_start(walk);
	return 0;
}

/* Not even ".." leads out of where chroot(2) has put the process. */
static struct inode *above(struct inode *directory)
{
	struct inode *root = files_get_root();
	struct inode *result = directory;

	if (directory == root)
		inode_get(directory);
	else
		result = inode_above(directory);
	inode_put(root);
	return result;
}

/* Go to @name, one step; a symbolic link is not followed. */
static int walk_step(struct walk *walk, const char *name, struct inode **found)
{
	int error;

	if (!inode_is_directory(walk->at))
		return -ENOTDIR;
	error = inode_permission(walk->at, X_OK);
	if (error)
		return error;
	if (!strcmp(name, "..")) {
		*found = above(walk->at);
		return 0;
	}
	if (!strcmp(name, ".") || !*name) {
		inode_get(walk->at);
		*found = walk->at;
		return 0;
	}
	return inode_lookup(walk->at, name, found);
}

/* Take one component; @flags as for path_walk(). */
static int walk_component(struct walk *walk, u32 flags)
{
	struct inode *found;
	bool has_slash;
	char *name;
	int error = walk_next(walk, &name, &has_slash);

	if (!error)
		error = walk_step(walk, name, &found);
	if (error)
		return error;
	if (inode_is_symlink(found) &&
	    (*walk->rest || has_slash || (flags & WALK_FOLLOW))) {
		error = walk_follow(walk, found, has_slash);
		inode_put(found);
		return error;
	}
	walk_move(walk, found);
	if (has_slash && !inode_is_directory(found))
		return -ENOTDIR;
	return 0;
}

int path_walk(struct inode *start, const char *path, u32 flags,
	      struct inode **found)
{
	struct walk walk;
	int error;

	if (!*path)
		return -ENOENT;
	error = walk_init(&walk, start, path);
	if (error)
		return error;
	while (!error && *walk.rest)
		error = walk_component(&walk, flags);
	if (!error && (flags & WALK_DIRECTORY) && !inode_is_directory(walk.at))
		error = -ENOTDIR;
	if (!error) {
		inode_get(walk.at);
		*found = walk.at;
	}
	walk_destroy(&walk);
	return error;
}

/* Walk all components but the last, which is left in @last. */
static int walk_to_last(struct walk *walk, struct path_last *last)
{
	for (;;) {
		struct inode *found;
		int error = walk_next(walk, &last->name, &last->has_slash);

		if (error)
			return error;
		if (!inode_is_directory(walk->at))
			return -ENOTDIR;
		if (!*walk->rest)
			return inode_permission(walk->at, X_OK);
		error = walk_step(walk, last->name, &found);
		if (error)
			return error;
		if (!inode_is_symlink(found)) {
			walk_move(walk, found);
			continue;
		}
		error = walk_follow(walk, found, true);
		inode_put(found);
		if (error)
			return error;
	}
}

int path_walk_parent(struct inode *start, const char *path,
		     struct path_last *last)
{
	struct walk walk;
	int error;

	if (!*path)
		return -ENOENT;
	error = walk_init(&walk, start, path);
	if (error)
		return error;
	error = walk_to_last(&walk, last);
	if (error) {
		walk_destroy(&walk);
		return error;
	}
	last->directory = walk.at;
	last->buffer = walk.buffer;
	last->links_followed = walk.links_followed;
	return 0;
}

int path_last_follow(struct path_last *last, struct inode *link)
{
	struct walk walk = {
		.at = last->directory,
		.buffer = last->buffer,
		.rest = last->name + strlen(last->name),
		.links_followed = last->links_followed,
	};
	int error = walk_follow(&walk, link, last->has_slash);

	if (!error)
		error = walk_to_last(&walk, last);
	last->directory = walk.at;
	last->buffer = walk.buffer;
	last->links_followed = walk.links_followed;
	return error;
}

void path_last_put(struct path_last *last)
{
	inode_put(last->directory);
	kfree(last->buffer);
}

bool path_last_is_special(const struct path_last *last)
{
	return !*last->name || !strcmp(last->name, ".") ||
	       !strcmp(last->name, "..");
}
