#define KN_LOOPS kn_loops_plain
#include "compute/block/loops.inc" /* NOLINT(bugprone-suspicious-include): once an instruction set */
