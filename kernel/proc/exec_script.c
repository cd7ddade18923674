/*
 * exec_script.c - see exec_script.h
 */
#include "kernel/proc/exec_script.h"

#include "kernel/fs/object_io.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static char *skip_blanks(char *at, const char *end)
{
	while (at < end && is_blank(*at))
		at++;
	return at;
}

static char *skip_word(char *at, const char *end)
{
	while (at < end && *at && !is_blank(*at))
		at++;
	return at;
}

/*
 * Where the line ends.  A short file without a newline ends with zeros, which
 * we have filled in.  A long line is cut: harmless, except in the name.
 */
static char *find_end(struct script *script)
{
	char *limit = script->line + SCRIPT_LINE_BYTES;
	char *newline = strchr(script->line, '\n');
	char *name;

	if (newline)
		return newline;
	limit--; /* Linux keeps the last byte for a terminator */
	name = skip_blanks(script->line + 2, limit);
	if (name == limit ||
	    (skip_word(name, limit) == limit && *limit && !is_blank(*limit)))
		return NULL;
	return limit;
}

int script_read(struct script *script, struct object *file)
{
	char *end, *name, *word_end;

	memset(script, 0, sizeof(*script));
	(void)object_read(file, 0, script->line, SCRIPT_LINE_BYTES);
	if (script->line[0] != '#' || script->line[1] != '!')
		return -ENOEXEC;
	end = find_end(script);
	if (!end)
		return -ENOEXEC;
	while (is_blank(end[-1]))
		end--;
	*end = '\0';
	name = skip_blanks(script->line + 2, end);
	if (name == end)
		return -ENOEXEC;
	word_end = skip_word(name, end);
	if (is_blank(*word_end)) {
		script->argument = skip_blanks(word_end, end);
		*word_end = '\0';
	}
	script->interpreter = name;
	return 0;
}
