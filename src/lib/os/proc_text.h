/*
 * proc_text — what the files of /proc say. Pure: text in, facts out. Internal to lib/os.
 */
#ifndef KN_OS_PROC_TEXT_H
#define KN_OS_PROC_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/attributes.h"
#include "lib/base/code.h"

enum { KN_PROC_SOCKETS_MAX = 8 }; /* that listen on one port; more are ignored */

struct kn_proc_stat {
    const char *name; /* lent from the text, `name_length` bytes of anything */
    size_t name_length;
    char state;
    uint64_t started_ticks; /* since the system began */
};

/* /proc/PID/stat. KN_E_SYNTAX: it is not like that. */
KN_MUST_USE enum kn_code kn_proc_stat_read(const char *text, struct kn_proc_stat *out);

/* /proc/net/tcp or tcp6: add the inodes of the sockets that listen on `port`. Lines that are not
 * like that say nothing. */
void kn_proc_listeners_read(const char *text, uint16_t port, uint64_t inodes[KN_PROC_SOCKETS_MAX],
                            size_t *n);

#endif
