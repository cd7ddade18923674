/*
 * pci.c - see pci.h
 */
#include "kernel/dev/pci.h"

#include "kernel/x86_64/asm/insn.h"

/* Where to read; then what is there. */
#define PORT_ADDRESS 0xcf8
#define PORT_DATA 0xcfc

#define ADDRESS_ENABLE (1u << 31)
#define SLOT_SHIFT 11
#define SLOTS 32

u32 pci_read(struct pci_device device, u32 offset)
{
	port_out32(PORT_ADDRESS, device.address | offset);
	return port_in32(PORT_DATA);
}

bool pci_find(u16 vendor, u16 kind, struct pci_device *device)
{
	for (u32 slot = 0; slot < SLOTS; slot++) {
		device->address = ADDRESS_ENABLE | slot << SLOT_SHIFT;
		if (pci_read(*device, PCI_ID) == ((u32)kind << 16 | vendor))
			return true;
	}
	return false;
}
