; memory.asm - copying and filling memory
;
; 8 bytes at a time by the string instructions, then the last 0 to 7 bytes.
; Short, fast enough on every CPU, and few instructions where instructions
; are what is counted.

%include "kernel/x86_64/asm/cfi.inc"

default rel
CFI_FILE

section .text

; void *memcpy(void *dst, const void *src, size_t n)
; In: rdi, rsi, rdx; the ranges do not overlap.  Out: rax = dst.
FUNCTION memcpy
	mov rax, rdi
	mov rcx, rdx
	shr rcx, 3
	rep movsq
	mov ecx, edx
	and ecx, 7
	rep movsb
	ret
END_FUNCTION memcpy

; void *memmove(void *dst, const void *src, size_t n)
; In: rdi, rsi, rdx; the ranges may overlap.  Out: rax = dst.
FUNCTION memmove
	mov rax, rdi
	sub rax, rsi			; dst - src, below n if dst lies in src
	cmp rax, rdx
	jae memcpy			; ascending order is safe
	mov rax, rdi
	mov rcx, rdx
	lea rdi, [rdi + rdx - 1]
	lea rsi, [rsi + rdx - 1]
	std
	rep movsb
	cld
	ret
END_FUNCTION memmove

; void *memset(void *dst, int c, size_t n)
; In: rdi, esi (its lowest byte), rdx.  Out: rax = dst.
FUNCTION memset
	mov r8, rdi
	movzx eax, sil
	mov rcx, 0x0101010101010101
	imul rax, rcx			; the byte, eight times
	mov rcx, rdx
	shr rcx, 3
	rep stosq
	mov ecx, edx
	and ecx, 7
	rep stosb
	mov rax, r8
	ret
END_FUNCTION memset
