/*
 * probe — small files of /proc and /sys, and the few forms that their lines have. Internal to
 * lib/os.
 *
 * These files belong to the system, or to whoever made the container that we are in: all of this
 * takes any bytes and says "not told" about what it does not understand.
 */
#ifndef KN_OS_PROBE_H
#define KN_OS_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KN_PROBE_UNKNOWN = -1 };

/* No machine has as much: the systems write such numbers for "no limit". */
#define KN_PROBE_NUMBER_END ((int64_t)1 << 62)

/*
 * Read at most size - 1 bytes of the regular file PATH below `root` ("": the machine's own), and
 * end them in NUL. A line that does not fit whole is left out. False when it cannot be read; the
 * text is "" then.
 */
bool kn_probe_read(const char *root, const char *path, char *out, size_t size);

/* Skip blanks and digits; a number that is too large reads as UINT64_MAX. False: no digit. */
bool kn_probe_number(const char **at, uint64_t *out);

/* True at the end of the text or line, after blanks. */
bool kn_probe_ends(const char *at);

/* What follows `key` on the first line that begins with it; NULL when there is none. */
const char *kn_probe_line(const char *text, const char *key);

/* The only number of a file, less than KN_PROBE_NUMBER_END; KN_PROBE_UNKNOWN. */
int64_t kn_probe_file_number(const char *root, const char *path);

/*
 * Copy a line without the blanks around it; characters that do not print become '?', and so does
 * what is no ASCII. What does not fit is cut off.
 */
void kn_probe_copy_line(char *out, size_t size, const char *line);

#endif
