/*
 * dictionary — one key with many subkeys, as it travels in rpc_find and rpc_store.
 *
 * MessagePack extension 0x50 of [maxsize, latest expiration, [[subkey, value, expiration], …]].
 * spec: hivemind/dht/storage.py, DictionaryDHTValue.
 */
#ifndef KN_DHT_DICTIONARY_H
#define KN_DHT_DICTIONARY_H

#include "lib/base/attributes.h"
#include "lib/base/buffer.h"
#include "lib/base/code.h"
#include "lib/codec/reader.h"

enum { KN_DHT_DICTIONARY_MAX = 65536 }; /* entries of one that is read or written */

/*
 * Can this be a subkey? One value that Python can hash, of at most KN_DHT_SUBKEY_MAX bytes, and not
 * nil, which stands for "no subkey". Two spellings of one number are two subkeys here, one there.
 */
bool kn_dht_subkey_is_valid(struct kn_span subkey);

struct kn_dht_entry {
    struct kn_span subkey; /* its MessagePack */
    struct kn_span value;  /* MessagePack of the value, unwrapped */
    double expiration;
};

struct kn_dht_dictionary {
    double latest;         /* as it stands there: may be infinite, or NaN */
    uint32_t count;        /* entries not walked yet */
    struct kn_reader rest; /* where they go on */
};

/* KN_E_SYNTAX: nothing that hivemind's reader takes as a dictionary (each entry is looked at, the
 * values are not); KN_E_LIMIT. */
KN_MUST_USE enum kn_code kn_dht_dictionary_open(struct kn_span bytes,
                                                struct kn_dht_dictionary *out);

/*
 * The next entry. Entries whose expiration is not finite, or whose value is no MessagePack, are
 * passed over and counted in `*malformed` (may be NULL): hivemind's own reader hangs on them. The
 * same for a subkey or a value above its limit. A subkey may come twice.
 */
bool kn_dht_dictionary_next(struct kn_dht_dictionary *dictionary, struct kn_dht_entry *out,
                            size_t *malformed);

/* The next entry, whatever it is: for who looks at its parts himself, or has done so before. */
bool kn_dht_dictionary_step(struct kn_dht_dictionary *dictionary, struct kn_dht_entry *out);

void kn_dht_dictionary_encode(double latest, const struct kn_dht_entry *entries, size_t n,
                              struct kn_buffer *out);

/* The same entry by entry: begin, add exactly `count`, end with what begin returned. */
size_t kn_dht_dictionary_begin(double latest, uint32_t count, struct kn_buffer *out);
void kn_dht_dictionary_add(const struct kn_dht_entry *entry, struct kn_buffer *out);
void kn_dht_dictionary_end(size_t mark, struct kn_buffer *out);

/* What that makes, in bytes: of one entry, and of a dictionary whose entries take `bytes`. */
size_t kn_dht_dictionary_entry_size(size_t subkey_n, size_t value_n);
size_t kn_dht_dictionary_size(uint32_t count, size_t bytes);

#endif
