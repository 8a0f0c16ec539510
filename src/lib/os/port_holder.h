/*
 * port_holder — which process listens on a TCP port of this machine.
 */
#ifndef KN_OS_PORT_HOLDER_H
#define KN_OS_PORT_HOLDER_H

#include "lib/os/process_info.h"

struct kn_port_holder {
    int64_t pid;
    char name[KN_PROCESS_NAME_SIZE]; /* "" when the system does not tell */
};

/* KN_E_NOT_FOUND: nobody listens on it. KN_E_UNKNOWN: somebody does, and the system does not tell
 * us who: it is another user's, or in another container. */
KN_MUST_USE enum kn_code kn_port_holder(uint16_t port, struct kn_port_holder *out);

#endif
