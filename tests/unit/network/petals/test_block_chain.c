#include "network/petals/block_chain.h"

#include "support/check.h"

static void a_chain_is_one_prefix_and_blocks_in_a_row(void **state)
{
    static const struct {
        const char *uids;
        enum kn_code want;
        uint32_t first, end;
        const char *text;
    } rows[] = {
        { "M.0", KN_OK, 0, 1, "" },
        { "tiny-hf.2 tiny-hf.3", KN_OK, 2, 4, "" },
        { "", KN_E_SYNTAX, 0, 0, "at least one block" },
        { " ", KN_E_SYNTAX, 0, 0, "does not serve " },
        { "M.0 ", KN_E_SYNTAX, 0, 0, "does not serve " },
        { "M.0  M.1", KN_E_SYNTAX, 0, 0, "does not serve " },
        { "M.0 nonsense", KN_E_SYNTAX, 0, 0, "Remote peer does not serve nonsense" },
        { "M.00", KN_E_SYNTAX, 0, 0, "does not serve M.00" },
        { "M.65536", KN_E_SYNTAX, 0, 0, "does not serve M.65536" },
        { "M.0 M.2", KN_E_INVALID, 0, 0, "M.2 does not follow M.0" },
        { "M.1 M.0", KN_E_INVALID, 0, 0, "M.0 does not follow M.1" },
        { "M.0 M.0", KN_E_INVALID, 0, 0, "M.0 does not follow M.0" },
        { "M.0 N.1", KN_E_INVALID, 0, 0, "N.1 does not follow M.0" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_block_chain chain = { .first = 0 };
        struct kn_error err = { 0 };

        CHECK_EQ(rows[i].uids, kn_block_chain_parse(kn_span_text(rows[i].uids), &chain, &err),
                 rows[i].want);
        CHECK_EQ(rows[i].uids, chain.first, rows[i].first);
        CHECK_EQ(rows[i].uids, chain.end, rows[i].end);
        CHECK_HAS(rows[i].uids, err.text, rows[i].text);
    }
}

static void a_chain_has_at_most_1024_blocks(void **state)
{
    (void)state;
    for (uint32_t more = 0; more < 2; more++) {
        struct kn_block_chain chain = { .prefix = { "M" },
                                        .first = 7,
                                        .end = 7 + KN_BLOCK_CHAIN_MAX + more };
        struct kn_block_chain read;
        struct kn_buffer text = { 0 };

        kn_block_chain_print(&chain, &text);
        CHECK_EQ("bound", kn_block_chain_parse(kn_buffer_get(&text), &read, NULL),
                 more == 0 ? KN_OK : KN_E_LIMIT);
        kn_buffer_done(&text);
    }
}

static void the_first_block_that_is_not_served_is_named(void **state)
{
    static const struct {
        const char *prefix;
        uint32_t first, end;
        const char *missing; /* NULL: all are served */
    } rows[] = {
        { "M", 4, 8, NULL },  { "M", 5, 6, NULL },     { "M", 3, 5, "M.3" }, { "M", 4, 9, "M.8" },
        { "M", 8, 9, "M.8" }, { "M", 20, 22, "M.20" }, { "N", 4, 5, "N.4" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_block_chain chain = { .first = rows[i].first, .end = rows[i].end };
        struct kn_error err = { 0 };
        enum kn_code rc;

        memcpy(chain.prefix.text, rows[i].prefix, 2);
        rc = kn_block_chain_within(&chain, "M", 4, 8, &err);
        CHECK_EQ(rows[i].prefix, rc, rows[i].missing == NULL ? KN_OK : KN_E_NOT_FOUND);
        if (rows[i].missing != NULL) {
            char want[64];

            (void)snprintf(want, sizeof(want), "Remote peer does not serve %s", rows[i].missing);
            CHECK_STR(rows[i].missing, err.text, want);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_is_one_prefix_and_blocks_in_a_row),
        cmocka_unit_test(a_chain_has_at_most_1024_blocks),
        cmocka_unit_test(the_first_block_that_is_not_served_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
