/*
 * command — the commands of the program as data: what help, completion, the manual page and the
 * reference are printed from, and what the command line is parsed with.
 */
#ifndef KN_DOCS_COMMAND_H
#define KN_DOCS_COMMAND_H

#include <stdbool.h>

#include "app/docs/exit_codes.h"

struct kn_cli; /* the running command line, known to app/cli alone */

struct kn_command_flag {
    const char *name;       /* "--section" */
    const char *value_name; /* "NAME"; NULL: the flag takes no value; "[A|B]": it may stand alone,
                               and takes the next word when that is one of these;
                               "[SECONDS]": likewise, when that is a whole number */
    const char *brief;      /* one sentence */
};

enum { KN_ARGUMENTS_ANY = -1 };

struct kn_command {
    const char *name;      /* the words to type after kwaainet: "config show" */
    const char *brief;     /* one sentence */
    const char *arguments; /* as help shows them: "KEY VALUE [KEY VALUE]..." or NULL */
    int least, most;       /* how many; KN_ARGUMENTS_ANY: no upper bound */
    const struct kn_command_flag *flags; /* its own, ends with a NULL name; NULL: none */
    bool loads_configuration; /* takes every setting's flag and those of kn_flag_infos[] too */
    const char *detail;       /* paragraphs, separated by empty lines; NULL: none */
    enum kn_exit (*run)(struct kn_cli *cli);
};

/* All commands in the order of help; ends with NULL. Defined by app/cli. */
extern const struct kn_command *const kn_commands[];

/* The flags of every command: --json, --quiet, --help; ends with a NULL name. */
extern const struct kn_command_flag kn_common_flags[];

#endif
