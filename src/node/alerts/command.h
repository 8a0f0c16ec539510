/*
 * command — one alert to a program of the owner's, which has the event in its environment, no
 * descriptor of ours and KN_ALERT_COMMAND_MS to do what it likes.
 */
#ifndef KN_NODE_ALERTS_COMMAND_H
#define KN_NODE_ALERTS_COMMAND_H

#include "lib/io/loop.h"
#include "node/alerts/message.h"

enum { KN_ALERT_COMMAND_MS = 30000, KN_ALERT_KILL_MS = 2000 };

struct kn_alert_command;

struct kn_alert_command_options {
    struct kn_loop *loop;
    const char *command;            /* words.h */
    const char *folder;             /* in which it runs */
    const char *const *environment; /* "NAME=value", ends in NULL */
    int limit_ms;                   /* 0: the usual */
};

/* `failure` NULL: it ended with status 0. */
typedef void kn_alert_command_fn(void *arg, const struct kn_error *failure);

/* Run it. `told` comes once, later, and frees it. After a failure it never comes. KN_E_DENIED also
 * for a program that others decide on (program.h). */
KN_MUST_USE enum kn_code kn_alert_command_start(const struct kn_alert_command_options *options,
                                                const struct kn_alert_message *message,
                                                kn_alert_command_fn *told, void *arg,
                                                struct kn_alert_command **out,
                                                struct kn_error *err);

/* End it: `told` does not come. NULL is fine. */
void kn_alert_command_free(struct kn_alert_command *command);

#endif
