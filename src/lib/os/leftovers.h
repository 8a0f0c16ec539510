/*
 * leftovers — what saves leave behind that were killed before they ended.
 *
 * A save takes milliseconds: a temporary file that nobody has touched for an hour is nobody's.
 */
#ifndef KN_OS_LEFTOVERS_H
#define KN_OS_LEFTOVERS_H

enum { KN_LEFTOVER_AGE_S = 3600 };

/* Remove the old temporary files of kn_file_replace() and its relatives in `folder`: all of them,
 * or those that stand for the file `beside`, as kn_file_replace() does of the file that it has just
 * replaced. Best effort: a folder that cannot be read is skipped,
 * folders and links are left alone. */
void kn_leftovers_remove(const char *folder, const char *beside);

#endif
