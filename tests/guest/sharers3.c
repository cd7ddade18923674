/* guest-test: host=yes release=yes */
/* 3 processes share one page and part; see sharers.h. */
#define SHARERS 3
#include "sharers.h"
