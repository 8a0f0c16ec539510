#include "lib/io/local.h"
#include "node/control/control.h"
#include "node/control/control_message.h"

static enum kn_code ask(const struct kn_text *folder, const struct kn_text *request, int timeout_ms,
                        struct kn_text *answer, struct kn_error *err)
{
    if (folder->failed || request->failed)
        return kn_fail_no_memory(err);
    return kn_local_ask(folder->at, KN_CONTROL_NAME, request->at, KN_CONTROL_ANSWER_MAX, timeout_ms,
                        answer, err);
}

enum kn_code kn_control_ask(const char *home, const char *what, int timeout_ms,
                            struct kn_json **out, struct kn_error *err)
{
    return kn_control_ask_with(home, what, NULL, timeout_ms, out, err);
}

enum kn_code kn_control_ask_with(const char *home, const char *what, struct kn_json *arguments,
                                 int timeout_ms, struct kn_json **out, struct kn_error *err)
{
    struct kn_text folder = { 0 }, request = { 0 }, answer = { 0 };
    enum kn_code rc;

    kn_text_addf(&folder, "%s/run", home);
    kn_control_request_print(what, arguments, &request);
    kn_text_add_char(&request, '\n');
    rc = ask(&folder, &request, timeout_ms, &answer, err);
    if (rc == KN_OK)
        rc = kn_control_answer_read(kn_span(answer.at, answer.n), out, err);
    kn_text_done(&answer);
    kn_text_done(&request);
    kn_text_done(&folder);
    return rc;
}
