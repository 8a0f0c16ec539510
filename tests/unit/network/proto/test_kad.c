#include "network/proto/kad.h"

#include "lib/codec/multiaddr_bytes.h"
#include "support/hex.h"
#include "support/vectors.h"

enum { PEERS = 4 };

/* Read a message with few peers and write it as an answer, or as the question it is. */
static void write_again(const char *name, struct kn_span bytes, struct kn_buffer *out)
{
    struct kn_kad_peer peers[PEERS];
    struct kn_kad_entry entries[PEERS];
    struct kn_span addrs[PEERS][KN_KAD_ADDRS_MAX];
    struct kn_kad_message message;
    size_t n = 0;

    CHECK_EQ(name, kn_kad_decode(bytes, &message), KN_OK);
    while (n < PEERS && kn_kad_peer_next(&message.closer, &peers[n])) {
        entries[n] = (struct kn_kad_entry){ &peers[n].id, addrs[n], 0 };
        while (entries[n].addr_count < KN_KAD_ADDRS_MAX &&
               kn_field_list_next(&peers[n].addrs, &addrs[n][entries[n].addr_count]))
            entries[n].addr_count++;
        n++;
    }
    if (message.type == KN_KAD_PING)
        kn_kad_ping_encode(out);
    else if (message.type == KN_KAD_FIND_NODE && n == 0)
        kn_kad_find_node_encode(message.key, out);
    else
        kn_kad_answer_encode(message.type, message.key, entries, n, out);
}

static void check_again(const char *name, const char *hex)
{
    struct kn_span bytes = hex_bytes(hex);
    struct kn_buffer out = { 0 };

    write_again(name, bytes, &out);
    CHECK_HEX(name, kn_buffer_get(&out), hex);
    kn_buffer_done(&out);
    hex_done(bytes);
}

static void messages_of_go_are_read_and_written_again(void **state)
{
    json_t *rows = vectors_list("kad.json", "exchanges"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        check_again(vectors_text(row, "name"), vectors_text(row, "request"));
        check_again(vectors_text(row, "name"), vectors_text(row, "reply"));
    }
    vectors_done(rows);
}

static void peers_are_those_that_go_named(void **state)
{
    json_t *rows = vectors_list("kad.json", "exchanges"), *row;
    size_t i, k;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *name = vectors_text(row, "name");
        struct kn_span bytes = hex_bytes(vectors_text(row, "reply"));
        const json_t *closer = json_object_get(row, "closer"), *want;
        struct kn_kad_message message;
        struct kn_kad_peer peer;

        CHECK_EQ(name, kn_kad_decode(bytes, &message), KN_OK);
        json_array_foreach(closer, k, want)
        {
            char text[KN_PEER_ID_TEXT_SIZE];
            struct kn_span addr;

            CHECK(name, kn_kad_peer_next(&message.closer, &peer));
            kn_peer_id_print(&peer.id, text);
            CHECK_STR(name, text, vectors_text(want, "id"));
            CHECK(name, kn_field_list_next(&peer.addrs, &addr));
            CHECK(name, !kn_field_list_next(&peer.addrs, &addr));
        }
        CHECK(name, !kn_kad_peer_next(&message.closer, &peer));
        hex_done(bytes);
    }
    vectors_done(rows);
}

#define PEER "0a221220d170704a52d87a37a0b6b4766eefee17997762d9ab439ae58d9940b3c8bfe20b"

static void odd_messages_are_told_apart(void **state)
{
    static const struct {
        const char *name, *hex;
        enum kn_code code;
        size_t peers;
    } cases[] = {
        { "nothing", "", KN_E_SYNTAX, 0 },
        { "no type is the first", "1200", KN_OK, 0 },
        { "a type of later versions", "0806", KN_E_UNSUPPORTED, 0 },
        { "cut", "080412", KN_E_SYNTAX, 0 },
        { "a peer without addresses", "08044224" PEER, KN_OK, 1 },
        { "a peer without id", "08044200", KN_OK, 0 },
        { "a peer that is none", "080442050a03616263", KN_OK, 0 },
        { "a broken peer before a good one", "080442020a054224" PEER, KN_OK, 1 },
        { "providers are not asked for", "08044a24" PEER, KN_OK, 0 },
        { "unknown fields",
          "0804f80101"
          "4227" PEER "f80101",
          KN_OK, 1 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span bytes = hex_bytes(cases[i].hex);
        struct kn_kad_message message = { .closer = { .left = 0 } };
        struct kn_kad_peer peer;
        size_t peers = 0;

        CHECK_EQ(cases[i].name, kn_kad_decode(bytes, &message), cases[i].code);
        while (kn_kad_peer_next(&message.closer, &peer))
            peers++;
        CHECK_EQ(cases[i].name, peers, cases[i].peers);
        hex_done(bytes);
    }
}

static struct kn_peer_id some_peer(void)
{
    struct kn_span bytes = hex_bytes(&PEER[4]);
    struct kn_peer_id id;

    CHECK_EQ("peer", kn_peer_id_from_bytes(bytes.at, bytes.n, &id, NULL), KN_OK);
    hex_done(bytes);
    return id;
}

static void answers_keep_to_what_every_peer_reads(void **state)
{
    static const uint8_t bytes[KN_MULTIADDR_BYTES_MAX];
    static const struct {
        const char *name;
        size_t entries, addrs, addr_n, want_peers, want_addrs;
    } cases[] = {
        { "all", KN_KAD_PEERS_MAX, KN_KAD_ADDRS_MAX, 8, KN_KAD_PEERS_MAX, KN_KAD_ADDRS_MAX },
        { "one peer more", KN_KAD_PEERS_MAX + 1, 1, 8, KN_KAD_PEERS_MAX, 1 },
        { "one address more", 1, KN_KAD_ADDRS_MAX + 1, 8, 1, KN_KAD_ADDRS_MAX },
        { "long addresses", KN_KAD_PEERS_MAX, KN_KAD_ADDRS_MAX, 512, 5, KN_KAD_ADDRS_MAX },
        { "nobody", 0, 0, 0, 0, 0 },
    };
    struct kn_peer_id id = some_peer();

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span addrs[KN_KAD_ADDRS_MAX + 1];
        struct kn_kad_entry entries[KN_KAD_PEERS_MAX + 1];
        struct kn_kad_message message;
        struct kn_kad_peer peer;
        struct kn_buffer out = { 0 };
        size_t peers = 0;

        for (size_t k = 0; k < KN_COUNT(addrs); k++)
            addrs[k] = kn_span(bytes, cases[i].addr_n);
        for (size_t k = 0; k < KN_COUNT(entries); k++)
            entries[k] = (struct kn_kad_entry){ &id, addrs, cases[i].addrs };
        kn_kad_answer_encode(KN_KAD_FIND_NODE, kn_span(NULL, 0), entries, cases[i].entries, &out);
        CHECK(cases[i].name, !out.failed && out.n <= KN_KAD_SEND_MAX - KN_VARINT_MAX);
        CHECK_EQ(cases[i].name, kn_kad_decode(kn_buffer_get(&out), &message), KN_OK);
        while (kn_kad_peer_next(&message.closer, &peer)) {
            struct kn_span addr;
            size_t n = 0;

            while (kn_field_list_next(&peer.addrs, &addr))
                n++;
            CHECK_EQ(cases[i].name, n, cases[i].want_addrs);
            peers++;
        }
        CHECK_EQ(cases[i].name, peers, cases[i].want_peers);
        kn_buffer_done(&out);
    }
}

static void what_is_read_is_bounded(void **state)
{
    static uint8_t large[KN_KAD_MESSAGE_MAX + 1];
    struct kn_span peer = hex_bytes(PEER);
    struct kn_kad_message message;
    struct kn_kad_peer read;
    struct kn_buffer out = { 0 };
    struct kn_span addr;
    size_t n = 0, mark;

    (void)state;
    CHECK_EQ("message", kn_kad_decode(kn_span(large, sizeof(large)), &message), KN_E_LIMIT);
    kn_kad_find_node_encode(kn_span(large, KN_KAD_KEY_MAX), &out);
    CHECK_EQ("longest key", kn_kad_decode(kn_buffer_get(&out), &message), KN_OK);
    kn_buffer_clear(&out);
    kn_kad_find_node_encode(kn_span(large, KN_KAD_KEY_MAX + 1), &out);
    CHECK_EQ("longer key", kn_kad_decode(kn_buffer_get(&out), &message), KN_E_LIMIT);

    kn_buffer_clear(&out);
    for (size_t i = 0; i < KN_KAD_READ_PEERS_MAX + 1; i++)
        kn_pb_write_bytes(&out, 8, peer);
    CHECK_EQ("many peers", kn_kad_decode(kn_buffer_get(&out), &message), KN_OK);
    while (kn_kad_peer_next(&message.closer, &read))
        n++;
    CHECK_EQ("many peers", n, KN_KAD_READ_PEERS_MAX);

    kn_buffer_clear(&out);
    mark = kn_pb_begin(&out, 8);
    kn_buffer_add_span(&out, peer);
    for (size_t i = 0; i < KN_KAD_READ_ADDRS_MAX + 1; i++)
        kn_pb_write_bytes(&out, 2, kn_span(large, 8));
    kn_pb_end(&out, mark);
    CHECK_EQ("many addresses", kn_kad_decode(kn_buffer_get(&out), &message), KN_OK);
    CHECK("many addresses", kn_kad_peer_next(&message.closer, &read));
    for (n = 0; kn_field_list_next(&read.addrs, &addr); n++)
        continue;
    CHECK_EQ("many addresses", n, KN_KAD_READ_ADDRS_MAX);
    kn_buffer_done(&out);
    hex_done(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_of_go_are_read_and_written_again),
        cmocka_unit_test(peers_are_those_that_go_named),
        cmocka_unit_test(odd_messages_are_told_apart),
        cmocka_unit_test(answers_keep_to_what_every_peer_reads),
        cmocka_unit_test(what_is_read_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
