/*
 * http — fetching from web servers: libcurl, loaded when the first client is made.
 *
 * Blocking, for workers; a client belongs to one thread at a time and keeps its connections for the
 * next request. Certificates are checked. The token goes to the origin (scheme, host and port) of
 * the request's own address and to no other that a redirect leads to, and over plain http to
 * loopback only. Proxies are taken from the environment, as libcurl does.
 */
#ifndef KN_HTTP_H
#define KN_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/text.h"

enum {
    KN_HTTP_URL_MAX = 8192,
    KN_HTTP_HEADERS_MAX = 1 << 16, /* bytes of all headers of one answer */
    KN_HTTP_REDIRECTS_MAX = 5,
    KN_HTTP_CONNECT_S = 20, /* seconds until a connection stands */
    KN_HTTP_SILENCE_S = 60, /* seconds without a byte until the server counts as gone */
};

struct kn_http;

/* KN_E_UNSUPPORTED: libcurl is not installed, and what to do; KN_E_NO_MEMORY. `agent` is what the
 * program calls itself, and kept. */
KN_MUST_USE enum kn_code kn_http_new(const char *agent, struct kn_http **out, struct kn_error *err);
void kn_http_free(struct kn_http *http);

struct kn_http_answer {
    int status;             /* 200; of the last server that was asked */
    struct kn_text headers; /* its lines */
    struct kn_text next;    /* where a redirect that was not followed leads, absolute; or "" */
};

/* The value of the first header of that name (in small letters); false when there is none, or it
 * does not fit. */
bool kn_http_header(const struct kn_http_answer *answer, const char *name, char *out, size_t size);
void kn_http_answer_done(struct kn_http_answer *answer);

struct kn_http_request {
    const char *url;   /* http or https */
    const char *token; /* NULL: none */
    bool head;         /* headers alone */
    const char *post;  /* a body to send, then `post_type` is its media type; NULL: GET */
    const char *post_type;
    bool follow;             /* go where redirects lead; never from https to http */
    uint64_t from;           /* the first byte that is wanted */
    const char *authorities; /* a file of certificates instead of the system's; NULL: none */
    /* Asked at least once a second; false: give up. NULL: go on. */
    bool (*go_on)(void *arg);
    /* Pieces of the body, as they come; false: give up. */
    bool (*body)(void *arg, const struct kn_http_answer *answer, const uint8_t *bytes, size_t n);
    void *arg;
};

/*
 * Ask, and read what is answered, whatever its status. Release `out` with kn_http_answer_done(),
 * also after a failure. KN_E_CANCELLED: a callback gave up; KN_E_UNREACHABLE, KN_E_TIMEOUT,
 * KN_E_CLOSED: may be better later; KN_E_IDENTITY: the certificate is not the server's;
 * KN_E_DENIED: the token would travel in clear; KN_E_PROTOCOL, KN_E_INVALID, KN_E_LIMIT,
 * KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_http_ask(struct kn_http *http, const struct kn_http_request *request,
                                     struct kn_http_answer *out, struct kn_error *err);

#endif
