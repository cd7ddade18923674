/*
 * mount.c - see mount.h
 */
#include "kernel/fs/mount.h"

#include "kernel/dev/device.h"
#include "kernel/fs/path.h"
#include "kernel/fs/procfs.h"
#include "kernel/fs/syscalls.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/fs/vfs.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/proc/credentials.h"
#include "mm/kmem.h"
#include "mm/object.h"
#include "mm/uaccess.h"

/* Names of file systems and sources, terminator included. */
#define NAME_BYTES 32

/* Flags of mount(2) that ask for something else than a new mount. */
#define MS_REMOUNT 0x20u
#define MS_BIND 0x1000u
#define MS_MOVE 0x2000u
#define MS_PROPAGATION 0x1e0000u /* unbindable, private, slave, shared */

/* The type of a file system, by the name mount(2) is given. */
struct filesystem {
	const char *name;
	u32 magic;
	struct inode *(*create)(void);
};

struct mount {
	struct list_node node; /* mounts */
	const struct filesystem *type;
	u32 filesystem; /* st_dev of its inodes */
	struct inode *root; /* a reference */
	char source[NAME_BYTES];
};

static struct kmem_cache mount_cache = KMEM_CACHE("mount", struct mount);
static struct mutex mounts_lock = MUTEX_INIT(mounts_lock);
static struct list_node mounts = LIST_INIT(mounts); /* mounts_lock */

/* ---- The types ----------------------------------------------------------- */

static struct inode *devtmpfs_create(void)
{
	struct inode *root = tmpfs_create();

	/* On failure some nodes are missing: as good as none with memory out. */
	if (root && device_make_nodes(root) != 0)
		log_warning("calf: devtmpfs: no memory for all nodes\n");
	return root;
}

/* What scripts look for below /sys: the directory of the kernel. */
static struct inode *sysfs_create(void)
{
	struct new_node node = { .mode = S_IFDIR | 0755 };
	struct inode *root = tmpfs_create();

	if (root && vfs_make(root, "kernel", &node) != 0) {
		inode_put(root);
		return NULL;
	}
	return root;
}

static const struct filesystem filesystems[] = {
	{ "tmpfs", TMPFS_MAGIC, tmpfs_create },
	{ "ramfs", TMPFS_MAGIC, tmpfs_create },
	{ "devtmpfs", TMPFS_MAGIC, devtmpfs_create },
	{ "devpts", DEVPTS_MAGIC, tmpfs_create }, /* see pty.c */
	{ "sysfs", SYSFS_MAGIC, sysfs_create },
	{ "proc", PROC_MAGIC, procfs_create },
};

static const struct filesystem *find_type(const char *name)
{
	for (u64 i = 0; i < ARRAY_SIZE(filesystems); i++)
		if (!strcmp(filesystems[i].name, name))
			return &filesystems[i];
	return NULL;
}

/* ---- Mounting ------------------------------------------------------------ */

/*
 * Note it in the table, which takes over the reference of @root.
 * => mounts_lock held, or at boot
 */
static struct mount *note(const struct filesystem *type, struct inode *root,
			  const char *source)
{
	struct mount *mount = kmem_cache_alloc_zeroed(&mount_cache);

	if (!mount)
		return NULL;
	mount->type = type;
	mount->root = root;
	mount->filesystem = root->filesystem;
	strlcpy(mount->source, source, sizeof(mount->source));
	list_push_back(&mounts, &mount->node);
	return mount;
}

int mount_note_root(void)
{
	inode_get(root_inode);
	return note(find_type("tmpfs"), root_inode, "rootfs") ? 0 : -ENOMEM;
}

/* => mounts_lock held: only one of two mounts on @directory succeeds */
static int mount_at(struct inode *directory, const struct filesystem *type,
		    const char *source)
{
	struct inode *root;

	if (directory == root_inode || directory->mounted)
		return -EBUSY;
	/* Removed meanwhile, or out of everybody's sight. */
	if (directory->links == 0 || directory->top->is_detached)
		return -ENOENT;
	root = type->create();
	if (!root)
		return -ENOMEM;
	if (!note(type, root, source)) {
		inode_put(root);
		return -ENOMEM;
	}
	inode_mount(directory, root);
	return 0;
}

int mount_add(const struct mount_request *request)
{
	const struct filesystem *type = find_type(request->type);
	struct inode *directory;
	int error = path_walk(NULL, request->target,
			      WALK_FOLLOW | WALK_DIRECTORY, &directory);

	if (error)
		return error;
	mutex_lock(&mounts_lock);
	error = type ? mount_at(directory, type, request->source) : -ENODEV;
	mutex_unlock(&mounts_lock);
	inode_put(directory);
	return error;
}

/* Other flags than a new mount's: on what is mounted already. */
static int change_mount(const char *target, u64 flags)
{
	struct inode *root;
	int error = path_walk(NULL, target, WALK_FOLLOW, &root);

	if (error)
		return error;
	if (flags & (MS_BIND | MS_MOVE))
		error = -EINVAL; /* a root has one place here */
	else if (root != root_inode && !root->covers)
		error = -EINVAL; /* not a mount */
	inode_put(root);
	return error;
}

/* A short string; NULL: empty. */
static int read_name(vaddr_t from, char name[NAME_BYTES])
{
	i64 length = 0;

	name[0] = '\0';
	if (from.val)
		length = copy_string_from_user(name, from, NAME_BYTES);
	name[NAME_BYTES - 1] = '\0'; /* if it was too long */
	return length < 0 ? (int)length : 0;
}

i64 sys_mount(vaddr_t source, vaddr_t target, vaddr_t type, u64 flags,
	      vaddr_t data)
{
	struct mount_request request;
	char type_name[NAME_BYTES];
	char source_name[NAME_BYTES];
	char *path;
	int error = read_name(type, type_name);

	(void)data; /* sizes and modes: advice */
	if (!is_capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (error == -ENAMETOOLONG)
		return -ENODEV;
	if (!error && read_name(source, source_name) == -EFAULT)
		error = -EFAULT;
	if (!error)
		error = path_from_user(target, &path);
	if (error)
		return error;
	request = (struct mount_request){
		.source = source_name[0] ? source_name : "none",
		.target = path,
		.type = type_name,
	};
	if (flags & (MS_REMOUNT | MS_BIND | MS_MOVE | MS_PROPAGATION))
		error = change_mount(path, flags);
	else
		error = mount_add(&request);
	path_free(path);
	return error;
}

/* ---- Unmounting ---------------------------------------------------------- */

#define MNT_FORCE 1u /* for what a network has: here it changes nothing */
#define MNT_DETACH 2u
#define UMOUNT_NOFOLLOW 8u

/* => mounts_lock held */
static struct mount *find_mount(const struct inode *root)
{
	struct mount *mount;

	list_for_each_entry(mount, &mounts, node)
		if (mount->root == root)
			return mount;
	return NULL;
}

/* Move to @gone what is mounted on a directory of it.  => mounts_lock held */
static void take_mounts_in(const struct mount *above, struct list_node *gone)
{
	struct mount *mount;
	struct mount *next;

	list_for_each_entry_safe(mount, next, &mounts, node) {
		if (!mount->root->covers ||
		    mount->root->covers->top != above->root)
			continue;
		list_remove(&mount->node);
		list_push_back(gone, &mount->node);
	}
}

/* => mounts_lock held */
static bool has_mounts_in(const struct mount *above)
{
	const struct mount *mount;

	list_for_each_entry(mount, &mounts, node)
		if (mount->root->covers &&
		    mount->root->covers->top == above->root)
			return true;
	return false;
}

/* Is anything there open, mapped, or somebody's directory? */
static bool is_used(const struct mount *mount)
{
	return READ_ONCE(mount->root->users) > 0 || has_mounts_in(mount) ||
	       object_is_any_mapped(mount->filesystem);
}

/*
 * Take @root, and what is mounted below it, out of the table.
 * => mounts_lock held; the caller unmounts what is in @gone
 */
static int take_tree(struct inode *root, bool even_used, struct list_node *gone)
{
	struct mount *mount = find_mount(root);

	if (!mount || !root->covers)
		return -EINVAL;
	if (!even_used && is_used(mount))
		return -EBUSY;
	list_remove(&mount->node);
	list_push_back(gone, &mount->node);
	list_for_each_entry(mount, gone, node) /* grows meanwhile */
		take_mounts_in(mount, gone);
	return 0;
}

static void unmount_all(struct list_node *gone)
{
	struct mount *mount;
	struct mount *next;

	list_for_each_entry_safe(mount, next, gone, node) {
		inode_unmount(mount->root);
		inode_put(mount->root); /* the table's */
		kmem_cache_free(&mount_cache, mount);
	}
}

i64 sys_umount2(vaddr_t target, u32 flags)
{
	u32 follow = flags & UMOUNT_NOFOLLOW ? 0 : WALK_FOLLOW;
	struct list_node gone = LIST_INIT(gone);
	struct inode *root;
	char *path;
	int error;

	/* MNT_EXPIRE, which asks twice, is for automounters. */
	if (flags & ~(MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW))
		return -EINVAL;
	if (!is_capable(CAP_SYS_ADMIN))
		return -EPERM;
	error = path_from_user(target, &path);
	if (error)
		return error;
	error = path_walk(NULL, path, follow, &root);
	path_free(path);
	if (error)
		return error;
	mutex_lock(&mounts_lock);
	error = take_tree(root, flags & MNT_DETACH, &gone);
	mutex_unlock(&mounts_lock);
	unmount_all(&gone);
	inode_put(root);
	return error;
}

/* ---- What is mounted ----------------------------------------------------- */

u32 mount_magic(u32 filesystem)
{
	struct mount *mount;
	u32 magic = ANON_INODE_MAGIC;

	mutex_lock(&mounts_lock);
	list_for_each_entry(mount, &mounts, node)
		if (mount->filesystem == filesystem)
			magic = mount->type->magic;
	mutex_unlock(&mounts_lock);
	return magic;
}

void mount_show(struct text *text)
{
	struct mount *mount;
	char *path = kmalloc(PATH_MAX);

	if (!path)
		return;
	mutex_lock(&mounts_lock);
	list_for_each_entry(mount, &mounts, node)
		if (inode_path(mount->root, path, PATH_MAX) == 0)
			text_printf(text, "%s %s %s rw 0 0\n", mount->source,
				    path, mount->type->name);
	mutex_unlock(&mounts_lock);
	kfree(path);
}
