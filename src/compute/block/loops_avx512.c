#define KN_LOOPS kn_loops_avx512
#include "compute/block/loops.inc" /* NOLINT(bugprone-suspicious-include): once an instruction set */
