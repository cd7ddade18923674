; header.asm - how the two boot loaders recognise the kernel
;
; Sources: Multiboot2 Specification 2.0, section 3.1; Xen, "x86/HVM direct
; boot ABI" (PVH).

%include "kernel/x86_64/asm/layout.inc"

extern pvh_start

; ---- Multiboot2: GRUB ----
; GRUB enters at the ELF entry point, multiboot2_start, in 32-bit protected
; mode.

MULTIBOOT2_HEADER_MAGIC		equ 0xe85250d6
MULTIBOOT2_ARCHITECTURE_I386	equ 0
MULTIBOOT2_TAG_END		equ 0
MULTIBOOT2_TAG_FRAMEBUFFER	equ 5
MULTIBOOT2_TAG_MODULE_ALIGN	equ 6
MULTIBOOT2_OPTIONAL		equ 1

section .multiboot2 progbits alloc noexec nowrite align=8
header:
	dd MULTIBOOT2_HEADER_MAGIC
	dd MULTIBOOT2_ARCHITECTURE_I386
	dd header_end - header
	dd -(MULTIBOOT2_HEADER_MAGIC + MULTIBOOT2_ARCHITECTURE_I386 + \
		(header_end - header)) & 0xffffffff	; all four sum up to 0

	; A linear framebuffer, if there is a screen: 1024 x 768, 32 bits.
	align 8
	dw MULTIBOOT2_TAG_FRAMEBUFFER, MULTIBOOT2_OPTIONAL
	dd 20
	dd 1024, 768, 32

	; The initramfs shall start on a page boundary.
	align 8
	dw MULTIBOOT2_TAG_MODULE_ALIGN, 0
	dd 8

	align 8
	dw MULTIBOOT2_TAG_END, 0
	dd 8
header_end:

; ---- PVH: qemu -kernel ----
; A note that gives the physical address of the 32-bit entry point.

XEN_ELFNOTE_PHYS32_ENTRY	equ 18

section .note.pvh note alloc noexec nowrite align=4
	dd 4				; length of the name
	dd 8				; length of the value
	dd XEN_ELFNOTE_PHYS32_ENTRY
	db "Xen", 0
	dq PHYSICAL(pvh_start)
