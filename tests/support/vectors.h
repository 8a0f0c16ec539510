/*
 * vectors — the files of tests/vectors, which name their source.
 * A test that includes this also links jansson and gets KN_VECTORS, the folder's path.
 */
#ifndef KN_TESTS_VECTORS_H
#define KN_TESTS_VECTORS_H

#include <jansson.h>

#include "support/check.h"

/* The member `name` of a file; the test fails when it is not there. Release with
 * vectors_done(). */
static inline json_t *vectors_object(const char *file, const char *name)
{
    char path[1024];
    json_error_t error;
    json_t *root, *member;

    (void)snprintf(path, sizeof(path), "%s/%s", KN_VECTORS, file);
    root = json_load_file(path, JSON_ALLOW_NUL, &error);
    CHECK(path, root != NULL);
    member = json_incref(json_object_get(root, name));
    CHECK(name, member != NULL);
    json_decref(root);
    return member;
}

/* The same of a list with something in it. */
static inline json_t *vectors_list(const char *file, const char *name)
{
    json_t *list = vectors_object(file, name);

    CHECK(name, json_array_size(list) > 0);
    return list;
}

static inline void vectors_done(json_t *member)
{
    json_decref(member);
}

/* A string member of a row, NULL when it has none. */
static inline const char *vectors_text(const json_t *row, const char *name)
{
    return json_string_value(json_object_get(row, name));
}

#endif
