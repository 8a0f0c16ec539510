#include "node/alerts/message.h"

#include <string.h>

#include "lib/json/json.h"

static const char own[] = "KWAAINET_";

void kn_alert_sentence(const struct kn_alert_message *message, struct kn_text *out)
{
    kn_text_addf(out, "kwaainet %s: %s: %s", message->node, kn_alert_word(message->event),
                 message->reason);
}

bool kn_alert_json(const struct kn_alert_message *message, struct kn_text *out)
{
    struct kn_json *json = kn_json_object();
    struct kn_text sentence = { 0 };
    bool made;

    kn_alert_sentence(message, &sentence);
    made = !sentence.failed &&
           kn_json_set(json, "event", kn_json_string(kn_alert_word(message->event))) &&
           kn_json_set(json, "time", kn_json_int(message->at_s)) &&
           kn_json_set(json, "node", kn_json_string(message->node)) &&
           kn_json_set(json, "peer_id", kn_json_string(message->peer_id)) &&
           kn_json_set(json, "reason", kn_json_string(message->reason)) &&
           kn_json_set(json, "text", kn_json_string(kn_text_get(&sentence))) &&
           kn_json_print_line(json, out) && !out->failed;
    kn_text_done(&sentence);
    kn_json_free(json);
    return made;
}

static void end_variable(struct kn_text *out, size_t *n)
{
    kn_text_add_char(out, '\0');
    (*n)++;
}

static void add(struct kn_text *out, size_t *n, const char *name, const char *value)
{
    kn_text_addf(out, "KWAAINET_ALERT_%s=%s", name, value);
    end_variable(out, n);
}

size_t kn_alert_environment(const struct kn_alert_message *message, const char *const *environment,
                            struct kn_text *out)
{
    struct kn_text sentence = { 0 };
    size_t n = 0;

    for (; environment != NULL && *environment != NULL; environment++) {
        if (strncmp(*environment, own, sizeof(own) - 1) == 0)
            continue;
        kn_text_add(out, *environment);
        end_variable(out, &n);
    }
    kn_alert_sentence(message, &sentence);
    out->failed = out->failed || sentence.failed;
    add(out, &n, "EVENT", kn_alert_word(message->event));
    kn_text_addf(out, "KWAAINET_ALERT_TIME=%lld", (long long)message->at_s);
    end_variable(out, &n);
    add(out, &n, "NODE", message->node);
    add(out, &n, "PEER_ID", message->peer_id);
    add(out, &n, "REASON", message->reason);
    add(out, &n, "TEXT", kn_text_get(&sentence));
    kn_text_done(&sentence);
    return n;
}
