/*
 * reload_view — what a running node answers to a reload, as people read it.
 */
#ifndef KN_CLI_RELOAD_VIEW_H
#define KN_CLI_RELOAD_VIEW_H

#include <stdbool.h>
#include <stddef.h>

struct kn_json;
struct kn_term;
struct kn_text;

/* Did it hold? */
bool kn_reload_view_holds(const struct kn_json *answer);

/* Append "the node has read /home/ada/node_config.yaml again", or that it is not there. */
void kn_reload_view_read(const struct kn_json *answer, struct kn_text *out);

/* Append a line for each value that is another, and one for those that wait for a restart; nothing
 * where nothing has changed. */
void kn_reload_view_changes(const struct kn_term *term, const struct kn_json *answer,
                            struct kn_text *out);

/* Append what is wrong, with an empty line between; how many errors that are. */
size_t kn_reload_view_problems(const struct kn_term *term, const struct kn_json *answer,
                               struct kn_text *out);

#endif
