#include <stdio.h>
#include <string.h>

#include "compute/download/inside.h"
#include "compute/model/hub.h"
#include "lib/base/arena.h"
#include "lib/base/number.h"
#include "lib/http/http.h"
#include "lib/http/origin.h"

static const char default_endpoint[] = "https://huggingface.co";

enum { ADDRESS_MAX = 2048, VALUE_SIZE = 256, HOPS_MAX = 5, SHA256_DIGITS = 64 };

static const char *value_of(kn_lookup_fn *lookup, void *arg, const char *name)
{
    const char *value = lookup(arg, name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

void kn_download_place_read(kn_lookup_fn *lookup, void *arg, struct kn_download_place *out)
{
    const char *endpoint = value_of(lookup, arg, "HF_ENDPOINT");
    const char *token = value_of(lookup, arg, "HF_TOKEN");
    const char *offline = value_of(lookup, arg, "HF_HUB_OFFLINE");

    out->endpoint = endpoint != NULL ? endpoint : default_endpoint;
    out->token = token != NULL ? token : value_of(lookup, arg, "HUGGING_FACE_HUB_TOKEN");
    out->authorities = value_of(lookup, arg, "REQUESTS_CA_BUNDLE");
    if (out->authorities == NULL)
        out->authorities = value_of(lookup, arg, "CURL_CA_BUNDLE");
    out->is_offline = offline != NULL && strcmp(offline, "0") != 0;
}

/* A branch's name may have a slash, which is none of the address. */
static void add_part(struct kn_text *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '/' || *text == '+')
            kn_text_addf(out, "%%%02X", (unsigned)(unsigned char)*text);
        else
            kn_text_add_char(out, *text);
    }
}

const char *kn_remote_address(const struct kn_fetch *fetch, const char *revision, const char *file)
{
    const struct kn_download_options *options = fetch->options;
    const char *endpoint = options->place.endpoint, *address = NULL;
    struct kn_text text = { 0 };
    size_t n = strlen(endpoint);

    while (n > 0 && endpoint[n - 1] == '/')
        n--;
    kn_text_add_n(&text, endpoint, n);
    kn_text_addf(&text, "/%s/resolve/", options->repository);
    add_part(&text, revision);
    kn_text_add_char(&text, '/');
    add_part(&text, file);
    if (!text.failed)
        address = kn_arena_dup(fetch->arena, text.at);
    kn_text_done(&text);
    return address;
}

static enum kn_code refuse_access(const struct kn_fetch *fetch, bool gated, int status,
                                  struct kn_error *err)
{
    const struct kn_download_options *options = fetch->options;
    bool token = options->place.token != NULL;

    if (gated)
        (void)kn_fail(err, KN_E_DENIED, "%s is given to those only who accepted its conditions",
                      options->repository);
    else
        (void)kn_fail(err, KN_E_DENIED, "%s answered %d: %s does not exist, or is not public",
                      options->place.endpoint, status, options->repository);
    if (gated || token)
        kn_hint(err,
                "Accept its conditions at %.80s/%.100s and set HF_TOKEN to a token of that "
                "account that may read it%s.",
                options->place.endpoint, options->repository,
                token ? "; the one that is set was not enough" : "");
    else
        kn_hint(err, "Correct the name, or set HF_TOKEN to a token that may read it.");
    return KN_E_DENIED;
}

enum kn_code kn_remote_refuse(const struct kn_fetch *fetch, const char *file,
                              const struct kn_http_answer *answer, struct kn_error *err)
{
    const struct kn_download_options *options = fetch->options;
    char code[VALUE_SIZE] = "";

    (void)kn_http_header(answer, "x-error-code", code, sizeof(code));
    if (answer->status == 401 || answer->status == 403)
        return refuse_access(fetch, strcmp(code, "GatedRepo") == 0, answer->status, err);
    if (answer->status == 404 && strcmp(code, "RepoNotFound") == 0)
        return refuse_access(fetch, false, answer->status, err);
    if (answer->status == 404 && strcmp(code, "RevisionNotFound") == 0)
        return kn_fail(err, KN_E_NOT_FOUND, "%s has no revision \"%s\"", options->repository,
                       options->revision != NULL ? options->revision : "main");
    if (answer->status == 404)
        return kn_fail(err, KN_E_NOT_FOUND, "%s: %s is not there", options->repository, file);
    if (answer->status == 429 || answer->status >= 500)
        return kn_fail(err, KN_E_BUSY, "the server answered %d", answer->status);
    return kn_fail(err, KN_E_PROTOCOL, "the server answered %d", answer->status);
}

/* Without quotes and the mark of a weak one; it becomes the name of a file. */
static bool read_tag(const char *value, struct kn_remote *out)
{
    size_t n;

    if (strncmp(value, "W/", 2) == 0)
        value += 2;
    value += *value == '"';
    n = strcspn(value, "\"");
    if (n == 0 || n >= sizeof(out->tag) || value[0] == '.')
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = value[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              c == '-' || c == '_' || c == '.'))
            return false;
    }
    (void)snprintf(out->tag, sizeof(out->tag), "%.*s", (int)n, value);
    out->is_sha256 = n == SHA256_DIGITS && strspn(out->tag, "0123456789abcdef") == n;
    return true;
}

static enum kn_code read_answer(const struct kn_http_answer *answer, struct kn_remote *out,
                                struct kn_error *err)
{
    char value[VALUE_SIZE];

    if (!kn_http_header(answer, "x-repo-commit", value, sizeof(value)) || !kn_hub_is_commit(value))
        return kn_fail(err, KN_E_PROTOCOL, "the server does not tell a commit: no hub");
    memcpy(out->commit, value, sizeof(out->commit));
    if ((!kn_http_header(answer, "x-linked-etag", value, sizeof(value)) &&
         !kn_http_header(answer, "etag", value, sizeof(value))) ||
        !read_tag(value, out))
        return kn_fail(err, KN_E_PROTOCOL, "the server tells no tag that could name the file");
    if ((!kn_http_header(answer, "x-linked-size", value, sizeof(value)) &&
         !kn_http_header(answer, "content-length", value, sizeof(value))) ||
        kn_parse_whole(value, &out->size) != KN_OK || out->size < 0)
        return kn_fail(err, KN_E_PROTOCOL, "the server does not tell the size");
    return KN_OK;
}

static bool may_go_on(void *arg)
{
    const struct kn_fetch *fetch = arg;

    return kn_fetch_tell(fetch, (struct kn_download_news){ .event = KN_DOWNLOAD_LOOK });
}

/* The last answer before the file itself: large ones are redirected to another server, and the
 * headers that count are those of the redirect. */
static enum kn_code look_once(struct kn_fetch *fetch, const char *address, const char *file,
                              struct kn_remote *out, struct kn_error *err)
{
    struct kn_http_answer answer = { 0 };
    char url[ADDRESS_MAX], tag[VALUE_SIZE];
    enum kn_code rc = KN_OK;

    (void)snprintf(url, sizeof(url), "%s", address);
    for (int hops = 0; rc == KN_OK; hops++) {
        const struct kn_http_request request = {
            .url = url,
            .token = kn_origin_same(url, address) ? fetch->options->place.token : NULL,
            .head = true,
            .go_on = may_go_on,
            .arg = fetch,
            .authorities = fetch->options->place.authorities,
        };

        kn_http_answer_done(&answer);
        rc = kn_http_ask(fetch->http, &request, &answer, err);
        if (rc != KN_OK || answer.status < 300 || answer.status >= 400 ||
            kn_http_header(&answer, "x-linked-etag", tag, sizeof(tag)))
            break;
        if (hops == HOPS_MAX || kn_text_get(&answer.next)[0] == '\0' ||
            answer.next.n >= sizeof(url))
            rc = kn_fail(err, KN_E_PROTOCOL, "redirected to nowhere");
        else
            (void)snprintf(url, sizeof(url), "%s", answer.next.at);
    }
    if (rc == KN_OK)
        rc = answer.status < 400 ? read_answer(&answer, out, err)
                                 : kn_remote_refuse(fetch, file, &answer, err);
    kn_http_answer_done(&answer);
    return rc;
}

enum kn_code kn_remote_look(struct kn_fetch *fetch, const char *revision, const char *file,
                            struct kn_remote *out, struct kn_error *err)
{
    const char *address = kn_remote_address(fetch, revision, file);
    unsigned attempt = 0;

    if (address == NULL)
        return kn_fail_no_memory(err);
    if (strlen(address) >= ADDRESS_MAX)
        return kn_fail(err, KN_E_LIMIT, "an address longer than %d bytes", ADDRESS_MAX);
    *out = (struct kn_remote){ .name = file };
    while (look_once(fetch, address, file, out, err) != KN_OK) {
        enum kn_code rc = kn_fetch_retry(fetch, file, &attempt, err);

        if (rc != KN_OK)
            return rc;
    }
    return KN_OK;
}
