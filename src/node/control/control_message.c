#include "node/control/control_message.h"

#include "lib/json/json.h"
#include "node/control/control.h"

static struct kn_json *parse(struct kn_span line)
{
    return kn_json_parse((const char *)line.at, line.n);
}

static bool is_our_version(const struct kn_json *document)
{
    int64_t version;

    return kn_json_to_int(kn_json_get(document, "v"), &version) && version == KN_CONTROL_VERSION;
}

static bool print(struct kn_json *object, bool ok, struct kn_text *out)
{
    ok = ok && kn_json_print_line(object, out) && !out->failed;
    kn_json_free(object);
    return ok;
}

void kn_control_request_print(const char *what, struct kn_json *arguments, struct kn_text *out)
{
    struct kn_json *object = arguments != NULL ? arguments : kn_json_object();
    bool ok = object != NULL && kn_json_set(object, "v", kn_json_int(KN_CONTROL_VERSION)) &&
              kn_json_set(object, "do", kn_json_string(what));

    if (!print(object, ok, out))
        out->failed = true;
}

static enum kn_code judge(const struct kn_json *document, const char **what, struct kn_error *err)
{
    if (!is_our_version(document)) {
        (void)kn_fail(err, KN_E_UNSUPPORTED, "the request is not of version %d",
                      KN_CONTROL_VERSION);
        kn_hint(err, "Use the kwaainet program that started the node.");
        return KN_E_UNSUPPORTED;
    }
    *what = kn_json_to_text(kn_json_get(document, "do"));
    if (*what == NULL)
        return kn_fail(err, KN_E_INVALID, "the request has no \"do\"");
    return KN_OK;
}

enum kn_code kn_control_request_read(struct kn_span line, struct kn_json **document,
                                     const char **what, struct kn_error *err)
{
    struct kn_json *read = parse(line);
    enum kn_code rc;

    if (read == NULL)
        return kn_fail(err, KN_E_SYNTAX, "the request is not JSON");
    rc = judge(read, what, err);
    if (rc == KN_OK)
        *document = read;
    else
        kn_json_free(read);
    return rc;
}

bool kn_control_answer_print(struct kn_json *answer, struct kn_text *out)
{
    struct kn_json *object = kn_json_object();
    bool headed = kn_json_set(object, "v", kn_json_int(KN_CONTROL_VERSION)) &&
                  kn_json_set(object, "ok", kn_json_bool(true));
    bool whole = kn_json_set(object, "answer", answer != NULL ? answer : kn_json_null());

    return print(object, headed && whole, out);
}

bool kn_control_failure_print(const struct kn_error *failure, struct kn_text *out)
{
    struct kn_json *object = kn_json_object();
    bool ok = object != NULL && kn_json_set(object, "v", kn_json_int(KN_CONTROL_VERSION)) &&
              kn_json_set(object, "ok", kn_json_bool(false)) &&
              kn_json_set(object, "error", kn_json_string(failure->text)) &&
              kn_json_set(object, "hint", kn_json_string(failure->hint));

    return print(object, ok, out);
}

static enum kn_code read_answer(struct kn_json *document, struct kn_json **out,
                                struct kn_error *err)
{
    const char *text = kn_json_to_text(kn_json_get(document, "error"));
    const char *hint = kn_json_to_text(kn_json_get(document, "hint"));

    if (!is_our_version(document))
        return kn_fail(err, KN_E_PROTOCOL, "the answer is not of version %d", KN_CONTROL_VERSION);
    if (!kn_json_is_true(kn_json_get(document, "ok"))) {
        (void)kn_fail(err, KN_E_REFUSED, "%s", text != NULL ? text : "the node says no");
        if (hint != NULL && *hint != '\0')
            kn_hint(err, "%s", hint);
        return KN_E_REFUSED;
    }
    *out = kn_json_take(document, "answer");
    return *out != NULL ? KN_OK : kn_fail(err, KN_E_PROTOCOL, "the answer holds none");
}

enum kn_code kn_control_answer_read(struct kn_span line, struct kn_json **out, struct kn_error *err)
{
    struct kn_json *document = parse(line);
    enum kn_code rc = read_answer(document, out, err);

    kn_json_free(document);
    return rc;
}
