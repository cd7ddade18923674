/*
 * version.h - what the kernel calls itself
 */
#pragma once

#define CALF_VERSION "0.1"

/* Which Linux's system calls it speaks; for uname(2) and /proc/version. */
#define CALF_LINUX_RELEASE "6.1.0-calf"
