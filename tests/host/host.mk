# host.mk - mm/ as programs of this machine; included by the Makefile.
#
# One library for each way of compiling it (the same kernel files, the fake
# machine, the model), and one program for each tests/host/test_*.c.

host-compilers := $(sort $(HOSTCC) \
	$(if $(shell command -v clang 2>/dev/null),clang))

# kspace.c is the only file of mm/ that touches the real machine.
host-c := $(filter-out mm/kspace.c,$(sort $(wildcard mm/*.c))) \
	kernel/lib/avl.c kernel/lib/lock_order.c $(addprefix tests/host/, \
	fake_machine.c fake_tlb.c model.c model_verify.c ops.c)
host-tests := $(patsubst tests/host/%.c,%,$(sort $(wildcard tests/host/test_*.c)))

# The direct map lies where AddressSanitizer lets memory be, the kernel image
# at its physical address; hence the addresses of symbols must be short.
host-cflags := -std=gnu17 -g -Wall -Wextra $(if $(WERROR),-Werror) -I. \
	-fno-pie -fno-strict-aliasing -fno-omit-frame-pointer \
	-DDIRECT_MAP_BASE=0x200000000000UL -DKERNEL_BASE=0UL
host-sanitize := -O1 -DCALF_DEBUG=1 -DCALF_TRACE=0 -fsanitize=address,undefined \
	-fno-sanitize-recover=all
host-wrap := frame_cache_take frame_cache_give frame_free kmem_cache_alloc \
	kmem_cache_alloc_zeroed kmem_cache_free
host-ldflags := -no-pie $(host-wrap:%=-Wl,--wrap=%)

# $(1): the name of the variant, $(2): its compiler, $(3): its flags
define host-rules
$(O)/host/$(1)/.cc: FORCE ; $$(call stamp,$(2) $(host-cflags) $(3))

$(O)/host/$(1)/%.o: %.c $(O)/host/$(1)/.cc
	@mkdir -p $$(@D)
	$$(Q)$(2) $(host-cflags) $(3) -MMD -MP -c -o $$@ $$<

$(O)/host/$(1)/libcalf.a: $(host-c:%.c=$(O)/host/$(1)/%.o)
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && ar rcs $$@ $$^

$(O)/host/$(1)/%: $(O)/host/$(1)/tests/host/%.o $(O)/host/$(1)/libcalf.a
	$$(Q)$(2) $(3) $$(host-ldflags) -o $$@ $$^

-include $(host-c:%.c=$(O)/host/$(1)/%.d) \
	$(wildcard $(O)/host/$(1)/tests/host/*.d)
endef

$(foreach cc,$(host-compilers),$(eval $(call host-rules,$(cc),$(cc),\
	$(host-sanitize))))
$(eval $(call host-rules,coverage,gcc,-O0 -DCALF_DEBUG=1 -DCALF_TRACE=0 --coverage))
$(eval $(call host-rules,fuzz,clang,$(host-sanitize) -fsanitize=fuzzer))

# make needs these after the test, and would delete them as by-products.
.SECONDARY:

.PHONY: host-programs
host-programs: $(foreach cc,$(host-compilers),\
	$(addprefix $(O)/host/$(cc)/,$(host-tests)))

# ---- Which lines of mm/ do the tests reach? --------------------------------
COVERAGE_MINIMUM := 95
lcov := lcov --quiet --rc lcov_branch_coverage=1

.PHONY: coverage
coverage: $(addprefix $(O)/host/coverage/,$(host-tests))
	@find $(O)/host/coverage -name '*.gcda' -delete
	@set -e; for test in $^; do $$test > $$test.log || \
		{ cat $$test.log; exit 1; }; done
	@$(lcov) --capture --directory $(O)/host/coverage/mm \
		--base-directory . -o $(O)/host/coverage/all.info
	@$(lcov) --extract $(O)/host/coverage/all.info '*/mm/*' \
		-o $(O)/host/coverage/mm.info
	@$(PYTHON) tests/host/coverage.py --minimum $(COVERAGE_MINIMUM) \
		$(O)/host/coverage/mm.info

# ---- Let libFuzzer look for trouble ----------------------------------------
FUZZ_SECONDS := 30

.PHONY: fuzz
fuzz: $(O)/host/fuzz/fuzz_memory $(O)/host/$(HOSTCC)/test_random
	@mkdir -p $(O)/host/fuzz/corpus
	@$< -max_total_time=$(FUZZ_SECONDS) -max_len=2400 -print_final_stats=1 \
		-artifact_prefix=$(O)/host/fuzz/ $(O)/host/fuzz/corpus \
		2> $(O)/host/fuzz/log || { tail -40 $(O)/host/fuzz/log; \
		echo 'To see each step: $(O)/host/$(HOSTCC)/test_random' \
			'--bytes FILE'; exit 1; }
	@tail -8 $(O)/host/fuzz/log
