/*
 * json — JSON documents built in memory and printed: jansson behind our names.
 *
 * Members keep their order. Nothing here ends the process: what could not be made is NULL, and
 * putting NULL anywhere fails, so a builder that checks every kn_json_set() and kn_json_append()
 * has checked everything.
 * spec: RFC 8259.
 */
#ifndef KN_JSON_H
#define KN_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/attributes.h"
#include "lib/base/error.h"

struct kn_json;
struct kn_text;

enum { KN_JSON_DEPTH_MAX = 32 };

KN_MUST_USE struct kn_json *kn_json_object(void);
KN_MUST_USE struct kn_json *kn_json_array(void);
KN_MUST_USE struct kn_json *kn_json_null(void);
KN_MUST_USE struct kn_json *kn_json_bool(bool value);
KN_MUST_USE struct kn_json *kn_json_int(int64_t value);

/* A finite number; one without a fraction is printed without a point. */
KN_MUST_USE struct kn_json *kn_json_number(double value);

/* Bytes that are no UTF-8 become U+FFFD. NULL gives null. */
KN_MUST_USE struct kn_json *kn_json_string(const char *text);

/* Read a document; NULL when it is none, or memory is short. */
KN_MUST_USE struct kn_json *kn_json_parse(const char *text, size_t n);

/* The same, telling why not. A name twice in one object and a whole number that no int64_t holds
 * are mistakes. KN_E_SYNTAX, with line and column; KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_json_read(const char *text, size_t n, struct kn_json **out,
                                      struct kn_error *err);

void kn_json_free(struct kn_json *json);

/* Take a member out of a document that goes; NULL when it has none of this name. */
KN_MUST_USE struct kn_json *kn_json_take(struct kn_json *object, const char *name);

/* The same once more; NULL when there is none, or memory is short. */
KN_MUST_USE struct kn_json *kn_json_copy(const struct kn_json *json);

/* Add a member or an item. False when memory is short or `value` is NULL. */
KN_MUST_USE bool kn_json_set(struct kn_json *object, const char *name,
                             KN_TAKES struct kn_json *value);
KN_MUST_USE bool kn_json_append(struct kn_json *array, KN_TAKES struct kn_json *value);

/* Append the document, indented by two, and a line feed. False: deeper than KN_JSON_DEPTH_MAX. */
KN_MUST_USE bool kn_json_print(const struct kn_json *json, struct kn_text *out);

/* The same on one line, without its line feed. */
KN_MUST_USE bool kn_json_print_line(const struct kn_json *json, struct kn_text *out);

/*
 * Looking into a document: what is asked for where it cannot be, NULL included, is NULL, 0 or
 * false. What is lent lives as long as the document.
 */
const struct kn_json *kn_json_get(const struct kn_json *object, const char *name);
size_t kn_json_count(const struct kn_json *array);
const struct kn_json *kn_json_item(const struct kn_json *array, size_t i);
const char *kn_json_to_text(const struct kn_json *json); /* of a string */
KN_MUST_USE bool kn_json_to_int(const struct kn_json *json, int64_t *out);
KN_MUST_USE bool kn_json_to_number(const struct kn_json *json, double *out);
bool kn_json_is_true(const struct kn_json *json);
bool kn_json_is_object(const struct kn_json *json);
bool kn_json_is_array(const struct kn_json *json);
bool kn_json_is_null(const struct kn_json *json);
size_t kn_json_members(const struct kn_json *object);

/* The member after `*at`, in their order; begin with NULL, end at false. What is no object has
 * none. */
bool kn_json_next(const struct kn_json *object, void **at, const char **name,
                  const struct kn_json **value);

#endif
