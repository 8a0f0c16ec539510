/*
 * yaml — a YAML file as a tree that remembers where every node stands.
 *
 * Built over libyaml's events. It keeps no comments: an edit splices bytes of the file, so that
 * whatever is not replaced stays as it was. Scalars are text and a style; typing them is the
 * caller's. Anchors, aliases, merge keys, tags, second documents and duplicate keys are faults.
 * Bounded by the KN_YAML_* limits; time and memory are linear in the input.
 * spec: YAML 1.2.2; JSON documents are accepted because YAML 1.2 contains them.
 */
#ifndef KN_YAML_H
#define KN_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

struct kn_arena;

enum {
    KN_YAML_SIZE_MAX = 1024 * 1024, /* bytes of a file */
    KN_YAML_DEPTH_MAX = 64,         /* collections inside each other */
    KN_YAML_NODES_MAX = 65536,      /* scalars and collections, keys included */
    KN_YAML_FAULTS_MAX = 100,       /* faults kept; more are only counted */
};

enum kn_yaml_kind { KN_YAML_SCALAR, KN_YAML_SEQUENCE, KN_YAML_MAPPING };

enum kn_yaml_style {
    KN_YAML_WORD, /* not from a file: argv, environment */
    KN_YAML_PLAIN,
    KN_YAML_SINGLE_QUOTED,
    KN_YAML_DOUBLE_QUOTED,
    KN_YAML_LITERAL,
    KN_YAML_FOLDED,
    KN_YAML_BLOCK,
    KN_YAML_FLOW,
};

/*
 * Offsets are bytes of the file, [start, end): quotes, brackets and block scalar headers inside;
 * anchors, tags, comments and the blank lines after a block scalar or collection outside.
 * An absent value ("key:") is a plain scalar with start == end, right after the colon.
 */
struct kn_yaml_node {
    enum kn_yaml_kind kind;
    enum kn_yaml_style style;
    uint32_t start, end;
    uint32_t count;              /* items of a sequence, pairs of a mapping */
    uint32_t length;             /* bytes of text */
    const char *text;            /* scalar: decoded, ends in NUL, has none inside; else NULL */
    struct kn_yaml_node *parent; /* NULL for the root; of a value: the mapping, of a key too */
    struct kn_yaml_node *first;  /* first item, or first key of a mapping */
    struct kn_yaml_node *next;   /* next item, or next key */
    struct kn_yaml_node *value;  /* of a key: its value; else NULL */
};

enum kn_yaml_fault_kind {
    KN_YAML_FAULT_SYNTAX,    /* the bytes are no YAML; the tree ends here and root is NULL */
    KN_YAML_FAULT_ENCODING,  /* not UTF-8, or a character that YAML forbids; root is NULL */
    KN_YAML_FAULT_LIMIT,     /* one of the limits above; root is NULL */
    KN_YAML_FAULT_DUPLICATE, /* `start` at the second key, `other` at the first */
    KN_YAML_FAULT_FEATURE,   /* anchor, alias, merge key, tag, complex key, second document */
};

/*
 * Something wrong; `message` and `hint` are finished texts. Where the message holds bytes of the
 * file, `pattern` has "@" in their place, for files with places that nobody should see.
 */
struct kn_yaml_fault {
    enum kn_yaml_fault_kind kind;
    uint32_t start, end; /* bytes to point at */
    uint32_t other;      /* KN_YAML_FAULT_DUPLICATE: offset of the first key */
    const char *message, *hint;
    const char *pattern; /* NULL: the message holds no bytes of the file */
};

struct kn_yaml_document {
    const char *bytes; /* kept, not copied: the caller's for as long as the document lives */
    size_t size;
    struct kn_yaml_node *root; /* NULL: empty, or unreadable */
    struct kn_yaml_fault *faults;
    size_t fault_count; /* kept ones: at most KN_YAML_FAULTS_MAX */
    size_t fault_total;
    const uint32_t *lines; /* offset of the first byte of each line */
    size_t line_count;
};

/*
 * Read `size` bytes. KN_OK also when there are faults: read `fault_count`. Everything but `bytes`
 * lives as long as `arena`. KN_E_NO_MEMORY is the only other outcome.
 */
KN_MUST_USE enum kn_code kn_yaml_parse(struct kn_arena *arena, const char *bytes, size_t size,
                                       struct kn_yaml_document *out);

struct kn_yaml_position {
    uint32_t line, column;         /* from 1; the column counts characters */
    uint32_t line_start, line_end; /* bytes of that line, without its line break */
};

/* Where the byte at `offset` stands. Lines end in LF, CR LF or CR; a byte order mark is no column.
 */
struct kn_yaml_position kn_yaml_locate(const struct kn_yaml_document *doc, size_t offset);

/* The key `name` of a mapping (its ->value is the value); NULL when absent or not a mapping. */
struct kn_yaml_node *kn_yaml_find(const struct kn_yaml_node *mapping, const char *name);

/* A null: absent value, or plain ~, null, Null, NULL. spec: YAML 1.2.2 §10.3.2 */
bool kn_yaml_is_null(const struct kn_yaml_node *node);

/* Nothing stands there at all ("key:"). */
bool kn_yaml_is_absent(const struct kn_yaml_node *node);

/* Same kinds, texts and order. Styles and positions do not count, a quoted null is no null. */
bool kn_yaml_equal(const struct kn_yaml_node *a, const struct kn_yaml_node *b);

/* A scalar that did not come from a file. Keeps `text`. */
struct kn_yaml_node kn_yaml_word(const char *text);

#endif
