; start32.asm - from the boot loader to the first line of C
;
; GRUB and QEMU both enter in 32-bit protected mode, with flat segments,
; paging off and interrupts off.  This file checks that the CPU can run Calf
; at all, switches to 64-bit ("long") mode with the kernel in the upper
; half of the address space, and calls kernel_main().
;
; .bss was zeroed by the loader, as the ELF format demands.
; Source: Intel SDM vol. 3A, "Initializing IA-32e Mode".

%include "kernel/x86_64/asm/layout.inc"
%include "kernel/x86_64/asm/cfi.inc"

extern kernel_main
extern cpus

; Bits of a page-table entry: see kernel/x86_64/asm/pte.h.
PTE_PRESENT		equ 1 << 0
PTE_WRITE		equ 1 << 1
PTE_LARGE		equ 1 << 7
PTE_NO_EXEC_HIGH	equ 1 << 31	; bit 63, in the upper 32 bits

CR0_WRITE_PROTECT	equ 1 << 16
CR0_PAGING		equ 1 << 31
CR4_PAE			equ 1 << 5

CPUID_EXTENDED		equ 0x80000000
CPUID_LONG_MODE		equ 1 << 29	; EDX of leaf CPUID_EXTENDED + 1
CPUID_NO_EXEC		equ 1 << 20	; likewise
RFLAGS_ID		equ 1 << 21	; can be changed if there is CPUID

; kernel/exit_status.h
EXIT_NO_LONG_MODE	equ 97
EXIT_NO_NX		equ 98

BOOT_STACK_BYTES	equ 16384

CFI_FILE

; ---------------------------------------------------------------------------
section .boot progbits alloc exec nowrite align=16
bits 32

; From GRUB.  In: EAX = multiboot2's magic number, EBX = physical address of
; its information structure.
global multiboot2_start
multiboot2_start:
	mov edi, eax
	jmp start32

; From QEMU.  In: EBX = physical address of struct hvm_start_info, which
; begins with a magic number.
global pvh_start
pvh_start:
	mov edi, [ebx]

; In: EDI = which loader, EBX = its information.  Both are kept for
; kernel_main() in EDI and ESI throughout.
start32:
	cli
	cld
	mov esi, ebx
	mov esp, PHYSICAL(boot_stack_top)

; Can this CPU run Calf?  Out: as in, or never.
check_cpu:
	pushfd				; is there CPUID at all?
	pop eax
	mov ecx, eax
	xor eax, RFLAGS_ID
	push eax
	popfd
	pushfd
	pop eax
	xor eax, ecx
	test eax, RFLAGS_ID
	jz no_long_mode

	mov eax, CPUID_EXTENDED
	cpuid
	cmp eax, CPUID_EXTENDED + 1
	jb no_long_mode
	mov eax, CPUID_EXTENDED + 1
	cpuid
	test edx, CPUID_LONG_MODE
	jz no_long_mode
	test edx, CPUID_NO_EXEC
	jz no_nx

; Early page tables, all of 2 MiB pages.  Physical memory from 0 to 4 GiB at
; address 0 (only until start64) and at DIRECT_MAP_BASE, not executable; the
; first GiB at KERNEL_BASE.  mm/ replaces them.
; Out: the tables under boot_root are filled.
make_page_tables:
	xor ecx, ecx
.next_page:
	mov eax, ecx
	shl eax, 21
	or eax, PTE_PRESENT | PTE_WRITE | PTE_LARGE
	mov [PHYSICAL(boot_pages) + ecx * 8], eax
	inc ecx
	cmp ecx, 4 * 512
	jb .next_page

%assign i 0
%rep 4
	mov dword [PHYSICAL(boot_low) + i * 8], \
		PHYSICAL(boot_pages) + i * 4096 + (PTE_PRESENT | PTE_WRITE)
%assign i i + 1
%endrep
	mov dword [PHYSICAL(boot_high) + 510 * 8], \
		PHYSICAL(boot_pages) + (PTE_PRESENT | PTE_WRITE)

DIRECT_MAP_INDEX equ (DIRECT_MAP_BASE >> 39) & 511
	mov eax, PHYSICAL(boot_low) + (PTE_PRESENT | PTE_WRITE)
	mov [PHYSICAL(boot_root)], eax
	mov [PHYSICAL(boot_root) + DIRECT_MAP_INDEX * 8], eax
	mov dword [PHYSICAL(boot_root) + DIRECT_MAP_INDEX * 8 + 4], \
		PTE_NO_EXEC_HIGH
	mov dword [PHYSICAL(boot_root) + 511 * 8], \
		PHYSICAL(boot_high) + (PTE_PRESENT | PTE_WRITE)

; In: the tables.  Out: long mode, still at low addresses.
enter_long_mode:
	mov eax, cr4
	or eax, CR4_PAE
	mov cr4, eax

	mov eax, PHYSICAL(boot_root)
	mov cr3, eax

	mov ecx, MSR_EFER
	rdmsr
	or eax, EFER_LONG_MODE | EFER_NO_EXEC
	wrmsr

	mov eax, cr0
	or eax, CR0_PAGING | CR0_WRITE_PROTECT
	mov cr0, eax

	lgdt [PHYSICAL(boot_gdt_low)]
	jmp KERNEL_CS:PHYSICAL(leave_low_addresses)

; A 32-bit jump cannot reach the upper half, hence this one in between.
bits 64
leave_low_addresses:
	mov rax, start64
	jmp rax

; ---------------------------------------------------------------------------
; Refusals.  One line each, to COM1, to QEMU's debug console and to the screen
; if it is in text mode; then QEMU's exit device; then halt for good.
bits 32
no_long_mode:
	mov ebp, PHYSICAL(no_long_mode_text)
	mov bl, EXIT_NO_LONG_MODE
	jmp refuse
no_nx:
	mov ebp, PHYSICAL(no_nx_text)
	mov bl, EXIT_NO_NX

COM1_DATA		equ 0x3f8
COM1_INTERRUPTS		equ 0x3f9
COM1_LINE_CONTROL	equ 0x3fb
COM1_LINE_STATUS	equ 0x3fd
COM1_TRANSMIT_READY	equ 1 << 5
DEBUGCON		equ 0xe9
QEMU_EXIT		equ 0xf4
VGA_TEXT		equ 0xb8000
VGA_WHITE_ON_RED	equ 0x4f

; In: EBP = the text, ended by 0; BL = exit status.  Does not return.
refuse:
	; 115,200 baud, 8 bits, no parity, one stop bit.
	mov dx, COM1_INTERRUPTS
	xor al, al
	out dx, al
	mov dx, COM1_LINE_CONTROL
	mov al, 0x80			; the next two set the divisor
	out dx, al
	mov dx, COM1_DATA
	mov al, 1
	out dx, al
	mov dx, COM1_INTERRUPTS
	xor al, al
	out dx, al
	mov dx, COM1_LINE_CONTROL
	mov al, 3
	out dx, al

	mov edi, VGA_TEXT
	mov esi, ebp
.next_character:
	lodsb
	test al, al
	jz .done
	mov ah, al
	; Without a COM1 the status reads 0xff: ready.  ECX bounds the wait
	; for one that is never ready.
	mov ecx, 1000000
	mov dx, COM1_LINE_STATUS
.wait:
	in al, dx
	test al, COM1_TRANSMIT_READY
	loopz .wait
	mov al, ah
	mov dx, COM1_DATA
	out dx, al
	out DEBUGCON, al
	cmp al, ' '
	jb .next_character		; no new line on the screen
	mov ah, VGA_WHITE_ON_RED
	stosw
	jmp .next_character
.done:
	mov al, bl
	out QEMU_EXIT, al
.halt:
	hlt
	jmp .halt

section .rodata
no_long_mode_text:
	db "calf: this CPU has no long mode (64-bit)", 13, 10, 0
no_nx_text:
	db "calf: this CPU has no NX bit (no-execute pages)", 13, 10, 0

; The kernel's own descriptors come with cpu_init(); these two have the same
; selectors, KERNEL_CS and KERNEL_DS.
align 8
boot_gdt:
	dq 0
	dq 0x00af9a000000ffff		; code, 64 bits, ring 0
	dq 0x00cf92000000ffff		; data, ring 0
boot_gdt_end:
boot_gdt_low:
	dw boot_gdt_end - boot_gdt - 1
	dd PHYSICAL(boot_gdt)
boot_gdt_high:
	dw boot_gdt_end - boot_gdt - 1
	dq boot_gdt

; ---------------------------------------------------------------------------
; Not in .text: the line numbers NASM writes cover one code section a file.
section .boot
bits 64
default rel

; The first instruction of the upper half.
; In: EDI = which loader, ESI = its information, upper halves undefined.
; Out: kernel_main(magic, loader_info) runs on the boot stack; GS leads to
; cpus[0]; nothing is mapped below DIRECT_MAP_BASE any more.
global start64:function
start64:
	CFI_BEGIN cfi_function
	CFI_NO_CALLER
	lgdt [boot_gdt_high]
	mov eax, KERNEL_DS
	mov ds, eax
	mov es, eax
	mov ss, eax
	xor eax, eax
	mov fs, eax
	mov gs, eax
	lea rsp, [boot_stack_top]
	xor ebp, ebp			; the end of every backtrace

	lea rax, [cpus]
	mov [rax], rax			; cpus[0].self
	mov rdx, rax
	shr rdx, 32
	mov ecx, MSR_GS_BASE
	wrmsr

	mov qword [boot_root], 0
	mov rax, cr3
	mov cr3, rax

	mov edi, edi			; clears the upper half
	mov esi, esi
	call kernel_main
.halt:
	cli
	hlt
	jmp .halt
	CFI_END

; Kept for the other CPUs, which come the same way: see trampoline.asm.
global boot_root, boot_low
section .bss nobits alloc noexec write align=4096
boot_root:	resb 4096		; level 4
boot_low:	resb 4096		; level 3: 0 to 4 GiB, used twice
boot_high:	resb 4096		; level 3: KERNEL_BASE
boot_pages:	resb 4 * 4096		; level 2
boot_stack:	resb BOOT_STACK_BYTES
boot_stack_top:
