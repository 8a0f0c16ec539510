/*
 * exit_codes — what the program's exit status says, as numbers and as a table.
 */
#ifndef KN_DOCS_EXIT_CODES_H
#define KN_DOCS_EXIT_CODES_H

enum kn_exit {
    KN_EXIT_DONE = 0,
    KN_EXIT_FAILED = 1,
    KN_EXIT_USAGE = 2,
    KN_EXIT_UNREACHABLE = 69,
    KN_EXIT_TRY_AGAIN = 75,
    KN_EXIT_CONFIGURATION = 78,
};

struct kn_exit_info {
    enum kn_exit code;
    const char *word;  /* of "error": {"kind": …} in JSON */
    const char *brief; /* for people */
};

/* Ends with a NULL word. */
extern const struct kn_exit_info kn_exit_infos[];

/* The row of a code. */
const struct kn_exit_info *kn_exit_info(enum kn_exit code);

#endif
