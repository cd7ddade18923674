/*
 * initramfs.c - see initramfs.h
 *
 * A newc archive is a row of members, each a header of 110 characters, a name
 * and the data; the last member is called TRAILER!!!.  Several archives may
 * follow each other, with zeros between them.  The bytes come from outside, so
 * every number is checked before it is used.
 */
#include "kernel/fs/initramfs.h"

#include "kernel/fs/object_io.h"
#include "kernel/fs/path.h"
#include "kernel/fs/vfs.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/frame.h"
#include "mm/kmem.h"

#define HEADER_BYTES 110
#define MAGIC_BYTES 6
#define FIELD_DIGITS 8
/* Header and data begin at multiples of this, counted from the archive. */
#define ALIGN_BYTES 4

/* The header's fields, in order. */
enum field {
	FIELD_INO,
	FIELD_MODE,
	FIELD_UID,
	FIELD_GID,
	FIELD_LINKS,
	FIELD_TIME,
	FIELD_SIZE,
	FIELD_DEV_MAJOR,
	FIELD_DEV_MINOR,
	FIELD_RDEV_MAJOR,
	FIELD_RDEV_MINOR,
	FIELD_NAME_SIZE,
	FIELD_CHECK,
	FIELDS,
};

_Static_assert(MAGIC_BYTES + FIELDS * FIELD_DIGITS == HEADER_BYTES, "newc");

struct archive {
	const char *bytes;
	u64 size;
	u64 at; /* the next member */
	u64 base; /* where the present one of several archives begins */
	bool in_archive; /* between its first member and its trailer */
};

struct member {
	u32 field[FIELDS];
	const char *name; /* terminated */
	const char *data;
	u64 data_bytes;
};

/* A file of several names: cpio stores its data with the last one. */
struct link_name {
	struct link_name *next;
	u32 dev_major;
	u32 dev_minor;
	u32 ino;
	char path[];
};

static int damaged(const struct archive *archive, const char *what)
{
	log_error("calf: initramfs is damaged at byte %lu of %lu: %s\n",
		  archive->at, archive->size, what);
	return -EINVAL;
}

/* ---- Reading members ----------------------------------------------------- */

static int parse_hex(const char *digits, u32 *value)
{
	u32 result = 0;

	for (int i = 0; i < FIELD_DIGITS; i++) {
		char digit = digits[i];

		result <<= 4;
		if (digit >= '0' && digit <= '9')
			result |= (u32)(digit - '0');
		else if (digit >= 'a' && digit <= 'f')
			result |= (u32)(digit - 'a' + 10);
		else if (digit >= 'A' && digit <= 'F')
			result |= (u32)(digit - 'A' + 10);
		else
			return -EINVAL;
	}
	*value = result;
	return 0;
}

/* Zeros between archives.  Return: false at the end of everything. */
static bool skip_padding(struct archive *archive)
{
	if (archive->in_archive)
		return true;
	while (archive->at < archive->size && !archive->bytes[archive->at])
		archive->at++;
	archive->base = archive->at;
	return archive->at < archive->size;
}

static int parse_header(const struct archive *archive, struct member *member)
{
	const char *header = archive->bytes + archive->at;

	if (archive->size - archive->at < HEADER_BYTES)
		return damaged(archive, archive->in_archive ?
						"cut off in a header" :
						"not a cpio archive");
	/* 070702 has check sums, which Linux does not look at either. */
	if (memcmp(header, "07070", 5) != 0 ||
	    (header[5] != '1' && header[5] != '2'))
		return damaged(archive, "no cpio header in newc format here "
					"(compressed?)");
	for (int i = 0; i < FIELDS; i++)
		if (parse_hex(header + MAGIC_BYTES + i * FIELD_DIGITS,
			      &member->field[i]) != 0)
			return damaged(archive, "a header field is no number");
	return 0;
}

static u64 align_in_archive(const struct archive *archive, u64 at)
{
	return archive->base + align_up(at - archive->base, ALIGN_BYTES);
}

/*
 * Take the next member.  No sum overflows: sizes have 32 bits.
 *
 * Return: 0; -ENOENT: no more; -EINVAL: damaged, and said so.
 */
static int next_member(struct archive *archive, struct member *member)
{
	u64 name_bytes, name_at, data_at, end;

	if (!skip_padding(archive))
		return -ENOENT;
	if (parse_header(archive, member) != 0)
		return -EINVAL;
	name_bytes = member->field[FIELD_NAME_SIZE];
	name_at = archive->at + HEADER_BYTES;
	data_at = align_in_archive(archive, name_at + name_bytes);
	end = data_at + member->field[FIELD_SIZE];
	if (name_bytes == 0 || name_bytes > PATH_MAX)
		return damaged(archive, "a name is empty or too long");
	if (data_at > archive->size || end > archive->size)
		return damaged(archive, "cut off in a file");
	member->name = archive->bytes + name_at;
	if (strnlen(member->name, name_bytes) != name_bytes - 1)
		return damaged(archive, "a name does not end where it should");
	member->data = archive->bytes + data_at;
	member->data_bytes = member->field[FIELD_SIZE];
	archive->in_archive = strcmp(member->name, "TRAILER!!!") != 0;
	archive->at = min_u64(align_in_archive(archive, end), archive->size);
	return 0;
}

/* Read everything once, making nothing.  Return: 0, or -EINVAL. */
static int check_archive(struct archive archive)
{
	struct member member;
	int error;

	do
		error = next_member(&archive, &member);
	while (!error);
	return error == -ENOENT ? 0 : error;
}

/* ---- Making files -------------------------------------------------------- */

static int write_data(struct file *file, const struct member *member)
{
	struct io io;

	/* The file only reads from it. */
	io_init_kernel(&io, (void *)(uintptr_t)member->data,
		       member->data_bytes);
	while (io.left) {
		i64 moved = file_write(file, &io);

		if (moved < 0)
			return (int)moved;
	}
	return 0;
}

static int make_file(const char *path, const struct member *member)
{
	u32 flags = O_WRONLY | O_CREAT;
	struct file *file;
	int error;

	/* A further name of a file brings no data: keep what there is. */
	if (member->data_bytes || member->field[FIELD_LINKS] <= 1)
		flags |= O_TRUNC;
	error = vfs_open(NULL, path, flags, member->field[FIELD_MODE], &file);
	if (error)
		return error;
	error = write_data(file, member);
	file_put(file);
	return error;
}

static bool is_same_file(const struct link_name *link,
			 const struct member *member)
{
	return link->ino == member->field[FIELD_INO] &&
	       link->dev_major == member->field[FIELD_DEV_MAJOR] &&
	       link->dev_minor == member->field[FIELD_DEV_MINOR];
}

/* Remember the first name of a file that has several. */
static int remember_link(struct link_name **links, const char *path,
			 const struct member *member)
{
	size_t bytes = strlen(path) + 1;
	struct link_name *link = kmalloc(sizeof(*link) + bytes);

	if (!link)
		return -ENOMEM;
	link->next = *links;
	link->ino = member->field[FIELD_INO];
	link->dev_major = member->field[FIELD_DEV_MAJOR];
	link->dev_minor = member->field[FIELD_DEV_MINOR];
	memcpy(link->path, path, bytes);
	*links = link;
	return 0;
}

static void forget_links(struct link_name **links)
{
	while (*links) {
		struct link_name *link = *links;

		*links = link->next;
		kfree(link);
	}
}

/* A regular file, which may be a further name of an earlier one. */
static int make_regular(struct link_name **links, const char *path,
			const struct member *member)
{
	const struct link_name *link = *links;
	int error = 0;

	if (member->field[FIELD_LINKS] <= 1)
		return make_file(path, member);
	while (link && !is_same_file(link, member))
		link = link->next;
	if (!link) {
		error = remember_link(links, path, member);
	} else {
		struct vfs_place from = { NULL, link->path };
		struct vfs_place to = { NULL, path };

		error = vfs_link(from, to, 0);
	}
	return error && error != -EEXIST ? error : make_file(path, member);
}

static int make_directory(const char *path, u32 mode)
{
	struct new_node node = { .mode = mode };
	struct inode *inode;
	int error = vfs_make(NULL, path, &node);

	if (error != -EEXIST)
		return error;
	error = path_walk(NULL, path, WALK_DIRECTORY, &inode);
	if (error)
		return error;
	inode->mode = mode; /* the later archive wins; nobody else is here */
	inode_put(inode);
	return 0;
}

/* A link, a device, a pipe: what is there of that name gives way. */
static int make_other(const char *path, const struct member *member)
{
	struct new_node node = {
		.mode = member->field[FIELD_MODE],
		.rdev = device_number(member->field[FIELD_RDEV_MAJOR],
				      member->field[FIELD_RDEV_MINOR]),
	};
	char *target = NULL;
	int error;

	if ((node.mode & S_IFMT) == S_IFLNK) {
		if (member->data_bytes == 0 || member->data_bytes >= PATH_MAX)
			return -EINVAL;
		target = kmalloc(PATH_MAX);
		if (!target)
			return -ENOMEM;
		memcpy(target, member->data, member->data_bytes);
		target[member->data_bytes] = '\0';
		node.target = target;
	}
	error = vfs_make(NULL, path, &node);
	if (error == -EEXIST) {
		error = vfs_remove(NULL, path, false);
		if (!error)
			error = vfs_make(NULL, path, &node);
	}
	kfree(target);
	return error;
}

static int make_member(struct link_name **links, const struct member *member)
{
	u32 mode = member->field[FIELD_MODE];
	const char *path = member->name;

	switch (mode & S_IFMT) {
	case S_IFREG:
		return make_regular(links, path, member);
	case S_IFDIR:
		return make_directory(path, mode);
	case S_IFLNK:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		return make_other(path, member);
	default:
		return -EINVAL;
	}
}

/* ---- All of it ----------------------------------------------------------- */

/* Give the frames between two places of the archive to the allocator. */
static void release(const struct boot_info *info, u64 from, u64 to)
{
	u64 start = align_up(info->initramfs_start.val, PAGE_SIZE);
	u64 base = info->initramfs_start.val;

	frame_release_range(
		PADDR(max_u64(start, align_down(base + from, PAGE_SIZE))),
		PADDR(align_down(base + to, PAGE_SIZE)));
}

/* => check_archive() had nothing to say.  Return: the number of files. */
static i64 make_all(const struct boot_info *info, struct archive *archive)
{
	struct link_name *links = NULL;
	u64 done = archive->at; /* everything before it is used up */
	struct member member;
	i64 files = 0;

	while (next_member(archive, &member) == 0) {
		int error = 0;

		if (archive->in_archive)
			error = make_member(&links, &member);
		else
			forget_links(&links); /* numbers begin anew */
		if (error) {
			log_error("calf: initramfs: cannot make %s: error %d\n",
				  member.name, -error);
			forget_links(&links);
			return error;
		}
		files += archive->in_archive;
		release(info, done, archive->at);
		done = archive->at;
	}
	release(info, done, archive->size);
	return files;
}

int initramfs_unpack(const struct boot_info *info)
{
	struct archive archive = {
		.bytes = paddr_to_ptr(info->initramfs_start),
		.size = info->initramfs_end.val - info->initramfs_start.val,
	};
	i64 files;

	if (archive.size == 0)
		return -ENOENT;
	if (check_archive(archive) != 0)
		return -EINVAL;
	files = make_all(info, &archive);
	if (files < 0)
		return files == -ENOENT ? -EINVAL : (int)files;
	log_info("calf: initramfs: %ld files, %lu KiB\n", files,
		 archive.size / 1024);
	return 0;
}
