/* rpc_next: handing a step on to the server of the next blocks. */
#include "lib/codec/msgpack.h"
#include "network/petals/rpc_metadata.h"

enum { SERVER_MEMBERS = 4 };

/* The members of a list, or of a tuple: one list in an extension. */
static bool open_list(struct kn_span value, struct kn_reader *out, uint32_t *count)
{
    struct kn_msgpack item;

    *out = kn_reader_of(value);
    if (!kn_msgpack_next(out, &item))
        return false;
    if (item.kind == KN_MSGPACK_EXT && item.ext_code == KN_MSGPACK_TUPLE) {
        *out = kn_reader_of(item.bytes);
        if (!kn_msgpack_next(out, &item))
            return false;
    }
    *count = item.count;
    return item.kind == KN_MSGPACK_ARRAY && item.count <= KN_RPC_SERVERS_MAX;
}

static bool read_text(struct kn_reader *reader, struct kn_span *out)
{
    struct kn_msgpack item;

    if (!kn_msgpack_next(reader, &item) || item.kind != KN_MSGPACK_TEXT)
        return false;
    *out = item.bytes;
    return item.bytes.n > 0 && item.bytes.n <= KN_RPC_ID_MAX;
}

static bool read_index(struct kn_reader *reader, uint32_t *out)
{
    struct kn_msgpack item;

    if (!kn_msgpack_next(reader, &item) || item.kind != KN_MSGPACK_INT || item.integer < 0 ||
        item.integer > UINT16_MAX)
        return false;
    *out = (uint32_t)item.integer;
    return true;
}

static bool read_server(struct kn_span value, struct kn_rpc_next *out)
{
    struct kn_reader reader;
    uint32_t count;

    return open_list(value, &reader, &count) && count == SERVER_MEMBERS &&
           read_text(&reader, &out->peer) && read_text(&reader, &out->session_id) &&
           read_index(&reader, &out->first) && read_index(&reader, &out->end) &&
           out->first < out->end && kn_reader_at_end(&reader);
}

enum kn_code kn_rpc_next_read(const struct kn_rpc_metadata *metadata, struct kn_rpc_next *out)
{
    struct kn_rpc_next next = { .first = 0 };
    struct kn_reader reader;
    struct kn_span server;
    uint32_t count;

    if (metadata->next_servers.n == 0)
        return KN_E_NOT_FOUND;
    if (!open_list(metadata->next_servers, &reader, &count))
        return KN_E_INVALID;
    if (count == 0)
        return KN_E_NOT_FOUND;
    server = kn_msgpack_skip(&reader);
    if (reader.failed || !read_server(server, &next))
        return KN_E_INVALID;
    next.rest = kn_span(reader.at, kn_reader_left(&reader));
    next.rest_count = count - 1;
    *out = next;
    return KN_OK;
}

static bool is_key(struct kn_span name, const char *key)
{
    struct kn_reader reader = kn_reader_of(name);
    struct kn_msgpack item;

    return kn_msgpack_next(&reader, &item) && item.kind == KN_MSGPACK_TEXT &&
           kn_span_equal(item.bytes, kn_span_text(key));
}

static void write_servers(const struct kn_rpc_next *next, struct kn_buffer *out)
{
    kn_msgpack_write_array(out, next->rest_count);
    kn_buffer_add_span(out, next->rest);
}

static uint32_t count_of(struct kn_reader *reader)
{
    struct kn_msgpack map;

    return kn_msgpack_next(reader, &map) ? map.count : 0;
}

/* spec: petals/server/handler.py, _push_outputs: a copy of the map with three keys set, which stay
 * where they stand. There are the first two, or nothing would be handed on. */
void kn_rpc_next_metadata(struct kn_span bytes, const struct kn_rpc_next *next,
                          struct kn_buffer *out)
{
    struct kn_reader reader = kn_reader_of(bytes);
    uint32_t count = count_of(&reader);
    bool has_session = false, has_pushed = false;
    struct kn_buffer pairs = { 0 };

    for (uint32_t i = 0; i < count; i++) {
        struct kn_span name = kn_msgpack_skip(&reader), value = kn_msgpack_skip(&reader);

        kn_buffer_add_span(&pairs, name);
        if (is_key(name, "session_id")) {
            kn_msgpack_write_text(&pairs, next->session_id);
            has_session = true;
        } else if (is_key(name, "next_servers")) {
            write_servers(next, &pairs);
        } else if (is_key(name, "pushed")) {
            kn_msgpack_write_bool(&pairs, true);
            has_pushed = true;
        } else {
            kn_buffer_add_span(&pairs, value);
        }
    }
    kn_msgpack_write_map(out, count + !has_session + !has_pushed);
    kn_buffer_add_span(out, kn_buffer_get(&pairs));
    if (!has_session) {
        kn_msgpack_write_text(out, kn_span_text("session_id"));
        kn_msgpack_write_text(out, next->session_id);
    }
    if (!has_pushed) {
        kn_msgpack_write_text(out, kn_span_text("pushed"));
        kn_msgpack_write_bool(out, true);
    }
    if (pairs.failed)
        kn_buffer_fail(out);
    kn_buffer_done(&pairs);
}
