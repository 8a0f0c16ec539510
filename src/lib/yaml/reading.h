/*
 * reading — what the parts of the parser share while one file is read. Internal to lib/yaml.
 *
 * Offsets are bytes of the file. `no_memory` and `fatal` stay set once they are; the loop in
 * parse.c asks after each event.
 */
#ifndef KN_YAML_READING_H
#define KN_YAML_READING_H

#include <yaml.h>

#include "lib/yaml/keys.h"
#include "lib/yaml/yaml.h"

/* A collection that is open. */
struct kn_yaml_frame {
    struct kn_yaml_node *node;
    struct kn_yaml_node *last; /* its last item or key */
    struct kn_yaml_node *key;  /* waits for its value; NULL when that pair is left out */
    uint32_t key_end;
    uint32_t end; /* where the last thing inside ends */
    bool bracket; /* has brackets: a flow collection that is no "[key: value]" */
    bool wants_value;
    bool merges; /* the key was "<<": its alias is no second fault */
};

struct kn_yaml_reading {
    struct kn_arena *arena;
    struct kn_yaml_document doc;
    yaml_parser_t parser;
    struct kn_yaml_keys keys;
    struct kn_yaml_frame stack[KN_YAML_DEPTH_MAX];
    size_t depth;
    size_t nodes;
    const struct kn_yaml_node *last; /* the scalar or flow collection read last */
    uint32_t first;                  /* what libyaml sees begins here */
    uint32_t at_char, at_byte;       /* the mark turned into bytes last, counted from `first` */
    bool ascii;
    bool done, fatal, no_memory;
};

/* The file is UTF-8 without forbidden characters; else a fault. */
bool kn_yaml_check_bytes(struct kn_yaml_reading *r);

/* The table of lines. */
void kn_yaml_index_lines(struct kn_yaml_reading *r);

/* The byte that a mark of libyaml, which counts characters, stands for. */
uint32_t kn_yaml_byte_of(struct kn_yaml_reading *r, yaml_mark_t mark);

/* Read directives up to the "---"; sets `first`. */
void kn_yaml_read_directives(struct kn_yaml_reading *r);

/* After the document: nothing but comments may follow. */
void kn_yaml_read_rest(struct kn_yaml_reading *r, uint32_t at, bool ended);

/* Turn libyaml's error into a fault. */
void kn_yaml_syntax_fault(struct kn_yaml_reading *r);

/* A fault for what stands at `at` and belongs to nothing; `message` when nothing says more. */
void kn_yaml_misfit(struct kn_yaml_reading *r, uint32_t at, const char *message, const char *hint);

#endif
