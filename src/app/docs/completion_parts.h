/*
 * completion_parts — what the three shells are told, asked of the tables in one place. Private to
 * app/docs.
 */
#ifndef KN_DOCS_COMPLETION_PARTS_H
#define KN_DOCS_COMPLETION_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "app/docs/command.h"
#include "config/schema/setting.h"

struct kn_text;

/* What can be offered for a value. */
enum kn_completion_kind { KN_COMPLETE_NOTHING, KN_COMPLETE_WORDS, KN_COMPLETE_FILES };

enum kn_completion_kind kn_completion_of_setting(const struct kn_setting *setting);
enum kn_completion_kind kn_completion_of_value_name(const char *value_name);

/* Append the words of a KN_COMPLETE_WORDS setting, each between `before` and `after`. */
void kn_completion_words(const struct kn_setting *setting, const char *before, const char *after,
                         struct kn_text *out);

/* Append the words of arguments such as "bash|zsh|fish"; false when they list none. */
bool kn_completion_alternatives(const struct kn_command *command, struct kn_text *out);

bool kn_completion_wants_keys(const struct kn_command *command);
bool kn_completion_wants_files(const struct kn_command *command);

/* Does a command before the i-th begin with the same `length` bytes and end or break there? */
bool kn_completion_is_repeated(const struct kn_command *const *commands, size_t i, size_t length);

/* The bytes of the first word of a command that has more than one, else 0. */
size_t kn_completion_group(const struct kn_command *command);

/* Append `text` between single quotes; `quote` stands for one inside. */
void kn_completion_quote(const char *text, const char *quote, struct kn_text *out);

void kn_completion_bash(const struct kn_command *const *commands, struct kn_text *out);
void kn_completion_zsh(const struct kn_command *const *commands, struct kn_text *out);
void kn_completion_fish(const struct kn_command *const *commands, struct kn_text *out);

#endif
