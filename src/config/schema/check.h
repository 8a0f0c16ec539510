/*
 * check — rules over several settings at once, as one table.
 *
 * A rule reads the finished struct and does not know where values came from; the resolver points
 * at the later of the rule's keys in the file.
 */
#ifndef KN_CONFIG_CHECK_H
#define KN_CONFIG_CHECK_H

#include "config/schema/problem.h"

struct kn_node_config;

enum { KN_CHECK_KEYS_MAX = 4 };

struct kn_check {
    const char *name;                    /* for tests and the reference */
    const char *rule;                    /* one sentence */
    const char *keys[KN_CHECK_KEYS_MAX]; /* the settings it reads; the first one is blamed */
    enum kn_severity severity;
    bool of_written; /* says nothing unless somebody wrote all of its keys */
    /* True when the rule holds, or says nothing about these values; else `err` is filled. */
    bool (*holds)(const struct kn_node_config *config, struct kn_error *err);
};

extern const struct kn_check kn_checks[];
extern const size_t kn_check_count;

#endif
