/*
 * acpi.h - which CPUs the firmware says there are
 *
 * Owns: reading the MADT, one table of ACPI; nothing else of ACPI is used.
 * Source: ACPI Specification 6.5, "Root System Description Pointer" and
 * "Multiple APIC Description Table".
 */
#pragma once

#include "kernel/x86_64/asm/page.h"

/**
 * acpi_find_cpus() - the local APIC numbers of all CPUs that may be started
 * @root: the RSDP, from the boot loader; 0: look where a BIOS leaves it
 * @apic_ids: room for @max numbers
 *
 * => the boot page tables are in use: they map the first 4 GiB, where the
 *    final ones map RAM only
 *
 * Return: how many there are, perhaps more than @max; 0: no usable table.
 */
u32 acpi_find_cpus(paddr_t root, u32 *apic_ids, u32 max);
