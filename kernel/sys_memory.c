/*
 * sys_memory.c - the system calls about memory
 *
 * They find the file, if there is one, and leave the rest to mm/map.h.
 */
#include "kernel/syscalls.h"

#include "kernel/fs/files.h"
#include "kernel/lib/errno.h"
#include "kernel/proc/sched.h"
#include "kernel/proc/task.h"
#include "mm/map.h"

i64 sys_brk(vaddr_t address)
{
	return map_brk(current_task()->mm, address);
}

/* Let request->object be the memory behind descriptor @fd. */
static int find_object(struct map_request *request, int fd)
{
	u32 type = request->flags & MAP_TYPE;
	struct file *file;
	int error = files_get_file(fd, &file);

	if (error)
		return error;
	error = file_map(file, type != MAP_PRIVATE, request->prot & PROT_WRITE,
			 request->bytes, &request->object);
	file_put(file);
	/* /dev/zero: as good as no file. */
	if (!error && !request->object) {
		request->flags |= MAP_ANONYMOUS;
		request->offset_bytes = 0;
	}
	return error;
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
			error = map_populate_step(current_task()->mm, &range);
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
	i64 result;

	if (!is_aligned(request.offset_bytes, PAGE_SIZE))
		return -EINVAL;
	if (request.flags & MAP_ANONYMOUS) {
		request.offset_bytes = 0;
	} else {
		int error = find_object(&request, (int)frame->r8);

		if (error)
			return error;
	}
	result = map_mmap(current_task()->mm, &request);
	if (result >= 0 &&
	    (request.flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE)
		(void)populate(VADDR((u64)result), request.bytes,
			       POPULATE_QUIETLY);
	if (request.object)
		object_put(request.object);
	return result;
}

i64 sys_munmap(vaddr_t start, u64 bytes)
{
	return map_munmap(current_task()->mm, start, bytes);
}

i64 sys_mprotect(vaddr_t start, u64 bytes, u32 prot)
{
	return map_mprotect(current_task()->mm, start, bytes, prot);
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

	return map_mremap(current_task()->mm, &request);
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
