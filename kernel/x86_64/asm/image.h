/*
 * image.h - where linker.ld put the parts of the kernel
 *
 * Symbols without storage: only their addresses mean something.  All
 * but the two ends of .extable lie on page boundaries.
 */
#pragma once

#include "kernel/x86_64/asm/page.h"

extern const char kernel_image_start[];
extern const char kernel_image_end[];
extern const char text_start[]; /* r-x */
extern const char text_end[];
extern const char rodata_start[]; /* r-- */
extern const char rodata_end[];
extern const char data_start[]; /* rw-, .bss included */
extern const char data_end[];
extern const char ksyms_start[]; /* r-- */
extern const char ksyms_end[];

/* => @ptr points into the kernel image, not into the direct map */
static inline paddr_t image_to_paddr(const void *ptr)
{
	return PADDR((u64)ptr - KERNEL_BASE);
}
