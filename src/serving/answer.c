/* answer: the calls that need no computing, and how errors are put. */
#include "lib/base/utf8.h"
#include "network/petals/rpc_info.h"
#include "serving/channel.h"
#include "serving/serving_parts.h"

#define NO_TRAINING "this server computes forward passes only and does not train"

enum { DELETE = 0x7f };

/* repr() of Python. What is no UTF-8 came from a peer, whose kind refuses to read such a text. */
static void add_quoted(struct kn_text *out, const char *text)
{
    char quote = strchr(text, '\'') != NULL && strchr(text, '"') == NULL ? '"' : '\'';
    size_t n = strlen(text), size;
    uint32_t code;

    kn_text_add_char(out, quote);
    for (size_t i = 0; i < n; i += size) {
        size = kn_utf8_decode(text + i, n - i, &code);
        if (size == 0) {
            kn_text_add_char(out, '?');
            size = 1;
        } else if (code < ' ' || code == DELETE) {
            kn_text_addf(out, "\\x%02x", (unsigned)code);
        } else {
            if (text[i] == quote || text[i] == '\\')
                kn_text_add_char(out, '\\');
            kn_text_add_n(out, text + i, size);
        }
    }
    kn_text_add_char(out, quote);
}

/* spec: hivemind/p2p/p2p_daemon_bindings/control.py; an error is the repr() of an exception. */
void kn_answer_error(struct kn_unary_serving *call, const char *exception, const char *text)
{
    struct kn_text out = { 0 };

    kn_text_addf(&out, "%s(", exception);
    add_quoted(&out, text);
    kn_text_add_char(&out, ')');
    kn_unary_answer(call, KN_E_REFUSED, kn_span(kn_text_get(&out), out.n));
    kn_text_done(&out);
}

static void send_info(const struct kn_serving *serving, bool has_schema,
                      struct kn_unary_serving *call)
{
    const struct kn_serving_options *options = &serving->options;
    struct kn_compute_state state;
    struct kn_buffer map = { 0 }, out = { 0 };
    struct kn_rpc_info info = {
        .version = options->version,
        .is_dht_client = options->is_dht_client,
        .has_schema = has_schema,
        .hidden = options->hidden,
        .dtype = options->dtype,
        .compression = options->limits.compression,
    };

    kn_compute_state(options->compute, &state);
    info.cache_tokens = state.cache_tokens_left;
    kn_rpc_info_encode(&info, &map);
    kn_expert_info_encode(kn_buffer_get(&map), &out);
    if (map.failed || out.failed)
        kn_answer_error(call, "MemoryError", "out of memory");
    else
        kn_unary_answer(call, KN_OK, kn_buffer_get(&out));
    kn_buffer_done(&map);
    kn_buffer_done(&out);
}

/* spec: petals/server/handler.py; a block that is not there is a key that is not there. */
void kn_answer_info(void *arg, const struct kn_peer_id *peer, struct kn_span request,
                    struct kn_unary_serving *call)
{
    struct kn_serving *serving = arg;
    struct kn_prefix prefix;
    struct kn_text shown = { 0 };
    struct kn_span uid;
    uint32_t block;

    (void)peer;
    if (kn_expert_uid_decode(request, &uid) != KN_OK) {
        serving->counters.refused++;
        kn_answer_error(call, "ValueError", "a request is no message of protocol buffers");
        return;
    }
    if (uid.n > 0 && (!kn_block_key_parse(uid, &prefix, &block) ||
                      strcmp(prefix.text, serving->prefix.text) != 0 ||
                      block < serving->options.first || block >= serving->options.end)) {
        serving->counters.refused++;
        kn_text_add_n(&shown, (const char *)uid.at, uid.n < KN_PREFIX_MAX ? uid.n : KN_PREFIX_MAX);
        kn_answer_error(call, "KeyError", kn_text_get(&shown));
        kn_text_done(&shown);
        return;
    }
    serving->counters.infos++;
    send_info(serving, uid.n > 0, call);
}

void kn_answer_backward(void *arg, const struct kn_peer_id *peer, struct kn_span request,
                        struct kn_unary_serving *call)
{
    struct kn_serving *serving = arg;

    (void)request;
    kn_serving_refused(serving, peer, NO_TRAINING);
    kn_answer_error(call, "NotImplementedError", NO_TRAINING);
}

/* All calls but rpc_forward are answered at once. */
void kn_answer_given_up(void *arg, struct kn_unary_serving *call)
{
    (void)arg;
    (void)call;
}

void kn_refuse_backward_stream(void *arg, struct kn_stream *stream)
{
    struct kn_serving *serving = arg;

    serving->counters.refused++;
    kn_channel_refuse(stream, NO_TRAINING);
}
