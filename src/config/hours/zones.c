#include "config/hours/zones.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/nearest.h"
#include "lib/codec/tzif.h"
#include "lib/os/zone_file.h"

static enum kn_code read_zone(const struct kn_zones_place *place, const char *name,
                              struct kn_arena *arena, struct kn_zone *out, struct kn_error *err)
{
    struct kn_bytes bytes = { 0 };
    enum kn_code rc = kn_zone_file_read(place->root, name, &bytes, err);

    if (rc != KN_OK)
        return rc;
    rc = kn_tzif_parse(kn_span(bytes.at, bytes.n), arena, out);
    kn_bytes_done(&bytes);
    if (rc == KN_E_NO_MEMORY)
        return kn_fail_no_memory(err);
    return rc == KN_OK ? KN_OK : kn_fail(err, rc, "its file is no time zone of this kind");
}

/* A broken file of the machine's own zone is as none: all the same something must hold. */
static enum kn_code find_local(const struct kn_zones_place *place, struct kn_arena *arena,
                               struct kn_zone *out, struct kn_error *err)
{
    const char *name = place->local;
    struct kn_error ignored = { 0 };
    enum kn_code rc = KN_E_NOT_FOUND;

    *out = (struct kn_zone){ 0 };
    if (name != NULL)
        name += *name == ':';
    if (name != NULL && *name != '\0')
        rc = read_zone(place, name, arena, out, &ignored);
    if (rc != KN_OK && rc != KN_E_NO_MEMORY && name != NULL && *name != '\0' &&
        kn_zone_rule_parse(kn_span_text(name), &out->rule) == KN_OK) {
        out->has_rule = true;
        return KN_OK;
    }
    if (rc != KN_OK && rc != KN_E_NO_MEMORY && place->local == NULL)
        rc = read_zone(place, NULL, arena, out, &ignored);
    return rc == KN_E_NO_MEMORY ? kn_fail_no_memory(err) : KN_OK;
}

static const char *last_part(const char *name)
{
    const char *slash = strrchr(name, '/');

    return slash != NULL ? slash + 1 : name;
}

/* The zone whose name is like the word, and the one whose town is. */
static void offer_near(const char *name, const struct kn_names *names, struct kn_error *err)
{
    struct kn_nearest whole = kn_nearest_to(name), part = kn_nearest_to(last_part(name));
    const char *town = NULL;

    for (size_t i = 0; i < names->n; i++) {
        const char *before = part.best;

        kn_nearest_offer(&whole, names->at[i]);
        kn_nearest_offer(&part, last_part(names->at[i]));
        town = part.best != before ? names->at[i] : town;
    }
    if (names->n == 0)
        kn_hint(err, "This machine has no time zones in " KN_ZONE_FOLDER
                     ": install its package tzdata, or write local or UTC.");
    else if (whole.best != NULL && town != NULL && strcmp(whole.best, town) != 0)
        kn_hint(err, "Did you mean %s or %s?", whole.best, town);
    else if (whole.best != NULL || town != NULL)
        kn_hint(err, "Did you mean %s?", whole.best != NULL ? whole.best : town);
    else
        kn_hint(err, "Write local, UTC, or a name such as Europe/Berlin.");
}

static enum kn_code refuse(const struct kn_zones_place *place, const char *name,
                           struct kn_arena *arena, struct kn_error *err)
{
    struct kn_names names = { 0 };
    enum kn_code rc = kn_zone_file_names(place->root, arena, &names, err);

    if (rc != KN_OK)
        return rc;
    rc = kn_fail(err, KN_E_NOT_FOUND, "no time zone is called \"%.60s\"", name);
    offer_near(name, &names, err);
    return rc;
}

enum kn_code kn_zones_find(const struct kn_zones_place *place, const char *name,
                           struct kn_arena *arena, struct kn_zone *out, struct kn_error *err)
{
    enum kn_code rc;

    *out = (struct kn_zone){ 0 };
    if (strcmp(name, "local") == 0)
        return find_local(place, arena, out, err);
    if (strcmp(name, "UTC") == 0)
        return KN_OK;
    rc = read_zone(place, name, arena, out, err);
    if (rc == KN_E_NO_MEMORY)
        return rc;
    if (rc == KN_E_NOT_FOUND || rc == KN_E_IO) /* E_IO: a folder, "Europe" */
        return refuse(place, name, arena, err);
    if (rc != KN_OK)
        kn_wrap(err, "the time zone \"%.60s\"", name);
    return rc;
}
