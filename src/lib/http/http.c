#include "lib/http/http.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/crypto/tls.h"
#include "lib/http/libcurl.h"
#include "lib/http/origin.h"

enum { RANGE_SIZE = 32 };

struct kn_http {
    struct kn_libcurl curl;
    kn_curl_handle *handle;
    const char *agent;
};

/* One exchange with one server. */
struct exchange {
    const struct kn_http_request *request;
    struct kn_http_answer *answer;
    bool too_long; /* its headers */
};

enum kn_code kn_http_new(const char *agent, struct kn_http **out, struct kn_error *err)
{
    struct kn_http *http = kn_try_alloc(sizeof(*http));
    enum kn_code rc;

    if (http == NULL)
        return kn_fail_no_memory(err);
    http->agent = agent;
    kn_crypto_prepare_tls();
    rc = kn_libcurl_load(&http->curl, err);
    if (rc == KN_OK && http->curl.global_init(KN_CURL_GLOBAL_DEFAULT) != KN_CURL_OK) {
        http->curl.global_cleanup = NULL;
        rc = kn_fail(err, KN_E_UNSUPPORTED, "libcurl does not start");
    }
    if (rc == KN_OK) {
        http->handle = http->curl.init();
        rc = http->handle != NULL ? KN_OK : kn_fail_no_memory(err);
    } else {
        http->curl.global_cleanup = NULL;
    }
    if (rc != KN_OK) {
        kn_http_free(http);
        return rc;
    }
    *out = http;
    return KN_OK;
}

void kn_http_free(struct kn_http *http)
{
    if (http == NULL)
        return;
    if (http->handle != NULL)
        http->curl.cleanup(http->handle);
    if (http->curl.global_cleanup != NULL)
        http->curl.global_cleanup();
    kn_free(http);
}

void kn_http_answer_done(struct kn_http_answer *answer)
{
    kn_text_done(&answer->headers);
    kn_text_done(&answer->next);
    *answer = (struct kn_http_answer){ 0 };
}

static bool is_named(const char *line, const char *name)
{
    for (; *name != '\0'; name++, line++) {
        if (tolower((unsigned char)*line) != *name)
            return false;
    }
    return *line == ':';
}

bool kn_http_header(const struct kn_http_answer *answer, const char *name, char *out, size_t size)
{
    const char *line = kn_text_get(&answer->headers);

    for (; *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n') {
        size_t n;

        if (!is_named(line, name))
            continue;
        line += strlen(name) + 1;
        line += strspn(line, " \t");
        n = strcspn(line, "\r\n");
        while (n > 0 && (line[n - 1] == ' ' || line[n - 1] == '\t'))
            n--;
        if (n >= size)
            return false;
        memcpy(out, line, n);
        out[n] = '\0';
        return true;
    }
    return false;
}

/* "HTTP/1.1 200 OK"; 0 for every other line. A later one begins another answer: after "100
 * Continue", or behind a proxy. */
static int status_of(const char *line, size_t n)
{
    const char *space = memchr(line, ' ', n);
    int status = 0;

    if (n < 5 || memcmp(line, "HTTP/", 5) != 0 || space == NULL || line + n - space < 4)
        return 0;
    for (int i = 1; i <= 3; i++) {
        if (space[i] < '0' || space[i] > '9')
            return 0;
        status = 10 * status + (space[i] - '0');
    }
    return status;
}

static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
    struct exchange *exchange = arg;
    struct kn_http_answer *answer = exchange->answer;
    size_t n = size * count;
    int status = status_of(line, n);

    if (status != 0) {
        answer->status = status;
        kn_text_cut(&answer->headers, 0);
    } else if (memchr(line, '\0', n) == NULL) {
        kn_text_add_n(&answer->headers, line, n);
    }
    exchange->too_long = answer->headers.n > KN_HTTP_HEADERS_MAX;
    return exchange->too_long || answer->headers.failed ? 0 : n;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
    const struct exchange *exchange = arg;
    const struct kn_http_request *request = exchange->request;
    size_t n = size * count;

    if (exchange->answer->status >= 300 && exchange->answer->status < 400)
        return n;
    return request->body == NULL ||
                   request->body(request->arg, exchange->answer, (const uint8_t *)bytes, n)
               ? n
               : 0;
}

static int on_progress(void *arg, int64_t total, int64_t now, int64_t up_total, int64_t up_now)
{
    const struct exchange *exchange = arg;
    const struct kn_http_request *request = exchange->request;

    (void)total;
    (void)now;
    (void)up_total;
    (void)up_now;
    return request->go_on == NULL || request->go_on(request->arg) ? 0 : 1;
}

static void prepare(struct kn_http *http, const char *url, struct exchange *exchange, char *error)
{
    const struct kn_libcurl *curl = &http->curl;
    kn_curl_handle *handle = http->handle;
    const struct kn_http_request *request = exchange->request;
    char range[RANGE_SIZE];

    curl->reset(handle);
    /* Options that an older library does not know are errors that change nothing. */
    (void)curl->setopt(handle, KN_CURL_URL, url);
    (void)curl->setopt(handle, KN_CURL_PROTOCOLS, (long)KN_CURL_PROTOCOLS_WEB);
    (void)curl->setopt(handle, KN_CURL_USER_AGENT, http->agent);
    (void)curl->setopt(handle, KN_CURL_NO_SIGNAL, 1L);
    (void)curl->setopt(handle, KN_CURL_QUICK_EXIT, 1L); /* no wait for a name that is looked up */
    (void)curl->setopt(handle, KN_CURL_CONNECT_TIMEOUT, (long)KN_HTTP_CONNECT_S);
    (void)curl->setopt(handle, KN_CURL_LOW_SPEED_LIMIT, 1L);
    (void)curl->setopt(handle, KN_CURL_LOW_SPEED_TIME, (long)KN_HTTP_SILENCE_S);
    (void)curl->setopt(handle, KN_CURL_NO_BODY, request->head ? 1L : 0L);
    (void)curl->setopt(handle, KN_CURL_ERROR_BUFFER, error);
    (void)curl->setopt(handle, KN_CURL_HEADER_FUNCTION, on_header);
    (void)curl->setopt(handle, KN_CURL_HEADER_DATA, exchange);
    (void)curl->setopt(handle, KN_CURL_WRITE_FUNCTION, on_body);
    (void)curl->setopt(handle, KN_CURL_WRITE_DATA, exchange);
    (void)curl->setopt(handle, KN_CURL_NO_PROGRESS, 0L);
    (void)curl->setopt(handle, KN_CURL_PROGRESS_FUNCTION, on_progress);
    (void)curl->setopt(handle, KN_CURL_PROGRESS_DATA, exchange);
    if (request->from > 0) {
        (void)snprintf(range, sizeof(range), "%llu-", (unsigned long long)request->from);
        (void)curl->setopt(handle, KN_CURL_RANGE, range); /* is copied */
    }
    if (request->post != NULL) {
        (void)curl->setopt(handle, KN_CURL_POST_SIZE, (long)strlen(request->post));
        (void)curl->setopt(handle, KN_CURL_POST_FIELDS, request->post); /* is kept */
    }
    if (request->authorities != NULL)
        (void)curl->setopt(handle, KN_CURL_AUTHORITIES, request->authorities);
}

/* Only a token of printable characters: nothing that ends a line. */
static enum kn_code add_token(struct kn_http *http, const char *url, const char *token,
                              struct kn_curl_list **list, struct kn_error *err)
{
    struct kn_text line = { 0 };

    for (const char *at = token; *at != '\0'; at++) {
        if (*at <= ' ' || *at >= 0x7f)
            return kn_fail(err, KN_E_INVALID, "the token has a character that none has");
    }
    if (!kn_origin_may_hear(url)) {
        (void)kn_fail(err, KN_E_DENIED, "the token would travel in clear to %.100s", url);
        kn_hint(err, "Use https, or unset the token.");
        return KN_E_DENIED;
    }
    kn_text_addf(&line, "Authorization: Bearer %s", token);
    if (!line.failed)
        *list = http->curl.append(NULL, line.at);
    if (line.at != NULL)
        memset(line.at, 0, line.n);
    kn_text_done(&line);
    return *list != NULL ? KN_OK : kn_fail_no_memory(err);
}

/* What is posted goes at once: no server is asked first whether it would take it. */
static enum kn_code add_type(struct kn_http *http, const char *type, struct kn_curl_list **list,
                             struct kn_error *err)
{
    struct kn_curl_list *longer = http->curl.append(*list, "Expect:");
    struct kn_text line = { 0 };

    kn_text_addf(&line, "Content-Type: %s", type);
    if (longer != NULL) {
        *list = longer;
        longer = line.failed ? NULL : http->curl.append(*list, line.at);
    }
    kn_text_done(&line);
    if (longer == NULL)
        return kn_fail_no_memory(err);
    *list = longer;
    return KN_OK;
}

static enum kn_code translate(struct kn_http *http, int code, const struct exchange *exchange,
                              const char *error, struct kn_error *err)
{
    if (code == KN_CURL_OK)
        return KN_OK;
    if (exchange->answer->headers.failed)
        return kn_fail_no_memory(err);
    if (exchange->too_long)
        return kn_fail(err, KN_E_LIMIT, "headers of more than %d bytes", KN_HTTP_HEADERS_MAX);
    return kn_fail(err, kn_libcurl_code(code), "%.200s",
                   error[0] != '\0' ? error : http->curl.strerror(code));
}

static enum kn_code exchange_once(struct kn_http *http, const char *url, const char *token,
                                  const struct kn_http_request *request,
                                  struct kn_http_answer *answer, struct kn_error *err)
{
    struct exchange exchange = { request, answer, false };
    struct kn_curl_list *list = NULL;
    char error[KN_CURL_ERROR_SIZE] = "";
    const char *next = NULL;
    enum kn_code rc;

    answer->status = 0;
    kn_text_cut(&answer->headers, 0);
    kn_text_cut(&answer->next, 0);
    prepare(http, url, &exchange, error);
    if (token != NULL && (rc = add_token(http, url, token, &list, err)) != KN_OK)
        return rc;
    if (request->post != NULL && (rc = add_type(http, request->post_type, &list, err)) != KN_OK) {
        http->curl.free_all(list);
        return rc;
    }
    (void)http->curl.setopt(http->handle, KN_CURL_HEADERS, list);
    rc = translate(http, http->curl.perform(http->handle), &exchange, error, err);
    if (rc == KN_OK && http->curl.getinfo(http->handle, KN_CURL_INFO_REDIRECT, &next) == 0 &&
        next != NULL)
        kn_text_add(&answer->next, next);
    http->curl.reset(http->handle);
    http->curl.free_all(list);
    return rc == KN_OK && answer->next.failed ? kn_fail_no_memory(err) : rc;
}

static enum kn_code check_next(const char *from, const char *to, struct kn_error *err)
{
    if (strlen(to) > KN_HTTP_URL_MAX || !kn_origin_is_web(to))
        return kn_fail(err, KN_E_PROTOCOL, "redirected to no address of the web: %.100s", to);
    if (kn_origin_is_secure(from) && !kn_origin_is_secure(to))
        return kn_fail(err, KN_E_PROTOCOL, "redirected from https to http: %.100s", to);
    return KN_OK;
}

enum kn_code kn_http_ask(struct kn_http *http, const struct kn_http_request *request,
                         struct kn_http_answer *out, struct kn_error *err)
{
    struct kn_text url = { 0 };
    enum kn_code rc;

    *out = (struct kn_http_answer){ 0 };
    if (strlen(request->url) > KN_HTTP_URL_MAX || !kn_origin_is_web(request->url))
        return kn_fail(err, KN_E_INVALID, "no address of the web: \"%.100s\"", request->url);
    kn_text_add(&url, request->url);
    rc = url.failed ? kn_fail_no_memory(err) : KN_OK;
    for (int hops = 0; rc == KN_OK; hops++) {
        const char *token = kn_origin_same(request->url, url.at) ? request->token : NULL;

        rc = exchange_once(http, url.at, token, request, out, err);
        if (rc != KN_OK || !request->follow || kn_text_get(&out->next)[0] == '\0')
            break;
        if (hops == KN_HTTP_REDIRECTS_MAX)
            rc = kn_fail(err, KN_E_PROTOCOL, "more than %d redirects", KN_HTTP_REDIRECTS_MAX);
        else
            rc = check_next(url.at, out->next.at, err);
        kn_text_cut(&url, 0);
        kn_text_add(&url, kn_text_get(&out->next));
        if (url.failed)
            rc = kn_fail_no_memory(err);
    }
    kn_text_done(&url);
    return rc;
}
