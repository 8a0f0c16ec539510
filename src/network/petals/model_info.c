#include "network/petals/model_info.h"

#include "lib/codec/msgpack.h"
#include "network/petals/prefix.h"

static const char num_blocks[] = "num_blocks", repository[] = "repository";

static enum kn_malformed read_num_blocks(struct kn_reader *reader, uint32_t *out)
{
    struct kn_msgpack item;

    if (!kn_msgpack_next(reader, &item) || item.kind != KN_MSGPACK_INT || item.integer < 1 ||
        item.integer > KN_BLOCKS_MAX)
        return KN_MALFORMED_NUM_BLOCKS;
    *out = (uint32_t)item.integer;
    return KN_MALFORMED_NOT;
}

/* A NUL in it would show another repository than the one that is meant. */
static enum kn_malformed read_repository(struct kn_reader *reader, struct kn_span *out)
{
    struct kn_msgpack item;

    *out = kn_span(NULL, 0);
    if (!kn_msgpack_next(reader, &item))
        return KN_MALFORMED_SHAPE;
    if (item.kind == KN_MSGPACK_NIL)
        return KN_MALFORMED_NOT;
    if (item.kind != KN_MSGPACK_TEXT || item.bytes.n > KN_REPOSITORY_MAX ||
        (item.bytes.n > 0 && memchr(item.bytes.at, '\0', item.bytes.n) != NULL))
        return KN_MALFORMED_REPOSITORY;
    *out = item.bytes;
    return KN_MALFORMED_NOT;
}

/* A field that Petals does not know is passed over there too. */
static enum kn_malformed read_field(struct kn_reader *reader, struct kn_model_info *out)
{
    struct kn_msgpack name;

    if (!kn_msgpack_next(reader, &name) || name.kind != KN_MSGPACK_TEXT)
        return KN_MALFORMED_SHAPE;
    if (kn_span_equal(name.bytes, kn_span_text(num_blocks)))
        return read_num_blocks(reader, &out->num_blocks);
    if (kn_span_equal(name.bytes, kn_span_text(repository)))
        return read_repository(reader, &out->repository);
    (void)kn_msgpack_skip(reader);
    return KN_MALFORMED_NOT;
}

enum kn_malformed kn_model_info_decode(struct kn_span bytes, struct kn_model_info *out)
{
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_model_info info = { 0 };
    enum kn_malformed kind = KN_MALFORMED_NOT;
    struct kn_msgpack map;

    if (!kn_msgpack_next(&reader, &map) || map.kind != KN_MSGPACK_MAP)
        return KN_MALFORMED_SHAPE;
    for (uint32_t i = 0; kind == KN_MALFORMED_NOT && i < map.count; i++)
        kind = read_field(&reader, &info);
    if (kind != KN_MALFORMED_NOT)
        return kind;
    if (!kn_reader_at_end(&reader))
        return KN_MALFORMED_SHAPE;
    if (info.num_blocks == 0)
        return KN_MALFORMED_NUM_BLOCKS;
    *out = info;
    return KN_MALFORMED_NOT;
}

void kn_model_info_encode(const struct kn_model_info *info, struct kn_buffer *out)
{
    kn_msgpack_write_map(out, 2);
    kn_msgpack_write_text(out, kn_span_text(num_blocks));
    kn_msgpack_write_uint(out, info->num_blocks);
    kn_msgpack_write_text(out, kn_span_text(repository));
    if (info->repository.at == NULL)
        kn_msgpack_write_nil(out);
    else
        kn_msgpack_write_text(out, info->repository);
}
