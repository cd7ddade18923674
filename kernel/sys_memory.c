/*
 * sys_memory.c - the system calls about memory
 *
 * They find the file, if there is one, and leave the rest to mm/map.h.
 */
#include "kernel/syscalls.h"

#include "kernel/fs/files.h"
#include "kernel/lib/errno.h"
#include "kernel/oom.h"
#include "kernel/proc/sched.h"
#include "kernel/proc/task.h"
#include "mm/map.h"
#include "mm/uaccess.h"

/*
 * What MAP_SHARED_VALIDATE knows of files: as on Linux not FIXED_NOREPLACE, but
 * many words that mean nothing here.
 */
#define MAP_VALID_FLAGS                                                        \
	(MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_GROWSDOWN |                \
	 MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK |             \
	 0x40 /* 32BIT */ | 0x80 /* ABOVE4G */ | 0x800 /* DENYWRITE */ |       \
	 0x1000 /* EXECUTABLE */ | MAP_LOCKED | 0x40000 /* HUGETLB */ |        \
	 0x7c000000 /* a huge page's size */)

/* Can a file be mapped like this at all?  In Linux's order. */
static int check_file_request(const struct map_request *request,
			      const struct file *file)
{
	u64 limit = inode_is_regular(file->inode) ? FILE_BYTES_MAX : ~0UL;
	u64 bytes = align_up(request->bytes, PAGE_SIZE);

	if (bytes > limit ||
	    request->offset_bytes >> PAGE_SHIFT > (limit - bytes) >> PAGE_SHIFT)
		return -EOVERFLOW;
	switch (request->flags & MAP_TYPE) {
	case MAP_SHARED_VALIDATE:
		return request->flags & ~(u32)MAP_VALID_FLAGS ? -EOPNOTSUPP : 0;
	case MAP_SHARED:
	case MAP_PRIVATE:
		return 0;
	default:
		return -EINVAL;
	}
}

/*
 * Let request->object be the memory behind descriptor @fd, or
 * request->file_error say why not.  Return: 0 and a reference of the file, for
 * as long as the area is made; or -EBADF.
 */
static int find_object(struct map_request *request, int fd, struct file **file)
{
	bool is_shared = (request->flags & MAP_TYPE) != MAP_PRIVATE;
	int error = files_get_file(fd, file);

	if (!error && (*file)->flags & O_PATH) {
		file_put(*file);
		error = -EBADF;
	}
	if (error)
		return error;
	if (is_shared && !file_can_write(*file))
		request->file_flags = VMA_NEVER_WRITE;
	if ((*file)->is_writer)
		request->file_flags = VMA_WRITER;
	error = check_file_request(request, *file);
	if (!error)
		error = file_map(*file, is_shared, request->prot & PROT_WRITE,
				 request->bytes, &request->object);
	request->file_error = error;
	/* /dev/zero: as good as no file. */
	if (!error && !request->object) {
		request->flags |= MAP_ANONYMOUS;
		request->offset_bytes = 0;
	}
	return 0;
}

/* The range may be larger than memory, so others run in between. */
static int populate(vaddr_t start, u64 bytes, enum populate_mode mode)
{
	struct populate range = {
		.at = start,
		.end = VADDR(align_up(start.val + bytes, PAGE_SIZE)),
		.mode = mode,
	};

	while (range.at.val < range.end.val) {
		int error = -EINTR;

		if (sched_checkpoint())
			do
				error = map_populate_step(current_task()->mm,
							  &range);
			while (error == -ENOMEM && oom_retry());
		if (error)
			return error;
	}
	return 0;
}

i64 sys_mmap(const struct trap_frame *frame)
{
	struct map_request request = {
		.address = VADDR(frame->rdi),
		.bytes = frame->rsi,
		.prot = (u32)frame->rdx,
		.flags = (u32)frame->r10,
		.offset_bytes = frame->r9,
	};
	struct file *file = NULL;
	i64 result;

	if (!is_aligned(request.offset_bytes, PAGE_SIZE))
		return -EINVAL;
	if (request.flags & MAP_ANONYMOUS) {
		request.offset_bytes = 0;
	} else {
		int error = find_object(&request, (int)frame->r8, &file);

		if (error)
			return error;
	}
	result = map_mmap(current_task()->mm, &request);
	if (result >= 0 &&
	    ((request.flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE ||
	     request.flags & MAP_LOCKED || current_task()->mm->lock_future))
		(void)populate(VADDR((u64)result), request.bytes,
			       POPULATE_QUIETLY);
	if (request.object)
		object_put(request.object);
	if (file)
		file_put(file);
	return result;
}

i64 sys_brk(vaddr_t address)
{
	struct mm *mm = current_task()->mm;
	vaddr_t old = mm->brk;
	i64 result;

	/* It fails by not moving the break, not with an error. */
	do
		result = map_brk(mm, address);
	while ((u64)result != address.val && oom_retry());
	if (mm->lock_future && (u64)result > old.val)
		(void)populate(VADDR(align_up(old.val, PAGE_SIZE)),
			       (u64)result - old.val, POPULATE_QUIETLY);
	return result;
}

i64 sys_msync(vaddr_t start, u64 bytes, u32 flags)
{
	return map_msync(current_task()->mm, start, bytes, flags);
}

i64 sys_munmap(vaddr_t start, u64 bytes)
{
	return map_munmap(current_task()->mm, start, bytes);
}

i64 sys_mprotect(vaddr_t start, u64 bytes, u32 prot)
{
	return map_mprotect(current_task()->mm, start, bytes, prot);
}

/* => [start, end) is in one area */
static void populate_if_locked(vaddr_t start, vaddr_t end)
{
	struct mm *mm = current_task()->mm;
	struct vma *vma;
	bool is_locked;

	read_lock(&mm->lock);
	vma = vma_find(&mm->vmas, start);
	is_locked = vma && vma->flags & VMA_LOCKED;
	read_unlock(&mm->lock);
	if (is_locked)
		(void)populate(start, end.val - start.val, POPULATE_QUIETLY);
}

i64 sys_mremap(vaddr_t old, u64 old_bytes, u64 new_bytes, u32 flags,
	       vaddr_t new_address)
{
	const struct remap_request request = {
		.address = old,
		.old_bytes = old_bytes,
		.new_bytes = new_bytes,
		.flags = flags,
		.target = new_address,
	};

	i64 result = map_mremap(current_task()->mm, &request);

	/* What has come to a locked area. */
	if (result >= 0 && new_bytes > old_bytes &&
	    current_task()->mm->locked_pages)
		populate_if_locked(vaddr_add(VADDR((u64)result),
					     align_up(old_bytes, PAGE_SIZE)),
				   VADDR((u64)result + new_bytes));
	return result;
}

/* ---- Locking ------------------------------------------------------------ */

/* Linux's words for pages that cannot be had. */
static i64 populate_error(int error)
{
	if (error == -EFAULT)
		return -ENOMEM;
	return error == -ENOMEM ? -EAGAIN : error;
}

i64 sys_mlock2(vaddr_t start, u64 bytes, u32 flags)
{
	i64 error = map_mlock(current_task()->mm, start, bytes, flags);
	vaddr_t first = vaddr_page(start);

	if (error)
		return error;
	/* A length that wraps around to 0 has locked nothing. */
	bytes += start.val - first.val;
	return populate_error(
		populate(first, align_up(bytes, PAGE_SIZE), POPULATE_LOCKED));
}

i64 sys_mlock(vaddr_t start, u64 bytes)
{
	return sys_mlock2(start, bytes, 0);
}

i64 sys_munlock(vaddr_t start, u64 bytes)
{
	return map_munlock(current_task()->mm, start, bytes);
}

i64 sys_mlockall(u32 flags)
{
	i64 error = flags ? map_mlockall(current_task()->mm, flags) : -EINVAL;

	if (!error && flags & MCL_CURRENT)
		(void)populate(VADDR(USER_START), USER_END - USER_START,
			       POPULATE_QUIETLY);
	return error;
}

i64 sys_munlockall(void)
{
	return map_mlockall(current_task()->mm, 0);
}

i64 sys_mincore(vaddr_t start, u64 bytes, vaddr_t to)
{
	u64 pages = bytes_to_pages(bytes);
	u8 resident[256];

	if (!is_aligned(start.val, PAGE_SIZE))
		return -EINVAL;
	if (!user_range_ok(start, bytes))
		return -ENOMEM;
	if (!user_range_ok(to, pages))
		return -EFAULT;
	for (u64 done = 0; done < pages;) {
		u64 wanted = min_u64(pages - done, sizeof(resident));
		u64 count = map_mincore(current_task()->mm,
					vaddr_add(start, done * PAGE_SIZE),
					wanted, resident);

		if (copy_to_user(vaddr_add(to, done), resident, count) != 0)
			return -EFAULT;
		if (count < wanted)
			return -ENOMEM;
		done += count;
		if (!sched_checkpoint())
			return -EINTR;
	}
	return 0;
}

i64 sys_madvise(vaddr_t start, u64 bytes, int advice)
{
	vaddr_t end;

	if (advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE) {
		if (map_advice_end(start, bytes, &end) != 0)
			return -EINVAL;
		return populate(start, end.val - start.val,
				advice == MADV_POPULATE_WRITE ? POPULATE_WRITE :
								POPULATE_READ);
	}
	return map_madvise(current_task()->mm, start, bytes, advice);
}
