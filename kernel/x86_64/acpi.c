/*
 * acpi.c - see acpi.h
 *
 * The tables are firmware's, so nothing in them is trusted: each address is
 * checked before it is read, each length before it is followed, each checksum
 * before the rest is believed.
 */
#include "kernel/x86_64/acpi.h"

#include "kernel/lib/string.h"

/* What the boot page tables map. */
#define ACPI_REACH (4UL << 30)

/* Fields lie wherever they come to lie: hence packed. */
struct rsdp {
	char signature[8];
	u8 checksum; /* of the first 20 bytes */
	char oem[6];
	u8 revision; /* 0: ACPI 1.0, which ends after rsdt */
	u32 rsdt;
	u32 length;
	u64 xsdt;
	u8 extended_checksum;
	u8 reserved[3];
} __packed;

#define RSDP_1_0_BYTES 20

/* Every other table begins with this. */
struct acpi_table {
	char signature[4];
	u32 length;
	u8 revision;
	u8 checksum;
	char oem[26];
} __packed;

_Static_assert(sizeof(struct rsdp) == 36, "as the specification has it");
_Static_assert(sizeof(struct acpi_table) == 36, "as the specification has it");

struct madt {
	struct acpi_table header;
	u32 local_apic;
	u32 flags;
} __packed;

struct madt_entry {
	u8 type;
	u8 length;
} __packed;

#define MADT_LOCAL_APIC 0

struct madt_local_apic {
	struct madt_entry entry;
	u8 processor;
	u8 apic_id;
	u32 flags;
} __packed;

#define LOCAL_APIC_ENABLED 1u

/* ---- Finding the table --------------------------------------------------- */

/* Return: @bytes of physical memory at @address, or NULL: out of reach. */
static const void *acpi_memory(u64 address, u64 bytes)
{
	if (address == 0 || address >= ACPI_REACH ||
	    bytes > ACPI_REACH - address)
		return NULL;
	return paddr_to_ptr(PADDR(address));
}

static bool sums_to_zero(const void *start, u64 bytes)
{
	const u8 *byte = start;
	u8 sum = 0;

	while (bytes-- > 0)
		sum = (u8)(sum + *byte++);
	return sum == 0;
}

static const struct rsdp *rsdp_at(u64 address)
{
	const struct rsdp *rsdp = acpi_memory(address, sizeof(*rsdp));

	if (!rsdp || memcmp(rsdp->signature, "RSD PTR ", 8) != 0 ||
	    !sums_to_zero(rsdp, RSDP_1_0_BYTES))
		return NULL;
	return rsdp;
}

/* Where a BIOS puts the RSDP: the extended BIOS data area, or its own ROM. */
#define EBDA_SEGMENT 0x40eUL
#define EBDA_BYTES 1024UL
#define BIOS_START 0xe0000UL
#define BIOS_END 0x100000UL

static const struct rsdp *scan(u64 start, u64 end)
{
	const struct rsdp *rsdp = NULL;

	for (u64 at = start; at < end && !rsdp; at += 16)
		rsdp = rsdp_at(at);
	return rsdp;
}

static const struct rsdp *find_rsdp(paddr_t root)
{
	const struct rsdp *rsdp = rsdp_at(root.val);
	u16 segment;
	u64 ebda;

	if (rsdp || root.val)
		return rsdp;
	memcpy(&segment, acpi_memory(EBDA_SEGMENT, sizeof(segment)),
	       sizeof(segment));
	ebda = (u64)segment << 4;
	if (ebda)
		rsdp = scan(ebda, ebda + EBDA_BYTES);
	return rsdp ? rsdp : scan(BIOS_START, BIOS_END);
}

/* The table at @address, if it is whole and called @signature. */
static const struct acpi_table *table_at(u64 address, const char *signature)
{
	const struct acpi_table *table = acpi_memory(address, sizeof(*table));

	if (!table || memcmp(table->signature, signature, 4) != 0 ||
	    table->length < sizeof(*table) ||
	    !acpi_memory(address, table->length) ||
	    !sums_to_zero(table, table->length))
		return NULL;
	return table;
}

/*
 * The root table lists the others' addresses: 4 bytes each in the RSDT, 8 in
 * the XSDT that replaced it.
 */
static const struct acpi_table *find_in(const struct acpi_table *root,
					u32 entry_bytes, const char *signature)
{
	const u8 *entries = (const u8 *)(root + 1);
	u32 count = (root->length - (u32)sizeof(*root)) / entry_bytes;

	for (u32 i = 0; i < count; i++) {
		const struct acpi_table *table;
		u64 address = 0;

		memcpy(&address, entries + i * entry_bytes, entry_bytes);
		table = table_at(address, signature);
		if (table)
			return table;
	}
	return NULL;
}

static const struct acpi_table *find_table(const struct rsdp *rsdp,
					   const char *signature)
{
	const struct acpi_table *root = NULL;

	if (rsdp->revision >= 2)
		root = table_at(rsdp->xsdt, "XSDT");
	if (root)
		return find_in(root, sizeof(u64), signature);
	root = table_at(rsdp->rsdt, "RSDT");
	return root ? find_in(root, sizeof(u32), signature) : NULL;
}

/* ---- The CPUs ------------------------------------------------------------ */

u32 acpi_find_cpus(paddr_t root, u32 *apic_ids, u32 max)
{
	const struct rsdp *rsdp = find_rsdp(root);
	const struct acpi_table *table = rsdp ? find_table(rsdp, "APIC") : NULL;
	u32 count = 0;
	u32 offset;

	if (!table)
		return 0;
	for (offset = sizeof(struct madt);
	     offset + sizeof(struct madt_entry) <= table->length;) {
		const struct madt_entry *entry =
			(const void *)((const u8 *)table + offset);
		const struct madt_local_apic *cpu = (const void *)entry;

		if (entry->length < sizeof(*entry) ||
		    entry->length > table->length - offset)
			break;
		offset += entry->length;
		if (entry->type != MADT_LOCAL_APIC ||
		    entry->length < sizeof(*cpu) ||
		    !(cpu->flags & LOCAL_APIC_ENABLED))
			continue;
		if (count < max)
			apic_ids[count] = cpu->apic_id;
		count++;
	}
	return count;
}
