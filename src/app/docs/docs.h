/*
 * docs — everything that is printed from the tables: reference, example file, JSON Schema, shell
 * completion, manual page.
 *
 * Each function appends to `out` and touches nothing else; out of memory shows in out->failed.
 */
#ifndef KN_DOCS_DOCS_H
#define KN_DOCS_DOCS_H

#include <stdbool.h>

#include "app/docs/command.h"

struct kn_text;

/* Markdown, from second-level headings on, so that a page can hold it. */
void kn_docs_settings(struct kn_text *out);
void kn_docs_commands(const struct kn_command *const *commands, struct kn_text *out);
void kn_docs_errors(struct kn_text *out);
void kn_docs_states(struct kn_text *out);

/*
 * A node_config.yaml with every setting at its built-in value. Values are commented out: the file
 * changes nothing, and taking the # from a key is always right.
 */
void kn_docs_example(struct kn_text *out);

/* The same with every value live. */
void kn_docs_example_full(struct kn_text *out);

/*
 * JSON Schema 2020-12 of the file. It accepts what `config check` accepts, as far as a schema can
 * say that; where it cannot, tests/e2e/schema.py lists the difference.
 */
void kn_docs_schema(struct kn_text *out);

/* Completion for "bash", "zsh" or "fish"; false, and nothing is appended, for other shells. */
bool kn_docs_completion(const char *shell, const struct kn_command *const *commands,
                        struct kn_text *out);

/* The manual page kwaainet(1), as roff. */
void kn_docs_man(const struct kn_command *const *commands, struct kn_text *out);

#endif
