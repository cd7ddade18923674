; trampoline.asm - the first instructions of every CPU but the first
;
; A CPU that is started wakes up as the 8086 did: 16-bit real mode, at the
; beginning of a page below 1 MiB that the start-up message names.  The code
; from trampoline_start to trampoline_end is copied to such a page (see
; kernel/x86_64/smp.c); it goes the way start32.asm went, on the same page
; tables, and jumps into the kernel.
;
; It does not know its address before it runs, so it computes each address from
; where it is and patches its own copy.
; Source: Intel SDM vol. 3A, "Multiple-Processor (MP) Initialization".

%include "kernel/x86_64/asm/layout.inc"
%include "kernel/x86_64/asm/cfi.inc"

extern boot_root
extern smp_enter
extern smp_next_cpu
extern smp_next_root
extern smp_next_stack

CR0_PROTECTED_MODE	equ 1 << 0
CR0_WRITE_PROTECT	equ 1 << 16
CR0_PAGING		equ 1 << 31
CR4_PAE			equ 1 << 5

; KERNEL_CS and KERNEL_DS mean here what they mean later.
TRAMPOLINE_CODE32	equ 0x18

%define OFFSET(label) ((label) - trampoline_start)

CFI_FILE

; ---------------------------------------------------------------------------
section .rodata
bits 16

; In: CS = the page's address / 16, everything else undefined.
global trampoline_start, trampoline_end
align 16
trampoline_start:
	cli
	cld
	mov ax, cs
	mov ds, ax
	movzx ebx, ax
	shl ebx, 4			; EBX: where this copy is

	lea eax, [ebx + OFFSET(gdt)]
	mov [OFFSET(gdt_pointer.base)], eax
	lea eax, [ebx + OFFSET(protected)]
	mov [OFFSET(to_protected)], eax
	lea eax, [ebx + OFFSET(long_mode)]
	mov [OFFSET(to_long_mode)], eax

	o32 lgdt [OFFSET(gdt_pointer)]
	mov eax, cr0
	or eax, CR0_PROTECTED_MODE
	mov cr0, eax
	jmp dword far [OFFSET(to_protected)]

; In: 32-bit protected mode, EBX as above.
; Out: long mode, on the boot page tables, which map this page at its own
; address as long as CPUs are being started.
bits 32
protected:
	mov eax, KERNEL_DS
	mov ds, eax
	mov es, eax
	mov ss, eax

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
	jmp far [ebx + OFFSET(to_long_mode)]

bits 64
long_mode:
	mov rax, start_cpu64
	jmp rax

; Far pointers and the table's address, filled in above.
align 8
to_protected:
	dd 0
	dw TRAMPOLINE_CODE32
align 8
to_long_mode:
	dd 0
	dw KERNEL_CS
align 8
gdt:
	dq 0
	dq 0x00af9b000000ffff		; KERNEL_CS: code, 64 bits
	dq 0x00cf93000000ffff		; KERNEL_DS: data
	dq 0x00cf9b000000ffff		; TRAMPOLINE_CODE32: code, 32 bits
gdt_end:
gdt_pointer:
	dw gdt_end - gdt - 1
.base:
	dd 0
trampoline_end:

; ---------------------------------------------------------------------------
section .boot progbits alloc exec nowrite align=16
default rel

; In: long mode, the trampoline's descriptor table, no stack.
; Out: smp_enter(cpu) runs on the stack made for it, GS leads to the CPU's
; struct cpu.  A CPU that comes too late, after it was given up, finds no
; work here and halts.
global start_cpu64:function
start_cpu64:
	CFI_BEGIN cfi_function
	CFI_NO_CALLER
	xor edi, edi
	xchg rdi, [smp_next_cpu]
	test rdi, rdi
	jz .halt
	mov rax, [smp_next_root]	; the kernel's own tables: they map
	mov cr3, rax			; the stack
	mov rsp, [smp_next_stack]
	xor ebp, ebp			; the end of every backtrace
	xor eax, eax
	mov fs, eax
	mov gs, eax

	mov rax, rdi
	mov rdx, rdi
	shr rdx, 32
	mov ecx, MSR_GS_BASE
	wrmsr
	call smp_enter
.halt:
	cli
	hlt
	jmp .halt
	CFI_END
