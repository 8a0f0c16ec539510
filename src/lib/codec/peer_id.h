/*
 * peer_id — the name of a peer: a multihash of its public key.
 *
 * Text forms: base58 ("Qm…" for a hashed key, "12D3KooW…" for Ed25519, "16Uiu2HA…" for secp256k1)
 * and CIDv1 in base32 ("bafz…"). None has a checksum: a mistyped character mostly gives the id of
 * another peer, and only meeting that peer shows it.
 * spec: libp2p peer-ids, "Peer IDs" and "String representation".
 */
#ifndef KN_CODEC_PEER_ID_H
#define KN_CODEC_PEER_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

enum {
    KN_PEER_ID_MAX = 44, /* bytes: a key of at most 42 stands in the id, a longer one is hashed */
    KN_PEER_ID_TEXT_MAX = 67,  /* characters of the longest text form of a key type that we know */
    KN_PEER_ID_TEXT_SIZE = 64, /* what kn_peer_id_print() needs */
};

enum kn_peer_id_kind {
    KN_PEER_ID_HASHED, /* SHA-256 of an RSA or ECDSA key; which one, the key itself will tell */
    KN_PEER_ID_ED25519,
    KN_PEER_ID_SECP256K1,
};

struct kn_peer_id {
    enum kn_peer_id_kind kind;
    uint8_t n;
    uint8_t bytes[KN_PEER_ID_MAX]; /* the multihash, as it travels */
};

/* Read the first `n` bytes of `text`. KN_E_SYNTAX, KN_E_LIMIT or KN_E_UNSUPPORTED; `out` is
 * written on success only. */
KN_MUST_USE enum kn_code kn_peer_id_parse(const char *text, size_t n, struct kn_peer_id *out,
                                          struct kn_error *err);

/* Take a multihash. KN_E_SYNTAX or KN_E_UNSUPPORTED; the text names no id, so wrap it. */
KN_MUST_USE enum kn_code kn_peer_id_from_bytes(const uint8_t *bytes, size_t n,
                                               struct kn_peer_id *out, struct kn_error *err);

/* The base58 form, the only one that every peer reads. */
void kn_peer_id_print(const struct kn_peer_id *id, char out[KN_PEER_ID_TEXT_SIZE]);

bool kn_peer_id_equal(const struct kn_peer_id *a, const struct kn_peer_id *b);

#endif
