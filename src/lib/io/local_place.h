/*
 * local_place — the address of a socket with a name in a folder. Internal to lib/io.
 */
#ifndef KN_IO_LOCAL_PLACE_H
#define KN_IO_LOCAL_PLACE_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "lib/base/attributes.h"
#include "lib/base/code.h"
#include "lib/base/error.h"

/*
 * Addresses of such sockets hold 107 bytes of path, and folders may be deeper: the folder is held
 * open, and the address of one that is too deep goes through its descriptor.
 */
struct kn_local_place {
    int folder;
    struct sockaddr_un address;
};

/* KN_E_NOT_FOUND, KN_E_DENIED, KN_E_IO, KN_E_LIMIT: the name is too long. */
KN_MUST_USE enum kn_code kn_local_place_open(const char *folder, const char *name,
                                             struct kn_local_place *out, struct kn_error *err);
void kn_local_place_close(struct kn_local_place *place);

/* The process at the other end of `fd` belongs to our user. */
bool kn_local_is_ours(int fd);

/* Fill `err` for the error number `number`. */
enum kn_code kn_local_fail(struct kn_error *err, int number, const char *folder, const char *name,
                           const char *doing);

#endif
