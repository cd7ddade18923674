/* SPDX-License-Identifier: MIT */
/*
 * tests/bench/bench.h - what the benchmark programs share.
 *
 * A benchmark is a function that takes samples with SAMPLE() and hands them
 * to report().  The unit is one tick of the time-stamp counter: under
 * "tools/run --icount" that is exactly one guest instruction, and the whole
 * figure repeats to the last digit.  The programs are plain C for any kernel
 * with Linux's system calls.
 *
 *	PROGRAM [--quick] [NAME]	run all, or the named one
 *
 * Output, after the last sample, and then how long it all took:
 *
 *	zero_fill.median 812 ticks
 *	clock 1234567 ticks 1234567 ns
 */
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdarg.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../../user/calf.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum { SAMPLES_MAX = 1024, REPORT_MAX = 8192 };

static unsigned long samples[SAMPLES_MAX];
static int sample_count;
static unsigned long sample_overhead; /* ticks of an empty SAMPLE() */
static bool quick; /* a few samples only, for the tests of the benchmark */

/* ---- Taking a sample ------------------------------------------------ */

/*
 * No compiler emits a no-operation of 14 or 15 bytes, so the profiler knows
 * by the length alone where a sample begins (15) and ends (14).
 */
#define MARK_BEGIN                                                             \
	".byte 0x66,0x66,0x66,0x66,0x66,0x66,0x2e,0x0f,0x1f,0x84,0,0,0,0,0"
#define MARK_END ".byte 0x66,0x66,0x66,0x66,0x66,0x2e,0x0f,0x1f,0x84,0,0,0,0,0"

static inline unsigned long ticks_now(void)
{
	unsigned long now;

	__asm__ volatile("rdtsc\n\t"
			 "shl $32, %%rdx\n\t"
			 "or %%rdx, %%rax"
			 : "=a"(now)::"rdx", "cc", "memory");
	return now;
}

static inline unsigned long sample_begin(void)
{
	__asm__ volatile(MARK_BEGIN ::: "memory");
	return ticks_now();
}

static inline unsigned long sample_end(void)
{
	unsigned long now = ticks_now();

	__asm__ volatile(MARK_END ::: "memory");
	return now;
}

/* Ticks between the two, without what the measuring itself takes. */
static inline unsigned long sample_ticks(unsigned long begin, unsigned long end)
{
	unsigned long ticks = end - begin;

	return ticks > sample_overhead ? ticks - sample_overhead : 0;
}

static inline void sample_add(unsigned long ticks)
{
	if (sample_count < SAMPLES_MAX)
		samples[sample_count++] = ticks;
}

/* Measure one operation. */
#define SAMPLE(...)                                                            \
	do {                                                                   \
		unsigned long begin_ = sample_begin();                         \
		__VA_ARGS__;                                                   \
		sample_add(sample_ticks(begin_, sample_end()));                \
	} while (0)

/* ---- Reporting ------------------------------------------------------ */

static char report_text[REPORT_MAX];
static size_t report_length;

static inline void report_line(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

static inline void report_line(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	report_length += (size_t)vsnprintf(report_text + report_length,
					   sizeof(report_text) - report_length,
					   format, list);
	va_end(list);
	if (report_length >= sizeof(report_text)) {
		fputs("bench: the report is too long\n", stderr);
		_exit(1);
	}
}

static inline int by_value(const void *left, const void *right)
{
	unsigned long a = *(const unsigned long *)left;
	unsigned long b = *(const unsigned long *)right;

	return (a > b) - (a < b);
}

/* Median, smallest and mean of the samples; then begin again with none. */
static inline void report(const char *name)
{
	unsigned long sum = 0;

	if (sample_count == 0)
		return;
	qsort(samples, (size_t)sample_count, sizeof(samples[0]), by_value);
	for (int i = 0; i < sample_count; i++)
		sum += samples[i];
	report_line("%s.median %lu ticks\n", name, samples[sample_count / 2]);
	report_line("%s.min %lu ticks\n", name, samples[0]);
	report_line("%s.mean %lu ticks\n", name,
		    sum / (unsigned long)sample_count);
	sample_count = 0;
}

/* ---- Calling the kernel without the C library ----------------------- */

static inline long call(long number, long a, long b, long c)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return result;
}

static inline void *call_mmap(size_t size)
{
	register long flags __asm__("r10") = MAP_PRIVATE | MAP_ANONYMOUS;
	register long fd __asm__("r8") = -1;
	register long offset __asm__("r9") = 0;
	void *result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(SYS_mmap), "D"(0), "S"(size),
			   "d"(PROT_READ | PROT_WRITE), "r"(flags), "r"(fd),
			   "r"(offset)
			 : "rcx", "r11", "memory");
	return result;
}

static inline long call_wait(pid_t pid)
{
	register long usage __asm__("r10") = 0;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(SYS_wait4), "D"(pid), "S"(0), "d"(0), "r"(usage)
			 : "rcx", "r11", "memory");
	return result;
}

static inline void die(const char *what)
{
	perror(what);
	_exit(1);
}

/* ---- A program of benchmarks ---------------------------------------- */

struct benchmark {
	const char *name;
	void (*run)(const char *name);
};

/* As SAMPLE() without an operation, and without the marks. */
static inline void measure_overhead(void)
{
	unsigned long begin, end;

	for (int i = 0; i < 101; i++) {
		begin = ticks_now();
		end = ticks_now();
		sample_add(end - begin);
	}
	qsort(samples, 101, sizeof(samples[0]), by_value);
	sample_overhead = samples[50];
	sample_count = 0;
}

static inline void run_benchmark(const struct benchmark *benchmark)
{
	unsigned long ticks;
	size_t done = 0;
	long ns;

	settle();
	ns = now_ns();
	ticks = now_cycles();
	measure_overhead();
	benchmark->run(benchmark->name);
	ns = now_ns() - ns;
	ticks = now_cycles() - ticks;
	report_line("clock %lu ticks %ld ns\n", ticks, ns);
	while (done < report_length) {
		long part = write(STDOUT_FILENO, report_text + done,
				  report_length - done);

		if (part < 0)
			die("write");
		done += (size_t)part;
	}
}

/* In a process of its own, so that what ran before does not matter. */
static inline void run_alone(char *program, const char *name)
{
	char *const arguments[] = { program, (char *)name,
				    quick ? "--quick" : NULL, NULL };
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		execv(program, arguments);
		die(program);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		die("fork");
	if (status != 0) {
		fprintf(stderr, "%s failed (wait status %d)\n", name, status);
		_exit(1);
	}
}

/* What main() does: run the named one of @list, or all. */
static inline int bench_main(const struct benchmark *list, size_t count,
			     int argc, char **argv)
{
	const char *name = NULL;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--quick"))
			quick = true;
		else
			name = argv[i];
	}
	for (size_t i = 0; i < count; i++) {
		if (!name)
			run_alone(argv[0], list[i].name);
		else if (!strcmp(name, list[i].name))
			run_benchmark(&list[i]);
	}
	return 0;
}
