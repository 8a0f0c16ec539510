/*
 * cli — one run of the program: the command line taken apart, and what will be printed.
 *
 * Standard output carries the answer, standard error the conversation. Both are collected here
 * and written at the end, or earlier by kn_cli_flush(). With --json the answer is exactly one
 * document, whatever happens.
 */
#ifndef KN_CLI_H
#define KN_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "app/docs/command.h"
#include "app/term/term.h"
#include "config/config.h"
#include "lib/base/error.h"
#include "lib/base/text.h"

struct kn_arena;
struct kn_json;

/* A flag of the command itself, or a common one. */
struct kn_cli_option {
    const char *name, *value; /* value: "" for a flag that takes none */
};

struct kn_cli {
    const char *const *words;         /* as typed, the program's name the first; ends with NULL */
    const struct kn_command *command; /* NULL: only a group was named */
    bool unnamed;                     /* no command was named: it is start */
    const char *group;                /* "config" when only that was named; else NULL */
    const char *const *arguments;     /* what is neither command nor flag */
    size_t argument_count;
    struct kn_cli_option *options;
    size_t option_count;
    bool json, quiet, help, version;

    struct kn_config_request request;
    struct kn_arena *arena; /* lives as long as the run */
    struct kn_term out_term, err_term;
    struct kn_text answer, talk; /* for standard output and standard error */
    bool answer_first;           /* the conversation comments on the answer */
};

/* The value of --NAME ("" when it takes none), NULL when it was not given. */
const char *kn_cli_option(const struct kn_cli *cli, const char *name);

/* The environment of this run, as a kn_lookup_fn with `arg` the struct kn_cli. */
const char *kn_cli_lookup(void *arg, const char *name);

/* Report one failure, as text or as JSON, and return `code`. */
enum kn_exit kn_cli_fail(struct kn_cli *cli, enum kn_exit code, const struct kn_error *err);

/* The document of this run. Replaces what was there; ends the process when memory is short. */
void kn_cli_answer(struct kn_cli *cli, KN_TAKES struct kn_json *json);

/* Write what was collected and go on. KN_E_NOT_FOUND: nobody reads. */
KN_MUST_USE enum kn_code kn_cli_flush(struct kn_cli *cli, struct kn_error *err);

/* argv and environment in, exit code out. The only thing that main() calls. */
int kn_cli_main(int argc, const char *const *argv, const char *const *environment);

#endif
