/*
 * guest-test: host=yes
 *	stdin="first line\nsecond\x03\x04\x7f\x16\x00end\nno newline"
 */
/* Standard input arrives byte for byte, odd ones too, and then it ends. */
#include "guest.h"

int main(void)
{
	unsigned char bytes[64];
	long got;

	while ((got = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0)
		for (long i = 0; i < got; i++)
			say(bytes[i] >= ' ' && bytes[i] < 127 ? "%c" : "<%02x>",
			    bytes[i]);
	CHECK_EQ(got, 0);
	say("\nend of file\n");
	return 0;
}
