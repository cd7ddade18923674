/*
 * elf.c - programs: what an ELF file says and how it gets into memory
 *
 *	file:    | headers | text ......... | data ..... |
 *	memory:  [ file pages, r-x ]  [ file pages, rw- | zeros ][ zeros ]
 *
 * Segments are private mappings of the file's own pages, so the text of ten
 * shells is in memory once, and a program's data is copied page by
 * page on its first write, as after fork.
 */
#include "kernel/proc/elf.h"

#include "kernel/fs/object_io.h"
#include "kernel/fs/vfs.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/kmem.h"
#include "mm/map.h"
#include "mm/uaccess.h"

struct elf_header {
	u8 magic[4];
	u8 class;
	u8 byte_order;
	u8 ident_version;
	u8 ident_padding[9];
	u16 type;
	u16 machine;
	u32 version;
	u64 entry;
	u64 segments_offset;
	u64 sections_offset;
	u32 flags;
	u16 header_bytes;
	u16 segment_bytes;
	u16 segment_count;
	u16 section_bytes;
	u16 section_count;
	u16 section_names;
};

struct elf_segment {
	u32 type;
	u32 flags;
	u64 offset;
	u64 address;
	u64 physical_address;
	u64 file_bytes;
	u64 memory_bytes;
	u64 align;
};

_Static_assert(sizeof(struct elf_header) == 64, "as the ABI has it");
_Static_assert(sizeof(struct elf_segment) == ELF_SEGMENT_BYTES,
	       "as the ABI has it");

#define ELF_CLASS_64 2
#define ELF_LITTLE_ENDIAN 1
#define ELF_VERSION 1
#define ELF_TYPE_EXEC 2
#define ELF_TYPE_DYN 3
#define ELF_MACHINE_X86_64 62

#define SEGMENT_LOAD 1
#define SEGMENT_INTERPRETER 3
#define SEGMENT_GNU_STACK 0x6474e551

#define SEGMENT_EXEC 1u
#define SEGMENT_WRITE 2u
#define SEGMENT_READ 4u

/* Two thirds up, as on Linux: there is room to grow above and below. */
#define ELF_DYN_BASE 0x555555554000UL

/* As many program headers as fit a page; linkers make about ten. */
#define SEGMENTS_MAX (PAGE_SIZE / sizeof(struct elf_segment))

static int check_header(const struct elf_header *header)
{
	if (memcmp(header->magic, "\177ELF", sizeof(header->magic)) != 0 ||
	    header->class != ELF_CLASS_64 ||
	    header->byte_order != ELF_LITTLE_ENDIAN ||
	    header->ident_version != ELF_VERSION ||
	    header->machine != ELF_MACHINE_X86_64)
		return -ENOEXEC;
	if ((header->type != ELF_TYPE_EXEC && header->type != ELF_TYPE_DYN) ||
	    header->segment_bytes != sizeof(struct elf_segment) ||
	    header->segment_count == 0 || header->segment_count > SEGMENTS_MAX)
		return -ENOEXEC;
	return 0;
}

/* => type is SEGMENT_LOAD */
static bool is_segment_ok(const struct elf_segment *segment, u64 file_bytes)
{
	u64 address = segment->address;

	if (segment->file_bytes > segment->memory_bytes ||
	    segment->offset > file_bytes ||
	    segment->file_bytes > file_bytes - segment->offset)
		return false;
	if (address < USER_START || address > USER_END ||
	    segment->memory_bytes > USER_END - address)
		return false;
	/* The page that holds a byte in the file holds it in memory too. */
	return segment->file_bytes == 0 ||
	       is_aligned(address - segment->offset, PAGE_SIZE);
}

/* Does the part of the file that has the program headers get mapped here? */
static bool covers_headers(const struct elf_segment *segment,
			   const struct elf_header *header)
{
	u64 bytes = header->segment_count * sizeof(*segment);

	return header->segments_offset >= segment->offset &&
	       header->segments_offset + bytes <=
		       segment->offset + segment->file_bytes;
}

static int check_segments(struct elf_program *program,
			  const struct elf_header *header)
{
	bool has_load = false;

	for (u32 i = 0; i < program->segment_count; i++) {
		const struct elf_segment *segment = &program->segments[i];

		if (segment->type == SEGMENT_INTERPRETER)
			return -ENOEXEC;
		if (segment->type == SEGMENT_GNU_STACK)
			program->is_stack_executable = segment->flags &
						       SEGMENT_EXEC;
		if (segment->type != SEGMENT_LOAD || segment->memory_bytes == 0)
			continue;
		if (!is_segment_ok(segment, program->inode->object->size_bytes))
			return -ENOEXEC;
		has_load = true;
		program->end = VADDR(
			max_u64(program->end.val,
				segment->address + segment->memory_bytes));
		if (covers_headers(segment, header))
			program->headers =
				VADDR(header->segments_offset -
				      segment->offset + segment->address);
	}
	return has_load && program->entry.val < USER_END ? 0 : -ENOEXEC;
}

/*
 * A program that may lie anywhere (static-pie) has addresses from 0 on; here
 * they become those it will have.  It finds out by itself, and relocates
 * itself.  Sums that wrap around are caught by is_segment_ok().
 */
static void place_program(struct elf_program *program)
{
	for (u32 i = 0; i < program->segment_count; i++)
		program->segments[i].address += ELF_DYN_BASE;
	program->entry = VADDR(program->entry.val + ELF_DYN_BASE);
}

static int read_program(struct elf_program *program)
{
	struct object *object = program->inode->object;
	struct elf_header header;
	u64 bytes;
	int error;

	if (object_read(object, 0, &header, sizeof(header)) != sizeof(header))
		return -ENOEXEC;
	error = check_header(&header);
	if (error)
		return error;

	program->segment_count = header.segment_count;
	program->entry = VADDR(header.entry);
	bytes = header.segment_count * sizeof(struct elf_segment);
	program->segments = kmalloc(bytes);
	if (!program->segments)
		return -ENOMEM;
	/* An offset near 2^64 would wrap around inside the reader. */
	if (header.segments_offset > object->size_bytes ||
	    object_read(object, header.segments_offset, program->segments,
			bytes) != bytes)
		return -ENOEXEC;
	if (header.type == ELF_TYPE_DYN)
		place_program(program);
	return check_segments(program, &header);
}

int elf_open(struct elf_program *program, struct inode *inode)
{
	int error;

	*program = (struct elf_program){ .inode = inode };
	error = read_program(program);
	if (error)
		kfree(program->segments);
	return error;
}

void elf_close(struct elf_program *program)
{
	kfree(program->segments);
	vfs_close_exec(program->inode);
}

/* ---- Into memory -------------------------------------------------------- */

static u32 segment_prot(const struct elf_segment *segment)
{
	return (segment->flags & SEGMENT_READ ? PROT_READ : 0) |
	       (segment->flags & SEGMENT_WRITE ? PROT_WRITE : 0) |
	       (segment->flags & SEGMENT_EXEC ? PROT_EXEC : 0);
}

static int map_pages(struct mm *mm, struct map_request *request, u64 end)
{
	i64 result;

	if (request->address.val >= end)
		return 0;
	request->bytes = end - request->address.val;
	request->flags |= MAP_PRIVATE | MAP_FIXED_NOREPLACE;
	result = map_mmap(mm, request);
	/* Segments that overlap: the file is wrong. */
	if (result == -EEXIST || result == -EINVAL)
		return -ENOEXEC;
	return result < 0 ? (int)result : 0;
}

static int map_segment(const struct elf_segment *segment, struct object *object,
		       struct mm *mm)
{
	u64 start = align_down(segment->address, PAGE_SIZE);
	u64 file_end = segment->address + segment->file_bytes;
	u64 file_pages_end = align_up(file_end, PAGE_SIZE);
	struct map_request file = {
		.address = VADDR(start),
		.prot = segment_prot(segment),
		.object = object,
		.offset_bytes = align_down(segment->offset, PAGE_SIZE),
	};
	struct map_request zeros = {
		.address = VADDR(file_pages_end),
		.prot = segment_prot(segment),
		.flags = MAP_ANONYMOUS,
	};
	int error = 0;

	if (segment->file_bytes == 0)
		zeros.address = VADDR(start);
	else
		error = map_pages(mm, &file, file_pages_end);
	if (!error)
		error = map_pages(
			mm, &zeros,
			align_up(segment->address + segment->memory_bytes,
				 PAGE_SIZE));
	/* The last page of the file shows what comes next in it: not ours. */
	if (!error && segment->memory_bytes > segment->file_bytes &&
	    segment->flags & SEGMENT_WRITE && file_pages_end > file_end &&
	    segment->file_bytes != 0)
		error = zero_user(VADDR(file_end), file_pages_end - file_end);
	return error;
}

/* As Linux tells code from data, for /proc and RLIMIT_DATA. */
static void note_segment(const struct elf_segment *segment, u64 bias,
			 struct mm *mm)
{
	u64 start = segment->address + bias;
	u64 end = start + segment->file_bytes;

	if (segment->flags & SEGMENT_EXEC) {
		if (!mm->code_end.val || start < mm->code_start.val)
			mm->code_start = VADDR(start);
		mm->code_end = VADDR(max_u64(mm->code_end.val, end));
	}
	mm->data_start = VADDR(max_u64(mm->data_start.val, start));
	mm->data_end = VADDR(max_u64(mm->data_end.val, end));
}

int elf_map(const struct elf_program *program, struct mm *mm)
{
	for (u32 i = 0; i < program->segment_count; i++) {
		const struct elf_segment *segment = &program->segments[i];
		int error;

		if (segment->type != SEGMENT_LOAD || segment->memory_bytes == 0)
			continue;
		error = map_segment(segment, program->inode->object, mm);
		if (error)
			return error;
		note_segment(segment, 0, mm);
	}
	mm->brk_start = VADDR(align_up(program->end.val, PAGE_SIZE));
	mm->brk = mm->brk_start;
	return 0;
}
