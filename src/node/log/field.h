/*
 * field — what a record of the log tells beside its sentence: a few names with values.
 */
#ifndef KN_NODE_LOG_FIELD_H
#define KN_NODE_LOG_FIELD_H

#include <stddef.h>
#include <stdint.h>

enum kn_log_kind { KN_LOG_WORD, KN_LOG_WHOLE, KN_LOG_REAL };

struct kn_log_field {
    const char *name; /* lower case and underscores; not one that every record has */
    enum kn_log_kind kind;
    union {
        const char *word; /* NULL: the field is left out */
        int64_t whole;
        double real;
    };
};

struct kn_log_fields {
    const struct kn_log_field *at;
    size_t n;
};

#define KN_FIELD_WORD(label, value)                           \
    (struct kn_log_field)                                     \
    {                                                         \
        .name = (label), .kind = KN_LOG_WORD, .word = (value) \
    }
#define KN_FIELD_WHOLE(label, value)                                     \
    (struct kn_log_field)                                                \
    {                                                                    \
        .name = (label), .kind = KN_LOG_WHOLE, .whole = (int64_t)(value) \
    }
#define KN_FIELD_REAL(label, value)                           \
    (struct kn_log_field)                                     \
    {                                                         \
        .name = (label), .kind = KN_LOG_REAL, .real = (value) \
    }

/* kn_log_say(…, KN_FIELDS(KN_FIELD_WHOLE("peers", n)), …) */
#define KN_FIELDS(...)                                                                         \
    (struct kn_log_fields)                                                                     \
    {                                                                                          \
        (const struct kn_log_field[]){ __VA_ARGS__ },                                          \
            sizeof((const struct kn_log_field[]){ __VA_ARGS__ }) / sizeof(struct kn_log_field) \
    }
#define KN_NO_FIELDS       \
    (struct kn_log_fields) \
    {                      \
        NULL, 0            \
    }

#endif
