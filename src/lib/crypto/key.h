/*
 * key — identities: the public key of a peer, and our own with which we sign.
 *
 * Both travel as a protobuf of two fields, type and data. We make and sign with Ed25519 and can
 * load and sign with the others that peers' identity files hold; all four are verified.
 * spec: libp2p peer-ids, "Keys"; RSA is PKCS#1 v1.5 with SHA-256 of 2048 to 8192 bits.
 */
#ifndef KN_CRYPTO_KEY_H
#define KN_CRYPTO_KEY_H

#include "lib/base/buffer.h"
#include "lib/base/error.h"
#include "lib/base/random.h"
#include "lib/codec/peer_id.h"

enum kn_key_type { KN_KEY_RSA = 0, KN_KEY_ED25519 = 1, KN_KEY_SECP256K1 = 2, KN_KEY_ECDSA = 3 };

enum {
    KN_KEY_RSA_BITS_MIN = 2048,
    KN_KEY_RSA_BITS_MAX = 8192,
    KN_PUBLIC_KEY_MAX = 1200,  /* bytes of the protobuf of the largest key that we take */
    KN_PRIVATE_KEY_MAX = 8192, /* bytes of an identity file */
    KN_SIGNATURE_MAX = 1024,
};

struct kn_public_key; /* somebody's, to verify with */
struct kn_key;        /* ours, to sign with */

/* "Ed25519", "RSA", … */
const char *kn_key_type_name(enum kn_key_type type);

/*
 * Read the protobuf of a public key; either order of its fields, nothing behind them.
 * KN_E_SYNTAX: no key; KN_E_UNSUPPORTED: another type; KN_E_INVALID: RSA of a wrong size;
 * KN_E_LIMIT; KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_public_key_decode(struct kn_span bytes, struct kn_public_key **out,
                                              struct kn_error *err);
void kn_public_key_free(struct kn_public_key *key);

enum kn_key_type kn_public_key_type(const struct kn_public_key *key);

/* Its peer id, from our own encoding of it. */
void kn_public_key_peer_id(const struct kn_public_key *key, struct kn_peer_id *out);

/* KN_E_INVALID: not signed by that key. */
KN_MUST_USE enum kn_code kn_public_key_verify(const struct kn_public_key *key,
                                              struct kn_span message, struct kn_span signature);

/* A new Ed25519 identity. KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_key_new(const struct kn_random *random, struct kn_key **out);

/*
 * Read the protobuf of a private key (an identity file of hivemind, go-libp2p or KwaaiNet).
 * Codes as kn_public_key_decode(); KN_E_INVALID also when its halves do not belong together.
 * No byte of it enters a text.
 */
KN_MUST_USE enum kn_code kn_key_decode(struct kn_span bytes, struct kn_key **out,
                                       struct kn_error *err);

/* Append the protobuf of the private key. The caller wipes the buffer. */
void kn_key_encode(const struct kn_key *key, struct kn_buffer *out);

void kn_key_free(struct kn_key *key); /* wipes */

enum kn_key_type kn_key_type(const struct kn_key *key);
const struct kn_peer_id *kn_key_peer_id(const struct kn_key *key);

/* The protobuf of its public half; lives as long as the key. */
struct kn_span kn_key_public(const struct kn_key *key);

/* Append the signature. KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_key_sign(const struct kn_key *key, struct kn_span message,
                                     struct kn_buffer *out);

#endif
