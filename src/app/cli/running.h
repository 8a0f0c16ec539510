/*
 * running — finding the node that runs with the data folder of this run, and asking it.
 */
#ifndef KN_CLI_RUNNING_H
#define KN_CLI_RUNNING_H

#include <stdint.h>

#include "app/docs/exit_codes.h"
#include "lib/base/attributes.h"

struct kn_cli;
struct kn_json;

struct kn_running {
    const char *home;   /* lives as long as the run */
    int64_t pid;        /* 0: not known */
    int64_t started_ms; /* since 1970; 0: not known */
};

/* KN_EXIT_UNREACHABLE: none runs. Whatever is not KN_EXIT_DONE is reported. */
enum kn_exit kn_running_find(struct kn_cli *cli, struct kn_running *out);

/* Ask it; release `*answer` with kn_json_free(). KN_EXIT_UNREACHABLE: it does not answer.
 * KN_EXIT_FAILED: it refused. Reported too. */
enum kn_exit kn_running_ask(struct kn_cli *cli, const struct kn_running *running, const char *what,
                            struct kn_json **answer);

/* The same with arguments, as kn_control_ask_with() takes them. */
enum kn_exit kn_running_ask_with(struct kn_cli *cli, const struct kn_running *running,
                                 const char *what, KN_TAKES struct kn_json *arguments,
                                 struct kn_json **answer);

/* The seconds of --wait, `usual` without it. KN_EXIT_USAGE: reported. */
enum kn_exit kn_read_wait(struct kn_cli *cli, int64_t usual, int64_t *seconds);

#endif
