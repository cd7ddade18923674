/*
 * cmdline.c - what the boot command line asks for
 */
#include "kernel/cmdline.h"

#include "boot/boot_info.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sysctl.h"
#include "kernel/x86_64/cpu.h"
#include "mm/check.h"

/* Words of the line, those after "--" included. */
#define WORDS_MAX 128

struct cmdline cmdline = { .init = "/init", .max_cpus = CPUS_MAX };

/* Lives as long as the kernel; words are cut out of it in place. */
static char line[BOOT_COMMAND_LINE_MAX];
static char *words[WORDS_MAX];
static u32 word_count;
static u32 option_count; /* words before "--" */
static bool has_too_many; /* words */

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/*
 * Move one word to its place without quotes and escapes, which it can only
 * get shorter by.  Return: where to go on.
 */
static char *cut_word(char *from)
{
	char *to = from;
	bool is_quoted = false;

	for (; *from && (is_quoted || !is_space(*from)); from++) {
		if (*from == '"') {
			is_quoted = !is_quoted;
			continue;
		}
		if (is_quoted && *from == '\\' &&
		    (from[1] == '"' || from[1] == '\\'))
			from++;
		*to++ = *from;
	}
	/* Not further than the space that ended the word. */
	if (*from)
		from++;
	*to = '\0';
	return from;
}

static void split(void)
{
	char *at = line;

	while (1) {
		while (is_space(*at))
			at++;
		if (!*at)
			return;
		if (word_count == WORDS_MAX) {
			has_too_many = true;
			return;
		}
		words[word_count++] = at;
		at = cut_word(at);
	}
}

/* Return: what follows "@name=", or NULL. */
static const char *value_of(const char *word, const char *name)
{
	size_t length = strlen(name);

	if (strncmp(word, name, length) != 0 || word[length] != '=')
		return NULL;
	return word + length + 1;
}

/* As much of @text as is digits; at most CPUS_MAX. */
static u32 parse_count(const char *text)
{
	u32 count = 0;

	for (; *text >= '0' && *text <= '9' && count <= CPUS_MAX; text++)
		count = count * 10 + (u32)(*text - '0');
	return count;
}

/* Return: false: nobody knows this word (yet: see cmdline_apply()). */
static bool parse_option(const char *word)
{
	const char *value;

	if (strcmp(word, "quiet") == 0)
		cmdline.quiet = true;
	else if ((value = value_of(word, "init")))
		cmdline.init = value;
	else if ((value = value_of(word, "log")))
		cmdline.log_debugcon = strcmp(value, "debugcon") == 0;
	else if ((value = value_of(word, "tty")))
		cmdline.tty_raw = strcmp(value, "raw") == 0;
	else if ((value = value_of(word, "serial.mark")))
		cmdline.serial_mark = value;
	else if ((value = value_of(word, "maxcpus")))
		cmdline.max_cpus = parse_count(value);
	else if ((value = value_of(word, "map")))
		cmdline.map = strcmp(value, "0") != 0;
	else if ((value = value_of(word, "trace")))
		cmdline.trace = value;
	else if ((value = value_of(word, "check")))
		check_enabled = strcmp(value, "0") != 0;
	else if (!value_of(word, "console"))
		return false;
	return true;
}

void cmdline_parse(const char *text)
{
	u32 i;

	strlcpy(line, text, sizeof(line));
	split();
	for (i = 0; i < word_count && strcmp(words[i], "--") != 0; i++)
		parse_option(words[i]);
	option_count = i;
	for (i++; i < word_count; i++) {
		if (cmdline.argument_count == CMDLINE_ARGUMENTS_MAX) {
			has_too_many = true;
			return;
		}
		cmdline.arguments[cmdline.argument_count++] = words[i];
	}
}

/* "sysctl.vm.NAME=VALUE".  Return: false: not of that form. */
static bool apply_sysctl(char *word)
{
	static const char prefix[] = "sysctl.vm.";
	char *name = word + sizeof(prefix) - 1;
	const struct sysctl *entry;
	char *value;

	if (strncmp(word, prefix, sizeof(prefix) - 1) != 0)
		return false;
	value = strchr(name, '=');
	if (!value)
		return false;
	*value++ = '\0';
	entry = sysctl_find(name);
	if (!entry)
		log_warning("calf: there is no sysctl vm.%s\n", name);
	else if (sysctl_write(entry, value) != 0)
		log_warning("calf: vm.%s cannot be \"%s\" (EINVAL)\n", name,
			    value);
	return true;
}

void cmdline_apply(void)
{
	for (u32 i = 0; i < option_count; i++)
		if (!parse_option(words[i]) && !apply_sysctl(words[i]))
			log_warning("calf: unknown option \"%s\"\n", words[i]);
	if (has_too_many)
		log_warning("calf: the command line has too many words\n");
}
