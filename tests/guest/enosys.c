/* guest-test: host=yes log="unknown system call 999" */
/* System calls that nobody has: ENOSYS, and the program goes on. */
#include "guest.h"

int main(void)
{
	static const long numbers[] = { 999, 5000, 0x7fffffff, -1 };

	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		errno = 0;
		CHECK_ERRNO(syscall(numbers[i], 1, 2, 3, 4, 5, 6), ENOSYS);
	}
	say("%zu numbers without a call: ENOSYS\n", COUNT_OF(numbers));
	run_check();
	return 0;
}
