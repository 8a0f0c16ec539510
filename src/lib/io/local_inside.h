/*
 * local_inside — how a listener's descriptors become connections. Internal to lib/io.
 */
#ifndef KN_IO_LOCAL_INSIDE_H
#define KN_IO_LOCAL_INSIDE_H

#include "lib/io/local.h"

/* A connection on `fd`, which stays the caller's when it is NULL. */
struct kn_local *kn_local_adopt(struct kn_loop *loop, int fd);

#endif
