; switch.asm - from one kernel stack to another

%include "kernel/x86_64/asm/layout.inc"
%include "kernel/x86_64/asm/cfi.inc"

default rel
CFI_FILE

section .text

; void switch_stack(u64 *save_rsp, u64 load_rsp)
; In: rdi = where to keep this stack's rsp, rsi = the other stack's.
; Out: returns on the other stack, to whoever called switch_stack() there, with
; the registers that C expects a function to preserve.  The others
; need not be kept: the compiler already takes them for lost.
FUNCTION switch_stack
	PUSH_SAVED rbp, DW_RBP
	PUSH_SAVED rbx, DW_RBX
	PUSH_SAVED r12, DW_R12
	PUSH_SAVED r13, DW_R13
	PUSH_SAVED r14, DW_R14
	PUSH_SAVED r15, DW_R15
	mov [rdi], rsp
	mov rsp, rsi
	POP_SAVED r15, DW_R15
	POP_SAVED r14, DW_R14
	POP_SAVED r13, DW_R13
	POP_SAVED r12, DW_R12
	POP_SAVED rbx, DW_RBX
	POP_SAVED rbp, DW_RBP
	ret
END_FUNCTION switch_stack

; Where switch_stack() returns to on a stack made by switch_prepare().
; In: rbx = a function, r12 = its argument, rbp = 0, 16-byte aligned stack,
; interrupts off.  Out: never.
FUNCTION switch_first_entry
	CFI_NO_CALLER
	mov rdi, r12
	call rbx
	ud2
END_FUNCTION switch_first_entry
