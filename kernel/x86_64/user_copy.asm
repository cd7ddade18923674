; user_copy.asm - the only instructions that touch user memory from the kernel
;
; The copy goes 8 bytes at a time.  A fault that cannot be resolved continues
; at the fix-up address that the exception table gives for the instruction:
; after a fault in the 8-byte loop the rest is tried byte by byte, so that the
; number of bytes not copied is exact; after one in the byte loop we are done.

%include "kernel/x86_64/asm/cfi.inc"
%include "kernel/x86_64/asm/smap.inc"

default rel
CFI_FILE

; A fault at %1 continues at %2: struct extable_entry.
%macro ON_FAULT 2
	[section .extable progbits alloc noexec nowrite align=8]
	dq %1, %2
	__SECT__
%endmacro

section .text

; size_t user_copy_in(void *dst, vaddr_t src, size_t n)
; size_t user_copy_out(vaddr_t dst, const void *src, size_t n)
; In: rdi = dst, rsi = src, rdx = n.  Out: rax = bytes not copied.
; One reads user memory, the other writes it.  The same instructions twice, so
; that a backtrace shows which.
%macro USER_COPY 1
FUNCTION %1
	SMAP_OPEN
	mov rcx, rdx
	and edx, 7
	shr rcx, 3
.words:
	rep movsq
	mov ecx, edx
.bytes:
	rep movsb
.done:
	SMAP_CLOSE
	mov rax, rcx
	ret
.words_fault:				; rcx = words not copied
	lea rcx, [rdx + rcx * 8]
	jmp .bytes
ON_FAULT .words, .words_fault
ON_FAULT .bytes, .done			; rcx = bytes not copied
END_FUNCTION %1
%endmacro

USER_COPY user_copy_in
USER_COPY user_copy_out

; size_t user_zero(vaddr_t dst, size_t n)
; In: rdi = dst, rsi = n.  Out: rax = bytes not zeroed.
FUNCTION user_zero
	SMAP_OPEN
	xor eax, eax
	mov rcx, rsi
	and esi, 7
	shr rcx, 3
.words:
	rep stosq
	mov ecx, esi
.bytes:
	rep stosb
.done:
	SMAP_CLOSE
	mov rax, rcx
	ret
.words_fault:
	lea rcx, [rsi + rcx * 8]
	jmp .bytes
ON_FAULT .words, .words_fault
ON_FAULT .bytes, .done
END_FUNCTION user_zero

; size_t user_load_u32(u32 *dst, vaddr_t src)
; In: rdi = dst, rsi = src.  Out: rax = 0, or 1: not mapped.
FUNCTION user_load_u32
	SMAP_OPEN
	xor eax, eax
.load:
	mov ecx, [rsi]
	mov [rdi], ecx
.done:
	SMAP_CLOSE
	ret
.load_fault:
	inc eax
	jmp .done
ON_FAULT .load, .load_fault
END_FUNCTION user_load_u32

; size_t user_exchange_u32(vaddr_t dst, u32 *old, u32 new)
; In: rdi = dst, rsi = old, edx = new.  Out: rax = 0, or 1: not writable.
FUNCTION user_exchange_u32
	SMAP_OPEN
	mov eax, [rsi]
.exchange:
	lock cmpxchg [rdi], edx
	mov [rsi], eax
	xor eax, eax
.done:
	SMAP_CLOSE
	ret
.exchange_fault:
	mov eax, 1
	jmp .done
ON_FAULT .exchange, .exchange_fault
END_FUNCTION user_exchange_u32
