/*
 * identity_file — the bytes of an identity file as a key. Internal to node.
 */
#ifndef KN_NODE_IDENTITY_IDENTITY_FILE_H
#define KN_NODE_IDENTITY_IDENTITY_FILE_H

#include "lib/crypto/key.h"
#include "lib/os/file.h"

/* Decode `bytes`, which are wiped and released. The text does not name the file. */
KN_MUST_USE enum kn_code kn_identity_decode(struct kn_bytes *bytes, struct kn_key **out,
                                            struct kn_error *err);

#endif
