/*
 * alerts — somebody is told when the node loses its network, has it back, or fails.
 *
 * By a POST to a web server, by a program, or both; each event once (engine.h). What could not be
 * delivered is told too, and not tried again: the next event is. Belongs to the loop thread, which
 * never waits for it.
 */
#ifndef KN_NODE_ALERTS_ALERTS_H
#define KN_NODE_ALERTS_ALERTS_H

#include "config/schema/node_config.h"
#include "lib/io/loop.h"
#include "node/alerts/message.h"

enum {
    KN_ALERTS_LOOK_MS = 500, /* between two looks at how it is */
    KN_ALERTS_QUEUE_MAX = 8, /* waiting for the one before; the oldest goes */
};

/* Texts are lent: kn_alerts_new() and kn_alerts_apply() copy them. */
struct kn_alerts_options {
    bool enabled;
    struct kn_alert_rules rules;
    const char *webhook_url, *command; /* or NULL */
};

/* What the settings alerts.* say; lent by them. */
struct kn_alerts_options kn_alerts_options(const struct kn_node_config *config);

/* How an alert fared. */
enum kn_alert_way { KN_ALERT_WEBHOOK, KN_ALERT_COMMAND };
struct kn_alert_outcome {
    enum kn_alert_event event;
    enum kn_alert_way way;
    const struct kn_error *failure; /* NULL: delivered; lent */
};

struct kn_alerts_place {
    struct kn_loop *loop;
    const char *agent;              /* kept */
    const char *folder;             /* in which commands run; kept */
    const char *const *environment; /* of commands; kept */
    void *arg;
    void (*facts)(void *arg, struct kn_alert_facts *out);
    /* Who tells, and why: event and time are filled in. */
    void (*describe)(void *arg, struct kn_alert_message *message);
    void (*told)(void *arg, const struct kn_alert_outcome *outcome);
};

struct kn_alerts;

/* Looks from now on. NULL when memory is short. */
KN_MUST_USE struct kn_alerts *kn_alerts_new(const struct kn_alerts_options *options,
                                            const struct kn_alerts_place *place);
/* What is under way is given up. NULL is fine. */
void kn_alerts_free(struct kn_alerts *alerts);

/* Other settings from now on. False when memory is short: the old ones hold. */
KN_MUST_USE bool kn_alerts_apply(struct kn_alerts *alerts, const struct kn_alerts_options *options);

struct kn_alerts_report {
    bool is_on;
    unsigned delivered, failed;          /* since the start */
    const struct kn_error *last_failure; /* NULL: none; lent */
};
void kn_alerts_report(const struct kn_alerts *alerts, struct kn_alerts_report *out);

/* "alerts" of status: {"enabled", "delivered", "failed", "last_error"}; NULL: memory is short. */
struct kn_json *kn_alerts_json(const struct kn_alerts_report *report);

#endif
