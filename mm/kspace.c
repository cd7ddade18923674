/*
 * kspace.c - the kernel's half: direct map, image, stacks, devices
 *
 * Everything here is global (the same in every root) and for the kernel
 * only.  Writable and executable never meet: text r-x, rodata r--, all the rest
 * rw- without execute.  The direct map shows the image a second time; there its
 * text and rodata are r--, or they could be written after all.  One function
 * writes to text nevertheless, without any mapping that allows it: set_switches()
 * in kernel/lib/trace.c.
 */
#include "mm/kspace.h"

#include "kernel/lib/spinlock.h"
#include "kernel/lib/string.h"
#include "kernel/x86_64/cpu.h"

/* From linker.ld, in this order, each on a page border. */
extern const char text_start[], text_end[];
extern const char rodata_start[], rodata_end[];
extern const char data_start[], data_end[]; /* .data and .bss */
extern const char ksyms_start[], ksyms_end[];

/* Beside the stacks, under the same root entry. */
#define DEVICE_BASE (KSTACK_BASE + (256UL << 30))
#define DEVICE_BYTES (16UL << 20)

/* A guard page, the stack, and unused pages up to a power of two. */
#define KSTACK_STRIDE (8 * PAGE_SIZE)
#define KSTACK_COUNT 65536UL

/*
 * Tables for this many stacks are made at boot.  Those for more are made on
 * demand and stay.
 */
#define KSTACK_TABLES_FOR 1024UL

static const struct pte_rights rights_rx = { .user = false,
					     .read = true,
					     .write = false,
					     .exec = true,
					     .global = true };
static const struct pte_rights rights_r = { .user = false,
					    .read = true,
					    .write = false,
					    .exec = false,
					    .global = true };
static const struct pte_rights rights_rw = { .user = false,
					     .read = true,
					     .write = true,
					     .exec = false,
					     .global = true };

static struct spinlock kstack_lock = SPINLOCK_INIT("kstack");
static u64 kstack_used[KSTACK_COUNT / 64]; /* one bit each; dirty ones too */
/*
 * Slots that were given back: nobody uses their addresses, but another CPU's
 * TLB may still remember them.  A slot is used again after all CPUs were
 * flushed, which is done for all dirty ones at once.
 */
static u64 kstack_dirty[KSTACK_COUNT / 64];
static u64 device_next = DEVICE_BASE;

/* => boot: running out of memory here is the end */
static pte_t *boot_slot(u64 address, int level)
{
	pte_t *slot = pgtable_create_level(&kernel_pgtable, address, level);

	if (!slot)
		panic("no memory for the kernel's page tables");
	return slot;
}

#define LEVEL_2M (PGTABLE_LEAF_LEVEL + 1)
#define LEVEL_1G (PGTABLE_LEAF_LEVEL + 2)

static bool overlaps(u64 at, u64 bytes, const char *start, const char *end)
{
	return at < (u64)end - KERNEL_BASE &&
	       (u64)start - KERNEL_BASE < at + bytes;
}

/* Is there anything in [@at, @at + @bytes) of RAM that nobody may write? */
static bool holds_read_only(u64 at, u64 bytes)
{
	return overlaps(at, bytes, text_start, text_end) ||
	       overlaps(at, bytes, rodata_start, rodata_end) ||
	       overlaps(at, bytes, ksyms_start, ksyms_end);
}

/* Can a single entry of @level map from @at on, up to @end at most? */
static bool fits_level(u64 at, u64 end, int level)
{
	u64 bytes = pgtable_entry_bytes(level);

	return is_aligned(at, bytes) && at + bytes <= end &&
	       !holds_read_only(at, bytes);
}

/* The level of the largest page that can start at @at and ends by @end. */
static int direct_map_level(u64 at, u64 end)
{
	pte_t *slot = boot_slot(DIRECT_MAP_BASE + at, LEVEL_1G);

	/* A neighbouring range may have put a table there already. */
	if (cpu_features.pages_1g && fits_level(at, end, LEVEL_1G) &&
	    !pte_is_present(pte_load(slot)))
		return LEVEL_1G;
	return fits_level(at, end, LEVEL_2M) ? LEVEL_2M : PGTABLE_LEAF_LEVEL;
}

static pte_t make_direct(u64 at, int level)
{
	pfn_t pfn = paddr_to_pfn(PADDR(at));

	if (level != PGTABLE_LEAF_LEVEL)
		return pte_make_large(pfn, rights_rw);
	return pte_make(pfn,
			holds_read_only(at, PAGE_SIZE) ? rights_r : rights_rw);
}

/*
 * All of [start, end), rounded outwards: neighbours may share a large page.
 * What the image has read-only is read-only here too, page by page.
 */
static void map_direct(u64 start, u64 end)
{
	u64 at = align_down(start, pgtable_entry_bytes(LEVEL_2M));
	int level;

	for (end = align_up(end, pgtable_entry_bytes(LEVEL_2M)); at < end;
	     at += pgtable_entry_bytes(level)) {
		pte_t *slot;

		level = direct_map_level(at, end);
		slot = boot_slot(DIRECT_MAP_BASE + at, level);
		if (!pte_is_present(pte_load(slot)))
			pte_store(slot, make_direct(at, level));
	}
}

static void map_image(const char *start, const char *end,
		      struct pte_rights rights)
{
	for (u64 at = (u64)start; at < (u64)end; at += PAGE_SIZE) {
		paddr_t pa = PADDR(at - KERNEL_BASE);

		pte_store(boot_slot(at, PGTABLE_LEAF_LEVEL),
			  pte_make(paddr_to_pfn(pa), rights));
	}
}

/* Every level-4 entry of the upper half must exist before any mm does. */
static void create_shared_tables(void)
{
	u64 stack_bytes = KSTACK_TABLES_FOR * KSTACK_STRIDE;
	u64 step = pgtable_entry_bytes(PGTABLE_LEAF_LEVEL + 1);

	for (u64 at = 0; at < stack_bytes; at += step)
		boot_slot(KSTACK_BASE + at, PGTABLE_LEAF_LEVEL);
	for (u64 at = 0; at < DEVICE_BYTES; at += step)
		boot_slot(DEVICE_BASE + at, PGTABLE_LEAF_LEVEL);
}

void kspace_init(const struct boot_info *info)
{
	if (pgtable_init(&kernel_pgtable) != 0)
		panic("no memory for the kernel's page tables");
	for (u32 i = 0; i < info->range_count; i++)
		if (info->ranges[i].usable)
			map_direct(info->ranges[i].start.val,
				   info->ranges[i].end.val);
	map_image(text_start, text_end, rights_rx);
	map_image(rodata_start, rodata_end, rights_r);
	map_image(data_start, data_end, rights_rw);
	map_image(ksyms_start, ksyms_end, rights_r);
	create_shared_tables();
	tlb_switch_to(&kernel_pgtable.space);
}

/* => kstack_lock is held; @limit is a multiple of 64 */
static u64 find_free_slot(u64 limit)
{
	for (u64 i = 0; i < limit / 64; i++)
		if (kstack_used[i] != ~0UL)
			return i * 64 + (u64)__builtin_ctzl(~kstack_used[i]);
	return KSTACK_COUNT;
}

/*
 * Make all dirty slots free.  Taken out of the table first, as waiting for the
 * other CPUs is no business for a spinlock's holder; what becomes dirty
 * meanwhile waits for the next time.
 */
static void clean_slots(void)
{
	static struct spinlock clean_lock = SPINLOCK_INIT("kstack_clean");
	static u64 cleaned[KSTACK_COUNT / 64]; /* clean_lock */

	spin_lock(&clean_lock);
	spin_lock(&kstack_lock);
	memcpy(cleaned, kstack_dirty, sizeof(cleaned));
	memset(kstack_dirty, 0, sizeof(kstack_dirty));
	spin_unlock(&kstack_lock);
	tlb_flush_kernel_range(
		(void *)KSTACK_BASE,
		(void *)(KSTACK_BASE + KSTACK_COUNT * KSTACK_STRIDE));
	spin_lock(&kstack_lock);
	for (u64 i = 0; i < ARRAY_SIZE(cleaned); i++)
		kstack_used[i] &= ~cleaned[i];
	spin_unlock(&kstack_lock);
	spin_unlock(&clean_lock);
}

/* Return: a free slot, now taken; KSTACK_COUNT when there is none. */
static u64 take_slot(void)
{
	/* Rather clean up than go where page tables have to be made. */
	static const u64 limits[] = { KSTACK_TABLES_FOR, KSTACK_COUNT };
	u64 slot = KSTACK_COUNT;

	for (u64 i = 0; i < ARRAY_SIZE(limits) && slot == KSTACK_COUNT; i++) {
		if (i > 0)
			clean_slots();
		spin_lock(&kstack_lock);
		slot = find_free_slot(limits[i]);
		if (slot != KSTACK_COUNT)
			kstack_used[slot / 64] |= 1UL << (slot % 64);
		spin_unlock(&kstack_lock);
	}
	return slot;
}

/* => its pages are unmapped */
static void release_slot(u64 slot)
{
	u64 bit = 1UL << (slot % 64);

	spin_lock(&kstack_lock);
	/* This CPU has flushed its own TLB: alone, that is all there are. */
	if (cpu_count == 1)
		kstack_used[slot / 64] &= ~bit;
	else
		kstack_dirty[slot / 64] |= bit;
	spin_unlock(&kstack_lock);
}

/* The slot's first page stays unmapped: the guard. */
static u64 slot_bottom(u64 slot)
{
	return KSTACK_BASE + slot * KSTACK_STRIDE + PAGE_SIZE;
}

static bool map_stack_page(u64 address)
{
	pte_t *slot;
	struct frame *frame = frame_alloc(FRAME_KERNEL);

	if (!frame)
		return false;
	spin_lock(&kstack_lock);
	slot = pgtable_create_level(&kernel_pgtable, address,
				    PGTABLE_LEAF_LEVEL);
	if (slot)
		pte_store(slot, pte_make(frame_pfn(frame), rights_rw));
	spin_unlock(&kstack_lock);
	if (!slot)
		frame_put(frame);
	return slot;
}

/*
 * Other CPUs may keep translations of a stack that nobody runs on: the frames
 * can go, as long as the addresses are not used again (kstack_dirty).
 */
static void unmap_stack(u64 bottom, u64 pages)
{
	for (u64 i = 0; i < pages; i++) {
		u64 address = bottom + i * PAGE_SIZE;
		pte_t *slot = pgtable_walk_level(&kernel_pgtable, address,
						 PGTABLE_LEAF_LEVEL);
		struct frame *frame = pfn_to_frame(pte_pfn(pte_load(slot)));

		pte_store(slot, (pte_t){ 0 });
		tlb_flush_kernel_local((void *)address);
		frame_put(frame);
	}
}

void *kstack_alloc(void)
{
	u64 slot = take_slot();
	u64 bottom = slot_bottom(slot);

	if (slot == KSTACK_COUNT)
		return NULL;
	for (u64 i = 0; i < KSTACK_PAGES; i++) {
		if (map_stack_page(bottom + i * PAGE_SIZE))
			continue;
		unmap_stack(bottom, i);
		release_slot(slot);
		return NULL;
	}
	return (void *)(bottom + KSTACK_BYTES);
}

void kstack_free(void *top)
{
	u64 bottom = (u64)top - KSTACK_BYTES;

	unmap_stack(bottom, KSTACK_PAGES);
	release_slot((bottom - KSTACK_BASE) / KSTACK_STRIDE);
}

bool kstack_is_guard(u64 address)
{
	return address >= KSTACK_BASE &&
	       address < KSTACK_BASE + KSTACK_COUNT * KSTACK_STRIDE &&
	       (address - KSTACK_BASE) % KSTACK_STRIDE < PAGE_SIZE;
}

volatile void *kspace_map_device(paddr_t pa, u64 bytes)
{
	u64 first = align_down(pa.val, PAGE_SIZE);
	u64 last = align_up(pa.val + bytes, PAGE_SIZE);
	u64 base = device_next;

	if (last - first > DEVICE_BASE + DEVICE_BYTES - device_next)
		panic("no room to map %lu bytes of device registers", bytes);
	for (u64 at = first; at < last; at += PAGE_SIZE)
		pte_store(boot_slot(base + at - first, PGTABLE_LEAF_LEVEL),
			  pte_uncached(pte_make(paddr_to_pfn(PADDR(at)),
						rights_rw)));
	device_next += last - first;
	return (volatile void *)(base + pa.val - first);
}
