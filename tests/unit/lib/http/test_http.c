#include "lib/http/http.h"

#include "lib/http/origin.h"
#include "support/check.h"

static void a_header_is_found_by_its_name(void **state)
{
    struct kn_http_answer answer = { 0 };
    char value[16] = "untouched";

    (void)state;
    CHECK("nothing yet", !kn_http_header(&answer, "etag", value, sizeof(value)));
    kn_text_add(&answer.headers, "HTTP/1.1 200 OK\r\nX-Etag: no\r\nETag: \t \"a b\" \r\n"
                                 "etag: later\r\nEmpty:\r\nLong: 1234567890123456\r\nLast: x");
    CHECK("found", kn_http_header(&answer, "etag", value, sizeof(value)));
    CHECK_STR("the first, without what surrounds it", value, "\"a b\"");
    CHECK("empty", kn_http_header(&answer, "empty", value, sizeof(value)));
    CHECK_STR("empty", value, "");
    CHECK("one too long", !kn_http_header(&answer, "long", value, sizeof(value)));
    CHECK("without an end", kn_http_header(&answer, "last", value, sizeof(value)));
    CHECK_STR("without an end", value, "x");
    CHECK("half a name", !kn_http_header(&answer, "eta", value, sizeof(value)));
    kn_http_answer_done(&answer);
}

static void an_address_belongs_to_its_origin(void **state)
{
    static const struct {
        const char *url;
        bool web, secure, may_hear;
    } rows[] = {
        { "https://huggingface.co/a/b", true, true, true },
        { "https://huggingface.co", true, true, true },
        { "http://example.org/", true, false, false },
        { "http://127.0.0.1:80/x", true, false, true },
        { "http://localhost", true, false, true },
        { "http://[::1]:8080/", true, false, true },
        { "http://localhost.example.org/", true, false, false },
        { "http://127.0.0.10/", true, false, false },
        { "ftp://example.org/", false, false, false },
        { "file:///etc/passwd", false, false, false },
        { "https://", false, true, true },
        { "https://a@b/", false, true, true },
        { "https://a\\b/", false, true, true },
        { "https://a/b c", false, true, true },
        { "https://a/b\n", false, true, true },
        { "", false, false, false },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        CHECK_EQ(rows[i].url, kn_origin_is_web(rows[i].url), rows[i].web);
        CHECK_EQ(rows[i].url, kn_origin_is_secure(rows[i].url), rows[i].secure);
        CHECK_EQ(rows[i].url, kn_origin_may_hear(rows[i].url), rows[i].may_hear);
    }
    CHECK("paths do not matter", kn_origin_same("https://a/b", "https://a/c?d"));
    CHECK("hosts do", !kn_origin_same("https://a/b", "https://ab/"));
    CHECK("ports do", !kn_origin_same("https://a/b", "https://a:444/b"));
    CHECK("schemes do", !kn_origin_same("https://a/b", "http://a/b"));
    CHECK("nothing is the same as nothing", !kn_origin_same("x", "x"));
}

static void what_is_no_address_is_not_asked(void **state)
{
    static const struct {
        const char *row, *url, *token;
        enum kn_code want;
    } rows[] = {
        { "a file", "file:///etc/hostname", NULL, KN_E_INVALID },
        { "a name before the host", "https://huggingface.co@127.0.0.1/", NULL, KN_E_INVALID },
        { "a token in clear", "http://192.0.2.1/", "hf_a", KN_E_DENIED },
        { "a token with a line feed", "http://127.0.0.1:1/", "hf_a\r\nX: y", KN_E_INVALID },
        { "nobody there", "http://127.0.0.1:1/", "hf_a", KN_E_UNREACHABLE },
    };
    struct kn_http *http = NULL;
    struct kn_error err = { 0 };

    (void)state;
    if (kn_http_new("test", &http, &err) == KN_E_UNSUPPORTED)
        skip();
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_http_answer answer = { 0 };
        const struct kn_http_request request = { .url = rows[i].url, .token = rows[i].token };

        CHECK_EQ(rows[i].row, kn_http_ask(http, &request, &answer, &err), rows[i].want);
        CHECK("the token is not told", strstr(err.text, "hf_a") == NULL);
        kn_http_answer_done(&answer);
    }
    kn_http_free(http);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_is_found_by_its_name),
        cmocka_unit_test(an_address_belongs_to_its_origin),
        cmocka_unit_test(what_is_no_address_is_not_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
