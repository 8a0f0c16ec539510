/*
 * problem — everything that is wrong with a configuration, collected in one pass.
 *
 * A problem knows its place (origin), the setting, the value, what is wrong and what to do, and
 * carries the line it stands in. The first KN_PROBLEMS_MAX are kept, the rest is counted.
 */
#ifndef KN_CONFIG_PROBLEM_H
#define KN_CONFIG_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

struct kn_arena;
struct kn_yaml_document;

/* Strongest first; FR-5.1 and the environment between command line and file. */
enum kn_layer_kind {
    KN_LAYER_CLI,
    KN_LAYER_ENV,
    KN_LAYER_FILE,
    KN_LAYER_CACHE,
    KN_LAYER_DISCOVERY,
    KN_LAYER_FALLBACK,
    KN_LAYER_COUNT,
};

const char *kn_layer_word(enum kn_layer_kind layer); /* "cli", "env", "file", … */

enum { KN_CACHE_FRESH_S = 24 * 3600 }; /* a cached value that is older is to be found out anew */

/* Where a value came from. Texts are lent by the arena of the load. */
struct kn_origin {
    enum kn_layer_kind layer;
    const char *name;      /* file, variable or flag; NULL for built-in ones */
    uint32_t line, column; /* from 1; 0: not in a file */
    const char *text;      /* why a computed value is what it is; NULL otherwise */
    int64_t age_s;         /* of a cached value; -1 otherwise */
};

enum kn_severity { KN_ERROR, KN_WARNING };

/* The error kinds of the requirements (TR-4). */
enum kn_error_kind { KN_FILE_NOT_FOUND, KN_PARSE_ERROR, KN_VALIDATION_ERROR, KN_MERGE_ERROR };

/* X(name, word, error kind, severity, what it means, what to do) */
#define KN_PROBLEM_KINDS(X)                                                                       \
    X(KN_P_MISSING_FILE, "missing-file", KN_FILE_NOT_FOUND, KN_ERROR,                             \
      "The file named by --config does not exist.", "Correct the path, or leave --config out.")   \
    X(KN_P_UNREADABLE, "unreadable", KN_FILE_NOT_FOUND, KN_ERROR,                                 \
      "The file is there but cannot be read.", "Give yourself permission, or name another file.") \
    X(KN_P_SYNTAX, "syntax", KN_PARSE_ERROR, KN_ERROR, "The file is no YAML from this place on.", \
      "Mend the line; nothing after it was read.")                                                \
    X(KN_P_ENCODING, "encoding", KN_PARSE_ERROR, KN_ERROR,                                        \
      "The file is not UTF-8, or holds a character that YAML forbids.", "Save it as UTF-8.")      \
    X(KN_P_LIMIT, "limit", KN_PARSE_ERROR, KN_ERROR,                                              \
      "The file is larger or deeper than any configuration.", "Name the right file.")             \
    X(KN_P_DUPLICATE, "duplicate-key", KN_PARSE_ERROR, KN_ERROR,                                  \
      "A key stands twice in one section.", "Remove one of the two.")                             \
    X(KN_P_FEATURE, "yaml-feature", KN_PARSE_ERROR, KN_ERROR,                                     \
      "An anchor, alias, merge key, tag, complex key or second document.",                        \
      "Write the value out where it belongs.")                                                    \
    X(KN_P_FOREIGN, "foreign-file", KN_PARSE_ERROR, KN_ERROR,                                     \
      "The file belongs to another program.", "Start from kwaainet config example.")              \
    X(KN_P_VERSION, "schema-version", KN_PARSE_ERROR, KN_ERROR,                                   \
      "The file's schema version is newer than this program, or no version.",                     \
      "Update kwaainet, or correct schema_version.")                                              \
    X(KN_P_UNKNOWN_KEY, "unknown-key", KN_VALIDATION_ERROR, KN_ERROR,                             \
      "No setting or section has this name.", "Use the name that the message offers.")            \
    X(KN_P_WRONG_TYPE, "wrong-type", KN_VALIDATION_ERROR, KN_ERROR,                               \
      "The value is of another type than the setting.", "Write it as the message shows.")         \
    X(KN_P_INVALID, "invalid-value", KN_VALIDATION_ERROR, KN_ERROR,                               \
      "The value is not one that the setting accepts.", "Write one that the message lists.")      \
    X(KN_P_OUT_OF_RANGE, "out-of-range", KN_VALIDATION_ERROR, KN_ERROR,                           \
      "The number is outside the bounds of the setting.", "Write one inside them.")               \
    X(KN_P_CROSS, "contradiction", KN_VALIDATION_ERROR, KN_ERROR,                                 \
      "Two settings of one source contradict each other.", "Change one of the two.")              \
    X(KN_P_MERGE, "merge", KN_MERGE_ERROR, KN_ERROR,                                              \
      "Settings of two sources contradict each other.", "Change one of the two.")                 \
    X(KN_P_USAGE, "usage", KN_VALIDATION_ERROR, KN_ERROR, "A flag is unknown or incomplete.",     \
      "See --help.")                                                                              \
    X(KN_P_SUSPICIOUS, "suspicious", KN_VALIDATION_ERROR, KN_WARNING,                             \
      "Workable, but probably not what is wanted.", "Read the message; change it or leave it.")   \
    X(KN_P_HIDDEN, "hidden", KN_VALIDATION_ERROR, KN_WARNING,                                     \
      "A wrong value that a stronger source hides.", "Mend it before the stronger one goes.")     \
    X(KN_P_UNKNOWN_VARIABLE, "unknown-variable", KN_VALIDATION_ERROR, KN_WARNING,                 \
      "A KWAAINET_ variable that names no setting.", "Correct its name, or unset it.")            \
    X(KN_P_NEWER_KEY, "newer-key", KN_VALIDATION_ERROR, KN_WARNING,                               \
      "A key that a newer minor schema may know.", "Update kwaainet to use it.")                  \
    X(KN_P_MIGRATED, "migrated", KN_VALIDATION_ERROR, KN_WARNING,                                 \
      "An older schema was read and translated in memory.", "Run kwaainet config migrate.")       \
    X(KN_P_CACHE, "cache", KN_MERGE_ERROR, KN_WARNING,                                            \
      "A cache file is stale or unusable and was left out.", "It is rebuilt by the next start.")  \
    X(KN_P_NO_EFFECT, "no-effect", KN_VALIDATION_ERROR, KN_WARNING,                               \
      "The setting is accepted, and this version does not act on it yet.", "Nothing to do.")

enum kn_problem_kind {
#define X(name, word, error_kind, severity, meaning, remedy) name,
    KN_PROBLEM_KINDS(X)
#undef X
        KN_PROBLEM_KIND_COUNT
};

struct kn_problem_info {
    const char *word; /* stable, for scripts and the reference */
    enum kn_error_kind error_kind;
    enum kn_severity severity;
    const char *meaning, *remedy;
};

const struct kn_problem_info *kn_problem_info(enum kn_problem_kind kind);
const char *kn_severity_word(enum kn_severity severity); /* "error", "warning" */
const char *kn_error_kind_word(enum kn_error_kind kind); /* "FileNotFound", … */

struct kn_check;

struct kn_problem {
    enum kn_problem_kind kind;
    struct kn_origin origin;
    const char *key; /* of the setting, or as it stands in the file; NULL: the whole file */
    bool of_value;   /* about one value of `key`: a warning when a stronger layer has another */
    const struct kn_check *check; /* the rule over several settings that is broken, or NULL */
    const char *value;            /* as written; NULL when there is none or it is secret */
    const char *message;          /* "unknown value \"flaot16\"" */
    const char *hint;             /* a sentence, or NULL */
    const char *excerpt;          /* the line, cut to KN_EXCERPT_MAX columns; NULL outside files */
    uint32_t caret, caret_width;  /* columns of the excerpt to underline */
};

enum { KN_PROBLEMS_MAX = 100, KN_EXCERPT_MAX = 160, KN_PROBLEM_VALUE_MAX = 120 };

struct kn_problems {
    struct kn_arena *arena; /* every text of every problem lives there */
    struct kn_problem *at;
    size_t n, room;          /* kept: at most KN_PROBLEMS_MAX */
    bool full;               /* more are only counted */
    size_t errors, warnings; /* found, kept or not */
};

/* An empty list. With KN_COUNT_ONLY problems are counted and none is kept. */
enum kn_keeping { KN_KEEP, KN_COUNT_ONLY };
struct kn_problems kn_problems_new(struct kn_arena *arena, enum kn_keeping keeping);

/*
 * Note a problem; its texts are copied. When the list is full it is only counted; ask
 * kn_problems_full() before work that serves the text alone. Memory failure shows in the arena.
 */
void kn_problems_add(struct kn_problems *problems, const struct kn_problem *problem);
bool kn_problems_full(const struct kn_problems *problems);

/* The same for texts that live as long as the arena and need no care before they are shown. */
void kn_problems_add_static(struct kn_problems *problems, const struct kn_problem *problem);

/* Give `problem` the line, column and excerpt of the bytes [start, end) of `doc`. */
void kn_problem_locate(struct kn_problem *problem, struct kn_arena *arena,
                       const struct kn_yaml_document *doc, size_t start, size_t end);

/* Turn a kept error about a value that lost into a KN_P_HIDDEN warning. */
void kn_problem_hide(struct kn_problems *problems, struct kn_problem *problem);

/* By source (strongest first), then by place. */
void kn_problems_sort(struct kn_problems *problems);

#endif
