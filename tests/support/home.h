/*
 * home — a private folder for a test: made under TMPDIR or /tmp, removed with all that is in it.
 *
 * Nothing outside it is touched: links are not followed and other file systems not entered.
 */
#ifndef KN_TESTS_HOME_H
#define KN_TESTS_HOME_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { KN_HOME_PATH_MAX = 512 };

struct kn_home {
    char path[KN_HOME_PATH_MAX]; /* absolute, free of links; "" when there is none */
    dev_t device;
    ino_t number;
};

/* Both end the program with a message when they cannot: a test without a home must not go on. */
void kn_home_make(struct kn_home *home);
void kn_home_remove(struct kn_home *home);

/* The path of `name` in it. Lent, until the fourth call from now. */
const char *kn_home_path(const struct kn_home *home, const char *name);

/* Make the file `name` with `n` bytes and exactly `mode`. */
void kn_home_write(const struct kn_home *home, const char *name, const char *bytes, size_t n,
                   mode_t mode);

/* Names in the folder, without "." and "..", that contain `part`. */
size_t kn_home_count(const struct kn_home *home, const char *part);

#endif
