#include "network/yamux/header.h"

#include "support/check.h"

static void a_header_says_what_it_was_given(void **state)
{
    static const struct {
        const char *name, *bytes;
        enum kn_code code;
        struct kn_yamux_header want;
    } cases[] = {
        { "data on stream 1", "\0\0\0\0\0\0\0\1\0\0\0\5", KN_OK, { KN_YAMUX_DATA, 0, 1, 5 } },
        { "open", "\0\1\0\1\0\0\0\1\0\0\0\0", KN_OK, { KN_YAMUX_CREDIT, KN_YAMUX_SYN, 1, 0 } },
        { "answer", "\0\2\0\2\0\0\0\0\0\0\0\7", KN_OK, { KN_YAMUX_PING, KN_YAMUX_ACK, 0, 7 } },
        { "go away", "\0\3\0\0\0\0\0\0\0\0\0\1", KN_OK, { KN_YAMUX_GO_AWAY, 0, 0, 1 } },
        { "every bit",
          "\0\1\377\377\377\377\377\377\377\377\377\377",
          KN_OK,
          { KN_YAMUX_CREDIT, 0xffff, 0xffffffff, 0xffffffff } },
        { "bytes in their order",
          "\0\0\1\2\3\4\5\6\7\10\11\12",
          KN_OK,
          { KN_YAMUX_DATA, 0x0102, 0x03040506, 0x0708090a } },
        { "version 1", "\1\2\0\1\0\0\0\0\0\0\0\5", KN_E_PROTOCOL, { 0 } },
        { "type beyond the last", "\0\4\0\0\0\0\0\0\0\0\0\0", KN_E_PROTOCOL, { 0 } },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        const char *name = cases[i].name;
        struct kn_yamux_header h = { 0 };
        uint8_t again[KN_YAMUX_HEADER_SIZE];

        CHECK_EQ(name, kn_yamux_header_decode((const uint8_t *)cases[i].bytes, &h), cases[i].code);
        CHECK_EQ(name, h.type, cases[i].want.type);
        CHECK_EQ(name, h.flags, cases[i].want.flags);
        CHECK_EQ(name, h.id, cases[i].want.id);
        CHECK_EQ(name, h.length, cases[i].want.length);
        kn_yamux_header_encode(&h, again);
        CHECK(name, cases[i].code != KN_OK || memcmp(again, cases[i].bytes, sizeof(again)) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_header_says_what_it_was_given) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
