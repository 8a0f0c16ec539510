/*
 * status_view — what a node says of itself, as a person reads it.
 */
#ifndef KN_CLI_STATUS_VIEW_H
#define KN_CLI_STATUS_VIEW_H

#include <stdint.h>

struct kn_json;
struct kn_term;
struct kn_text;

/*
 * Append the lines for a status as `status --json` has it. What it does not say is left out;
 * moments are seconds since 1970 and shown as ages at `now_s`. The node's words are made harmless.
 */
void kn_status_view(const struct kn_json *status, int64_t now_s, const struct kn_term *term,
                    struct kn_text *out);

#endif
