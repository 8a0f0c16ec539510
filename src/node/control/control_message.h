/*
 * control_message — the lines of the control socket as text and back. Pure. Internal to node.
 */
#ifndef KN_NODE_CONTROL_CONTROL_MESSAGE_H
#define KN_NODE_CONTROL_CONTROL_MESSAGE_H

#include "lib/base/error.h"
#include "lib/base/span.h"
#include "lib/base/text.h"

struct kn_json;

/* Append a request without its line feed; the members of `arguments`, which may be NULL, stand
 * in it too. */
void kn_control_request_print(const char *what, KN_TAKES struct kn_json *arguments,
                              struct kn_text *out);

/* KN_E_SYNTAX: no JSON; KN_E_INVALID: no request; KN_E_UNSUPPORTED: of another version. `*what` is
 * lent from `*document`; release that with kn_json_free(). */
KN_MUST_USE enum kn_code kn_control_request_read(struct kn_span line, struct kn_json **document,
                                                 const char **what, struct kn_error *err);

/* Append an answer without its line feed; NULL is null. False: it is too deep, or memory is
 * short. */
KN_MUST_USE bool kn_control_answer_print(KN_TAKES struct kn_json *answer, struct kn_text *out);

/* The same for a failure. */
KN_MUST_USE bool kn_control_failure_print(const struct kn_error *failure, struct kn_text *out);

/* What was answered; release it with kn_json_free(). KN_E_REFUSED: a failure, `err` holds its text
 * and hint. KN_E_PROTOCOL: not an answer of this version. */
KN_MUST_USE enum kn_code kn_control_answer_read(struct kn_span line, struct kn_json **out,
                                                struct kn_error *err);

#endif
