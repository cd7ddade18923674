/* guest-test: host=yes args="one 'two words' '' -x 'back\\slash' 'quo\"te'" */
/* Arguments reach the program as they were given, spaces and quotes and all. */
#include "guest.h"

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		say("%d: \"%s\"\n", i, argv[i]);
	return 0;
}
