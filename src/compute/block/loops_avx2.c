#define KN_LOOPS kn_loops_avx2
#include "compute/block/loops.inc" /* NOLINT(bugprone-suspicious-include): once an instruction set */
