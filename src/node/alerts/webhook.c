#include "node/alerts/webhook.h"

#include <stdatomic.h>

#include "lib/base/memory.h"
#include "lib/http/http.h"
#include "lib/io/work.h"

enum { STATUS_TAKEN = 200, STATUS_TAKEN_END = 300 };

/* The thread's until `on_done`, but for `abandoned`. */
struct kn_webhook {
    struct kn_text url, body;
    const char *agent;
    int64_t end_us;
    size_t answered; /* bytes of the answer, which nobody reads */
    atomic_bool abandoned;
    struct kn_error failure; /* code KN_OK: taken */
    kn_webhook_fn *told;
    void *arg;
};

static void drop(struct kn_webhook *webhook)
{
    kn_text_done(&webhook->url);
    kn_text_done(&webhook->body);
    kn_free(webhook);
}

static bool go_on(void *arg)
{
    struct kn_webhook *webhook = arg;

    return !atomic_load(&webhook->abandoned) && kn_loop_clock_us() < webhook->end_us;
}

static bool on_body(void *arg, const struct kn_http_answer *answer, const uint8_t *bytes, size_t n)
{
    struct kn_webhook *webhook = arg;

    (void)answer;
    (void)bytes;
    webhook->answered += n;
    return webhook->answered <= KN_WEBHOOK_ANSWER_MAX;
}

static void judge(struct kn_webhook *webhook, enum kn_code rc, int status,
                  const struct kn_error *err)
{
    if (status >= STATUS_TAKEN && status < STATUS_TAKEN_END)
        return;
    if (status != 0)
        (void)kn_fail(&webhook->failure, KN_E_REFUSED, "the server answered with status %d",
                      status);
    else if (rc == KN_E_CANCELLED)
        (void)kn_fail(&webhook->failure, KN_E_TIMEOUT, "no answer within %d s",
                      KN_WEBHOOK_MS / 1000);
    else if (rc == KN_E_INVALID || rc == KN_OK)
        (void)kn_fail(&webhook->failure, KN_E_INVALID, "it is no address of the web");
    else
        webhook->failure = *err;
}

static void work(void *arg)
{
    struct kn_webhook *webhook = arg;
    const struct kn_http_request request = {
        .url = kn_text_get(&webhook->url),
        .post = kn_text_get(&webhook->body),
        .post_type = "application/json",
        .go_on = go_on,
        .body = on_body,
        .arg = webhook,
    };
    struct kn_http_answer answer = { 0 };
    struct kn_http *http = NULL;
    struct kn_error err = { 0 };
    enum kn_code rc = kn_http_new(webhook->agent, &http, &err);

    if (rc == KN_OK)
        rc = kn_http_ask(http, &request, &answer, &err);
    judge(webhook, rc, answer.status, &err);
    kn_http_answer_done(&answer);
    kn_http_free(http);
}

static void on_done(void *arg, enum kn_code code)
{
    struct kn_webhook *webhook = arg;

    (void)code;
    if (!atomic_load(&webhook->abandoned))
        webhook->told(webhook->arg, webhook->failure.code != KN_OK ? &webhook->failure : NULL);
    drop(webhook);
}

enum kn_code kn_webhook_start(struct kn_loop *loop, const char *url, const char *agent,
                              const struct kn_alert_message *message, kn_webhook_fn *told,
                              void *arg, struct kn_webhook **out)
{
    struct kn_webhook *webhook = kn_try_alloc(sizeof(*webhook));
    enum kn_code rc;

    if (webhook == NULL)
        return KN_E_NO_MEMORY;
    webhook->agent = agent;
    webhook->end_us = kn_loop_clock_us() + (int64_t)KN_WEBHOOK_MS * 1000;
    webhook->told = told;
    webhook->arg = arg;
    kn_text_add(&webhook->url, url);
    rc = kn_alert_json(message, &webhook->body) && !webhook->url.failed ? KN_OK : KN_E_NO_MEMORY;
    if (rc == KN_OK)
        rc = kn_work_start(loop, work, on_done, webhook);
    if (rc != KN_OK) {
        drop(webhook);
        return rc;
    }
    *out = webhook;
    return KN_OK;
}

void kn_webhook_abandon(struct kn_webhook *webhook)
{
    if (webhook != NULL)
        atomic_store(&webhook->abandoned, true);
}
