/*
 * identity — the node's private key in its file: by it peers know the node again.
 *
 * The file holds the protobuf of a private key, as hivemind, go-libp2p and KwaaiNet write it, with
 * mode 0600. It is created once. Nothing here writes over a key or removes one: a new key takes the
 * place of another only after that went aside under a dated name. Another user's key is refused. A
 * key that others may read is refused where its file was configured; the data folder's own, which
 * earlier programs left open, is shut instead. Calls block: they belong to commands and the start.
 * No byte of a key enters a text.
 */
#ifndef KN_NODE_IDENTITY_H
#define KN_NODE_IDENTITY_H

#include "config/resolve/snapshot.h"
#include "lib/base/text.h"
#include "lib/crypto/key.h"

/* Where the key lies. */
struct kn_identity_place {
    const char *path;   /* absolute; lives as long as the snapshot */
    bool is_configured; /* somebody named it; else it is the file of the data folder */
};

struct kn_identity {
    struct kn_key *key;
    unsigned mode;       /* of the file, as it stands now */
    unsigned mode_found; /* as it was found */
    bool is_open;        /* others are permitted something by `mode` */
    bool is_new;         /* the call put it there */
    struct kn_text kept; /* where the key that had its place lies now; empty: there was none */
};

/* How a key gets its place. */
struct kn_identity_order {
    bool replace;  /* what has the place goes aside; else it is a failure */
    int64_t now_s; /* since 1970: the date in its new name */
};

/* The configuration must be valid. */
struct kn_identity_place kn_identity_place_of(const struct kn_snapshot *snapshot);

/*
 * Read the key. KN_E_NOT_FOUND: there is none. KN_E_DENIED: it may not be read, or belongs to
 * another user, or is configured and open to others. KN_E_SYNTAX, KN_E_INVALID, KN_E_UNSUPPORTED,
 * KN_E_LIMIT: no key. KN_E_IO, KN_E_NO_MEMORY. Look changes nothing; load shuts others out of the
 * data folder's own file. Release with kn_identity_done().
 */
KN_MUST_USE enum kn_code kn_identity_look(const struct kn_identity_place *place,
                                          struct kn_identity *out, struct kn_error *err);
KN_MUST_USE enum kn_code kn_identity_load(const struct kn_identity_place *place,
                                          struct kn_identity *out, struct kn_error *err);

/*
 * Load the key, or make one in the data folder when there is none; a configured file must be there.
 * Two that do this at the same moment end with one key.
 */
KN_MUST_USE enum kn_code kn_identity_need(const struct kn_identity_place *place,
                                          const struct kn_random *random, struct kn_identity *out,
                                          struct kn_error *err);

/* Make a new key, and the data folder if need be. KN_E_CHANGED: the place is taken. */
KN_MUST_USE enum kn_code kn_identity_new(const struct kn_identity_place *place,
                                         const struct kn_random *random,
                                         const struct kn_identity_order *order,
                                         struct kn_identity *out, struct kn_error *err);

/* The same with the key of the file `from`, which stays as it is. A key that has the place already
 * is loaded, and `is_new` is false. */
KN_MUST_USE enum kn_code kn_identity_import(const struct kn_identity_place *place, const char *from,
                                            const struct kn_identity_order *order,
                                            struct kn_identity *out, struct kn_error *err);

/* Append a warning about the mode of the file, or nothing. */
void kn_identity_remark(const struct kn_identity_place *place, const struct kn_identity *identity,
                        struct kn_text *out);

void kn_identity_done(struct kn_identity *identity);

#endif
