#include "lib/codec/multiaddr_value.h"

#include "lib/codec/host.h"
#include "lib/codec/writer.h"

enum { GROUPS = KN_HOST_IP6_SIZE / 2 };

static bool has_slash(struct kn_span bytes)
{
    return bytes.n > 0 && memchr(bytes.at, '/', bytes.n) != NULL;
}

/* The bytes are those of a code, of a length and of as much behind it. */
static bool is_multihash(struct kn_span bytes)
{
    struct kn_reader reader = kn_reader_of(bytes);
    uint64_t n;

    (void)kn_read_varint_minimal(&reader);
    n = kn_read_varint_minimal(&reader);
    return !reader.failed && n == kn_reader_left(&reader);
}

/* Base64 without padding, as browsers put it into addresses. spec: RFC 4648 §5. */
static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static bool decode_base64url(struct kn_span text, struct kn_buffer *out)
{
    unsigned bits = 0, held = 0;

    for (size_t i = 0; i < text.n; i++) {
        const char *digit = text.at[i] == 0 ? NULL : strchr(base64url, text.at[i]);

        if (digit == NULL)
            return false;
        bits = (bits << 6 | (unsigned)(digit - base64url)) & 0x3fff;
        held += 6;
        if (held >= 8) {
            held -= 8;
            kn_buffer_add_byte(out, (uint8_t)(bits >> held & 0xff));
        }
    }
    return held < 6 && (bits & ((1u << held) - 1)) == 0;
}

static void encode_base64url(struct kn_span bytes, struct kn_text *out)
{
    unsigned bits = 0, held = 0;

    for (size_t i = 0; i < bytes.n; i++) {
        bits = (bits << 8 | bytes.at[i]) & 0x3fff;
        held += 8;
        for (; held >= 6; held -= 6)
            kn_text_add_char(out, base64url[bits >> (held - 6) & 0x3f]);
    }
    if (held > 0)
        kn_text_add_char(out, base64url[bits << (6 - held) & 0x3f]);
}

static enum kn_code parse_ip(enum kn_multiaddr_value kind, struct kn_span text,
                             struct kn_buffer *out)
{
    uint8_t ip[KN_HOST_IP6_SIZE];
    bool four = kind == KN_VALUE_IP4;
    enum kn_code rc = four ? kn_host_ip4((const char *)text.at, text.n, ip)
                           : kn_host_ip6((const char *)text.at, text.n, ip);

    if (rc == KN_OK)
        kn_buffer_add(out, ip, four ? KN_HOST_IP4_SIZE : KN_HOST_IP6_SIZE);
    return rc;
}

/* Zeros may stand in front, as go-multiaddr takes them; a sign, which it takes too, may not. */
static enum kn_code parse_port(struct kn_span text, struct kn_buffer *out)
{
    unsigned port = 0;

    for (size_t i = 0; i < text.n; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return KN_E_SYNTAX;
        port = port * 10 + (unsigned)(text.at[i] - '0');
        if (port > UINT16_MAX)
            return KN_E_RANGE;
    }
    kn_write_be16(out, (uint16_t)port);
    return text.n > 0 ? KN_OK : KN_E_SYNTAX;
}

static enum kn_code parse_peer(struct kn_span text, struct kn_buffer *out)
{
    struct kn_peer_id id;
    enum kn_code rc = kn_peer_id_parse((const char *)text.at, text.n, &id, NULL);

    if (rc == KN_OK)
        kn_write_prefixed(out, kn_span(id.bytes, id.n));
    return rc;
}

/* spec: multiformats/multibase; of its alphabets the one in which everybody writes hashes. */
static enum kn_code parse_hash(struct kn_span text, struct kn_buffer *out)
{
    struct kn_buffer hash = { .max = KN_MULTIADDR_BYTES_MAX };
    enum kn_code rc = KN_OK;
    bool decoded;

    if (text.n == 0)
        return KN_E_SYNTAX;
    if (text.at[0] != 'u')
        return KN_E_UNSUPPORTED;
    if (text.n / 2 > KN_MULTIADDR_BYTES_MAX)
        return KN_E_LIMIT;
    decoded = decode_base64url(kn_span(text.at + 1, text.n - 1), &hash);
    if (decoded && hash.failed)
        rc = hash.memory == NULL ? KN_E_NO_MEMORY : KN_E_LIMIT;
    else if (!decoded || !is_multihash(kn_buffer_get(&hash)))
        rc = KN_E_SYNTAX;
    else
        kn_write_prefixed(out, kn_buffer_get(&hash));
    kn_buffer_done(&hash);
    return rc;
}

enum kn_code kn_multiaddr_value_parse(enum kn_multiaddr_value kind, struct kn_span text,
                                      struct kn_buffer *out)
{
    switch (kind) {
    case KN_VALUE_NONE:
        return KN_OK;
    case KN_VALUE_IP4:
    case KN_VALUE_IP6:
        return parse_ip(kind, text, out);
    case KN_VALUE_PORT:
        return parse_port(text, out);
    case KN_VALUE_ZONE:
        if (text.n == 0)
            return KN_E_SYNTAX;
        break;
    case KN_VALUE_NAME:
    case KN_VALUE_PATH:
        break;
    case KN_VALUE_PEER:
        return parse_peer(text, out);
    case KN_VALUE_HASH:
        return parse_hash(text, out);
    }
    kn_write_prefixed(out, text);
    return KN_OK;
}

static unsigned group_at(const uint8_t *ip, size_t i)
{
    return (unsigned)ip[2 * i] << 8 | ip[2 * i + 1];
}

/* The longest run of groups that are zero, the first of such; a single one is none. */
static size_t longest_gap(const uint8_t *ip, size_t *n)
{
    size_t at = 0, run = 0;

    *n = 1;
    for (size_t i = 0; i < GROUPS; i++) {
        run = group_at(ip, i) == 0 ? run + 1 : 0;
        if (run > *n) {
            *n = run;
            at = i + 1 - run;
        }
    }
    if (*n == 1)
        *n = 0;
    return at;
}

static void print_ip4(const uint8_t *ip, struct kn_text *out)
{
    kn_text_addf(out, "%u.%u.%u.%u", ip[0], ip[1], ip[2], ip[3]);
}

/* spec: RFC 5952 §4 and, for IPv4 in it, §5 */
static void print_ip6(const uint8_t *ip, struct kn_text *out)
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    size_t gap_n, gap = longest_gap(ip, &gap_n);

    if (memcmp(ip, mapped, sizeof(mapped)) == 0) {
        kn_text_add(out, "::ffff:");
        print_ip4(ip + sizeof(mapped), out);
        return;
    }
    for (size_t i = 0; i < GROUPS; i++) {
        if (gap_n > 0 && i == gap) {
            kn_text_add(out, "::");
            i += gap_n - 1;
            continue;
        }
        kn_text_addf(out, i == 0 || (gap_n > 0 && i == gap + gap_n) ? "%x" : ":%x",
                     group_at(ip, i));
    }
}

static enum kn_code print_peer(struct kn_span bytes, struct kn_text *out)
{
    char text[KN_PEER_ID_TEXT_SIZE];
    struct kn_peer_id id;
    enum kn_code rc = kn_peer_id_from_bytes(bytes.at, bytes.n, &id, NULL);

    if (rc != KN_OK)
        return rc;
    kn_peer_id_print(&id, text);
    kn_text_add(out, text);
    return KN_OK;
}

static enum kn_code print_name(struct kn_span bytes, struct kn_text *out)
{
    if (has_slash(bytes))
        return KN_E_SYNTAX;
    kn_text_add_n(out, (const char *)bytes.at, bytes.n);
    return KN_OK;
}

enum kn_code kn_multiaddr_value_print(enum kn_multiaddr_value kind, struct kn_span bytes,
                                      struct kn_text *out)
{
    switch (kind) {
    case KN_VALUE_NONE:
        return KN_OK;
    case KN_VALUE_IP4:
        print_ip4(bytes.at, out);
        return KN_OK;
    case KN_VALUE_IP6:
        print_ip6(bytes.at, out);
        return KN_OK;
    case KN_VALUE_PORT:
        kn_text_addf(out, "%u", (unsigned)bytes.at[0] << 8 | bytes.at[1]);
        return KN_OK;
    case KN_VALUE_ZONE:
        return bytes.n > 0 ? print_name(bytes, out) : KN_E_SYNTAX;
    case KN_VALUE_NAME:
        return print_name(bytes, out);
    case KN_VALUE_PATH:
        kn_text_add_n(out, (const char *)bytes.at, bytes.n);
        return KN_OK;
    case KN_VALUE_PEER:
        return print_peer(bytes, out);
    case KN_VALUE_HASH:
        if (!is_multihash(bytes))
            return KN_E_SYNTAX;
        kn_text_add_char(out, 'u');
        encode_base64url(bytes, out);
        return KN_OK;
    }
    return KN_E_SYNTAX;
}
