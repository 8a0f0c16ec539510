#include "lib/codec/frame.h"

#include "support/hex.h"

static const struct {
    const char *name, *hex;
    size_t max;
    enum kn_code code;
    const char *message;
    size_t used;
} cases[] = {
    { "nothing yet", "", 9, KN_E_TRUNCATED, "", 0 },
    { "half a length", "80", 9, KN_E_TRUNCATED, "", 0 },
    { "a length alone", "03", 9, KN_E_TRUNCATED, "", 0 },
    { "one byte short", "030102", 9, KN_E_TRUNCATED, "", 0 },
    { "whole", "03010203", 9, KN_OK, "010203", 4 },
    { "with the start of the next", "0301020302", 9, KN_OK, "010203", 4 },
    { "empty", "00", 9, KN_OK, "", 1 },
    { "empty, nothing allowed", "00", 0, KN_OK, "", 1 },
    { "at the limit", "03010203", 3, KN_OK, "010203", 4 },
    { "one above the limit", "04", 3, KN_E_LIMIT, "", 0 },
    { "largest length", "ffffffffffffffff7f", 9, KN_E_LIMIT, "", 0 },
    { "largest length, no limit", "ffffffffffffffff7f", SIZE_MAX, KN_E_TRUNCATED, "", 0 },
    { "length not the shortest", "830001", 9, KN_E_PROTOCOL, "", 0 },
    { "zero in two bytes", "8000", 9, KN_E_PROTOCOL, "", 0 },
    { "eight bytes of a length", "8080808080808080", 9, KN_E_TRUNCATED, "", 0 },
    { "nine bytes and no end", "808080808080808080", 9, KN_E_PROTOCOL, "", 0 },
    { "ten bytes", "80808080808080808001", 9, KN_E_PROTOCOL, "", 0 },
};

static void frames_are_found_cut_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span bytes = hex_bytes(cases[i].hex), out = { NULL, 7 };
        size_t used = 7;

        CHECK_EQ(cases[i].name, kn_frame_next(bytes, cases[i].max, &out, &used), cases[i].code);
        if (cases[i].code == KN_OK) {
            CHECK_EQ(cases[i].name, used, cases[i].used);
            CHECK_HEX(cases[i].name, out, cases[i].message);
        } else {
            CHECK(cases[i].name, used == 7 && out.n == 7);
        }
        hex_done(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_found_cut_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
