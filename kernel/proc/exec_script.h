/*
 * exec_script.h - programs that are text: "#!interpreter [argument]"
 *
 * Does not own: who runs the interpreter (kernel/proc/exec.c).
 * Source: execve(2), "Interpreter scripts"; Linux v6.12 fs/binfmt_script.c.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

struct object;

/* As Linux's BINPRM_BUF_SIZE: what is looked at of the first line. */
#define SCRIPT_LINE_BYTES 256

/* As on Linux: an interpreter may be a script, and so on, but no further. */
#define SCRIPTS_NESTED_MAX 5

struct script {
	char line[SCRIPT_LINE_BYTES + 1]; /* the strings below point into it */
	const char *interpreter;
	const char *argument; /* all that follows; NULL: nothing does */
};

/**
 * script_read() - take the first line of a file apart
 *
 * Return: 0, or -ENOEXEC: it is no script, or the line is too long to tell
 * where the name of the interpreter ends.
 */
int script_read(struct script *script, struct object *file) __must_check;
