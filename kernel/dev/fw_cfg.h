/*
 * fw_cfg.h - what QEMU was told to pass on to the guest
 *
 * Source: QEMU docs/specs/fw_cfg.rst.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

/**
 * fw_cfg_window_size() - of the terminal that QEMU runs in
 *
 * tools/window.py passes it with -fw_cfg name=opt/calf/window,string=ROWSxCOLUMNS
 *
 * Return: false: there is no such thing; nothing has changed.
 */
bool fw_cfg_window_size(u16 *rows, u16 *columns);
