/*
 * inode.h - what every file system shows of a file: struct inode
 *
 * Owns: struct inode and its life, mounts, and the way from an inode back to
 * its path.  File systems (tmpfs, procfs) fill in inode_ops; what an *open*
 * file can do is file_ops (kernel/fs/file.h).
 *
 * There is no cache of names: both file systems live in memory, so asking the
 * directory is as fast.  References: a directory entry holds one of its
 * inode, an inode one of its parent, an open file and a working
 * directory one each.  Removing an entry breaks the circle.  So the files
 * of a file system live until they are removed, or it is unmounted and nobody
 * uses it any more: inode->users of its root counts who does.
 *
 * Locks, outermost first: inode_tree_lock, inode->lock of a directory,
 * inode->lock of what is in it.  They sleep.
 */
#pragma once

#include "kernel/fs/abi.h"
#include "kernel/proc/mutex.h"
#include "mm/object.h"

struct inode;
struct file;
struct file_ops;

/* An entry to be made: what create() and its relatives are told. */
struct new_node {
	u32 mode; /* type and rights */
	u64 rdev; /* of a device node */
	const char *target; /* of a symbolic link */
};

/* NULL means that the file system cannot do it.  => all with dir->lock held */
struct inode_ops {
	/* Return: 0 and a reference, or -ENOENT. */
	int (*lookup)(struct inode *dir, const char *name,
		      struct inode **found);
	/* Make an inode of any type.  => @name does not exist in @dir */
	int (*create)(struct inode *dir, const char *name,
		      const struct new_node *node, struct inode **made);
	/* One more name for @inode.  => @name does not exist in @dir */
	int (*link)(struct inode *dir, const char *name, struct inode *inode);
	/* => checked by the caller: types match, a directory is empty */
	int (*unlink)(struct inode *dir, const char *name);
	/* Move a name.  => a target, if any, may be replaced */
	int (*rename)(struct inode *old_dir, const char *old_name,
		      struct inode *new_dir, const char *new_name);
	/* Two names swap what they name.  => both exist, and differ */
	void (*exchange)(struct inode *dir, const char *name,
			 struct inode *other_dir, const char *other_name);
	bool (*is_empty)(struct inode *dir);
	/* The name of @child.  Return: 0, -ENOENT or -ERANGE. */
	int (*name_of)(struct inode *dir, const struct inode *child, char *name,
		       size_t size);
	/* Return: the length of the target, or a negative errno. */
	i64 (*readlink)(struct inode *link, char *target, size_t size);
	/*
	 * Where a walk through @link goes on; NULL: at the path that readlink
	 * gives.  Links of /proc lead to files that may have no path.
	 * Return: 0 and a reference, or a negative errno.
	 */
	int (*follow)(struct inode *link, struct inode **target);
	/* May @want (R_OK, W_OK) be, whatever the rights say?  NULL: never. */
	bool (*allows)(const struct inode *inode, int want);
	int (*truncate)(struct inode *inode, u64 size_bytes);
	/*
	 * Of a root that is mounted no more and not used: remove every name.
	 * NULL: none of them is kept.  => no lock held
	 */
	void (*discard)(struct inode *root);
	/* The last reference is gone: free what ->private holds. */
	void (*destroy)(struct inode *inode);
};

struct inode {
	u32 refcount; /* atomic */
	u32 mode; /* S_IF… and rights; lock */
	u32 links; /* names; lock */
	u32 filesystem; /* st_dev */
	u64 number; /* st_ino */
	u64 rdev; /* of a device node */
	const struct inode_ops *ops;
	const struct file_ops *file_ops; /* for those who open it */
	struct mutex lock;
	struct object *object; /* the data; NULL: cannot be mapped */
	u64 size_bytes; /* without an object: of a symbolic link's target */
	struct inode *parent; /* inode_tree_lock; of its latest name, or NULL */
	struct inode *mounted; /* covered by this root, or NULL */
	struct inode *covers; /* of a root: the inode it covers, or NULL */
	struct inode *top; /* the root it is below, held by the parents */
	u32 users; /* of a root, atomic: see inode_use() */
	bool is_detached; /* of a root: unmounted, goes with its last user */
	i32 writers; /* atomic; > 0: open for writing, < 0: being executed */
	u32 uid; /* lock; see kernel/fs/permission.h */
	u32 gid;
	struct list_node locks; /* kernel/fs/locks.h */
	u64 accessed_ns; /* since 1970; lock */
	u64 modified_ns;
	u64 changed_ns;
	void *private; /* the file system's */
};

/* Guards every inode->parent: held by who moves names, or follows them up. */
extern struct mutex inode_tree_lock;

/* The top of the tree.  Set once by inode_set_root(). */
extern struct inode *root_inode;
void inode_set_root(struct inode *root);

/* Return: a zeroed inode with one reference and the time of now, or NULL. */
struct inode *inode_alloc(u32 mode, const struct inode_ops *ops) __must_check;
void inode_get(struct inode *inode);
void inode_put(struct inode *inode);

/*
 * A file is written or executed, never both: the text of a running program
 * must not change under it.  Each call that returns 0 is undone by its
 * counterpart.  Return: 0, or -ETXTBSY: the other kind of use goes on.
 */
int inode_start_write(struct inode *inode) __must_check;
void inode_end_write(struct inode *inode);
int inode_start_exec(struct inode *inode) __must_check;
void inode_end_exec(struct inode *inode);

/* A fresh number for an inode that has no place on a medium. */
u64 inode_next_number(void);
/* A fresh st_dev for a file system. */
u32 inode_next_filesystem(void);

static inline bool inode_is_directory(const struct inode *inode)
{
	return (inode->mode & S_IFMT) == S_IFDIR;
}

/* As kernel/fs/anon_file.h makes them: an eventfd, a timerfd. */
static inline bool inode_is_anonymous(const struct inode *inode)
{
	return !(inode->mode & S_IFMT);
}

static inline bool inode_is_regular(const struct inode *inode)
{
	return (inode->mode & S_IFMT) == S_IFREG;
}

static inline bool inode_is_symlink(const struct inode *inode)
{
	return (inode->mode & S_IFMT) == S_IFLNK;
}

u64 inode_size(const struct inode *inode);

/* Contents changed: modified and changed times.  => inode->lock held */
void inode_touch_modified(struct inode *inode);
/* Rights or names changed.  => inode->lock held */
void inode_touch_changed(struct inode *inode);
u64 inode_now_ns(void);

void inode_stat(struct inode *inode, struct linux_stat *stat);

/* Put @inode below @parent, which it holds; NULL: it is a root. */
void inode_set_parent(struct inode *inode, struct inode *parent);

/* Cover @directory by the root of another file system.  Takes a reference. */
void inode_mount(struct inode *directory, struct inode *root);
/*
 * The reverse.  The files go with the last user, who can reach them until then.
 * => may sleep
 */
void inode_unmount(struct inode *root);

/*
 * A reference that keeps the file system mounted: an open file's, or that of
 * somebody's working or root directory.
 */
void inode_use(struct inode *inode);
/* => may sleep: the last one out drops what was unmounted */
void inode_unuse(struct inode *inode);

/**
 * inode_lookup() - one step of a path
 * @name: neither "." nor ".."
 *
 * => crosses into what is mounted there
 *
 * Return: 0 and a reference; -ENOENT; -ENOTDIR: @dir is not a directory.
 */
int inode_lookup(struct inode *dir, const char *name, struct inode **found)
	__must_check;

/* The directory above, with a reference; that of the root is the root. */
struct inode *inode_above(struct inode *dir);

/**
 * inode_path() - the absolute path of an inode
 *
 * Return: 0; -ERANGE: longer than @size; -ENOENT: it has no name any more.
 */
int inode_path(struct inode *inode, char *path, size_t size) __must_check;
/*
 * As it looks for those who cannot see above @top; for what lies outside, it
 * is the whole path.
 */
int inode_path_below(struct inode *inode, const struct inode *top, char *path,
		     size_t size) __must_check;
