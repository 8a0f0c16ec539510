/*
 * header — the twelve bytes in front of every yamux frame.
 *
 * spec: hashicorp/yamux spec.md "Framing".
 */
#ifndef KN_YAMUX_HEADER_H
#define KN_YAMUX_HEADER_H

#include <stdint.h>

#include "lib/base/attributes.h"
#include "lib/base/code.h"

enum { KN_YAMUX_HEADER_SIZE = 12 };

enum kn_yamux_type {
    KN_YAMUX_DATA,   /* length: bytes of body that follow */
    KN_YAMUX_CREDIT, /* a "window update"; length: credit to add */
    KN_YAMUX_PING,   /* length: a value to give back */
    KN_YAMUX_GO_AWAY /* length: enum kn_yamux_go_away */
};

/* Bits of kn_yamux_header.flags; others are ignored. */
enum { KN_YAMUX_SYN = 1, KN_YAMUX_ACK = 2, KN_YAMUX_FIN = 4, KN_YAMUX_RST = 8 };

enum kn_yamux_go_away { KN_YAMUX_NORMAL, KN_YAMUX_WRONG, KN_YAMUX_INTERNAL };

struct kn_yamux_header {
    enum kn_yamux_type type;
    uint16_t flags;
    uint32_t id; /* 0: the session itself */
    uint32_t length;
};

void kn_yamux_header_encode(const struct kn_yamux_header *header,
                            uint8_t out[KN_YAMUX_HEADER_SIZE]);

/* KN_E_PROTOCOL: not version 0, or a type that nobody knows; `out` is unchanged. */
KN_MUST_USE enum kn_code kn_yamux_header_decode(const uint8_t bytes[KN_YAMUX_HEADER_SIZE],
                                                struct kn_yamux_header *out);

#endif
