/*
 * type — how the values of a setting are read, printed, compared and stored.
 *
 * Reading goes from a node of a YAML file, or from a word of the command line or environment
 * (style KN_YAML_WORD), to a struct kn_value. Printing gives the word form: reading that again
 * gives an equal value.
 */
#ifndef KN_CONFIG_TYPE_H
#define KN_CONFIG_TYPE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/schema/problem.h"
#include "config/schema/setting.h"
#include "config/schema/value.h"
#include "lib/base/path.h"

struct kn_arena;
struct kn_text;
struct kn_yaml_node;

enum { KN_LIST_MAX = 4096, KN_SCHEDULES_MAX = 64, KN_STRING_MAX = 1024 };

/* Everything a value is read with. One finding a call of `report`; `at` is the node to point at. */
struct kn_reading {
    const struct kn_setting *setting;
    struct kn_arena *arena;
    bool built_in;    /* a fallback: a test holds each against its form, so nobody does here */
    const char *base; /* folder of relative paths */
    kn_lookup_fn *lookup;
    void *lookup_arg;
    void (*report)(void *arg, const struct kn_yaml_node *at, enum kn_problem_kind kind,
                   const struct kn_error *err);
    void *report_arg;
};

/* The shape of a type in JSON and YAML. */
enum kn_shape { KN_SHAPE_BOOL, KN_SHAPE_INT, KN_SHAPE_NUMBER, KN_SHAPE_TEXT, KN_SHAPE_LIST };

struct kn_type {
    const char *name;    /* for people: "duration", "list of multiaddr" */
    enum kn_shape shape; /* of the value that `show --json` gives */
    size_t size;         /* of the member */
    /* False: at least one error was reported, or memory is short. Handles neither auto nor null. */
    bool (*read)(const struct kn_reading *reading, const struct kn_yaml_node *node,
                 struct kn_value *out);
    /* Append the word form of a value that is KN_GIVEN. */
    void (*print)(const struct kn_setting *setting, const struct kn_value *value,
                  struct kn_text *out);
    bool (*equal)(const struct kn_value *a, const struct kn_value *b); /* both KN_GIVEN */
    void (*store)(const struct kn_value *value, void *member);
};

extern const struct kn_type kn_type_bool, kn_type_int, kn_type_number, kn_type_size;
extern const struct kn_type kn_type_duration, kn_type_choice, kn_type_string, kn_type_path;
extern const struct kn_type kn_type_string_list, kn_type_multiaddr_list, kn_type_schedule_list;

/*
 * Read any value of a setting: auto, null, or one of its type. An absent or empty one gives
 * KN_ABSENT and true.
 */
bool kn_value_read(const struct kn_reading *reading, const struct kn_yaml_node *node,
                   struct kn_value *out);

/* Append the word form: "auto", "null", or as the type prints; nothing for KN_ABSENT. */
void kn_value_print(const struct kn_setting *setting, const struct kn_value *value,
                    struct kn_text *out);

bool kn_value_equal(const struct kn_setting *setting, const struct kn_value *a,
                    const struct kn_value *b);

/* A size or duration in the unit of its key (2 GiB of a _gb key is 2). */
double kn_value_in_unit(const struct kn_setting *setting, const struct kn_value *value);

/* Append such a number as it is written (0.0078125 of a _gb key is "8MiB"); others as they are. */
void kn_setting_print_number(const struct kn_setting *setting, double number, struct kn_text *out);

/* "1..65535", "1ms..30d"; nothing without bounds. */
void kn_setting_print_range(const struct kn_setting *setting, struct kn_text *out);

#endif
