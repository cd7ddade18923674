/*
 * guest-test: status=125 host="no: it ends in a panic" mem=32M
 * append="sysctl.vm.panic_on_oom=1 sysctl.vm.oom_dump_tasks=0"
 * log="PANIC: Out of memory: system-wide panic_on_oom is enabled"
 */
/* vm.panic_on_oom: rather no machine than one without the victim. */
#include "oom.h"

int main(void)
{
	CHECK_ERRNO(file_write("/proc/sys/vm/panic_on_oom", "3"), EINVAL);
	CHECK_EQ(file_value("/proc/vmstat", "oom_kill"), 0);
	say("a hog, and panic_on_oom:\n");
	oom_hog();
	return 0;
}
