/* Lookups that need no network: names that the system itself knows, and a name server of ours. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <unistd.h>

#include "io_fixture.h"
#include "lib/io/resolve.h"

/* What the name server of this test says; it runs in the worker thread, while the loop waits. */
static struct {
    const uint8_t *answer;
    int n, h_error, number;
} server;

int __wrap_res_nquery(res_state resolver, const char *name, int class, int type, uint8_t *answer,
                      int room);

int __wrap_res_nquery(res_state resolver, const char *name, int class, int type, uint8_t *answer,
                      int room)
{
    if (strcmp(name, "_dnsaddr.x") != 0 || class != 1 || type != 16 || server.n > room)
        abort();
    if (server.n > 0)
        memcpy(answer, server.answer, (size_t)server.n);
    resolver->res_h_errno = server.h_error;
    errno = server.number;
    return server.n;
}

struct asked {
    struct kn_loop *loop;
    struct kn_resolve *resolve, *other;
    unsigned done;
    enum kn_code code;
    size_t n;
    struct kn_endpoint first;
    char texts[64];
};

static void on_found(void *arg, enum kn_code code, const struct kn_endpoint *found, size_t n)
{
    struct asked *asked = arg;

    asked->done++;
    asked->code = code;
    asked->n = n;
    if (n > 0)
        asked->first = found[0];
    if (asked->other != NULL)
        kn_resolve_cancel(asked->other);
}

static void on_texts(void *arg, enum kn_code code, const char *const *texts, size_t n)
{
    struct asked *asked = arg;
    size_t at = 0;

    asked->done++;
    asked->code = code;
    asked->n = n;
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(asked->texts + at, sizeof(asked->texts) - at, "%s,", texts[i]);
}

static enum kn_code ask(struct asked *asked, const char *name, enum kn_resolve_family family,
                        int timeout_ms)
{
    return kn_resolve_start(asked->loop, name, family, timeout_ms, on_found, asked,
                            &asked->resolve);
}

static void numbers_and_known_names_resolve(void **state)
{
    static const struct {
        const char *name;
        enum kn_resolve_family family;
        enum kn_code code;
        const char *first; /* NULL: none */
    } cases[] = {
        { "127.0.0.1", KN_RESOLVE_ANY, KN_OK, "127.0.0.1:0" },
        { "192.0.2.7", KN_RESOLVE_IP4, KN_OK, "192.0.2.7:0" },
        { "::1", KN_RESOLVE_ANY, KN_OK, "[::1]:0" },
        { "2001:db8::7", KN_RESOLVE_IP6, KN_OK, "[2001:db8::7]:0" },
        { "localhost", KN_RESOLVE_IP4, KN_OK, "127.0.0.1:0" },
        { "::1", KN_RESOLVE_IP4, KN_E_NOT_FOUND, NULL },
        { "127.0.0.1", KN_RESOLVE_IP6, KN_E_NOT_FOUND, NULL },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct asked asked = { .loop = new_loop() };
        char text[KN_ENDPOINT_TEXT_SIZE];

        if (strcmp(cases[i].name, "localhost") == 0 && access("/etc/hosts", R_OK) != 0) {
            kn_loop_free(asked.loop); /* a bare root folder knows no name */
            continue;
        }
        CHECK_EQ(cases[i].name, ask(&asked, cases[i].name, cases[i].family, PATIENCE_MS), KN_OK);
        CHECK_EQ(cases[i].name, asked.done, 0);
        kn_loop_run(asked.loop);
        CHECK_EQ(cases[i].name, asked.done, 1);
        CHECK_EQ(cases[i].name, asked.code, cases[i].code);
        CHECK_EQ(cases[i].name, asked.n, cases[i].first != NULL);
        kn_endpoint_print(&asked.first, text);
        CHECK_STR(cases[i].name, text, cases[i].first != NULL ? cases[i].first : "0.0.0.0:0");
        kn_loop_free(asked.loop);
    }
}

static void what_is_no_name_is_refused_at_once(void **state)
{
    struct asked asked = { .loop = new_loop() };
    char longest[257];

    (void)state;
    memset(longest, 'x', sizeof(longest));
    longest[256] = '\0';
    CHECK_EQ("empty", ask(&asked, "", KN_RESOLVE_ANY, 1000), KN_E_INVALID);
    CHECK_EQ("256 bytes", ask(&asked, longest, KN_RESOLVE_ANY, 1000), KN_E_INVALID);
    CHECK_EQ("not UTF-8", ask(&asked, "\xff\xfe.example", KN_RESOLVE_ANY, 1000), KN_E_INVALID);
    CHECK_EQ("empty", kn_resolve_txt_start(asked.loop, "", 1000, on_texts, &asked, &asked.resolve),
             KN_E_INVALID);
    kn_loop_run(asked.loop);
    CHECK_EQ("done", asked.done, 0);
    CHECK("no handle", asked.resolve == NULL);
    kn_loop_free(asked.loop);
}

static void the_deadline_comes_first(void **state)
{
    struct asked asked = { .loop = new_loop() };

    (void)state;
    CHECK_EQ("start", ask(&asked, "127.0.0.1", KN_RESOLVE_ANY, 0), KN_OK);
    kn_loop_run(asked.loop);
    CHECK_EQ("done", asked.done, 1);
    CHECK_EQ("code", asked.code, KN_E_TIMEOUT);
    CHECK_EQ("n", asked.n, 0);
    kn_loop_free(asked.loop);
}

static void after_cancel_nothing_comes(void **state)
{
    struct asked asked = { .loop = new_loop() };

    (void)state;
    server.n = -1;
    CHECK_EQ("start", ask(&asked, "127.0.0.1", KN_RESOLVE_ANY, 1000), KN_OK);
    kn_resolve_cancel(asked.resolve);
    CHECK_EQ("start",
             kn_resolve_txt_start(asked.loop, "_dnsaddr.x", 1000, on_texts, &asked, &asked.resolve),
             KN_OK);
    kn_resolve_cancel(asked.resolve);
    kn_loop_free(asked.loop); /* waits for the thread, if one had begun */
    CHECK_EQ("done", asked.done, 0);
    kn_resolve_cancel(NULL);
}

static void one_may_be_cancelled_in_the_callback_of_another(void **state)
{
    struct asked first = { .loop = new_loop() }, second = { .loop = first.loop };

    (void)state;
    CHECK_EQ("first", ask(&first, "127.0.0.1", KN_RESOLVE_ANY, 0), KN_OK);
    CHECK_EQ("second", ask(&second, "127.0.0.2", KN_RESOLVE_ANY, 1000), KN_OK);
    first.other = second.resolve;
    kn_loop_run(first.loop);
    CHECK_EQ("first", first.done, 1);
    CHECK_EQ("second", second.done, 0);
    kn_loop_free(first.loop);
}

static void texts_come_from_the_name_server(void **state)
{
    static const char two[] = "\x12\x34\x81\x80\0\0\0\2\0\0\0\0"
                              "\1x\0\0\x10\0\1\0\0\0\0\0\2\1y"
                              "\1x\0\0\x10\0\1\0\0\0\0\0\3\2zz";
    static const struct {
        const char *name, *answer;
        int n, h_error, number;
        enum kn_code code;
        const char *texts;
    } cases[] = {
        { "two texts", two, sizeof(two) - 1, 0, 0, KN_OK, "y,zz," },
        { "cut", two, sizeof(two) - 2, 0, 0, KN_E_IO, "" },
        { "no such name", NULL, -1, HOST_NOT_FOUND, 0, KN_E_NOT_FOUND, "" },
        { "no such record", NULL, -1, NO_DATA, 0, KN_E_NOT_FOUND, "" },
        { "the server failed", NULL, -1, TRY_AGAIN, ECONNREFUSED, KN_E_IO, "" },
        { "no server answered", NULL, -1, TRY_AGAIN, ETIMEDOUT, KN_E_TIMEOUT, "" },
        { "not to be helped", NULL, -1, NO_RECOVERY, 0, KN_E_IO, "" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct asked asked = { .loop = new_loop() };

        server.answer = (const uint8_t *)cases[i].answer;
        server.n = cases[i].n;
        server.h_error = cases[i].h_error;
        server.number = cases[i].number;
        CHECK_EQ(cases[i].name,
                 kn_resolve_txt_start(asked.loop, "_dnsaddr.x", PATIENCE_MS, on_texts, &asked,
                                      &asked.resolve),
                 KN_OK);
        kn_loop_run(asked.loop);
        CHECK_EQ(cases[i].name, asked.done, 1);
        CHECK_EQ(cases[i].name, asked.code, cases[i].code);
        CHECK_STR(cases[i].name, asked.texts, cases[i].texts);
        kn_loop_free(asked.loop);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_known_names_resolve),
        cmocka_unit_test(what_is_no_name_is_refused_at_once),
        cmocka_unit_test(the_deadline_comes_first),
        cmocka_unit_test(after_cancel_nothing_comes),
        cmocka_unit_test(one_may_be_cancelled_in_the_callback_of_another),
        cmocka_unit_test(texts_come_from_the_name_server),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
