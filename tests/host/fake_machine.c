/*
 * fake_machine.c - memory, locks, panic and failing allocations
 *
 * Allocators are wrapped (the linker's --wrap), so that AddressSanitizer knows
 * which memory is free: a call of f() from another file comes to __wrap_f(),
 * which calls __real_f().
 */
#include "tests/host/fake_machine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/lib/ksym.h"
#include "kernel/lib/lock_order.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/rwlock.h"
#include "kernel/lib/spinlock.h"
#include "kernel/x86_64/smp.h"
#include "mm/kmem.h"

/* ---- AddressSanitizer: free memory must not be touched ---- */

#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif

#ifdef HAS_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>

/* Memory of mm/ is not malloc()'s: leaks are found by counting frames. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static void hide(const void *start, u64 bytes)
{
	__asan_poison_memory_region(start, bytes);
}

static void show(const void *start, u64 bytes)
{
	__asan_unpoison_memory_region(start, bytes);
}

static void print_stack(void)
{
	__sanitizer_print_stack_trace();
}
#else
static void hide(const void *start, u64 bytes)
{
	(void)start;
	(void)bytes;
}

static void show(const void *start, u64 bytes)
{
	(void)start;
	(void)bytes;
}

static void print_stack(void)
{
}
#endif

/* ---- Failing allocations ---- */

u64 machine_allocations;
static u64 fail_at; /* of machine_allocations; 0: never */
static bool fails_ever_after;
static bool has_failed;

/* Called by mm/ before each allocation of a frame or an object. */
static bool must_fail(void)
{
	machine_allocations++;
	if (!fail_at || machine_allocations < fail_at ||
	    (machine_allocations > fail_at && !fails_ever_after))
		return false;
	has_failed = true;
	return true;
}

void machine_fail_nth(u64 nth)
{
	fail_at = nth ? machine_allocations + nth : 0;
	fails_ever_after = false;
	has_failed = false;
}

void machine_fail_from(u64 nth)
{
	machine_fail_nth(nth);
	fails_ever_after = true;
}

bool machine_failed(void)
{
	fail_at = 0;
	return has_failed;
}

/* ---- Memory ---- */

/*
 * The kernel image's symbols are addresses without storage: here, the 64 KiB
 * from 1 MiB on (the build sets KERNEL_BASE to 0).
 */
__asm__(".globl kernel_image_start, kernel_image_end\n"
	"kernel_image_start = 0x100000\n"
	"kernel_image_end = 0x110000\n");

void machine_map_memory(u64 bytes)
{
	void *wanted = pfn_to_ptr(PFN(0));
	void *got = mmap(wanted, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE |
				 MAP_NORESERVE,
			 -1, 0);

	if (got != wanted)
		FAIL("no memory at %p", wanted);
	allocation_fails = must_fail;
}

void machine_start(void)
{
	static struct boot_info info;

	machine_map_memory(MACHINE_BYTES);
	info.range_count = 1;
	info.ranges[0] =
		(struct boot_range){ PADDR(0), PADDR(MACHINE_BYTES), true };
	CHECK_EQUAL(frame_init(&info), 0);
	CHECK_EQUAL(pgtable_init(&kernel_pgtable), 0);
}

/* ---- Panic and the log ---- */

bool panic_in_progress;

static void say(const char *fmt, va_list args)
{
	vfprintf(stderr, fmt, args);
	fflush(stderr);
}

void panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("PANIC: ", stderr);
	say(fmt, args);
	fputs("\n", stderr);
	va_end(args);
	print_stack();
	exit(EXIT_TEST_PANIC);
}

void log_error(const char *fmt, ...) __printf(1, 2);
void log_error(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(fmt, args);
	va_end(args);
}

/* Without a table of symbols; the sanitizers print a stack anyway. */
const struct ksym *ksym_find(u64 address)
{
	(void)address;
	return NULL;
}

/* ---- Nobody wants a trace ---- */

u64 trace_mask;
u64 trace_last_sequence;

void trace_end(struct trace_record *record, enum trace_event event)
{
	(void)record;
	panic("event %d, which nobody wants", event);
}

/* ---- Nobody else runs: see kernel/x86_64/smp.h ---- */

void smp_stop_others(void)
{
}

void smp_resume_others(void)
{
}

/*
 * ---- Locks: one CPU at a time runs, so a lock that is taken is a bug ----
 *
 * Their order is checked as in the kernel, by kernel/lib/lock_order.c.
 */

/* Any address tells the CPUs apart. */
static char this_cpu_address;

void spinlock_init(struct spinlock *lock, const char *name)
{
	*lock = (struct spinlock)SPINLOCK_INIT(name);
}

static struct lock_held held_locks;

/* Return: its class. */
static u8 assert_not_taken(struct spinlock *lock)
{
	if (lock->locked)
		panic("lock %s taken twice", lock->name);
	return lock_order_class(lock->name, &lock->class);
}

static void take_lock(struct spinlock *lock)
{
	lock->locked = 1;
	lock->owner = (const struct cpu *)&this_cpu_address;
	lock_order_taken(&held_locks, lock->class);
}

void spin_lock(struct spinlock *lock)
{
	lock_order_check(&held_locks, assert_not_taken(lock),
			 __builtin_return_address(0));
	take_lock(lock);
}

void spin_lock_nested(struct spinlock *lock)
{
	lock_order_check_nested(&held_locks, assert_not_taken(lock),
				__builtin_return_address(0));
	take_lock(lock);
}

void (*machine_lock_is_busy)(void);
static void (*holder_goes_on)(void);

void spin_unlock(struct spinlock *lock)
{
	void (*holder)(void) = holder_goes_on;

	if (!spin_is_held(lock))
		panic("lock %s released, but not held", lock->name);
	lock_order_released(&held_locks, lock->class);
	lock->locked = 0;
	lock->owner = NULL;
	holder_goes_on = NULL;
	if (holder)
		holder();
}

bool spin_is_held(const struct spinlock *lock)
{
	return lock->owner == (const struct cpu *)&this_cpu_address;
}

void rwlock_init(struct rwlock *lock, const char *name)
{
	*lock = (struct rwlock){ .name = name };
}

static void take_rwlock(struct rwlock *lock, u32 holders)
{
	lock->holders = holders;
	if (holders == RWLOCK_WRITER)
		lock->writer = (const struct cpu *)&this_cpu_address;
	lock_order_taken(&held_locks, lock->class);
}

/* Return: its class. */
static u8 assert_is_free(struct rwlock *lock)
{
	if (lock->holders)
		panic("lock %s taken twice", lock->name);
	return lock_order_class(lock->name, &lock->class);
}

static void drop_rwlock(struct rwlock *lock, u32 holders)
{
	if (lock->holders != holders)
		panic("lock %s released, but not held so", lock->name);
	lock_order_released(&held_locks, lock->class);
	lock->holders = 0;
	lock->writer = NULL;
}

void (*machine_faster_thread)(void);

void read_lock(struct rwlock *lock)
{
	void (*other)(void) = machine_faster_thread;

	machine_faster_thread = NULL;
	if (other)
		other();
	lock_order_check(&held_locks, assert_is_free(lock),
			 __builtin_return_address(0));
	take_rwlock(lock, 1);
}

void read_unlock(struct rwlock *lock)
{
	drop_rwlock(lock, 1);
}

void write_lock(struct rwlock *lock)
{
	lock_order_check(&held_locks, assert_is_free(lock),
			 __builtin_return_address(0));
	take_rwlock(lock, RWLOCK_WRITER);
}

void write_lock_nested(struct rwlock *lock)
{
	lock_order_check_nested(&held_locks, assert_is_free(lock),
				__builtin_return_address(0));
	take_rwlock(lock, RWLOCK_WRITER);
}

bool write_trylock(struct rwlock *lock)
{
	if (machine_lock_is_busy) {
		holder_goes_on = machine_lock_is_busy;
		machine_lock_is_busy = NULL;
		return false;
	}
	(void)assert_is_free(lock);
	take_rwlock(lock, RWLOCK_WRITER);
	return true;
}

void write_unlock(struct rwlock *lock)
{
	drop_rwlock(lock, RWLOCK_WRITER);
}

bool write_is_held(const struct rwlock *lock)
{
	return lock->holders == RWLOCK_WRITER;
}

/* ---- Hiding free memory from the tests, and from mm/ itself ---- */

struct frame *__real_frame_cache_take(unsigned int order, u64 keep);
struct frame *__wrap_frame_cache_take(unsigned int order, u64 keep);
struct frame *__wrap_frame_cache_take(unsigned int order, u64 keep)
{
	struct frame *block = __real_frame_cache_take(order, keep);

	if (block)
		show(frame_ptr(block), PAGE_SIZE << order);
	return block;
}

void __real_frame_cache_give(struct frame *block, unsigned int order);
void __wrap_frame_cache_give(struct frame *block, unsigned int order);
void __wrap_frame_cache_give(struct frame *block, unsigned int order)
{
	hide(frame_ptr(block), PAGE_SIZE << order);
	__real_frame_cache_give(block, order);
}

/* About to be filled with poison: objects in it may be hidden already. */
void __real_frame_free(struct frame *frame);
void __wrap_frame_free(struct frame *frame);
void __wrap_frame_free(struct frame *frame)
{
	show(frame_ptr(frame), PAGE_SIZE);
	__real_frame_free(frame);
}

void *__real_kmem_cache_alloc(struct kmem_cache *cache);
void *__wrap_kmem_cache_alloc(struct kmem_cache *cache);
void *__wrap_kmem_cache_alloc(struct kmem_cache *cache)
{
	void *object = __real_kmem_cache_alloc(cache);

	if (object)
		show(object, cache->object_bytes);
	return object;
}

/* The real one would zero the object before we can show it. */
void *__real_kmem_cache_alloc_zeroed(struct kmem_cache *cache);
void *__wrap_kmem_cache_alloc_zeroed(struct kmem_cache *cache);
void *__wrap_kmem_cache_alloc_zeroed(struct kmem_cache *cache)
{
#ifdef HAS_ASAN
	void *object = __wrap_kmem_cache_alloc(cache);

	if (object)
		memset(object, 0, cache->object_bytes);
	return object;
#else
	return __real_kmem_cache_alloc_zeroed(cache);
#endif
}

void __real_kmem_cache_free(struct kmem_cache *cache, void *object);
void __wrap_kmem_cache_free(struct kmem_cache *cache, void *object);
void __wrap_kmem_cache_free(struct kmem_cache *cache, void *object)
{
	__real_kmem_cache_free(cache, object);
	/* The first word links free objects. */
	hide((char *)object + sizeof(void *),
	     cache->object_bytes - sizeof(void *));
}

/* ---- Tests ---- */

void test_fail(const char *file, int line, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "%s:%d: ", file, line);
	va_start(args, fmt);
	say(fmt, args);
	va_end(args);
	fputs("\n", stderr);
	print_stack();
	exit(EXIT_TEST_FAILED);
}

/* Run @body in a child.  Return: its status; what it said is in @said. */
static int run_apart(void (*body)(void), char *said, size_t size)
{
	int pipe_ends[2];
	size_t length = 0;
	ssize_t got;
	int status;

	fflush(NULL);
	if (pipe(pipe_ends) != 0)
		FAIL("no pipe");
	if (fork() == 0) {
		dup2(pipe_ends[1], STDERR_FILENO);
		close(pipe_ends[0]);
		body();
		exit(0);
	}
	close(pipe_ends[1]);
	while (length < size - 1 &&
	       (got = read(pipe_ends[0], said + length, size - 1 - length)) > 0)
		length += (size_t)got;
	said[length] = '\0';
	close(pipe_ends[0]);
	wait(&status);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void check_panic(const char *file, int line, void (*body)(void),
		 const char *text)
{
	char said[8192];
	int status = run_apart(body, said, sizeof(said));

	if (status != EXIT_TEST_PANIC || !strstr(said, text))
		test_fail(file, line,
			  "wanted a panic \"%s\", got status %d and:\n%s", text,
			  status, said);
}

int run_tests(const struct host_test *tests, int count)
{
	static char said[65536];
	int failed = 0;

	for (int i = 0; i < count; i++) {
		int status = run_apart(tests[i].run, said, sizeof(said));

		if (status == 0)
			continue;
		printf("%s: status %d\n%s\n", tests[i].name, status, said);
		failed++;
	}
	printf("%d of %d tests passed\n", count - failed, count);
	return failed != 0;
}

i64 machine_mmap(struct mm *mm, const struct map_request *request)
{
	i64 start = map_mmap(mm, request);

	if (start >= 0 && request->flags & MAP_POPULATE)
		(void)machine_populate(mm, VADDR((u64)start), request->bytes,
				       POPULATE_QUIETLY);
	return start;
}

int machine_populate(struct mm *mm, vaddr_t start, u64 bytes,
		     enum populate_mode mode)
{
	struct populate range = { start, vaddr_add(start, bytes), mode };
	int error = 0;

	while (!error && range.at.val < range.end.val)
		error = map_populate_step(mm, &range);
	return error;
}
