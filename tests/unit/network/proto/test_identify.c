#include "network/proto/identify.h"

#include "lib/codec/multiaddr_bytes.h"
#include "support/hex.h"
#include "support/vectors.h"

static size_t list_length(struct kn_field_list list)
{
    struct kn_span item;
    size_t n = 0;

    while (kn_field_list_next(&list, &item))
        n++;
    return n;
}

static void check_protocols(const char *name, struct kn_field_list list, const json_t *want)
{
    const json_t *protocol;
    struct kn_span item;
    size_t i;

    json_array_foreach(want, i, protocol)
    {
        CHECK(name, kn_field_list_next(&list, &item));
        CHECK(name, kn_span_equal(item, kn_span_text(json_string_value(protocol))));
    }
    CHECK(name, !kn_field_list_next(&list, &item));
}

static void check_message(const json_t *row)
{
    const char *name = vectors_text(row, "name");
    const char *hex = json_string_value(json_array_get(json_object_get(row, "messages"), 0));
    struct kn_span bytes = hex_bytes(hex);
    struct kn_identify identify;

    CHECK_EQ(name, kn_identify_decode(bytes, &identify), KN_OK);
    if (vectors_text(row, "publicKey") != NULL)
        CHECK_HEX(name, identify.public_key, vectors_text(row, "publicKey"));
    CHECK_EQ(name, list_length(identify.addrs),
             json_array_size(json_object_get(row, "listenAddrs")));
    check_protocols(name, identify.protocols, json_object_get(row, "protocols"));
    CHECK(name, kn_span_equal(identify.agent, kn_span_text(vectors_text(row, "agentVersion"))));
    CHECK(name, kn_span_equal(identify.protocol_version,
                              kn_span_text(vectors_text(row, "protocolVersion"))));
    CHECK(name, identify.observed.n > 0);
    if (vectors_text(row, "signedPeerRecord") != NULL)
        CHECK_HEX(name, identify.signed_record, vectors_text(row, "signedPeerRecord"));
    hex_done(bytes);
}

static void messages_of_real_peers_are_read(void **state)
{
    json_t *rows = vectors_list("identify.json", "messages"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row) check_message(row);
    vectors_done(rows);
}

/* spec: the message that p2pd and hivemind were seen to accept */
static void ours_is_what_peers_accept(void **state)
{
    json_t *root = vectors_object("identify.json", "ours");
    const json_t *names = json_object_get(root, "protocols"), *item;
    struct kn_span message =
        hex_bytes(json_string_value(json_array_get(json_object_get(root, "messages"), 0)));
    struct kn_span addr, protocols[16];
    struct kn_identify_content content = { .addrs = &addr, .addr_count = 1 };
    struct kn_identify read;
    struct kn_buffer out = { 0 };
    size_t i;

    (void)state;
    CHECK_EQ("read", kn_identify_decode(message, &read), KN_OK);
    CHECK("address", kn_field_list_next(&read.addrs, &addr));
    json_array_foreach(names, i, item) protocols[i] = kn_span_text(json_string_value(item));
    content.public_key = read.public_key;
    content.observed = read.observed;
    content.protocol_version = kn_span_text(vectors_text(root, "protocolVersion"));
    content.agent = kn_span_text(vectors_text(root, "agentVersion"));
    content.protocols = protocols;
    content.protocol_count = json_array_size(names);
    CHECK_EQ("write", kn_identify_encode(&content, &out), KN_OK);
    CHECK("same bytes", kn_span_equal(kn_buffer_get(&out), message));
    kn_buffer_done(&out);
    hex_done(message);
    vectors_done(root);
}

static void addresses_give_way_when_there_is_no_room(void **state)
{
    static uint8_t bytes[KN_IDENTIFY_SEND_MAX];
    static struct kn_span addrs[KN_IDENTIFY_ADDRS_MAX + 1];
    struct kn_span name = { bytes, 1000 };
    struct kn_identify_content content = { .addrs = addrs, .protocols = &name };
    struct kn_identify identify;
    struct kn_buffer out = { 0 };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(addrs); i++)
        addrs[i] = kn_span(bytes, 8);
    content.addr_count = KN_COUNT(addrs);
    CHECK_EQ("many", kn_identify_encode(&content, &out), KN_OK);
    CHECK_EQ("many", out.n, KN_IDENTIFY_ADDRS_MAX * 10);

    addrs[1].n = 500;
    addrs[2].n = 700; /* does not fit behind the others; those after it do */
    content.protocol_count = 1;
    kn_buffer_clear(&out);
    CHECK_EQ("large ones", kn_identify_encode(&content, &out), KN_OK);
    CHECK("large ones", out.n <= KN_IDENTIFY_SEND_MAX && out.n > KN_IDENTIFY_SEND_MAX - 20);
    CHECK_EQ("large ones", kn_identify_decode(kn_buffer_get(&out), &identify), KN_OK);
    CHECK("large ones", list_length(identify.addrs) > 3);

    name.n = KN_IDENTIFY_SEND_MAX - 3 - 8; /* with its head and four empty fields: all there is */
    kn_buffer_clear(&out);
    CHECK_EQ("no room", kn_identify_encode(&content, &out), KN_OK);
    CHECK_EQ("no room", out.n, KN_IDENTIFY_SEND_MAX - 8);
    name.n++;
    kn_buffer_clear(&out);
    CHECK_EQ("too large", kn_identify_encode(&content, &out), KN_E_LIMIT);
    CHECK_EQ("too large", out.n, 0);
    kn_buffer_done(&out);
}

static void repeat(uint32_t number, struct kn_span item, size_t n, struct kn_buffer *out)
{
    kn_buffer_clear(out);
    for (size_t i = 0; i < n; i++)
        kn_pb_write_bytes(out, number, item);
}

static void what_is_read_is_bounded(void **state)
{
    static uint8_t large[KN_IDENTIFY_MAX + 1];
    struct kn_identify identify;
    struct kn_buffer out = { 0 };

    (void)state;
    CHECK_EQ("message", kn_identify_decode(kn_span(large, sizeof(large)), &identify), KN_E_LIMIT);
    repeat(2, kn_span(large, 8), KN_IDENTIFY_ADDRS_MAX + 1, &out);
    CHECK_EQ("addresses", kn_identify_decode(kn_buffer_get(&out), &identify), KN_OK);
    CHECK_EQ("addresses", list_length(identify.addrs), KN_IDENTIFY_ADDRS_MAX);
    repeat(3, kn_span(large, 8), KN_IDENTIFY_PROTOCOLS_MAX + 1, &out);
    CHECK_EQ("protocols", kn_identify_decode(kn_buffer_get(&out), &identify), KN_OK);
    CHECK_EQ("protocols", list_length(identify.protocols), KN_IDENTIFY_PROTOCOLS_MAX);
    repeat(2, kn_span(large, KN_MULTIADDR_BYTES_MAX), 1, &out);
    kn_pb_write_bytes(&out, 2, kn_span(large, KN_MULTIADDR_BYTES_MAX + 1));
    CHECK_EQ("long address", kn_identify_decode(kn_buffer_get(&out), &identify), KN_OK);
    CHECK_EQ("long address", list_length(identify.addrs), 1);
    repeat(3, kn_span(large, KN_IDENTIFY_NAME_MAX), 1, &out);
    kn_pb_write_bytes(&out, 3, kn_span(large, KN_IDENTIFY_NAME_MAX + 1));
    CHECK_EQ("long name", kn_identify_decode(kn_buffer_get(&out), &identify), KN_OK);
    CHECK_EQ("long name", list_length(identify.protocols), 1);
    repeat(6, kn_span(large, KN_IDENTIFY_TEXT_MAX), 1, &out);
    kn_pb_write_bytes(&out, 5, kn_span(large, KN_IDENTIFY_TEXT_MAX + 1));
    CHECK_EQ("long text", kn_identify_decode(kn_buffer_get(&out), &identify), KN_OK);
    CHECK_EQ("long text", identify.agent.n, KN_IDENTIFY_TEXT_MAX);
    CHECK_EQ("long text", identify.protocol_version.n, 0);
    kn_buffer_done(&out);
}

static void odd_messages_are_read_as_far_as_they_make_sense(void **state)
{
    static const struct {
        const char *name, *hex;
        enum kn_code code;
        size_t addrs;
    } cases[] = {
        { "nothing", "", KN_OK, 0 },
        { "an address as a number", "1001", KN_OK, 0 },
        { "unknown fields", "7801120104d1ff0300000000000000001200", KN_OK, 2 },
        { "cut", "120504", KN_E_SYNTAX, 0 },
        { "a group", "13", KN_E_SYNTAX, 0 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span bytes = hex_bytes(cases[i].hex);
        struct kn_identify identify = { .addrs = { .left = 0 } };

        CHECK_EQ(cases[i].name, kn_identify_decode(bytes, &identify), cases[i].code);
        CHECK_EQ(cases[i].name, list_length(identify.addrs), cases[i].addrs);
        hex_done(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_of_real_peers_are_read),
        cmocka_unit_test(ours_is_what_peers_accept),
        cmocka_unit_test(addresses_give_way_when_there_is_no_room),
        cmocka_unit_test(what_is_read_is_bounded),
        cmocka_unit_test(odd_messages_are_read_as_far_as_they_make_sense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
