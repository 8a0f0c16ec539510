/*
 * signed_record — records of hivemind's DHT that only their owner may change.
 *
 * A subkey that contains "[owner:ssh-rsa …]" protects its record: the value must contain exactly
 * one "[signature:…]" by that key, over key, subkey, value without the signature, and end. Petals
 * and KwaaiNet protect nothing; private swarms may.
 * spec: hivemind/dht/crypto.py, RSASignatureValidator.
 */
#ifndef KN_DHT_SIGNED_RECORD_H
#define KN_DHT_SIGNED_RECORD_H

#include "lib/base/attributes.h"
#include "lib/base/buffer.h"
#include "lib/base/code.h"
#include "network/dht/id.h"

struct kn_signed_record {
    struct kn_dht_id key;
    struct kn_span subkey; /* MessagePack, as it travels */
    struct kn_span value;
    double expiration;
};

/*
 * May the record be believed? Appends its value without signatures to `bare`, for a record that
 * nobody protects too. KN_E_INVALID: protected, and not signed by its one owner; KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_signed_record_check(const struct kn_signed_record *record,
                                                struct kn_buffer *bare);

#endif
