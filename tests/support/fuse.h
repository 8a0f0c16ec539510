/*
 * fuse — lets one allocation fail: the linker puts these functions before calloc and realloc
 * (kn_test_fuse() in CMakeLists.txt).
 */
#ifndef KN_TESTS_FUSE_H
#define KN_TESTS_FUSE_H

#include <stdatomic.h>

/* Allocations left before one fails; it is below zero once it has burnt, and none fails then. */
extern atomic_long kn_fuse;

#endif
