/*
 * config_fixture — load a configuration from a text, words of a command line and variables.
 *
 * Nothing of the system is read: the home is a folder that does not exist. The clock stands at
 * 2026-11-23T10:30:00Z.
 */
#ifndef KN_TESTS_CONFIG_FIXTURE_H
#define KN_TESTS_CONFIG_FIXTURE_H

#include "config/config.h"

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NO_WORDS NULL
#define FIXTURE_NOW INT64_C(1795429800)

/* Release with kn_snapshot_unref(). `text` may be NULL: no file. */
struct kn_snapshot *load_text(const char *text, const char *const *words,
                              const char *const *environment);

/* The same with a request of one's own; its flags are filled from `words`. NULL text: as it says.
 */
struct kn_snapshot *load_request(struct kn_config_request *request, const char *text,
                                 const char *const *words);

/* The value of a key in its word form; "fallback", "cache", "c.yaml:3:9", "--port", "NAME". */
const char *got(const struct kn_snapshot *snapshot, const char *key);
const char *origin(const struct kn_snapshot *snapshot, const char *key);

#endif
