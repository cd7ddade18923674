/*
 * hostname.h - the machine's name, and that of its domain
 *
 * Locks: its own; callers copy.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

/* As Linux's __NEW_UTS_LEN, and the terminator. */
#define HOSTNAME_BYTES 65

void hostname_get(char name[HOSTNAME_BYTES]);
/* => cut to HOSTNAME_BYTES - 1 */
void hostname_set(const char *name);
void domainname_get(char name[HOSTNAME_BYTES]);
void domainname_set(const char *name);
