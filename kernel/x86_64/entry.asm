; entry.asm - every way into the kernel and back out
;
; Three doors: traps (exceptions and interrupts), traps that may strike
; anywhere (NMI, double fault, machine check), and the SYSCALL instruction.
; Each pushes a struct trap_frame and calls C; on the way out the registers
; are loaded from that frame, so C changes what runs next by changing it.
;
; GS: in the kernel its base is this CPU's struct cpu; in user mode whatever
; the program wants.  SWAPGS exchanges the two, once on the way in and
; once on the way out, and only if we come from or go to user mode.
;
; Sources: Intel SDM vol. 3A, "Interrupt and Exception Handling" and
; "SYSCALL and SYSRET"; AMD APM vol. 2, "System-Call and System-Return".

%include "kernel/x86_64/asm/layout.inc"
%include "kernel/x86_64/asm/cfi.inc"
%include "kernel/x86_64/asm/smap.inc"

extern trap_dispatch
extern syscall_dispatch

default rel
CFI_FILE

; ---------------------------------------------------------------------------
section .text

; Exceptions for which the CPU pushes an error code.
%macro HAS_ERROR_CODE 1
%assign has_error_code 0
%if %1 == 8 || (%1 >= 10 && %1 <= 14) || %1 == 17 || %1 == 21 || \
	%1 == 29 || %1 == 30
%assign has_error_code 1
%endif
%endmacro

; Those that may strike where GS or the stack is not the kernel's: NMI, double
; fault, machine check.  cpu.c gives them a stack of their own (IST).  A debug
; exception cannot: user code has no way to set a breakpoint register,
; and SYSCALL clears TF.
%macro IS_PARANOID 1
%assign is_paranoid 0
%if %1 == 2 || %1 == 8 || %1 == 18
%assign is_paranoid 1
%endif
%endmacro

; One stub of TRAP_STUB_BYTES for each vector; cpu.c fills the IDT with their
; addresses.
; In: interrupts off; the CPU has pushed ss, rsp, rflags, cs, rip and maybe
; an error code.  Out: all of that, an error code, the vector.
TRAP_STUB_BYTES		equ 16
align 16
global trap_stubs:function (trap_stubs.end - trap_stubs)
trap_stubs:
	CFI_BEGIN cfi_trap
%assign vector 0
%rep 256
	HAS_ERROR_CODE vector
	IS_PARANOID vector
	align TRAP_STUB_BYTES, int3
%if vector
	CFI_HERE
%endif
%assign cfi_cfa 40 + 8 * has_error_code
	CFI_CFA_OFFSET cfi_cfa
%if !has_error_code
	PUSH_VALUE qword 0
%endif
	PUSH_VALUE strict dword vector
%if is_paranoid
	jmp near trap_paranoid
%else
	jmp near trap_common
%endif
%assign vector vector + 1
%endrep
	align TRAP_STUB_BYTES, int3
.end:
	CFI_END

; In: everything from struct trap_frame's vector upwards is on the stack.
; Out: the whole frame is.
%macro PUSH_REGISTERS 0
	PUSH_SAVED rdi, DW_RDI
	PUSH_SAVED rsi, DW_RSI
	PUSH_SAVED rdx, DW_RDX
	PUSH_SAVED rcx, DW_RCX
	PUSH_SAVED rax, DW_RAX
	PUSH_SAVED r8, DW_R8
	PUSH_SAVED r9, DW_R9
	PUSH_SAVED r10, DW_R10
	PUSH_SAVED r11, DW_R11
	PUSH_SAVED rbp, DW_RBP
	PUSH_SAVED rbx, DW_RBX
	PUSH_SAVED r12, DW_R12
	PUSH_SAVED r13, DW_R13
	PUSH_SAVED r14, DW_R14
	PUSH_SAVED r15, DW_R15
%endmacro

; The reverse.
%macro POP_REGISTERS 0
	POP_SAVED r15, DW_R15
	POP_SAVED r14, DW_R14
	POP_SAVED r13, DW_R13
	POP_SAVED r12, DW_R12
	POP_SAVED rbx, DW_RBX
	POP_SAVED rbp, DW_RBP
	POP_SAVED r11, DW_R11
	POP_SAVED r10, DW_R10
	POP_SAVED r9, DW_R9
	POP_SAVED r8, DW_R8
	POP_SAVED rax, DW_RAX
	POP_SAVED rcx, DW_RCX
	POP_SAVED rdx, DW_RDX
	POP_SAVED rsi, DW_RSI
	POP_SAVED rdi, DW_RDI
%endmacro

; Call-frame information where the whole frame is on the stack.
%macro CFI_WHOLE_FRAME 0
%assign cfi_cfa frame_size
	CFI_CFA_OFFSET cfi_cfa
	CFI_SAVED DW_RDI, 8
	CFI_SAVED DW_RSI, 9
	CFI_SAVED DW_RDX, 10
	CFI_SAVED DW_RCX, 11
	CFI_SAVED DW_RAX, 12
	CFI_SAVED DW_R8, 13
	CFI_SAVED DW_R9, 14
	CFI_SAVED DW_R10, 15
	CFI_SAVED DW_R11, 16
	CFI_SAVED DW_RBP, 17
	CFI_SAVED DW_RBX, 18
	CFI_SAVED DW_R12, 19
	CFI_SAVED DW_R13, 20
	CFI_SAVED DW_R14, 21
	CFI_SAVED DW_R15, 22
%endmacro

; The common case.
; In: the stack as the stubs leave it; GS is the user's if the interrupted
; code is.  Out: C runs with the kernel's GS, the frame's address as its
; argument, DF and AC clear (the CPU clears neither), a 16-byte aligned
; stack, interrupts off.
align 16
global trap_common:function
trap_common:
	CFI_BEGIN cfi_trap
%assign cfi_cfa 56
	CFI_CFA_OFFSET cfi_cfa
	test byte [rsp + frame.cs - frame.vector], 3
	jz .in_kernel
	swapgs
.in_kernel:
	PUSH_REGISTERS
	cld
	SMAP_CLOSE
	mov rdi, rsp
	call trap_dispatch
	CFI_END

; In: rsp = a struct trap_frame; interrupts off.
; Out: what it describes runs.
global trap_dispatch_return
trap_dispatch_return:			; panic() knows this address
	CFI_BEGIN cfi_trap
	CFI_WHOLE_FRAME
	test byte [rsp + frame.cs], 3
	jz trap_return_kernel

; To user mode.  C may have turned interrupts on; one that came after SWAPGS
; would find the wrong GS, because it interrupts kernel code.
trap_return_user:
	cli
	; IRETQ to an address that is not canonical faults here, in the
	; kernel.  Only rip can do this: whoever makes frames (exec, fork,
	; rt_sigreturn) forces the selectors and flags with
	; trap_frame_make_user(), and any rsp can be loaded.  So look first,
	; and treat it as if the user's own jump had faulted: SIGSEGV.
	mov rax, [rsp + frame.rip]
	mov rcx, rax
	shl rcx, 16
	sar rcx, 16
	cmp rcx, rax
	jne trap_bad_rip
	swapgs
trap_return_kernel:
	POP_REGISTERS
	add rsp, 16			; vector, error code
%assign cfi_cfa cfi_cfa - 16
	CFI_HERE
	CFI_CFA_OFFSET cfi_cfa
	iretq
	CFI_END

; In: rsp = the frame of a user program that is about to go on at an
; impossible address.
global trap_bad_rip:function
trap_bad_rip:
	CFI_BEGIN cfi_trap
	CFI_WHOLE_FRAME
	mov qword [rsp + frame.vector], TRAP_GENERAL_PROTECTION
	mov qword [rsp + frame.error_code], 0
	mov rdi, rsp
	PUSH_VALUE trap_dispatch_return	; where this call shall return to
	jmp trap_dispatch
	CFI_END

; NMI, double fault, machine check.  They may strike between the kernel's
; first instruction and its SWAPGS, so cs does not tell whose GS it is; and
; the value of the base does not either, because a user program may set
; its own to anything (WRGSBASE).  But each CPU has its own stacks for these,
; and cpu_set_ist_stacks() wrote the address of struct cpu above each.  So:
; keep what is there, set what is right, put back what was there.
; In: as for trap_common, on an IST stack.  Out: likewise.
align 16
global trap_paranoid:function
trap_paranoid:
	CFI_BEGIN cfi_trap
%assign cfi_cfa 56
	CFI_CFA_OFFSET cfi_cfa
	PUSH_REGISTERS
	cld
	SMAP_CLOSE

	mov ecx, MSR_GS_BASE
	rdmsr
	shl rdx, 32
	or rax, rdx
	mov rbx, rax			; C leaves rbx alone
	mov rax, [rsp + frame_size]	; struct cpu *
	mov rdx, rax
	shr rdx, 32
	wrmsr

	mov rdi, rsp
	call trap_dispatch
global trap_paranoid_return
trap_paranoid_return:			; panic() knows this address

	mov ecx, MSR_GS_BASE
	mov rax, rbx
	mov rdx, rbx
	shr rdx, 32
	wrmsr
	POP_REGISTERS
	add rsp, 16
%assign cfi_cfa cfi_cfa - 16
	CFI_HERE
	CFI_CFA_OFFSET cfi_cfa
	iretq
	CFI_END

; ---------------------------------------------------------------------------
; System calls.
; In: rax = number, arguments in rdi, rsi, rdx, r10, r8, r9; the CPU has put
; rip into rcx and rflags into r11, cleared IF, DF, TF, NT and AC (SFMASK),
; loaded cs and ss, and changed nothing else: rsp and GS are the user's.
; Out: to the frame C leaves behind.
align 16
global syscall_entry:function (syscall_entry_end - syscall_entry)
syscall_entry:
	CFI_BEGIN cfi_trap
	CFI_CFA_OFFSET 0
	CFI_IS_CFA DW_RSP
	CFI_IN_REGISTER DW_RIP, DW_RCX
	CFI_IN_REGISTER DW_RFLAGS, DW_R11
	CFI_UNCHANGED DW_CS
	CFI_UNCHANGED DW_SS
	swapgs
	mov [gs:PERCPU_USER_RSP], rsp
	mov rsp, [gs:PERCPU_KERNEL_STACK_TOP]
%assign cfi_cfa 0

	; The same frame as a trap's.
	PUSH_VALUE qword USER_DS
	PUSH_VALUE qword [gs:PERCPU_USER_RSP]
	CFI_SAVED DW_SS, 1
	CFI_SAVED DW_RSP, 2
	PUSH_SAVED r11, DW_RFLAGS
	PUSH_VALUE qword USER_CS
	CFI_SAVED DW_CS, 4
	PUSH_SAVED rcx, DW_RIP
	PUSH_VALUE rax			; error_code: the number
	PUSH_VALUE strict dword TRAP_SYSCALL
	PUSH_REGISTERS

	mov rdi, rsp
	call syscall_dispatch
global syscall_dispatch_return
syscall_dispatch_return:		; panic() knows this address

	; See trap_return_user for this CLI.
	cli

	; SYSRET is the fast way out, but not for every frame.  It takes rip
	; from rcx and rflags from r11, so those must agree: they do unless
	; exec or a signal changed the frame.
	mov rcx, [rsp + frame.rip]
	mov r11, [rsp + frame.rflags]
	cmp rcx, [rsp + frame.rcx]
	jne syscall_return_by_iret
	cmp r11, [rsp + frame.r11]
	jne syscall_return_by_iret

	; On Intel's CPUs, SYSRET to an address that is not canonical faults
	; while still in ring 0, but on the user's stack already: the handler
	; would write wherever the user's rsp points (CVE-2012-0217).  Below
	; USER_END every address is canonical.
	mov rax, USER_END
	cmp rcx, rax
	jae syscall_return_by_iret

	; SYSRET loads fixed selectors and cannot set RF; with TF set it would
	; trap at a different instruction than IRETQ.
	cmp qword [rsp + frame.cs], USER_CS
	jne syscall_return_by_iret
	cmp qword [rsp + frame.ss], USER_DS
	jne syscall_return_by_iret
	test r11, RFLAGS_TRAP | RFLAGS_NESTED_TASK | RFLAGS_RESUME | RFLAGS_VM86
	jnz syscall_return_by_iret

	POP_REGISTERS
	CFI_IN_REGISTER DW_RIP, DW_RCX
	CFI_IN_REGISTER DW_RFLAGS, DW_R11
	mov rsp, [rsp + frame.rsp - frame.vector]
	CFI_HERE
	CFI_UNCHANGED DW_CS
	CFI_UNCHANGED DW_SS
	CFI_CFA_OFFSET 0
	CFI_IS_CFA DW_RSP
	swapgs
	o64 sysret

syscall_return_by_iret:
	CFI_HERE
	CFI_WHOLE_FRAME
	CFI_SAVED DW_SS, 1
	CFI_SAVED DW_RSP, 2
	CFI_SAVED DW_RFLAGS, 3
	CFI_SAVED DW_CS, 4
	CFI_SAVED DW_RIP, 5
	jmp trap_return_user
syscall_entry_end:
	CFI_END

; SYSCALL from 32-bit code, on CPUs that have it: there is no such ABI here.
; In: as for syscall_entry.  Out: straight back, with -ENOSYS.
align 16
global syscall_entry_32:function
syscall_entry_32:
	mov eax, -38			; -ENOSYS
	o32 sysret

; ---------------------------------------------------------------------------
; void return_to_user(struct trap_frame *frame)
; In: rdi = the frame, anywhere.  Out: never; user mode runs.
;
; The frame is moved to the top of the kernel stack first, because the way out
; may need a stack below it.  This stack is in use right now, perhaps where
; the frame shall go, so nothing is pushed, and an overlapping frame is
; moved in the safe direction.
FUNCTION return_to_user
	CFI_NO_CALLER
	cli
	mov rsi, rdi
	mov rdi, [gs:PERCPU_KERNEL_STACK_TOP]
	sub rdi, frame_size
	mov rax, rdi
	mov ecx, frame_size / 8
	cmp rsi, rdi
	jae .move
	add rsi, frame_size - 8
	add rdi, frame_size - 8
	std
.move:
	rep movsq
	cld
	mov rsp, rax
	jmp trap_return_user
END_FUNCTION return_to_user
