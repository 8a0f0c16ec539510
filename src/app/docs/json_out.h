/*
 * json_out — JSON text written from front to back: commas, line breaks and indentation are its
 * care, the nesting is the caller's. Private to app/docs.
 */
#ifndef KN_DOCS_JSON_OUT_H
#define KN_DOCS_JSON_OUT_H

#include <stdbool.h>
#include <stddef.h>

struct kn_text;

struct kn_json_out {
    struct kn_text *text;
    int depth;
    bool begun; /* something stands in the innermost object or array */
};

/* `key` is NULL inside an array and for the document itself. `bracket` is '{' or '['. */
void kn_json_out_open(struct kn_json_out *json, const char *key, char bracket);
void kn_json_out_close(struct kn_json_out *json, char bracket);

void kn_json_out_string(struct kn_json_out *json, const char *key, const char *value);
void kn_json_out_string_n(struct kn_json_out *json, const char *key, const char *value, size_t n);

/* A value that is JSON already: a number, true, false, null, []. */
void kn_json_out_raw(struct kn_json_out *json, const char *key, const char *value);
void kn_json_out_number(struct kn_json_out *json, const char *key, double value);

#endif
