/*
 * commit.c - overcommit: how much memory may be promised; see commit.h
 */
#include "mm/commit.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/trace.h"
#include "mm/mm.h"

#define KIB_PER_PAGE (PAGE_SIZE / 1024)

u64 overcommit_memory = COMMIT_GUESS;
u64 overcommit_ratio = 50;
u64 overcommit_kbytes;
u64 admin_reserve_kbytes;
u64 user_reserve_kbytes;

const struct mm *(*commit_asking_mm)(void);
bool (*commit_asked_by_root)(void);
void (*commit_refused)(u64 bytes);

static u64 committed_pages; /* atomic */

/*
 * As on Linux: 3 % of what is free, but not more than a shell, its tools and
 * a process list need (8 MiB), and than makes sense for a user (128 MiB).
 */
#define RESERVE_SHARE 32
#define ADMIN_RESERVE_MAX_KIB (8UL << 10)
#define USER_RESERVE_MAX_KIB (128UL << 10)

void commit_init(void)
{
	u64 kib = frame_stats_read().free * KIB_PER_PAGE / RESERVE_SHARE;

	admin_reserve_kbytes = min_u64(kib, ADMIN_RESERVE_MAX_KIB);
	user_reserve_kbytes = min_u64(kib, USER_RESERVE_MAX_KIB);
}

static u64 ram_pages(void)
{
	return frame_stats.total - frame_stats.reserved;
}

u64 commit_limit(void)
{
	if (overcommit_kbytes)
		return overcommit_kbytes / KIB_PER_PAGE;
	return ram_pages() * overcommit_ratio / 100;
}

u64 commit_total(void)
{
	return __atomic_load_n(&committed_pages, __ATOMIC_RELAXED);
}

/*
 * Kept for others than the one who asks: root must be able to log in and kill
 * something, and no process may leave so little that it cannot itself be
 * dealt with.  The larger it is already, the more it has to leave.
 */
static u64 reserved_for_others(void)
{
	const struct mm *mm = commit_asking_mm ? commit_asking_mm() : NULL;
	u64 pages = 0;

	if (commit_asked_by_root && !commit_asked_by_root())
		pages += admin_reserve_kbytes / KIB_PER_PAGE;
	if (mm)
		pages += min_u64(mm->total_pages / 32,
				 user_reserve_kbytes / KIB_PER_PAGE);
	return pages;
}

/* @total: with the new @pages in it */
static bool is_enough(u64 pages, u64 total)
{
	switch ((enum commit_policy)READ_ONCE(overcommit_memory)) {
	case COMMIT_GUESS:
		return pages <= ram_pages();
	case COMMIT_ALWAYS:
		return true;
	case COMMIT_NEVER:
		return total + reserved_for_others() < commit_limit();
	}
	return false;
}

int commit_charge(u64 pages)
{
	bool must_fail;
	u64 total;

	/* Asking for nothing is no question, even beyond the limit. */
	if (pages == 0)
		return 0;
	must_fail = unlikely(allocation_fails) && allocation_fails();
	total = __atomic_add_fetch(&committed_pages, pages, __ATOMIC_RELAXED);
	TRACE(COMMIT, .value = pages, .address = total);
	if (likely(is_enough(pages, total) && !must_fail))
		return 0;
	commit_uncharge(pages);
	TRACE(REFUSAL, .value = pages, .address = commit_total(),
	      .kind = (u8)overcommit_memory, .other = (u32)commit_limit());
	if (commit_refused)
		commit_refused(pages * PAGE_SIZE);
	return -ENOMEM;
}

void commit_uncharge(u64 pages)
{
	u64 old = __atomic_fetch_sub(&committed_pages, pages, __ATOMIC_RELAXED);

	ASSERT_INVARIANT(I8, old >= pages,
			 "%lu pages are given back, %lu were promised", pages,
			 old);
	if (pages)
		TRACE(COMMIT, .value = -pages, .address = old - pages);
}

int commit_reserve(struct mm *mm, u64 pages)
{
	u64 needed = mm->committed_pages + pages;

	if (needed <= mm->charged_pages)
		return 0;
	if (commit_charge(needed - mm->charged_pages) != 0)
		return -ENOMEM;
	mm->charged_pages = needed;
	return 0;
}

void commit_settle(struct mm *mm)
{
	ASSERT_INVARIANT(I8, mm->charged_pages >= mm->committed_pages,
			 "%lu pages of areas, %lu were promised",
			 mm->committed_pages, mm->charged_pages);
	if (mm->charged_pages == mm->committed_pages)
		return;
	commit_uncharge(mm->charged_pages - mm->committed_pages);
	mm->charged_pages = mm->committed_pages;
}
