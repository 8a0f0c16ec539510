/*
 * edit — change one value in the bytes of a configuration file and no other byte.
 *
 * Pure: bytes in, bytes out. Comments, order, quoting, line ends, a byte order mark, a missing
 * last newline, unknown keys, flow and block style survive. The result is parsed again and must
 * differ from the original in that one value alone; otherwise nothing is given.
 */
#ifndef KN_EDIT_EDIT_H
#define KN_EDIT_EDIT_H

#include <stddef.h>

#include "lib/base/error.h"

struct kn_setting;
struct kn_text;

enum kn_edit_kind {
    KN_EDIT_SET,   /* set `key` to `word`; missing sections and keys are inserted */
    KN_EDIT_UNSET, /* take the line of `key` away, and sections that become empty with it */
    KN_EDIT_RENAME /* `key` becomes `word`, which has the same parent */
};

struct kn_edit {
    enum kn_edit_kind kind;
    const char *key;  /* "model.dtype"; of a setting, except for RENAME */
    const char *word; /* the value as the command line gives it, already checked; NULL for UNSET */
};

/* What an edit did. */
enum kn_edit_outcome { KN_EDIT_REPLACED, KN_EDIT_INSERTED, KN_EDIT_REMOVED, KN_EDIT_UNCHANGED };

/*
 * Apply `edit` to `bytes` and append the new file to `out`.
 * KN_E_SYNTAX: the file is no YAML that can be edited (the text says where), or its top is no map.
 * KN_E_UNSUPPORTED: the place cannot be edited without touching more than the value; the hint says
 * what to do by hand. KN_E_NOT_FOUND: UNSET or RENAME of a key that is not there. KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_edit_apply(const char *bytes, size_t n, const struct kn_edit *edit,
                                       struct kn_text *out, enum kn_edit_outcome *outcome,
                                       struct kn_error *err);

#endif
