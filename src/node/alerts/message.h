/*
 * message — what an alert says: to a web server as JSON, to a program in its environment.
 */
#ifndef KN_NODE_ALERTS_MESSAGE_H
#define KN_NODE_ALERTS_MESSAGE_H

#include "lib/base/text.h"
#include "node/alerts/engine.h"

enum { KN_ALERT_REASON_SIZE = 320, KN_ALERT_NAME_SIZE = 80, KN_ALERT_PEER_SIZE = 80 };

struct kn_alert_message {
    enum kn_alert_event event;
    int64_t at_s; /* seconds since 1970 */
    char node[KN_ALERT_NAME_SIZE], peer_id[KN_ALERT_PEER_SIZE];
    char reason[KN_ALERT_REASON_SIZE];
};

/* Append {"event", "time", "node", "peer_id", "reason", "text"}. False when memory is short. */
bool kn_alert_json(const struct kn_alert_message *message, struct kn_text *out);

/* Append the sentence that "text" is: "kwaainet NODE: disconnect: REASON". */
void kn_alert_sentence(const struct kn_alert_message *message, struct kn_text *out);

/*
 * Append to `out`, each ending in NUL, what of `environment` does not begin with KWAAINET_, and
 * KWAAINET_ALERT_EVENT, _TIME, _NODE, _PEER_ID, _REASON and _TEXT. How many.
 */
size_t kn_alert_environment(const struct kn_alert_message *message, const char *const *environment,
                            struct kn_text *out);

#endif
