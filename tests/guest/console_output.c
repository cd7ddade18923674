/* guest-test: host=yes */
/* Standard output leaves byte for byte: all 256 of them, and many. */
#include "guest.h"

int main(void)
{
	static char line[74];

	for (int c = ' '; c < 127; c++) {
		memset(line, c, sizeof(line) - 1);
		line[sizeof(line) - 1] = '\n';
		CHECK_EQ(write(STDOUT_FILENO, line, sizeof(line)),
			 sizeof(line));
	}
	say("a tab \t, an escape \x1b, 8 bits \xc3\xa4.\n");
	return 0;
}
