/*
 * layers — what the readers of the sources need, and problems as one line of text each.
 *
 * HOME is /home/u and DATA is /data there; relative paths begin at /base.
 */
#ifndef KN_TESTS_LAYERS_H
#define KN_TESTS_LAYERS_H

#include "config/schema/layer.h"
#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/yaml/yaml.h"
#include "support/check.h"

struct fixture {
    struct kn_arena *arena;
    struct kn_problems problems;
    struct kn_layers layers;
    struct kn_source source;
};

static inline const char *fixture_lookup(void *arg, const char *name)
{
    (void)arg;
    return strcmp(name, "HOME") == 0 ? "/home/u" : strcmp(name, "DATA") == 0 ? "/data" : NULL;
}

static inline void fixture_begin(struct fixture *f)
{
    f->arena = kn_arena_new();
    CHECK("memory", f->arena != NULL);
    f->problems = kn_problems_new(f->arena, KN_KEEP);
    f->layers = (struct kn_layers){ .arena = f->arena, .problems = &f->problems };
    f->source =
        (struct kn_source){ .layers = &f->layers, .base = "/base", .lookup = fixture_lookup };
}

static inline void fixture_end(struct fixture *f)
{
    kn_arena_free(f->arena);
}

/* Texts of one test live in a handful of slots. */
static inline char *text_slot(size_t *room)
{
    enum { SLOTS = 32, SIZE = 65536 };
    static char slots[SLOTS][SIZE];
    static unsigned next;

    *room = SIZE;
    return slots[next++ % SLOTS];
}

/* "NAME:LINE:COLUMN KIND KEY: MESSAGE | HINT", without what is not there. */
static inline const char *problem_text(const struct kn_problem *p)
{
    size_t room;
    char *out = text_slot(&room), place[64] = "";

    if (p->origin.line > 0)
        (void)snprintf(place, sizeof(place), ":%u:%u", p->origin.line, p->origin.column);
    (void)snprintf(out, room, "%s%s %s %s%s%s%s%s",
                   p->origin.name != NULL ? p->origin.name : kn_layer_word(p->origin.layer), place,
                   kn_problem_info(p->kind)->word, p->key != NULL ? p->key : "",
                   p->key != NULL ? ": " : "", p->message != NULL ? p->message : "",
                   p->hint != NULL ? " | " : "", p->hint != NULL ? p->hint : "");
    return out;
}

/* All of them but "accepted, has no effect yet", a line each. */
static inline const char *problems_text(const struct kn_problems *problems)
{
    size_t room, used = 0;
    char *out = text_slot(&room);

    out[0] = '\0';
    for (size_t i = 0; i < problems->n; i++) {
        if (problems->at[i].kind == KN_P_NO_EFFECT)
            continue;
        used += (size_t)snprintf(out + used, room - used, "%s%s", used > 0 ? "\n" : "",
                                 problem_text(&problems->at[i]));
        CHECK("room", used < room);
    }
    return out;
}

/* The word form of a value. */
static inline const char *value_text(const struct kn_setting *setting, const struct kn_value *value)
{
    struct kn_text text = { 0 };
    size_t room;
    char *out = text_slot(&room);

    kn_value_print(setting, value, &text);
    CHECK("memory", !text.failed);
    (void)snprintf(out, room, "%s", kn_text_get(&text));
    kn_text_done(&text);
    return out;
}

/* Parse a file of YAML into the fixture's arena. */
static inline struct kn_yaml_document *fixture_parse(struct fixture *f, const char *text)
{
    struct kn_yaml_document *doc = kn_arena_alloc(f->arena, sizeof(*doc));

    CHECK("memory", doc != NULL);
    CHECK_EQ("memory", kn_yaml_parse(f->arena, text, strlen(text), doc), KN_OK);
    return doc;
}

/* The value of the only key of a YAML map "v: …". */
static inline const struct kn_yaml_node *fixture_node(struct fixture *f, const char *text,
                                                      struct kn_yaml_document **doc)
{
    *doc = fixture_parse(f, text);
    CHECK(text, (*doc)->root != NULL && (*doc)->root->first != NULL);
    return (*doc)->root->first->value;
}

#endif
