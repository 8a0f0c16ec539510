/*
 * server_field — the fields of a server's record, in Petals' order. Private to this folder.
 */
#ifndef KN_PETALS_SERVER_FIELD_H
#define KN_PETALS_SERVER_FIELD_H

#include "lib/codec/msgpack.h"
#include "network/petals/server_info.h"

enum server_field_kind {
    SERVER_FIELD_INDEX, /* int64_t: a whole number */
    SERVER_FIELD_FLAG,  /* int64_t: 0 or 1 */
    SERVER_FIELD_RATE,  /* double */
    SERVER_FIELD_TEXT,  /* struct kn_server_text */
    SERVER_FIELD_NAMES, /* struct kn_server_list */
    SERVER_FIELD_PINGS, /* struct kn_server_list */
};

struct kn_server_field {
    const char *name;
    enum server_field_kind kind;
    size_t offset; /* in struct kn_server_info */
};

enum { KN_SERVER_FIELDS = 13 };

extern const struct kn_server_field kn_server_fields[KN_SERVER_FIELDS];

/* The next value as Petals' reader turns it into text. False: it refuses it. */
bool kn_server_text_read(struct kn_reader *reader, struct kn_server_text *out);

/* The next value into the member of that field. False: Petals' reader refuses it. */
bool kn_server_field_read(struct kn_reader *reader, const struct kn_server_field *field,
                          struct kn_server_info *out);

#endif
