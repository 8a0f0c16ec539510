/*
 * value — what a setting can hold: the members of struct kn_node_config, and one tagged form of
 * all of them for layers and printing.
 *
 * Every value says how it is present, so that 0, absent, null, empty and default stay five
 * different things. Texts and lists are lent; they live as long as the arena they were read into.
 */
#ifndef KN_CONFIG_VALUE_H
#define KN_CONFIG_VALUE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kn_presence {
    KN_ABSENT, /* nobody said anything */
    KN_NONE,   /* null: deliberately nothing */
    KN_AUTO,   /* left to the machine, and not decided yet */
    KN_GIVEN,
};

struct kn_texts {
    size_t n;
    const char *const *at;
};

struct kn_bool {
    enum kn_presence is;
    bool value;
};

struct kn_int {
    enum kn_presence is;
    int64_t value;
};

struct kn_number {
    enum kn_presence is;
    double value;
};

struct kn_size {
    enum kn_presence is;
    int64_t bytes;
};

struct kn_duration {
    enum kn_presence is;
    int64_t ms;
};

/* 30 days, the longest of all durations, are more than an int holds: 24.8 of them for those. */
static inline int kn_duration_ms(const struct kn_duration *duration)
{
    return duration->ms < INT_MAX ? (int)duration->ms : INT_MAX;
}

struct kn_choice {
    enum kn_presence is;
    int value; /* one of the enumerations in words.h */
};

struct kn_string {
    enum kn_presence is;
    const char *text;
};

struct kn_path {
    enum kn_presence is;
    const char *text; /* expanded and absolute */
};

struct kn_string_list {
    enum kn_presence is;
    struct kn_texts texts;
};

struct kn_multiaddr_list {
    enum kn_presence is;
    struct kn_texts texts;
};

/* What a schedule changes while its window is open; KN_ABSENT leaves the base limit. */
struct kn_limits {
    struct kn_size max_memory_gb, max_gpu_memory_gb, max_disk_space_gb;
    struct kn_int max_models, max_cpu_percent;
};

struct kn_schedule {
    const char *name;
    const char *cron;     /* start of the window, five fields */
    const char *timezone; /* "local" or an IANA name */
    int64_t duration_ms;
    struct kn_limits limits;
};

struct kn_schedules {
    size_t n;
    const struct kn_schedule *at;
};

struct kn_schedule_list {
    enum kn_presence is;
    struct kn_schedules schedules;
};

/* Any of the above; which member holds is the setting's type. */
struct kn_value {
    enum kn_presence is;
    union {
        bool boolean;
        int64_t integer; /* int; bytes of a size; milliseconds of a duration; index of a choice */
        double number;
        const char *text;
        struct kn_texts texts;
        struct kn_schedules schedules;
    };
};

#endif
