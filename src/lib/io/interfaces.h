/*
 * interfaces — the addresses of this machine.
 */
#ifndef KN_IO_INTERFACES_H
#define KN_IO_INTERFACES_H

#include "lib/io/tcp.h"

enum { KN_INTERFACES_MAX = 32 }; /* addresses; more are ignored */

/* Addresses of all interfaces that are up, ports 0, link-local IPv6 left out. How many. */
size_t kn_interfaces(struct kn_endpoint out[KN_INTERFACES_MAX]);

#endif
