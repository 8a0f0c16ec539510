/*
 * table — rows of a file before and after one edit.
 */
#ifndef KN_TESTS_EDIT_TABLE_H
#define KN_TESTS_EDIT_TABLE_H

#include "config/edit/edit.h"
#include "lib/base/text.h"
#include "support/check.h"

struct row {
    const char *name, *before, *key, *word;
    enum kn_edit_outcome outcome;
    const char *after; /* NULL: as before */
};

static inline void check_row(const struct row *row, enum kn_edit_kind kind)
{
    struct kn_edit edit = { kind, row->key, row->word };
    const char *after = row->after != NULL ? row->after : row->before;
    enum kn_edit_outcome outcome = KN_EDIT_UNCHANGED;
    struct kn_text out = { 0 };
    struct kn_error err = { 0 };
    enum kn_code rc = kn_edit_apply(row->before, strlen(row->before), &edit, &out, &outcome, &err);

    if (rc != KN_OK)
        (void)fprintf(stderr, "%s: %s\n", row->name, err.text);
    CHECK_EQ(row->name, rc, KN_OK);
    CHECK_STR(row->name, kn_text_get(&out), after);
    CHECK_EQ(row->name, outcome, row->outcome);
    kn_text_done(&out);
}

static inline void check_rows(const struct row *rows, size_t count, enum kn_edit_kind kind)
{
    for (size_t i = 0; i < count; i++)
        check_row(&rows[i], kind);
}

#define CHECK_ROWS(rows, kind) check_rows(rows, KN_COUNT(rows), kind)

#endif
