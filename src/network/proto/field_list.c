#include "network/proto/field_list.h"

struct kn_field_list kn_field_list_of(struct kn_span message, uint32_t number, size_t count_max,
                                      size_t item_max)
{
    return (struct kn_field_list){ kn_reader_of(message), number, count_max, item_max };
}

bool kn_field_list_next(struct kn_field_list *list, struct kn_span *out)
{
    struct kn_pb_field field;

    while (list->left > 0 && kn_pb_next(&list->rest, &field)) {
        if (!kn_pb_is(&field, list->number, KN_PB_BYTES) || field.bytes.n > list->item_max)
            continue;
        list->left--;
        *out = field.bytes;
        return true;
    }
    return false;
}
