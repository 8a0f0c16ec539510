#include "network/dht/signed_record.h"

#include "support/fuse.h"
#include "support/hex.h"
#include "support/vectors.h"

static void check_row(const json_t *row, const char *value_member)
{
    const char *name = vectors_text(row, "name"), *stripped = vectors_text(row, "stripped");
    bool valid = json_is_true(json_object_get(row, "valid"));
    struct kn_span key = hex_bytes(vectors_text(row, "key"));
    struct kn_span subkey = hex_bytes(vectors_text(row, "subkey_tag"));
    struct kn_span value = hex_bytes(vectors_text(row, value_member));
    struct kn_signed_record record = {
        .subkey = subkey,
        .value = value,
        .expiration = json_number_value(json_object_get(row, "expiration")),
    };
    struct kn_buffer bare = { 0 };

    CHECK_EQ(name, key.n, sizeof(record.key.bytes));
    memcpy(record.key.bytes, key.at, key.n);
    kn_buffer_add_byte(&bare, 0xee);
    CHECK_EQ(name, kn_signed_record_check(&record, &bare), valid ? KN_OK : KN_E_INVALID);
    CHECK_EQ(name, kn_buffer_get(&bare).at[0], 0xee);
    kn_buffer_take(&bare, 1);
    CHECK_HEX(name, kn_buffer_get(&bare), valid ? stripped : "");
    kn_buffer_done(&bare);
    hex_done(key);
    hex_done(subkey);
    hex_done(value);
}

static void records_of_hivemind_are_believed_as_hivemind_does(void **state)
{
    json_t *rows = vectors_list("signed_record.json", "records"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row) check_row(row, "signed_value");
    vectors_done(rows);
}

static void forged_records_are_refused(void **state)
{
    json_t *rows = vectors_list("signed_record.json", "bad"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row) check_row(row, "value");
    vectors_done(rows);
}

static void tags_are_found_as_the_regular_expression_finds_them(void **state)
{
    static const struct {
        const char *name, *subkey, *value;
        enum kn_code code;
        const char *want;
    } cases[] = {
        { "nobody protects it", "x", "value", KN_OK, "value" },
        { "a signature that nobody asked for", "x", "a[signature:b]c", KN_OK, "ac" },
        { "two of them", "x", "[signature:b]a[signature:c]", KN_OK, "a" },
        { "nothing signed", "x", "[signature:]", KN_OK, "[signature:]" },
        { "its first byte may be a bracket", "x", "[signature:]]a", KN_OK, "a" },
        { "not across lines", "x", "[signature:a\n]", KN_OK, "[signature:a\n]" },
        { "but behind one", "x", "[signature:a\n[signature:b]c", KN_OK, "[signature:a\nc" },
        { "no end", "x", "[signature:abc", KN_OK, "[signature:abc" },
        { "a head in a head", "x", "[signature:[signature:b]c", KN_OK, "c" },
        { "an owner that is no key", "[owner:me]", "a[signature:AAAA]", KN_E_INVALID, "" },
        { "an owner without an end", "[owner:me", "a", KN_OK, "a" },
        { "an owner across lines", "[owner:m\ne]", "a", KN_OK, "a" },
        { "two owners", "[owner:me][owner:you]", "a[signature:AAAA]", KN_E_INVALID, "" },
        { "no value", "x", "", KN_OK, "" },
        { "no subkey", "", "a", KN_OK, "a" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        const struct kn_signed_record record = { .subkey = kn_span_text(cases[i].subkey),
                                                 .value = kn_span_text(cases[i].value) };
        struct kn_buffer bare = { 0 };

        CHECK_EQ(cases[i].name, kn_signed_record_check(&record, &bare), cases[i].code);
        CHECK(cases[i].name, kn_span_equal(kn_buffer_get(&bare), kn_span_text(cases[i].want)));
        kn_buffer_done(&bare);
    }
}

static void short_memory_is_no_forgery(void **state)
{
    const struct kn_signed_record record = { .subkey = kn_span_text("[owner:me]"),
                                             .value = kn_span_text("a[signature:AAAA]") };
    enum kn_code rc = KN_E_NO_MEMORY;

    (void)state;
    for (long i = 0; rc == KN_E_NO_MEMORY; i++) {
        struct kn_buffer bare = { 0 };

        kn_fuse = i;
        rc = kn_signed_record_check(&record, &bare);
        kn_fuse = -1;
        CHECK("short", rc == KN_E_NO_MEMORY || rc == KN_E_INVALID);
        kn_buffer_done(&bare);
        CHECK("some fail, then none", i < 20 && (i > 0 || rc == KN_E_NO_MEMORY));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_of_hivemind_are_believed_as_hivemind_does),
        cmocka_unit_test(forged_records_are_refused),
        cmocka_unit_test(tags_are_found_as_the_regular_expression_finds_them),
        cmocka_unit_test(short_memory_is_no_forgery),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
