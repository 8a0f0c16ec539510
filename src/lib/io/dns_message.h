/*
 * dns_message — the texts in a DNS server's answer to a question for TXT records. Internal to
 * lib/io.
 *
 * Pure: bytes in, texts out; any thread. The bytes come from anybody.
 * spec: RFC 1035 section 3.3.14, section 4.1.
 */
#ifndef KN_IO_DNS_MESSAGE_H
#define KN_IO_DNS_MESSAGE_H

#include "lib/base/attributes.h"
#include "lib/base/code.h"
#include "lib/base/span.h"
#include "lib/io/resolve.h"

enum { KN_DNS_MESSAGE_MAX = 65535 }; /* bytes: what 16 bits of length can announce */

struct kn_dns_texts {
    size_t n;
    char text[KN_RESOLVE_TXT_MAX][KN_RESOLVE_TXT_TEXT_MAX + 1];
};

/*
 * The strings of each record are put together. Records that are longer than
 * KN_RESOLVE_TXT_TEXT_MAX or hold a NUL are left out, and those after the first
 * KN_RESOLVE_TXT_MAX. KN_E_NOT_FOUND: there is none, or the name does not exist; KN_E_IO: the
 * server says that it failed; KN_E_SYNTAX: not a whole answer; `out` is empty then.
 */
KN_MUST_USE enum kn_code kn_dns_txt_read(struct kn_span message, struct kn_dns_texts *out);

#endif
