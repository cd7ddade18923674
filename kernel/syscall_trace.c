/*
 * syscall_trace.c - a system call on its way into the trace
 *
 * A record holds four arguments; the rest, and what a path says, follow in
 * records of their own.  Reading a path may fault, as the call itself would a
 * moment later.
 */
#include "kernel/syscall_trace.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/trace.h"
#include "mm/uaccess.h"

/* The bytes of a string that are worth a look. */
#define TEXT_BYTES 64

/* Bit n: argument n is a path, or another string. */
static const u8 string_arguments[] = {
	[2] = 1, /* open */
	[4] = 1, /* stat */
	[6] = 1, /* lstat */
	[21] = 1, /* access */
	[59] = 1, /* execve */
	[76] = 1, /* truncate */
	[80] = 1, /* chdir */
	[82] = 3, /* rename */
	[83] = 1, /* mkdir */
	[84] = 1, /* rmdir */
	[85] = 1, /* creat */
	[86] = 3, /* link */
	[87] = 1, /* unlink */
	[88] = 3, /* symlink */
	[89] = 1, /* readlink */
	[90] = 1, /* chmod */
	[92] = 1, /* chown */
	[94] = 1, /* lchown */
	[133] = 1, /* mknod */
	[257] = 2, /* openat */
	[258] = 2, /* mkdirat */
	[259] = 2, /* mknodat */
	[260] = 2, /* fchownat */
	[262] = 2, /* newfstatat */
	[263] = 2, /* unlinkat */
	[264] = 10, /* renameat */
	[265] = 10, /* linkat */
	[266] = 5, /* symlinkat */
	[267] = 2, /* readlinkat */
	[268] = 2, /* fchmodat */
	[269] = 2, /* faccessat */
	[280] = 2, /* utimensat */
	[316] = 10, /* renameat2 */
	[322] = 2, /* execveat */
	[332] = 2, /* statx */
	[439] = 2, /* faccessat2 */
};

#define SYSCALL_WRITE 1

static void trace_parts(u8 argument, const char *text, size_t length)
{
	for (size_t at = 0; at < length; at += TRACE_TEXT_BYTES)
		TRACE_TEXT(CALL_TEXT, text + at, length - at, .kind = argument,
			   .other = (u32)at, .code = (u32)length);
}

static void trace_string(u8 argument, vaddr_t from)
{
	char text[TEXT_BYTES + 1] = "";
	i64 length = copy_string_from_user(text, from, TEXT_BYTES);

	if (length == -ENAMETOOLONG)
		length = TEXT_BYTES;
	if (length > 0)
		trace_parts(argument, text, (size_t)length);
}

/* What is written to a terminal is text, mostly. */
static void trace_bytes(u8 argument, vaddr_t from, u64 count)
{
	char text[TEXT_BYTES + 1] = "";
	u64 length = min_u64(count, TEXT_BYTES);

	length -= copy_from_user_partial(text, from, length);
	trace_parts(argument, text, length);
}

void syscall_trace(const struct trap_frame *frame)
{
	const u64 arguments[] = { frame->rdi, frame->rsi, frame->rdx,
				  frame->r10 };
	u64 number = frame->rax;

	TRACE(CALL, .code = (u32)number, .address = arguments[0],
	      .value = arguments[1], .frame = (u32)arguments[2],
	      .other = (u32)(arguments[2] >> 32), .refcount = (u32)arguments[3],
	      .mapcount = (u32)(arguments[3] >> 32));
	TRACE(CALL_MORE, .address = frame->r8, .value = frame->r9);
	if (number == SYSCALL_WRITE)
		trace_bytes(1, VADDR(arguments[1]), arguments[2]);
	if (number >= ARRAY_SIZE(string_arguments))
		return;
	for (u8 i = 0; i < ARRAY_SIZE(arguments); i++)
		if (string_arguments[number] >> i & 1)
			trace_string(i, VADDR(arguments[i]));
}
