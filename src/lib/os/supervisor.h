/*
 * supervisor — telling the service manager that started this process how it fares.
 *
 * spec: sd_notify(3): lines NAME=VALUE in a datagram to the socket that NOTIFY_SOCKET names, a path
 * or, with an @, a name without a file. Telling never waits, and is lost where nobody listens.
 */
#ifndef KN_OS_SUPERVISOR_H
#define KN_OS_SUPERVISOR_H

#include <stddef.h>

#include "lib/base/error.h"

struct kn_supervisor;

/* KN_E_INVALID: no such name can be. KN_E_IO, KN_E_LIMIT, KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_supervisor_open(const char *socket, struct kn_supervisor **out,
                                            struct kn_error *err);

/* NULL is fine. */
void kn_supervisor_tell(const struct kn_supervisor *supervisor, const char *lines);
void kn_supervisor_free(struct kn_supervisor *supervisor);

#endif
