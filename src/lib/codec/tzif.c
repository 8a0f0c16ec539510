#include "lib/codec/tzif.h"

#include "lib/base/arena.h"
#include "lib/codec/reader.h"

enum {
    HEAD_REST = 15,   /* bytes of the head that mean nothing */
    KIND_SIZE = 6,    /* offset, summer time?, name */
    NAMES_MAX = 4096, /* bytes of all short names */
    LEAPS_MAX = 1024, /* of a block that is skipped */
    RULE_MAX = 256,   /* bytes of the line at the end */
    OFFSET_MIN_S = -89999,
    OFFSET_MAX_S = 93599, /* spec: RFC 8536 3.2 */
};

/* No change is so far away; some files begin with the beginning of the world. */
#define MOMENT_END ((int64_t)1 << 60)

struct head {
    uint8_t version; /* 0: 1; else its digit */
    uint32_t utc_marks, standard_marks, leaps, changes, kinds, names;
    size_t wide; /* bytes of a moment */
};

static enum kn_code read_head(struct kn_reader *in, struct head *out)
{
    if (!kn_span_equal(kn_read_span(in, 4), kn_span_text("TZif")))
        return KN_E_SYNTAX;
    out->version = kn_read_u8(in);
    (void)kn_read_span(in, HEAD_REST);
    out->utc_marks = kn_read_be32(in);
    out->standard_marks = kn_read_be32(in);
    out->leaps = kn_read_be32(in);
    out->changes = kn_read_be32(in);
    out->kinds = kn_read_be32(in);
    out->names = kn_read_be32(in);
    if (in->failed || (out->version != 0 && (out->version < '2' || out->version > '9')))
        return KN_E_SYNTAX;
    return out->changes > KN_TZIF_CHANGES_MAX || out->kinds > KN_TZIF_KINDS_MAX ||
                   out->names > NAMES_MAX || out->leaps > LEAPS_MAX ||
                   out->utc_marks > KN_TZIF_KINDS_MAX || out->standard_marks > KN_TZIF_KINDS_MAX
               ? KN_E_LIMIT
               : KN_OK;
}

static size_t body_size(const struct head *head)
{
    return head->changes * (head->wide + 1) + (size_t)head->kinds * KIND_SIZE + head->names +
           head->leaps * (head->wide + 4) + head->standard_marks + head->utc_marks;
}

static int64_t read_moment(struct kn_reader *in, size_t wide)
{
    return wide == 4 ? (int32_t)kn_read_be32(in) : (int64_t)kn_read_be64(in);
}

static bool read_kind(struct kn_span kinds, uint8_t index, struct kn_zone_change *out)
{
    struct kn_reader in = kn_reader_of(kinds);
    uint8_t is_dst;

    (void)kn_read_span(&in, (size_t)index * KIND_SIZE);
    out->offset = (int32_t)kn_read_be32(&in);
    is_dst = kn_read_u8(&in);
    out->is_dst = is_dst == 1;
    return !in.failed && is_dst <= 1 && out->offset >= OFFSET_MIN_S && out->offset <= OFFSET_MAX_S;
}

static enum kn_code read_body(struct kn_reader *in, const struct head *head, struct kn_arena *arena,
                              struct kn_zone *out)
{
    struct kn_reader moments = kn_reader_of(kn_read_span(in, head->changes * head->wide));
    struct kn_span indices = kn_read_span(in, head->changes);
    struct kn_span kinds = kn_read_span(in, (size_t)head->kinds * KIND_SIZE);
    struct kn_zone_change first = { 0 }, *changes;

    (void)kn_read_span(in, head->names + (size_t)head->standard_marks + head->utc_marks);
    if (in->failed || !read_kind(kinds, 0, &first))
        return KN_E_SYNTAX;
    changes = kn_arena_alloc(arena, (head->changes + 1) * sizeof(*changes));
    if (changes == NULL)
        return KN_E_NO_MEMORY;
    for (uint32_t i = 0; i < head->changes; i++) {
        changes[i].at = read_moment(&moments, head->wide);
        if (changes[i].at <= -MOMENT_END || changes[i].at >= MOMENT_END ||
            (i > 0 && changes[i].at <= changes[i - 1].at) ||
            !read_kind(kinds, indices.at[i], &changes[i]))
            return KN_E_SYNTAX;
    }
    *out = (struct kn_zone){
        .offset = first.offset, .is_dst = first.is_dst, .changes = changes, .n = head->changes
    };
    return KN_OK;
}

/* The last line: how it goes on after the last change; empty: nobody knows. */
static enum kn_code read_rule(struct kn_reader *in, struct kn_zone *zone)
{
    struct kn_span rest = kn_read_span(in, kn_reader_left(in));

    if (rest.n < 2 || rest.n > RULE_MAX || rest.at[0] != '\n' || rest.at[rest.n - 1] != '\n')
        return KN_E_SYNTAX;
    zone->has_rule = rest.n > 2;
    return zone->has_rule ? kn_zone_rule_parse(kn_span(rest.at + 1, rest.n - 2), &zone->rule)
                          : KN_OK;
}

static enum kn_code parse(struct kn_reader *in, struct kn_arena *arena, struct kn_zone *out)
{
    struct head head = { .wide = 4 };
    enum kn_code rc = read_head(in, &head);
    bool is_new = head.version != 0;

    if (rc == KN_OK && is_new) { /* the same again with longer moments */
        (void)kn_read_span(in, body_size(&head));
        rc = read_head(in, &head);
        head.wide = 8;
    }
    if (rc == KN_OK && head.leaps > 0)
        rc = KN_E_UNSUPPORTED;
    if (rc == KN_OK)
        rc = read_body(in, &head, arena, out);
    return rc == KN_OK && is_new ? read_rule(in, out) : rc;
}

enum kn_code kn_tzif_parse(struct kn_span bytes, struct kn_arena *arena, struct kn_zone *out)
{
    struct kn_reader in = kn_reader_of(bytes);
    struct kn_zone zone = { 0 };
    enum kn_code rc = bytes.n > KN_TZIF_SIZE_MAX ? KN_E_LIMIT : parse(&in, arena, &zone);

    if (rc == KN_OK)
        *out = zone;
    return rc;
}
