/*
 * main.h - where C begins
 */
#pragma once

#include "kernel/x86_64/asm/page.h"

/**
 * kernel_main() - bring up everything, then become the idle task
 * @magic: what says which boot loader this was
 * @loader_info: physical address of what it left for us
 *
 * => called once by boot/start32.asm, on the boot stack, interrupts off
 */
void kernel_main(u32 magic, paddr_t loader_info) __noreturn;
