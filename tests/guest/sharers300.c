/* guest-test: host=yes mem=128M timeout=240 */
/* 300 processes share one page and part; see sharers.h. */
#define SHARERS 300
#include "sharers.h"
