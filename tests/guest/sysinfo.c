/* guest-test: host="no: other programs use the host's memory meanwhile" */
/* sysinfo(2) tells what /proc tells. */
#include "guest.h"

#include <sys/sysinfo.h>

int main(void)
{
	struct sysinfo info;
	long total = file_value("/proc/meminfo", "MemTotal");

	CHECK_OK(sysinfo(&info));
	CHECK_EQ(info.totalram / 1024 * info.mem_unit, total);
	CHECK(info.freeram / PAGE_SIZE <= (unsigned long)free_frames() + 16);
	CHECK(info.freeram / PAGE_SIZE + 16 >= (unsigned long)free_frames());
	CHECK(info.procs >= 2 && info.procs < 10);
	CHECK(info.uptime < 60);
	CHECK_ERRNO(sysinfo((void *)8), EFAULT);
	say("sysinfo agrees with /proc\n");
	return 0;
}
