/*
 * webhook — one alert to a web server, beside the loop. The address is a secret: no message
 * repeats it.
 */
#ifndef KN_NODE_ALERTS_WEBHOOK_H
#define KN_NODE_ALERTS_WEBHOOK_H

#include "lib/io/loop.h"
#include "node/alerts/message.h"

enum { KN_WEBHOOK_MS = 20000, KN_WEBHOOK_ANSWER_MAX = 1 << 16 };

struct kn_webhook;

/* `failure` NULL: the server took it (2xx). */
typedef void kn_webhook_fn(void *arg, const struct kn_error *failure);

/* POST it. `told` comes once, later, and frees it. KN_E_NO_MEMORY, KN_E_IO: it never comes. */
KN_MUST_USE enum kn_code kn_webhook_start(struct kn_loop *loop, const char *url, const char *agent,
                                          const struct kn_alert_message *message,
                                          kn_webhook_fn *told, void *arg, struct kn_webhook **out);

/* Give up: `told` does not come. Its thread ends by itself within a second or so. NULL is fine. */
void kn_webhook_abandon(struct kn_webhook *webhook);

#endif
