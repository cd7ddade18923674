/*
 * pci.h - the devices on the first PCI bus
 *
 * Owns: the configuration ports.  Used at boot only, so there is no lock.
 * Source: PCI Local Bus Specification 3.0, section 3.2.2.3.2.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

/* Offsets into the configuration space of a device. */
#define PCI_ID 0x00 /* the vendor, and above it the device */
#define PCI_BAR0 0x10 /* its first address */

#define PCI_BAR_FLAGS 0xfu /* lowest bits of an address in memory */

/* A device, as the upper bits of what the address port wants. */
struct pci_device {
	u32 address;
};

/* Return: whether there is a device of that vendor and kind. */
bool pci_find(u16 vendor, u16 kind, struct pci_device *device);

/* @offset: a multiple of 4 */
u32 pci_read(struct pci_device device, u32 offset);
