/*
 * origin — whom an address of the web belongs to. Pure.
 */
#ifndef KN_HTTP_ORIGIN_H
#define KN_HTTP_ORIGIN_H

#include <stdbool.h>

/* http or https, a host, and nothing that could be read in two ways. */
bool kn_origin_is_web(const char *url);
bool kn_origin_is_secure(const char *url); /* https */

/* http to this very machine, or https. */
bool kn_origin_may_hear(const char *url);

/* The same scheme, host and port; spelt differently counts as different. */
bool kn_origin_same(const char *a, const char *b);

#endif
