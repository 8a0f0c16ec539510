#include "node/identity/identity.h"

#include <string.h>

#include "config/schema/setting.h"
#include "lib/crypto/random.h"
#include "lib/os/private_file.h"
#include "node/identity/identity_file.h"

struct kn_identity_place kn_identity_place_of(const struct kn_snapshot *snapshot)
{
    const struct kn_setting *setting = kn_setting_find("node.identity_key");

    return (struct kn_identity_place){
        .path = kn_snapshot_config(snapshot)->node.identity_key.text,
        .is_configured = kn_resolved_is_explicit(kn_snapshot_get(snapshot, setting)),
    };
}

static enum kn_code decode(const struct kn_bytes *bytes, struct kn_key **out, struct kn_error *err)
{
    static const char armour[] = "-----BEGIN ";

    if (bytes->n == 0)
        return kn_fail(err, KN_E_SYNTAX, "is empty");
    if (bytes->n >= sizeof(armour) - 1 && memcmp(bytes->at, armour, sizeof(armour) - 1) == 0)
        return kn_fail(err, KN_E_SYNTAX, "is a PEM file, not a key of libp2p");
    return kn_key_decode(kn_span(bytes->at, bytes->n), out, err);
}

enum kn_code kn_identity_decode(struct kn_bytes *bytes, struct kn_key **out, struct kn_error *err)
{
    enum kn_code rc = decode(bytes, out, err);

    kn_wipe(bytes->at, bytes->n);
    kn_bytes_done(bytes);
    return rc;
}

/* May this file be the node's key? */
static enum kn_code judge(const struct kn_identity_place *place, const struct kn_private_file *file,
                          struct kn_error *err)
{
    if (!file->is_ours) {
        (void)kn_fail(err, KN_E_DENIED, "belongs to another user");
        kn_hint(err, "Run the program as the owner of the key, or give the file to the user that "
                     "runs it with chown.");
        return KN_E_DENIED;
    }
    if (place->is_configured && file->is_open) {
        (void)kn_fail(err, KN_E_DENIED, "is open to others (mode %04o)", file->mode);
        kn_hint(err, "Shut them out: chmod 600 '%s'", place->path);
        return KN_E_DENIED;
    }
    return KN_OK;
}

static enum kn_code read_key(const struct kn_identity_place *place, bool shut,
                             struct kn_identity *out, struct kn_error *err)
{
    struct kn_private_file file = { 0 };
    struct kn_identity identity = { 0 };
    enum kn_code rc;

    shut = shut && !place->is_configured;
    rc = kn_private_file_read(place->path, KN_PRIVATE_KEY_MAX, shut, &file, err);
    if (rc != KN_OK)
        return rc;
    identity.mode_found = file.mode;
    identity.mode = shut && file.is_open ? KN_PRIVATE_MODE : file.mode;
    identity.is_open = file.is_open && !shut;
    rc = judge(place, &file, err);
    if (rc == KN_OK) {
        rc = kn_identity_decode(&file.bytes, &identity.key, err);
    } else {
        kn_wipe(file.bytes.at, file.bytes.n);
        kn_bytes_done(&file.bytes);
    }
    if (rc == KN_OK)
        *out = identity;
    return rc;
}

/* The place, and what to do where only this layer knows it. */
static enum kn_code explain(const struct kn_identity_place *place, enum kn_code rc,
                            struct kn_error *err)
{
    if (rc == KN_E_NOT_FOUND) {
        (void)kn_fail(err, rc, "%s: there is no identity yet", place->path);
        kn_hint(
            err,
            "The first start of the node makes one, or kwaainet identity new; kwaainet identity "
            "import FILE takes over the one of another node.");
        return rc;
    }
    kn_wrap(err, "%s", place->path);
    if (rc == KN_E_SYNTAX || rc == KN_E_INVALID || rc == KN_E_UNSUPPORTED || rc == KN_E_LIMIT)
        kn_hint(err, "Bring back the key from a copy; or kwaainet identity new --replace makes "
                     "another and keeps this file under a dated name.");
    return rc;
}

enum kn_code kn_identity_look(const struct kn_identity_place *place, struct kn_identity *out,
                              struct kn_error *err)
{
    enum kn_code rc = read_key(place, false, out, err);

    return rc == KN_OK ? rc : explain(place, rc, err);
}

enum kn_code kn_identity_load(const struct kn_identity_place *place, struct kn_identity *out,
                              struct kn_error *err)
{
    enum kn_code rc = read_key(place, true, out, err);

    return rc == KN_OK ? rc : explain(place, rc, err);
}

void kn_identity_remark(const struct kn_identity_place *place, const struct kn_identity *identity,
                        struct kn_text *out)
{
    if (identity->mode != identity->mode_found)
        kn_text_addf(out, "%s was open to others (mode %04o); its mode is %04o now", place->path,
                     identity->mode_found, identity->mode);
    else if (identity->is_open)
        kn_text_addf(out, "%s is open to others (mode %04o); chmod 600 '%s' shuts them out",
                     place->path, identity->mode, place->path);
}

void kn_identity_done(struct kn_identity *identity)
{
    kn_key_free(identity->key);
    kn_text_done(&identity->kept);
    *identity = (struct kn_identity){ 0 };
}
