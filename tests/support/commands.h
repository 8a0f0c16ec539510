/*
 * commands — a small table of commands with one of each kind, for tests of what is printed from
 * such a table.
 */
#ifndef KN_TESTS_COMMANDS_H
#define KN_TESTS_COMMANDS_H

#include <stddef.h>

#include "app/docs/command.h"

static const struct kn_command_flag sample_show_flags[] = {
    { "--section", "NAME", "Show one section; it isn't repeated." },
    { "--output", "FILE", "Write to this file." },
    { NULL, NULL, NULL },
};
static const struct kn_command sample_show = {
    .name = "config show",
    .brief = "Show every setting and where its value comes from.",
    .flags = sample_show_flags,
    .loads_configuration = true,
    .detail = "First paragraph.\n\n.Second paragraph begins with a dot.\n'Third line.",
};
static const struct kn_command sample_set = {
    .name = "config set",
    .brief = "Change one value of the file.",
    .arguments = "KEY VALUE [KEY VALUE]...",
    .least = 2,
    .most = KN_ARGUMENTS_ANY,
    .loads_configuration = true,
};
static const struct kn_command sample_diff = {
    .name = "config diff",
    .brief = "Compare with another file.",
    .arguments = "FILE",
    .least = 1,
    .most = 1,
    .loads_configuration = true,
};
static const struct kn_command sample_completion = {
    .name = "completion",
    .brief = "Print what a shell needs to complete commands.",
    .arguments = "bash|zsh|fish",
    .least = 1,
    .most = 1,
};
static const struct kn_command *const sample_commands[] = {
    &sample_show, &sample_set, &sample_diff, &sample_completion, NULL,
};

#endif
