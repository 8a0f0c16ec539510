/* identity: keys that get their place: made, taken over, or made by a start that found none. */
#include <stdio.h>

#include "lib/base/path.h"
#include "lib/crypto/random.h"
#include "lib/os/private_file.h"
#include "lib/os/private_folder.h"
#include "node/identity/identity.h"
#include "node/identity/identity_file.h"

enum {
    DAY_S = 86400,
    ERA_DAYS = 146097, /* 400 years */
    TAG_SIZE = 64,
};

/*
 * "2026-11-22T140305Z". The calendar turns in March, so that the leap day is the last of its year;
 * day 719468 of it is 1970-01-01.
 */
static void write_tag(int64_t now_s, char out[TAG_SIZE])
{
    long long days = now_s / DAY_S + 719468, s = now_s % DAY_S;
    long long era = days / ERA_DAYS, day = days % ERA_DAYS;
    long long year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    long long in_year = day - (365 * year + year / 4 - year / 100);
    long long month = (5 * in_year + 2) / 153;

    (void)snprintf(out, TAG_SIZE, "%04lld-%02lld-%02lldT%02lld%02lld%02lldZ",
                   year + era * 400 + (month >= 10 ? 1 : 0), month < 10 ? month + 3 : month - 9,
                   in_year - (153 * month + 2) / 5 + 1, s / 3600, s / 60 % 60, s % 60);
}

/* The data folder is ours to make; a folder that somebody named is not. */
static enum kn_code need_folder(const struct kn_identity_place *place, struct kn_error *err)
{
    struct kn_text folder = { 0 };
    enum kn_code rc;

    if (place->is_configured)
        return KN_OK;
    kn_path_folder(place->path, &folder);
    rc = folder.failed ? kn_fail_no_memory(err) : kn_private_folder_need(folder.at, err);
    kn_text_done(&folder);
    return rc;
}

static enum kn_code write_file(const struct kn_identity_place *place,
                               const struct kn_identity_order *order, struct kn_span bytes,
                               struct kn_text *kept, struct kn_error *err)
{
    const char *at = (const char *)bytes.at;
    char tag[TAG_SIZE];

    if (!order->replace)
        return kn_private_file_create(place->path, at, bytes.n, err);
    write_tag(order->now_s, tag);
    return kn_private_file_exchange(place->path, at, bytes.n, tag, kept, err);
}

/* Give `key` its place. Takes it. */
static enum kn_code put(const struct kn_identity_place *place,
                        const struct kn_identity_order *order, KN_TAKES struct kn_key *key,
                        struct kn_identity *out, struct kn_error *err)
{
    struct kn_identity made = {
        .key = key, .mode = KN_PRIVATE_MODE, .mode_found = KN_PRIVATE_MODE, .is_new = true
    };
    struct kn_buffer bytes = { 0 };
    enum kn_code rc = need_folder(place, err);

    if (rc == KN_OK) {
        kn_key_encode(key, &bytes);
        rc = bytes.failed ? kn_fail_no_memory(err)
                          : write_file(place, order, kn_buffer_get(&bytes), &made.kept, err);
        if (rc != KN_OK)
            kn_wrap(err, "%s", place->path);
    }
    if (bytes.memory != NULL)
        kn_wipe(bytes.memory, bytes.room);
    kn_buffer_done(&bytes);
    if (rc == KN_OK)
        *out = made;
    else
        kn_identity_done(&made);
    return rc;
}

/* Say who has the place, if it is anybody. */
static enum kn_code refuse_taken(const struct kn_identity_place *place, struct kn_error *err)
{
    char id[KN_PEER_ID_TEXT_SIZE];
    struct kn_identity there = { 0 };

    if (kn_identity_look(place, &there, NULL) == KN_OK) {
        kn_peer_id_print(kn_key_peer_id(there.key), id);
        (void)kn_fail(err, KN_E_CHANGED, "%s: an identity is there already, %s", place->path, id);
        kn_hint(err, "With --replace it is kept under a dated name, and peers know this node by "
                     "another id from its next start on.");
    } else if (err == NULL || err->hint[0] == '\0') {
        (void)kn_fail(err, KN_E_CHANGED, "%s: a file is there already that is no key to use",
                      place->path);
        kn_hint(err, "kwaainet identity show says what is wrong with it; with --replace it is "
                     "kept under a dated name.");
    }
    kn_identity_done(&there);
    return KN_E_CHANGED;
}

enum kn_code kn_identity_new(const struct kn_identity_place *place, const struct kn_random *random,
                             const struct kn_identity_order *order, struct kn_identity *out,
                             struct kn_error *err)
{
    struct kn_key *key = NULL;
    enum kn_code rc;

    if (kn_key_new(random, &key) != KN_OK)
        return kn_fail_no_memory(err);
    rc = put(place, order, key, out, err);
    return rc == KN_E_CHANGED && !order->replace ? refuse_taken(place, err) : rc;
}

enum kn_code kn_identity_need(const struct kn_identity_place *place, const struct kn_random *random,
                              struct kn_identity *out, struct kn_error *err)
{
    const struct kn_identity_order order = { 0 };
    enum kn_code rc = kn_identity_load(place, out, err);
    struct kn_key *key = NULL;

    if (rc != KN_E_NOT_FOUND || place->is_configured)
        return rc;
    if (kn_key_new(random, &key) != KN_OK)
        return kn_fail_no_memory(err);
    rc = put(place, &order, key, out, err);
    /* Another start was faster: its key is the one. */
    if (rc == KN_E_CHANGED && kn_file_exists(place->path))
        rc = kn_identity_load(place, out, err);
    return rc;
}

static enum kn_code read_foreign(const char *from, struct kn_key **out, struct kn_error *err)
{
    struct kn_bytes bytes = { 0 };
    enum kn_code rc = kn_file_read(from, KN_PRIVATE_KEY_MAX, &bytes, err);

    if (rc == KN_OK)
        rc = kn_identity_decode(&bytes, out, err);
    if (rc == KN_OK)
        return KN_OK;
    kn_wrap(err, "%s", from);
    if (rc == KN_E_SYNTAX || rc == KN_E_LIMIT)
        kn_hint(err, "Name the identity file of a node of hivemind, Petals, KwaaiNet or go-libp2p, "
                     "as that node keeps it.");
    return rc;
}

/* The key has its place already: nothing to do, but that it is shut. */
static bool has_place(const struct kn_identity_place *place, const struct kn_key *key,
                      struct kn_identity *out)
{
    struct kn_identity there = { 0 };

    if (kn_identity_load(place, &there, NULL) != KN_OK)
        return false;
    if (!kn_peer_id_equal(kn_key_peer_id(there.key), kn_key_peer_id(key))) {
        kn_identity_done(&there);
        return false;
    }
    *out = there;
    return true;
}

enum kn_code kn_identity_import(const struct kn_identity_place *place, const char *from,
                                const struct kn_identity_order *order, struct kn_identity *out,
                                struct kn_error *err)
{
    struct kn_key *key = NULL;
    enum kn_code rc = read_foreign(from, &key, err);

    if (rc != KN_OK)
        return rc;
    if (has_place(place, key, out)) {
        kn_key_free(key);
        return KN_OK;
    }
    rc = put(place, order, key, out, err);
    return rc == KN_E_CHANGED && !order->replace ? refuse_taken(place, err) : rc;
}
