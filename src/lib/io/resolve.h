/*
 * resolve — names to addresses without blocking the loop.
 */
#ifndef KN_IO_RESOLVE_H
#define KN_IO_RESOLVE_H

#include "lib/io/tcp.h"

enum {
    KN_RESOLVE_MAX = 16,          /* addresses of one name; more are ignored */
    KN_RESOLVE_TXT_MAX = 16,      /* TXT records of one name */
    KN_RESOLVE_TXT_TEXT_MAX = 512 /* bytes of one; longer ones are ignored */
};

enum kn_resolve_family { KN_RESOLVE_ANY, KN_RESOLVE_IP4, KN_RESOLVE_IP6 };

struct kn_resolve;

/* Ports in `found` are 0. KN_E_NOT_FOUND: no such name; KN_E_TIMEOUT; KN_E_IO. */
typedef void kn_resolve_fn(void *arg, enum kn_code code, const struct kn_endpoint *found, size_t n);

KN_MUST_USE enum kn_code kn_resolve_start(struct kn_loop *loop, const char *name,
                                          enum kn_resolve_family family, int timeout_ms,
                                          kn_resolve_fn *done, void *arg, struct kn_resolve **out);

/* The texts of the TXT records of `name`. Codes as above. */
typedef void kn_resolve_txt_fn(void *arg, enum kn_code code, const char *const *texts, size_t n);

KN_MUST_USE enum kn_code kn_resolve_txt_start(struct kn_loop *loop, const char *name,
                                              int timeout_ms, kn_resolve_txt_fn *done, void *arg,
                                              struct kn_resolve **out);

/* After it the callback never comes; a lookup that runs in a thread ends by itself. */
void kn_resolve_cancel(struct kn_resolve *resolve);

#endif
