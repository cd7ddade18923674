// SPDX-License-Identifier: MIT
/*
 * tests/bench/plugin/count.c - a plugin for QEMU that counts instructions.
 *
 *	qemu-system-x86_64 -plugin count.so,out=FILE[,from=reset][,watch=ADDR]...
 *
 * It counts how often the instruction at each address runs inside a sample of
 * a benchmark (bench.h: between a no-operation of 15 bytes and one of 14), or,
 * with from=reset, from the start until the last watched address is reached.
 * At the end it writes:
 *
 *	samples N		how many samples there were
 *	watch ADDR N		instructions before ADDR ran for the first time
 *	count ADDR N		the instruction at ADDR ran N times
 *
 * QEMU's qemu-plugin.h is not in every distribution, so the few functions are
 * declared here.  They are the same since QEMU 4.2; only the number of the
 * interface, PLUGIN_VERSION, goes up.
 *
 * Sources: QEMU docs/devel/tcg-plugins.rst, include/qemu/qemu-plugin.h.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { QEMU_PLUGIN_CB_NO_REGS = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(
	qemu_plugin_id_t id,
	void (*call)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id,
				    void (*call)(qemu_plugin_id_t id,
						 void *data),
				    void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*call)(unsigned int cpu,
							 void *data),
					    int flags, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *
qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

#ifndef PLUGIN_VERSION
#define PLUGIN_VERSION 1
#endif
extern int qemu_plugin_version;
int qemu_plugin_version = PLUGIN_VERSION;

enum { BUCKETS = 1 << 16, WATCHED_MAX = 64, BEGIN_SIZE = 15, END_SIZE = 14 };

/* One instruction.  Programs may have different ones at the same address. */
struct counter {
	struct counter *next; /* in the same bucket */
	uint64_t address, size, count;
};

struct watched {
	uint64_t address, at;
	bool seen;
};

static struct counter *buckets[BUCKETS];
static struct watched watched[WATCHED_MAX];
static int watched_count, watched_left;
static const char *out_path;
static uint64_t total, sample_total;
static bool counting, from_reset;

static struct counter *counter_find(uint64_t address, uint64_t size)
{
	struct counter **bucket = &buckets[(address ^ address >> 16) % BUCKETS];
	struct counter *counter = *bucket;

	while (counter &&
	       (counter->address != address || counter->size != size))
		counter = counter->next;
	if (!counter) {
		counter = calloc(1, sizeof(*counter));
		if (!counter)
			abort();
		counter->address = address;
		counter->size = size;
		counter->next = *bucket;
		*bucket = counter;
	}
	return counter;
}

static void on_insn(unsigned int cpu, void *data)
{
	struct counter *counter = data;

	(void)cpu;
	total++;
	counter->count += counting;
}

static void on_begin(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	total++;
	sample_total++;
	counting = !from_reset || counting;
}

static void on_end(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	total++;
	counting = from_reset && counting;
}

static void on_watched(unsigned int cpu, void *data)
{
	struct watched *point = data;

	(void)cpu;
	if (point->seen)
		return;
	point->seen = true;
	point->at = total; /* on_insn() for the same one comes next */
	if (--watched_left == 0 && from_reset)
		counting = false;
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t address = qemu_plugin_insn_vaddr(insn);
		size_t size = qemu_plugin_insn_size(insn);

		for (int j = 0; j < watched_count; j++)
			if (watched[j].address == address)
				qemu_plugin_register_vcpu_insn_exec_cb(
					insn, on_watched,
					QEMU_PLUGIN_CB_NO_REGS, &watched[j]);
		qemu_plugin_register_vcpu_insn_exec_cb(
			insn,
			size == BEGIN_SIZE ? on_begin :
			size == END_SIZE   ? on_end :
					     on_insn,
			QEMU_PLUGIN_CB_NO_REGS, counter_find(address, size));
	}
}

static void write_out(qemu_plugin_id_t id, void *data)
{
	FILE *out = fopen(out_path, "w");

	(void)id;
	(void)data;
	if (!out) {
		perror(out_path);
		return;
	}
	fprintf(out, "samples %lu\n", (unsigned long)sample_total);
	for (int i = 0; i < watched_count; i++)
		if (watched[i].seen)
			fprintf(out, "watch 0x%lx %lu\n",
				(unsigned long)watched[i].address,
				(unsigned long)watched[i].at);
	for (int i = 0; i < BUCKETS; i++)
		for (struct counter *c = buckets[i]; c; c = c->next)
			if (c->count)
				fprintf(out, "count 0x%lx %lu\n",
					(unsigned long)c->address,
					(unsigned long)c->count);
	fclose(out);
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc,
			char **argv);

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc,
			char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			out_path = strdup(argv[i] + 4);
		else if (!strcmp(argv[i], "from=reset"))
			counting = from_reset = true;
		else if (!strncmp(argv[i], "watch=", 6) &&
			 watched_count < WATCHED_MAX)
			watched[watched_count++].address =
				strtoul(argv[i] + 6, NULL, 16);
		else
			return -1;
	}
	if (!out_path)
		return -1;
	watched_left = watched_count;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	qemu_plugin_register_atexit_cb(id, write_out, NULL);
	return 0;
}
