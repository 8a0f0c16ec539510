#include "support/config_fixture.h"

#include "support/layers.h"

enum { FLAGS_MAX = 32 };

struct kn_snapshot *load_request(struct kn_config_request *request, const char *text,
                                 const char *const *words)
{
    struct kn_arena *arena = kn_arena_new();
    struct kn_flag flags[FLAGS_MAX];
    struct kn_snapshot *snapshot = NULL;
    struct kn_error err = { 0 };
    enum kn_code rc;
    size_t n = 0;

    CHECK("memory", arena != NULL);
    while (words != NULL && words[n] != NULL)
        n++;
    request->flags = flags;
    request->flag_count = 0;
    for (size_t i = 0; i < n; i += flags[request->flag_count++].used) {
        CHECK(words[i], request->flag_count < FLAGS_MAX);
        flags[request->flag_count] = kn_flag_match(arena, words + i, n - i, &err);
        CHECK(words[i], flags[request->flag_count].kind == KN_FLAG_SETTING);
    }
    if (text != NULL) {
        char *copy = kn_arena_dup(arena, text); /* not written to: struct kn_bytes is not const */
        struct kn_bytes bytes = { copy, strlen(text) };

        CHECK("memory", copy != NULL);
        rc = kn_config_load_bytes(request, "c.yaml", &bytes, &snapshot, &err);
    } else {
        rc = kn_config_load(request, &snapshot, &err);
    }
    CHECK_STR("load", err.text, "");
    CHECK_EQ("load", rc, KN_OK);
    kn_arena_free(arena);
    request->flags = NULL;
    request->flag_count = 0;
    return snapshot;
}

struct kn_snapshot *load_text(const char *text, const char *const *words,
                              const char *const *environment)
{
    struct kn_config_request request = { .home = "/nonexistent/home",
                                         .environment = environment,
                                         .working = "/nonexistent/work",
                                         .now_s = FIXTURE_NOW };

    return load_request(&request, text, words);
}

static const struct kn_resolved *find(const struct kn_snapshot *snapshot, const char *key)
{
    const struct kn_setting *setting = kn_setting_find(key);

    CHECK(key, setting != NULL);
    return kn_snapshot_get(snapshot, setting);
}

const char *got(const struct kn_snapshot *snapshot, const char *key)
{
    const struct kn_resolved *resolved = find(snapshot, key);

    return value_text(resolved->setting, &resolved->value);
}

const char *origin(const struct kn_snapshot *snapshot, const char *key)
{
    const struct kn_origin *from = &find(snapshot, key)->origin;
    size_t room;
    char *out = text_slot(&room);

    if (from->layer == KN_LAYER_FILE)
        (void)snprintf(out, room, "%s:%u:%u", from->name, from->line, from->column);
    else if (from->layer <= KN_LAYER_FILE)
        (void)snprintf(out, room, "%s", from->name);
    else
        (void)snprintf(out, room, "%s", kn_layer_word(from->layer));
    return out;
}
