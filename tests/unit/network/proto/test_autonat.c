#include "network/proto/autonat.h"

#include "lib/codec/multiaddr_bytes.h"
#include "support/hex.h"

#define ID_A "0024080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e"
#define ADDR "04cb007107060fa1"
#define DIAL "080012340a320a26" ID_A "1208" ADDR

static void what_we_say_is_what_peers_say(void **state)
{
    struct kn_span id = hex_bytes(ID_A), addr = hex_bytes(ADDR), nothing = { NULL, 0 };
    struct kn_peer_id peer;
    struct kn_buffer out = { 0 };

    (void)state;
    CHECK_EQ("id", kn_peer_id_from_bytes(id.at, id.n, &peer, NULL), KN_OK);
    kn_autonat_dial_encode(&peer, &addr, 1, &out);
    CHECK_HEX("dial", kn_buffer_get(&out), DIAL);
    kn_buffer_clear(&out);
    kn_autonat_answer_encode(KN_AUTONAT_OK, addr, &out);
    CHECK_HEX("reached", kn_buffer_get(&out), "08011a0c08001a08" ADDR);
    kn_buffer_clear(&out);
    kn_autonat_answer_encode(KN_AUTONAT_DIAL_REFUSED, nothing, &out);
    CHECK_HEX("refused", kn_buffer_get(&out), "08011a020865");
    kn_buffer_done(&out);
    hex_done(id);
    hex_done(addr);
}

static void messages_are_told_apart(void **state)
{
    static const struct {
        const char *name, *hex;
        enum kn_code code;
        bool has_peer;
        size_t addrs;
        uint32_t status;
    } cases[] = {
        { "dial", DIAL, KN_OK, true, 1, 0 },
        { "dial, of nobody", "080012020a00", KN_OK, false, 0, 0 },
        { "dial, empty", "08001200", KN_OK, false, 0, 0 },
        { "reached", "08011a0c08001a08" ADDR, KN_OK, false, 0, KN_AUTONAT_OK },
        { "refused, with a text", "08011a0708651203626164", KN_OK, false, 0, 101 },
        { "dial of a peer that is none", "080012070a050a03616263", KN_E_INVALID, false, 0, 0 },
        { "no question", "0800", KN_E_INVALID, false, 0, 0 },
        { "no answer", "0801", KN_E_INVALID, false, 0, 0 },
        { "an answer to be dialed", "08001a020865", KN_E_INVALID, false, 0, 0 },
        { "no type", "1a020865", KN_E_INVALID, false, 0, 0 },
        { "a type of later versions", "08021200", KN_E_INVALID, false, 0, 0 },
        { "nothing", "", KN_E_INVALID, false, 0, 0 },
        { "cut", "080012", KN_E_SYNTAX, false, 0, 0 },
        { "a cut question", "080012010a", KN_E_SYNTAX, false, 0, 0 },
        { "a cut peer", "080012030a010a", KN_E_SYNTAX, false, 0, 0 },
        { "a cut answer", "08011a0108", KN_E_SYNTAX, false, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span bytes = hex_bytes(cases[i].hex), addr;
        struct kn_autonat message = { .has_peer = false };
        size_t addrs = 0;

        CHECK_EQ(cases[i].name, kn_autonat_decode(bytes, &message), cases[i].code);
        while (kn_field_list_next(&message.addrs, &addr))
            addrs++;
        CHECK_EQ(cases[i].name, message.has_peer, cases[i].has_peer);
        CHECK_EQ(cases[i].name, addrs, cases[i].addrs);
        CHECK_EQ(cases[i].name, message.status, cases[i].status);
        hex_done(bytes);
    }
}

static void questions_keep_to_their_limits(void **state)
{
    static uint8_t large[KN_AUTONAT_MESSAGE_MAX + 1];
    static const struct {
        const char *name;
        size_t addr_n, want;
    } cases[] = {
        { "many", 8, KN_AUTONAT_ADDRS_MAX },
        { "long", KN_MULTIADDR_BYTES_MAX, 7 },
    };
    struct kn_span addrs[KN_AUTONAT_ADDRS_MAX + 1], addr;
    struct kn_peer_id peer = { .n = 0 };
    struct kn_autonat message;

    (void)state;
    CHECK_EQ("message", kn_autonat_decode(kn_span(large, sizeof(large)), &message), KN_E_LIMIT);
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_buffer out = { 0 };
        size_t n = 0;

        for (size_t k = 0; k < KN_COUNT(addrs); k++)
            addrs[k] = kn_span(large, cases[i].addr_n);
        kn_autonat_dial_encode(&peer, addrs, KN_COUNT(addrs), &out);
        CHECK_EQ(cases[i].name, kn_autonat_decode(kn_buffer_get(&out), &message), KN_OK);
        while (kn_field_list_next(&message.addrs, &addr))
            n++;
        CHECK_EQ(cases[i].name, n, cases[i].want);
        kn_buffer_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_we_say_is_what_peers_say),
        cmocka_unit_test(messages_are_told_apart),
        cmocka_unit_test(questions_keep_to_their_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
