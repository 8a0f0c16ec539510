/*
 * field_list — a repeated field of a message, walked item by item.
 *
 * Points into the message and holds nothing. Copy it to walk twice.
 */
#ifndef KN_FIELD_LIST_H
#define KN_FIELD_LIST_H

#include "lib/codec/protobuf.h"

struct kn_field_list {
    struct kn_reader rest;
    uint32_t number;
    size_t left;     /* items that will still be given; those that come after them are not */
    size_t item_max; /* bytes; a longer item is passed over */
};

/* The field `number` of `message`: at most `count_max` items of at most `item_max` bytes. */
struct kn_field_list kn_field_list_of(struct kn_span message, uint32_t number, size_t count_max,
                                      size_t item_max);

/* False when there are no more. */
bool kn_field_list_next(struct kn_field_list *list, struct kn_span *out);

#endif
