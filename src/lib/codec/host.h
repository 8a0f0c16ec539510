/*
 * host — where a machine is: IPv4, IPv6 and domain names as text.
 *
 * The strict spelling only, whatever the C library or the system's resolver would take beside it.
 * Every function reads the first `n` bytes of `text`; nothing is looked up.
 */
#ifndef KN_CODEC_HOST_H
#define KN_CODEC_HOST_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

enum {
    KN_HOST_IP4_SIZE = 4,
    KN_HOST_IP6_SIZE = 16,
    KN_HOST_NAME_MAX = 253,
    KN_HOST_LABEL_MAX = 63
};

/* Four decimal octets without leading zeros, in network order. KN_E_SYNTAX. */
KN_MUST_USE enum kn_code kn_host_ip4(const char *text, size_t n, uint8_t out[KN_HOST_IP4_SIZE]);

/*
 * spec: RFC 4291 §2.2, all three forms; "::" stands for at least one group. A zone ("%eth0") is
 * not part of an address. KN_E_SYNTAX.
 */
KN_MUST_USE enum kn_code kn_host_ip6(const char *text, size_t n, uint8_t out[KN_HOST_IP6_SIZE]);

/*
 * A domain name: labels of letters, digits, "-" and "_", no "-" at their ends, the last one not a
 * number (then it would be an address); a dot at the end is allowed.
 * KN_E_SYNTAX or KN_E_LIMIT, with a text that names the part.
 * spec: RFC 1123 §2.1; "_" as resolvers and container networks take it.
 */
KN_MUST_USE enum kn_code kn_host_name_check(const char *text, size_t n, struct kn_error *err);

#endif
