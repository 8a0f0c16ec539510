/*
 * secret_place — where in a file the value of a secret may stand, also in one that cannot be read.
 *
 * Mistakes are shown with the line that they stand on, and nobody knows what a broken file means:
 * so this goes by what lines look like, and hides rather too much.
 */
#ifndef KN_CONFIG_SECRET_PLACE_H
#define KN_CONFIG_SECRET_PLACE_H

#include <stdbool.h>
#include <stddef.h>

struct kn_yaml_document;

/* How far a value may reach below its key, and a key lie before `at` on one line. */
enum { KN_SECRET_REACH = 16 * 1024 };

/*
 * The byte from which on the line [from, to) must not be shown, for a mistake at byte `at` of it:
 * behind the key of a secret, `from` when the value begins on a line above, `to` for none.
 */
size_t kn_secret_begin(const struct kn_yaml_document *doc, size_t from, size_t to, size_t at);

/* May any of the bytes [start, end), of which the first line counts, be a secret's? */
bool kn_secret_touches(const struct kn_yaml_document *doc, size_t start, size_t end);

#endif
