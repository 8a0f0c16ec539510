/* Every allocation of ours fails once, in turn. */
#include <stdlib.h>

#include "lib/base/arena.h"
#include "lib/yaml/yaml.h"
#include "support/check.h"
#include "support/fuse.h"

/* True when nothing failed any more. */
static bool parse_with_failure(const char *row, const char *text, long after)
{
    struct kn_arena *arena = kn_arena_new();
    struct kn_yaml_document doc = { .size = 77 };
    bool failed;
    enum kn_code rc;

    assert_non_null(arena);
    kn_fuse = after;
    rc = kn_yaml_parse(arena, text, strlen(text), &doc);
    failed = kn_fuse < 0; /* the countdown ran out */
    kn_fuse = -1;
    CHECK_EQ(row, rc, failed ? KN_E_NO_MEMORY : KN_OK);
    CHECK_EQ(row, doc.size, failed ? 77 : strlen(text));
    kn_arena_free(arena);
    return !failed;
}

/* Many keys, and the last one twice. */
static char *many_keys(int n)
{
    char *text = test_malloc(8000), *at = text;

    for (int i = 0; i < n; i++)
        at += snprintf(at, 40, "key_number_%d: value %d\n", i, i);
    (void)snprintf(at, 40, "key_number_%d: again\n", n - 1);
    return text;
}

static void running_out_of_memory_is_an_answer(void **state)
{
    char *keys = many_keys(200), *block = many_keys(40);
    const struct {
        const char *name, *text;
    } cases[] = {
        { "plain file", "a: 1\nb: [c, d]\n" },
        { "the table of keys grows", keys },
        { "the faults need a new block", block },
        { "duplicate", "a: 1\na: 2\n" },
        { "features", "%TAG ! x\n---\na: &b 1\nc: *b\n<<: 2\n? [d]\n: !e f\n---\n" },
        { "syntax", "a: b: c\n" },
        { "syntax with the place of its end", "a: \"x\nb: \"y\"\n" },
        { "encoding", "a: \xff\n" },
        { "forbidden", "a: \x01\n" },
        { "NUL", "a: \"\\0\"\n" },
        { "depth", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[" },
        { "empty", "" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        long after = 0;

        while (!parse_with_failure(cases[i].name, cases[i].text, after))
            after++;
        CHECK(cases[i].name, after > 0);
    }
    test_free(keys);
    test_free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(running_out_of_memory_is_an_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
