# Calf's build. "make help" lists what it can do; "make V=1" shows each command.

# ---- What to build; give these on make's command line ----------------------
# O: the folder for everything that is built
O := build
# DEBUG: 1 checks invariants and poisons free memory, 0 is the release build
DEBUG := 1
# TRACE: 0 leaves the trace out, to see what it costs
TRACE := 1
# LLVM=1: build the kernel with clang and ld.lld
LLVM :=
# WERROR=1: a compiler warning is an error
WERROR :=
# V=1: show the commands
V :=

# ---- How to run it --------------------------------------------------------
CPUS := 1
MEM  := 256M
# APPEND: added to the kernel's command line
APPEND :=
# ARGS: arguments of the program that run-NAME and gdb run
ARGS :=
# PROG: the program that "make gdb" debugs, and that "make record" keeps
PROG := cow
# RECORDING: the folder of a recording
RECORDING := $(O)/recording
# SMP: "make test SMP=4" gives the machines of the guest tests 4 CPUs
SMP :=
# BUG: plant this bug of tests/bugs/ first, in a copy of the tree
BUG :=

SHELL := /bin/sh
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += -rR

# Use all CPUs unless "-j" says otherwise.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += --no-print-directory \
	-j$(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 1)
endif

# "make deps qemu": deps (and clean) must be over before anything else looks
# which tools and files there are, so then the goals run one after the other.
first-goals := $(filter deps clean,$(MAKECMDGOALS))
ifneq ($(and $(first-goals),$(filter-out $(firstword $(first-goals)),$(MAKECMDGOALS))),)

.PHONY: $(MAKECMDGOALS) one-after-the-other
$(MAKECMDGOALS): one-after-the-other ; @:
one-after-the-other:
	+@set -e; for goal in $(first-goals) \
		$(filter-out $(first-goals),$(MAKECMDGOALS)); do \
		$(MAKE) $$goal; \
	done

# "make BUG=NAME qemu": in a copy of the tree with that bug of tests/bugs/.
else ifneq ($(and $(BUG),$(filter-out test-bugs,$(or $(MAKECMDGOALS),all))),)

.PHONY: $(or $(MAKECMDGOALS),all) with-the-bug
$(or $(MAKECMDGOALS),all): with-the-bug ; @:
with-the-bug:
	+@$(MAKE) BUG= all
	@BUILD=$(O) tools/bugs --plant $(BUG)
	+@$(MAKE) -C $(O)/bugs/$(BUG) BUG= O=build CURDIR='$(CURDIR)' \
		$(MAKECMDGOALS)

else

# ---- Build folders: one for each variant ----------------------------------
empty   :=
variant := $(if $(LLVM),llvm) $(if $(filter 0,$(DEBUG)),release) \
	$(if $(filter 0,$(TRACE)),untraced)
variant := $(subst $(empty) ,-,$(strip $(variant)))
B       := $(O)$(if $(variant),/$(variant))

# ---- Tools ----------------------------------------------------------------
TOOLPREFIX    ?=
CROSS_COMPILE ?= $(TOOLPREFIX)
ifneq ($(LLVM),)
CC := clang --target=x86_64-unknown-none-elf
LD := ld.lld
NM := llvm-nm
else
CC := $(CROSS_COMPILE)gcc
LD := $(CROSS_COMPILE)ld
NM := $(CROSS_COMPILE)nm
endif
STRIP   ?= $(CROSS_COMPILE)strip
NASM    ?= nasm
MUSL_CC ?= musl-gcc
HOSTCC  ?= cc
QEMU    ?= qemu-system-x86_64
GDB     ?= gdb
# The shell of the image: Debian's static busybox, as it is.
BUSYBOX ?= $(firstword $(wildcard /bin/busybox.static /bin/busybox \
	/usr/bin/busybox) /bin/busybox)
# Tests need a Python that has pytest; the first one on PATH may not.
PYTHON  ?= $(shell for p in /usr/bin/python3 python3; do \
	$$p -c 'import pytest, pexpect' 2>/dev/null && echo $$p && exit; \
	done; echo python3)

# ---- Flags ----------------------------------------------------------------
debug-flag := -DCALF_DEBUG=$(if $(filter 0,$(DEBUG)),0,1)
trace-flag := -DCALF_TRACE=$(if $(filter 0,$(TRACE)),0,1)

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wundef -Wvla -Wpointer-arith -Wcast-qual \
	-Wwrite-strings -Wswitch-enum -Wimplicit-fallthrough \
	-Wnull-dereference -Wframe-larger-than=1024 $(if $(WERROR),-Werror)
CFLAGS := -std=c17 -ffreestanding -mno-red-zone -mgeneral-regs-only \
	-mcmodel=kernel -fno-pic -fno-stack-protector \
	-fno-omit-frame-pointer -fno-common -fno-strict-aliasing \
	-fno-asynchronous-unwind-tables -ffile-prefix-map=$(CURDIR)=. \
	-g -O2 $(WARNINGS) $(debug-flag) $(trace-flag) -I.
NASMFLAGS := -f elf64 -g -F dwarf --reproducible -I./ $(debug-flag) \
	$(if $(WERROR),-Werror)
# The linker script decides the rights of each segment, so the linker's
# general warning about writable code is of no use.
quiet-rwx := $(if $(shell $(LD) --help 2>/dev/null | \
	grep -e --no-warn-rwx-segments),--no-warn-rwx-segments)
LDFLAGS := -nostdlib -static -X -z max-page-size=0x1000 -z noexecstack \
	--build-id=none $(quiet-rwx)
USER_CFLAGS := -static -no-pie -fno-pie -O2 -g -Wall -Wextra \
	-ffile-prefix-map=$(CURDIR)=. -I. $(if $(WERROR),-Werror)

# ---- Sources --------------------------------------------------------------
find-in = $(sort $(shell find $(1) -name '$(2)' 2>/dev/null))
kernel-c   := $(call find-in,boot kernel mm,*.c)
kernel-asm := $(call find-in,boot kernel mm,*.asm)
user-c     := $(sort $(wildcard user/*.c))
guest-c    := $(sort $(wildcard tests/guest/*.c tests/programs/*.c tests/random/*.c))
bench-c    := $(sort $(wildcard tests/bench/*.c))
linker-script := linker.ld

objects    := $(kernel-c:%.c=$(B)/%.o) $(kernel-asm:%.asm=$(B)/%.asm.o) \
	$(B)/font.o
programs   := $(user-c:%.c=$(B)/%)
guests     := $(guest-c:%.c=$(O)/%)
benches    := $(bench-c:%.c=$(O)/%)
KERNEL     := $(B)/kernel.elf
INITRAMFS  := $(B)/initramfs.cpio
ISO        := $(B)/calf.iso

# ---- Short output, as the Linux kernel's ----------------------------------
Q   := $(if $(V),,@)
say  = @$(if $(V),:,printf '  %-7s %s\n' '$(1)' '$(2)')

.PHONY: all
all: $(KERNEL) $(programs) $(INITRAMFS) $(guests) $(benches)

# ---- Rebuild what other flags would build differently ---------------------
# Each stamp file holds a command; it changes only if the command does.
.PHONY: FORCE
define stamp
@mkdir -p $(@D)
@printf '%s\n' '$(1)' | cmp -s - $@ || printf '%s\n' '$(1)' > $@
endef
$(B)/.cc:   FORCE ; $(call stamp,$(CC) $(CFLAGS))
$(B)/.nasm: FORCE ; $(call stamp,$(NASM) $(NASMFLAGS))
$(B)/.ld:   FORCE ; $(call stamp,$(LD) $(LDFLAGS) $(objects))
$(O)/.musl: FORCE ; $(call stamp,$(MUSL_CC) $(USER_CFLAGS))
$(B)/.initramfs: FORCE ; $(call stamp,$(programs) $(BUSYBOX))

# ---- The kernel -----------------------------------------------------------
$(B)/%.o: %.c $(B)/.cc
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/%.asm.o: %.asm $(B)/.nasm
	$(call say,NASM,$<)
	@mkdir -p $(@D)
	$(Q)$(NASM) $(NASMFLAGS) -MD $(@:.o=.d) -MP -MT $@ -o $@ $<

# The font of the screen: a console font of the distribution.  Without one the
# kernel has no text on a screen, and says so.
FONT ?= $(firstword $(wildcard \
	/usr/share/consolefonts/Uni2-Terminus16.psf.gz \
	/usr/lib/kbd/consolefonts/eurlatgr.psfu.gz \
	/usr/share/kbd/consolefonts/eurlatgr.psfu.gz))
$(B)/.font: FORCE ; $(call stamp,$(FONT))
$(B)/font.c: tools/mkfont $(B)/.font
	$(call say,FONT,$@)
	$(if $(FONT),,@echo 'There is no console font here (make deps installs \
one): no text on the screen.')
	$(Q)tools/mkfont $(FONT) > $@

# The kernel carries a table of its own symbols, for readable backtraces. It
# is linked twice: with an empty table, to learn the addresses; then with the
# real one, which linker.ld places last so that no address moves. mksyms makes
# sure of that: it makes the table again from the final file and compares.
$(B)/ksyms-empty.c: tools/mksyms
	@mkdir -p $(@D)
	$(Q)tools/mksyms < /dev/null > $@

$(B)/ksyms.c: $(B)/kernel-pass1.elf tools/mksyms
	$(call say,KSYMS,$@)
	$(Q)$(NM) -n $< | tools/mksyms > $@

$(B)/%.o: $(B)/%.c $(B)/.cc
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/kernel-pass1.elf: $(objects) $(B)/ksyms-empty.o $(linker-script) $(B)/.ld
	$(Q)$(LD) $(LDFLAGS) -T $(linker-script) -o $@ \
		$(objects) $(B)/ksyms-empty.o

$(KERNEL): $(objects) $(B)/ksyms.o $(linker-script) $(B)/.ld
	$(call say,LD,$@)
	$(Q)$(LD) $(LDFLAGS) -T $(linker-script) -o $@ $(objects) $(B)/ksyms.o
	$(Q)$(NM) -n $@ | tools/mksyms --compare $(B)/ksyms.c

# ---- Programs: ordinary static C programs, for Linux and for Calf ---------
$(B)/user/%: user/%.c $(O)/.musl
	$(call say,MUSL,$<)
	@mkdir -p $(@D)
	$(Q)$(MUSL_CC) $(USER_CFLAGS) -MMD -MP -MF $@.d -o $@ $<

$(O)/tests/%: tests/%.c $(O)/.musl
	$(call say,MUSL,$<)
	@mkdir -p $(@D)
	$(Q)$(MUSL_CC) $(USER_CFLAGS) $(NO_LIBC) -MMD -MP -MF $@.d -o $@ $<
$(O)/tests/bench/tiny $(O)/tests/bench/first: NO_LIBC := -nostdlib

# QEMU takes a plugin only if it was made for its version of the interface.
plugin-version = $(if $(shell $(QEMU) --version 2>/dev/null | \
	grep -E 'version ([4-8])\.'),1,2)
$(O)/tests/bench/plugin/count.so: tests/bench/plugin/count.c
	$(call say,HOSTCC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) -O2 -Wall -Wextra -shared -fPIC \
		-DPLUGIN_VERSION=$(plugin-version) -o $@ $<

$(B)/stripped/%: $(B)/user/%
	@mkdir -p $(@D)
	$(Q)$(STRIP) -o $@ $<

stripped   := $(programs:$(B)/user/%=$(B)/stripped/%)
init-files := $(patsubst %/init,/init=%/init,$(filter %/init,$(stripped)))
bin-files  := $(foreach p,$(filter-out %/init,$(stripped)),/bin/$(notdir $p)=$p)
$(INITRAMFS): $(stripped) tools/mkinitramfs tools/cpio.py $(B)/.initramfs \
		$(wildcard $(BUSYBOX))
	$(call say,CPIO,$@)
	$(Q)tools/mkinitramfs -o $@ --busybox $(BUSYBOX) \
		$(init-files) $(bin-files)

# ---- The ISO image, for BIOS and UEFI machines ----------------------------
.PHONY: iso
iso: $(ISO)
$(B)/.iso: FORCE ; $(call stamp,$(APPEND))
$(ISO): $(KERNEL) $(INITRAMFS) boot/grub.cfg tools/mkiso $(B)/.iso
	$(call say,ISO,$@)
	$(Q)tools/mkiso -o $@ --append '$(APPEND)' $(KERNEL) $(INITRAMFS)

# Pictures of the screen and of pages, from runs that come out the same each time.
.PHONY: docs-pictures docs-screens docs-pages
docs-pictures: docs-screens docs-pages
docs-screens: $(KERNEL) $(INITRAMFS)
	@tools/screens --build $(B) -o docs/pictures
docs-pages: $(KERNEL) $(INITRAMFS) $(programs)
	@BUILD=$(O) tools/pages --kernel $(KERNEL)

# ---- Run it ---------------------------------------------------------------
run-env := QEMU='$(QEMU)' MEM='$(MEM)' CPUS='$(CPUS)' BUILD='$(B)'
has-grub := $(shell command -v grub-mkrescue >/dev/null 2>&1 && \
	command -v xorriso >/dev/null 2>&1 && \
	command -v mformat >/dev/null 2>&1 && echo yes)

.PHONY: qemu qemu-nox gdb qemu-gdb
ifeq ($(has-grub),yes)
qemu qemu-nox: $(ISO)
	@$(run-env) tools/qemu $@ -cdrom $(ISO)
else
qemu qemu-nox: $(KERNEL) $(INITRAMFS)
	@echo 'GRUB, xorriso or mtools is missing (make deps installs them):'
	@echo 'booting the same kernel directly, without GRUB.'
	@$(run-env) tools/qemu $@ -kernel $(KERNEL) -initrd $(INITRAMFS) \
		-append '$(APPEND)'
endif

# make run-NAME: NAME is a program of user/ or tests/guest/.
run-%: $(KERNEL) $(INITRAMFS) FORCE
	+@$(MAKE) -s $(call program-file,$*)
	@tools/run --kernel $(KERNEL) --mem $(MEM) --smp $(CPUS) \
		--append '$(APPEND)' -- $(call program-file,$*) $(ARGS)
program-file = $(if $(wildcard user/$(1).c),$(B)/user/$(1),$(O)/tests/guest/$(1))

# The same two, with their memory to be watched in a browser.
.PHONY: view
view-options = --kernel $(KERNEL) --mem $(MEM) --smp $(CPUS) \
	--append '$(APPEND)'
view: $(KERNEL) $(INITRAMFS)
	@BUILD=$(O) tools/view $(view-options) --no-program
view-%: $(KERNEL) $(INITRAMFS) FORCE
	+@$(MAKE) -s $(call program-file,$*)
	@BUILD=$(O) tools/view $(view-options) -- \
		$(call program-file,$*) $(ARGS)

# GDB starts QEMU itself, through a pipe: no port, no second terminal.
gdb: $(KERNEL) $(INITRAMFS) $(programs) $(guests)
	@$(run-env) GDB='$(GDB)' tools/qemu gdb $(call program-file,$(PROG)) \
		'$(APPEND)' $(ARGS)

qemu-gdb: $(KERNEL) $(INITRAMFS) $(programs)
	@$(run-env) GDB='$(GDB)' tools/qemu qemu-gdb '$(APPEND)'

# A run that can be looked at again and again, backwards too: what is typed at
# the prompt, or with PROG=NAME the run of one program.
.PHONY: record replay-gdb
record: $(KERNEL) $(INITRAMFS) $(programs) $(guests)
	@QEMU='$(QEMU)' tools/run --kernel $(KERNEL) --mem $(MEM) \
		--append '$(APPEND)' --record $(RECORDING) \
		--trace $(RECORDING)/trace \
		$(if $(filter file,$(origin PROG)),--no-program,-- \
		$(call program-file,$(PROG)) $(ARGS))
replay-gdb:
	@$(run-env) GDB='$(GDB)' tools/qemu replay-gdb '$(RECORDING)'

# ---- Prove it -------------------------------------------------------------
.PHONY: test test-host check kernels
kernels: all
	+@$(MAKE) DEBUG=1 all
	+@$(MAKE) DEBUG=0 all
	+@$(MAKE) DEBUG=0 TRACE=0 all

# PYTEST_ARGS="-k NAME" runs some of the tests only.
# Tests that call make give it our variables, or it would build all anew.
pytest := BUILD=$(O) LLVM='$(LLVM)' SMP='$(SMP)' HOSTCC='$(HOSTCC)' \
	MAKE_VARIABLES='$(subst ','\'',$(MAKEOVERRIDES))' \
	$(PYTHON) -B -m pytest -q -p no:cacheprovider $(PYTEST_ARGS)
test: kernels
	@$(pytest) tests
test-host: host-programs
	@$(pytest) tests/test_host.py
include tests/host/host.mk

# Random programs and random calls, with new seeds, for SOAK_MINUTES.
.PHONY: soak
SOAK_MINUTES := 10
soak: all
	@BUILD=$(O) $(PYTHON) tools/soak $(SOAK_MINUTES) $(SOAK_SEED)

# The bug museum: each bug of tests/bugs/ must be caught; BUG=NAME: this one.
.PHONY: test-bugs
test-bugs: all
	@BUILD=$(O) HOSTCC='$(HOSTCC)' $(PYTHON) tools/bugs $(BUG)

# Every order of events of copy-on-write and shootdown. MISTAKE=NAME: how it
# breaks with this one; STEPS=4 looks further.
.PHONY: test-model
test-model:
	@BUILD=$(O) HOSTCC='$(HOSTCC)' $(PYTHON) tools/model \
		$(if $(MISTAKE),--bug $(MISTAKE)) $(if $(STEPS),--steps $(STEPS))

# PROFILE=20 shows more functions; QUICK=1 takes few samples and no times.
.PHONY: bench bench-linux deps-linux
bench-env := QEMU='$(QEMU)' NM='$(NM)'
bench: $(O)/tests/bench/plugin/count.so
	+@$(MAKE) DEBUG=0 all
	@$(bench-env) tools/bench --build $(O) \
		--json $(O)/bench$(if $(QUICK),-quick).json \
		$(if $(PROFILE),--profile $(PROFILE)) \
		$(if $(QUICK),--quick --no-wall)
bench-linux:
	+@$(MAKE) DEBUG=0 all
	@$(bench-env) tools/bench-linux --build $(O)
deps-linux:
	@tools/bench-linux --build $(O) --fetch

check: $(KERNEL)
	@GDB='$(GDB)' KERNEL='$(KERNEL)' CC='$(CC) $(CFLAGS)' MUSL_CC='$(MUSL_CC) $(USER_CFLAGS)' tools/check

# ---- Tools ----------------------------------------------------------------
.PHONY: deps doctor
deps:
	@tools/deps $(if $(ALL),--all)
doctor:
	@tools/doctor

.PHONY: compile_commands.json
compile_commands.json:
	$(call say,GEN,$@)
	$(Q)tools/compdb '$(CC) $(CFLAGS)' $(kernel-c) -- \
		'$(MUSL_CC) $(USER_CFLAGS)' $(user-c) $(guest-c) > $@

.PHONY: clean
clean:
	$(call say,CLEAN,$(O))
	$(Q)rm -rf $(O) compile_commands.json tools/__pycache__

.PHONY: help
help:
	@cat tools/help.txt

-include $(objects:.o=.d) $(programs:=.d) $(guests:=.d) $(benches:=.d) \
	$(B)/ksyms.d $(B)/ksyms-empty.d

endif
