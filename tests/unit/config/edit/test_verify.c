/* The check of a finished edit, on files that no edit of ours would make. */
#include "config/edit/verify.h"
#include "lib/base/arena.h"
#include "lib/yaml/yaml.h"
#include "support/check.h"

static const char *const port[] = { "node", "port" };
static const char *const jitter[] = { "health", "reconnect", "jitter" };

static struct kn_yaml_node one = {
    .kind = KN_YAML_SCALAR, .style = KN_YAML_PLAIN, .text = "1", .length = 1
};
static struct kn_yaml_node text = {
    .kind = KN_YAML_SCALAR, .style = KN_YAML_WORD, .text = "1", .length = 1
};

#define SET(path, value)                               \
    {                                                  \
        KN_EDIT_SET, path, KN_COUNT(path), value, NULL \
    }
#define UNSET(path)                                     \
    {                                                   \
        KN_EDIT_UNSET, path, KN_COUNT(path), NULL, NULL \
    }
#define RENAME(path, name)                               \
    {                                                    \
        KN_EDIT_RENAME, path, KN_COUNT(path), NULL, name \
    }

static const struct {
    const char *name;
    struct kn_edit_promise promise;
    const char *old, *new;
    bool keeps;
} rows[] = {
    { "a value", SET(port, &one), "node: {name: a, port: 2}", "node: {name: a, port: 1}", true },
    { "a key", SET(port, &one), "node: {name: a}", "node: {port: 1, name: a}", true },
    { "a section", SET(port, &one), "x: 1", "node: {port: 1}\nx: 1", true },
    { "two sections", SET(jitter, &one), "", "health: {reconnect: {jitter: 1}}", true },
    { "a section that was null", SET(port, &one), "node: ~", "node: {port: 1}", true },
    { "another value", SET(port, &one), "node: {port: 2}", "node: {port: 3}", false },
    { "a text for a number", SET(port, &one), "node: {port: 2}", "node: {port: '1'}", false },
    { "a number for a text", SET(port, &text), "node: {port: 2}", "node: {port: 1}", false },
    { "no value", SET(port, &one), "node: {port: 2}", "node: {}", false },
    { "nothing done", SET(port, &one), "x: 1", "x: 1", false },
    { "a neighbour changed", SET(port, &one), "node: {name: a, port: 2}",
      "node: {name: b, port: 1}", false },
    { "a neighbour gone", SET(port, &one), "node: {name: a, port: 2}", "node: {port: 1}", false },
    { "a neighbour more", SET(port, &one), "node: {port: 2}", "node: {port: 1, name: a}", false },
    { "another order", SET(port, &one), "node: {a: 1, b: 2}", "node: {b: 2, a: 1, port: 1}",
      false },
    { "the key moved", SET(port, &one), "node: {a: 1, port: 2}", "node: {port: 1, a: 1}", false },
    { "another section changed", SET(port, &one), "node: {port: 2}\nx: 1", "node: {port: 1}\nx: 2",
      false },
    { "a section was a value", SET(port, &one), "node: a", "node: {port: 1}", false },
    { "a section more than asked", SET(port, &one), "", "node: {port: 1}\nx:", false },
    { "away", UNSET(port), "node: {name: a, port: 2}", "node: {name: a}", true },
    { "away with its section", UNSET(port), "node: {port: 2}\nx: 1", "x: 1", true },
    { "away, the section null", UNSET(port), "node: {port: 2}", "node:", true },
    { "away with both sections", UNSET(jitter), "health: {reconnect: {jitter: 1}}", "", true },
    { "still there", UNSET(port), "node: {port: 2}", "node: {port: 2}", false },
    { "a neighbour away too", UNSET(port), "node: {name: a, port: 2}", "node: {}", false },
    { "the section away with a neighbour", UNSET(port), "node: {name: a, port: 2}", "", false },
    { "away though it was not there", UNSET(port), "node: {name: a}", "node: {name: a}", false },
    { "the section became a value", UNSET(port), "node: {port: 2}", "node: a", false },
    { "another name", RENAME(port, "door"), "node: {port: 2, a: 1}", "node: {door: 2, a: 1}",
      true },
    { "another name and value", RENAME(port, "door"), "node: {port: 2}", "node: {door: 3}", false },
    { "another name elsewhere", RENAME(port, "door"), "node: {port: 2, a: 1}",
      "node: {a: 1, door: 2}", false },
    { "both names", RENAME(port, "door"), "node: {port: 2}", "node: {port: 2, door: 2}", false },
    { "no name", RENAME(port, "door"), "node: {port: 2}", "node: {}", false },
};

static const struct kn_yaml_node *read(struct kn_arena *arena, const char *bytes)
{
    struct kn_yaml_document doc;

    CHECK_EQ(bytes, kn_yaml_parse(arena, bytes, strlen(bytes), &doc), KN_OK);
    CHECK_EQ(bytes, doc.fault_count, 0);
    return doc.root;
}

static void a_file_that_differs_elsewhere_is_found_out(void **state)
{
    struct kn_arena *arena = kn_arena_new();

    (void)state;
    CHECK("memory", arena != NULL);
    for (size_t i = 0; i < KN_COUNT(rows); i++)
        CHECK_EQ(
            rows[i].name,
            kn_edit_keeps(&rows[i].promise, read(arena, rows[i].old), read(arena, rows[i].new)),
            rows[i].keeps);
    kn_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_differs_elsewhere_is_found_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
