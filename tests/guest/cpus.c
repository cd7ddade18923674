/* guest-test: host="no: asserts how many CPUs the machine has" smp=4 */
/*
 * Four CPUs were started, and /proc shows them under Linux's names.
 */
#include "guest.h"

static int count_lines(const char *path, const char *prefix)
{
	FILE *file = fopen(path, "r");
	char line[4096];
	int count = 0;

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file))
		count += strncmp(line, prefix, strlen(prefix)) == 0;
	fclose(file);
	return count;
}

/* The n-th number of the line "cpuN ..." in /proc/stat. */
static unsigned long long stat_number(int cpu, int n)
{
	FILE *file = fopen("/proc/stat", "r");
	unsigned long long value[4];
	char line[4096];
	int found = -1;

	while (file && found != cpu && fgets(line, sizeof(line), file))
		if (line[3] == ' ' || /* the sum of all */
		    sscanf(line, "cpu%d %llu %llu %llu %llu", &found, &value[0],
			   &value[1], &value[2], &value[3]) != 5)
			found = -1;
	if (file)
		fclose(file);
	return found == cpu ? value[n] : 0;
}

#define IDLE 3

int main(void)
{
	int ticking = 0;

	printf("processors in cpuinfo: %d\n",
	       count_lines("/proc/cpuinfo", "processor\t: "));
	printf("lines in stat: %d\n", count_lines("/proc/stat", "cpu"));

	/* Each CPU has a timer of its own: all of them count idle time. */
	sleep(1);
	for (int cpu = 0; cpu < 4; cpu++)
		ticking += stat_number(cpu, IDLE) > 0;
	printf("CPUs whose idle time counts: %d\n", ticking);
	return 0;
}
