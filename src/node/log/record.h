/*
 * record — one record of the log as a line: for people, for programs, for the system's journal.
 *
 * Pure. Whatever its words are, a line has at most KN_LOG_RECORD_MAX bytes, one line feed, at its
 * end, and nothing in it that moves a cursor. Names of modules, events and fields are our own.
 */
#ifndef KN_NODE_LOG_RECORD_H
#define KN_NODE_LOG_RECORD_H

#include "config/schema/words.h"
#include "lib/base/error.h"
#include "lib/base/text.h"
#include "node/log/field.h"

enum {
    KN_LOG_RECORD_MAX = 2048,  /* bytes of a line, its line feed included */
    KN_LOG_SENTENCE_MAX = 768, /* bytes of the text that are told, */
    KN_LOG_WORD_MAX = 256,     /* and of one field's word */
    KN_LOG_TIME_SIZE = 64,     /* "2026-11-23T15:22:15.123Z" */
};

struct kn_log_record {
    double at; /* seconds since 1970 */
    enum kn_level level;
    enum kn_log_module module;
    const char *event; /* "bootstrap-up" */
    const char *text;
    struct kn_log_fields fields;
};

enum kn_log_style { KN_LOG_STYLE_TEXT, KN_LOG_STYLE_JSON, KN_LOG_STYLE_JOURNAL };

/* Append the line; out->failed when memory is short. */
void kn_log_record_print(const struct kn_log_record *record, enum kn_log_style style,
                         struct kn_text *out);

/* A moment in UTC. spec: RFC 3339. */
void kn_log_time(double at, char out[KN_LOG_TIME_SIZE]);

#endif
