/*
 * guest-test: host="no: the kernel's command line"
 * append="sysctl.vm.overcommit_kbytes=400000 sysctl.vm.overcommit_memory=2
 *	   sysctl.vm.overcommit_ratio=30 sysctl.vm.overcommit_memory=3
 *	   sysctl.vm.overcommit_ratio=-1 sysctl.vm.user_reserve_kbytes=lots
 *	   sysctl.vm.admin_reserve_kbytes=1234 sysctl.vm.oom_score=1"
 * log="calf: vm.overcommit_memory cannot be \"3\" (EINVAL)"
 */
/*
 * The switches of memory on the kernel's command line: the last good value
 * counts, a bad one is named in the log and changes nothing.
 */
#include "guest.h"

#define VM "/proc/sys/vm/"

int main(void)
{
	static const char *const names[] = {
		"overcommit_memory",
		"overcommit_ratio",
		"overcommit_kbytes",
		"admin_reserve_kbytes",
	};
	char path[64], text[32];

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(path, sizeof(path), VM "%s", names[i]);
		CHECK_OK(file_read(path, text, sizeof(text)));
		say("%s: %s", names[i], text);
	}
	CHECK_OK(file_read(VM "user_reserve_kbytes", text, sizeof(text)));
	CHECK(atol(text) > 0);
	CHECK_EQ(file_value("/proc/meminfo", "CommitLimit"),
		 file_value("/proc/meminfo", "MemTotal") / 4 * 30 / 100 * 4);
	CHECK(mmap(NULL, 64UL << 20, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
	say("mmap of all memory: %s\n", errno_name(errno));
	return 0;
}
