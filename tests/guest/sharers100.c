/* guest-test: host=yes mem=128M timeout=120 */
/* 100 processes share one page and part; see sharers.h. */
#define SHARERS 100
#include "sharers.h"
