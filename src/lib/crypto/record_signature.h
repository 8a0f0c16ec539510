/*
 * record_signature — who may change a protected record of hivemind's DHT.
 *
 * Not how libp2p signs: RSA-PSS with SHA-256, MGF1 with SHA-256 and the longest salt, by a key
 * that is written as OpenSSH writes it.
 * spec: hivemind/dht/crypto.py; RFC 8017 §8.1.2; RFC 4253 §6.6.
 */
#ifndef KN_CRYPTO_RECORD_SIGNATURE_H
#define KN_CRYPTO_RECORD_SIGNATURE_H

#include "lib/base/attributes.h"
#include "lib/base/code.h"
#include "lib/base/span.h"

enum {
    KN_RECORD_OWNER_MAX = 1600, /* characters of "ssh-rsa AAAA…" with a key of 8192 bits */
    KN_RECORD_SIGNATURE_MAX = 1368,
};

/*
 * `owner` is "ssh-rsa" and a key in base64, perhaps with a comment behind it; `signature` is
 * base64. KN_E_SYNTAX, KN_E_LIMIT: one of the two is none; KN_E_INVALID: not signed by that key,
 * or the key has not the size that key.h asks for; KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_record_signature_verify(struct kn_span owner, struct kn_span message,
                                                    struct kn_span signature);

#endif
