/* The control socket: what it answers, and what a client that means harm can do. */
#include "node/control/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/json/json.h"
#include "support/check.h"
#include "support/fuse.h"
#include "support/home.h"

enum { PATIENCE_MS = 30000, FLOOD = 4 * 1024 * 1024 };

static struct kn_home home;

static int make_home(void **state)
{
    (void)state;
    kn_home_make(&home);
    return 0;
}

static int remove_home(void **state)
{
    (void)state;
    kn_home_remove(&home);
    return 0;
}

struct node {
    struct kn_loop *loop;
    struct kn_run_folder *folder;
    struct kn_control *control;
    struct kn_timer *fuse;
    unsigned asked;
};

static enum kn_code status(void *arg, const struct kn_json *request, struct kn_json **out,
                           struct kn_error *err)
{
    struct node *node = arg;

    (void)request;
    (void)err;
    node->asked++;
    *out = kn_json_object();
    assert_true(kn_json_set(*out, "state", kn_json_string("ONLINE")));
    assert_true(kn_json_set(*out, "peers", kn_json_int(3)));
    return KN_OK;
}

static enum kn_code stop(void *arg, const struct kn_json *request, struct kn_json **out,
                         struct kn_error *err)
{
    const struct node *node = arg;

    (void)request;
    (void)out;
    (void)err;
    kn_loop_stop(node->loop);
    return KN_OK;
}

static enum kn_code refuse(void *arg, const struct kn_json *request, struct kn_json **out,
                           struct kn_error *err)
{
    (void)arg;
    (void)request;
    *out = kn_json_string("half of an answer");
    (void)kn_fail(err, KN_E_BUSY, "not now");
    kn_hint(err, "Try later.");
    return KN_E_BUSY;
}

static enum kn_code dig(void *arg, const struct kn_json *request, struct kn_json **out,
                        struct kn_error *err)
{
    (void)arg;
    (void)request;
    (void)err;
    *out = kn_json_array();
    for (int depth = 0; depth <= KN_JSON_DEPTH_MAX; depth++) {
        struct kn_json *around = kn_json_array();

        assert_true(kn_json_append(around, *out));
        *out = around;
    }
    return KN_OK;
}

/* Lent until the next call. */
static const char *many_x(size_t n)
{
    static char text[KN_CONTROL_ANSWER_MAX + 1];

    memset(text, 'x', n);
    text[n] = '\0';
    return text;
}

static enum kn_code flood(void *arg, const struct kn_json *request, struct kn_json **out,
                          struct kn_error *err)
{
    (void)arg;
    (void)request;
    (void)err;
    *out = kn_json_string(many_x(KN_CONTROL_ANSWER_MAX));
    return KN_OK;
}

static enum kn_code much(void *arg, const struct kn_json *request, struct kn_json **out,
                         struct kn_error *err)
{
    (void)arg;
    (void)request;
    (void)err;
    *out = kn_json_string(many_x(KN_CONTROL_ANSWER_MAX - 100));
    return KN_OK;
}

static enum kn_code echo(void *arg, const struct kn_json *request, struct kn_json **out,
                         struct kn_error *err)
{
    int64_t n = 0;

    (void)arg;
    if (!kn_json_to_int(kn_json_get(request, "n"), &n))
        return kn_fail(err, KN_E_INVALID, "no n");
    *out = kn_json_int(n);
    return KN_OK;
}

static const struct kn_control_handler handlers[] = {
    { "status", status }, { "stop", stop }, { "refuse", refuse }, { "dig", dig },
    { "flood", flood },   { "much", much }, { "echo", echo },     { NULL, NULL },
};

/* How much less the clock shows the next time the control looks at it, and then no more. */
static _Atomic kn_time less;
static _Atomic kn_time more; /* than the real one, from now on */

kn_time __real_kn_loop_now(const struct kn_loop *loop);
kn_time __wrap_kn_loop_now(const struct kn_loop *loop);

kn_time __wrap_kn_loop_now(const struct kn_loop *loop)
{
    return __real_kn_loop_now(loop) + more - atomic_exchange(&less, 0);
}

static void lost_patience(void *arg)
{
    (void)arg;
    (void)fputs("the test hangs\n", stderr);
    abort();
}

static void begin(struct node *node)
{
    struct kn_error err = { 0 };

    *node = (struct node){ 0 };
    CHECK_EQ(err.text, kn_loop_new(&node->loop, &err), KN_OK);
    CHECK_EQ(err.text, kn_run_folder_open(home.path, &node->folder, &err), KN_OK);
    CHECK_EQ(err.text,
             kn_control_new(node->loop, node->folder, handlers, node, &node->control, &err), KN_OK);
    node->fuse = kn_timer_new(node->loop, lost_patience, NULL);
    assert_non_null(node->fuse);
    kn_timer_set(node->fuse, kn_loop_now(node->loop) + PATIENCE_MS);
}

static void end(struct node *node)
{
    kn_timer_free(node->fuse);
    kn_control_free(node->control);
    kn_run_folder_close(node->folder);
    kn_loop_free(node->loop);
}

static void check_said(const char *row, struct kn_json *answer, const char *want)
{
    struct kn_text said = { 0 };

    if (answer != NULL)
        CHECK(row, kn_json_print_line(answer, &said));
    CHECK_STR(row, kn_text_get(&said), want);
    kn_text_done(&said);
    kn_json_free(answer);
}

/* Run `client` in a thread beside the loop, and then stop the node through its socket. */
static void *client_and_stop(void *arg)
{
    struct kn_json *answer = NULL;
    struct kn_error err = { 0 };

    (*(void (**)(void))arg)();
    CHECK_EQ(err.text, kn_control_ask(home.path, "stop", PATIENCE_MS, &answer, &err), KN_OK);
    check_said("nothing to say is null", answer, "null");
    return NULL;
}

static void beside(struct node *node, void (*client)(void))
{
    pthread_t thread;

    CHECK_EQ("thread", pthread_create(&thread, NULL, client_and_stop, &client), 0);
    kn_loop_run(node->loop); /* until somebody asks the node to stop */
    CHECK_EQ("thread", pthread_join(thread, NULL), 0);
}

static void ask_everything(void)
{
    static const struct {
        const char *what;
        enum kn_code want;
        const char *answer, *text, *hint;
    } rows[] = {
        { "status", KN_OK, "{\"state\": \"ONLINE\", \"peers\": 3}", "", "" },
        { "refuse", KN_E_REFUSED, "", "not now", "Try later." },
        { "dance", KN_E_REFUSED, "", "the node does not know the request \"dance\"", "" },
        { "dig", KN_E_REFUSED, "", "the answer cannot be told", "" },
        { "flood", KN_E_REFUSED, "", "the answer cannot be told", "" },
        { "a\"b\n\\", KN_E_REFUSED, "", "the node does not know the request \"a\"b\n\\\"", "" },
    };

    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_json *answer = NULL;
        struct kn_error err = { 0 };

        CHECK_EQ(rows[i].what, kn_control_ask(home.path, rows[i].what, PATIENCE_MS, &answer, &err),
                 rows[i].want);
        check_said(rows[i].what, answer, rows[i].answer);
        CHECK_STR(rows[i].what, err.text, rows[i].text);
        CHECK_STR(rows[i].what, err.hint, rows[i].hint);
    }
}

static void ask_with_arguments(void)
{
    struct kn_json *arguments = kn_json_object();
    struct kn_json *answer = NULL;
    struct kn_error err = { 0 };

    CHECK("made", kn_json_set(arguments, "n", kn_json_int(INT64_C(7200000))));
    CHECK("no other request", kn_json_set(arguments, "do", kn_json_string("stop")));
    CHECK_EQ("asked", kn_control_ask_with(home.path, "echo", arguments, PATIENCE_MS, &answer, &err),
             KN_OK);
    check_said("with it", answer, "7200000");
    CHECK_EQ("asked", kn_control_ask_with(home.path, "echo", NULL, PATIENCE_MS, &answer, &err),
             KN_E_REFUSED);
    CHECK_STR("without", err.text, "no n");
}

static void arguments_of_a_request_reach_its_handler(void **state)
{
    struct node node;

    (void)state;
    begin(&node);
    beside(&node, ask_with_arguments);
    end(&node);
}

static void a_request_gets_its_answer(void **state)
{
    struct kn_json *answer = NULL;
    struct kn_error err = { 0 };
    struct node node;

    (void)state;
    CHECK_EQ("none runs", kn_control_ask(home.path, "status", 100, &answer, &err), KN_E_NOT_FOUND);
    begin(&node);
    beside(&node, ask_everything);
    end(&node);
    CHECK_EQ("none runs", kn_control_ask(home.path, "status", 100, &answer, &err), KN_E_NOT_FOUND);
    CHECK_EQ("the name is gone", kn_home_count(&home, "node.sock"), 0);
}

/* A client of the test's own, which writes what it likes. */
static int connect_raw(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s",
                   kn_home_path(&home, "run/node.sock"));
    CHECK("connect", connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
    return fd;
}

/* Everything until the other side ends. */
static size_t read_all(int fd, char *out, size_t max)
{
    size_t n = 0;

    for (;;) {
        struct pollfd poller = { .fd = fd, .events = POLLIN };
        ssize_t got;

        CHECK("in time", poll(&poller, 1, PATIENCE_MS) == 1);
        got = read(fd, out + n, max - n);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    out[n] = '\0';
    return n;
}

static const char *long_line(void)
{
    static char line[KN_CONTROL_REQUEST_MAX + 3];

    memset(line, 'x', KN_CONTROL_REQUEST_MAX + 1);
    line[KN_CONTROL_REQUEST_MAX + 1] = '\n';
    return line;
}

static const char *deep_line(void)
{
    static char line[KN_CONTROL_REQUEST_MAX + 1];

    memset(line, '[', KN_CONTROL_REQUEST_MAX - 1);
    line[KN_CONTROL_REQUEST_MAX - 1] = '\n';
    return line;
}

static void say_nonsense(void)
{
    const struct {
        const char *row, *bytes, *answer;
    } rows[] = {
        { "garbage", "\xff\xfe{}\n", "\"error\": \"the request is not JSON\"" },
        { "an empty line", "\n", "\"error\": \"the request is not JSON\"" },
        { "deep", deep_line(), "\"error\": \"the request is not JSON\"" },
        { "no object", "[1]\n", "\"error\": \"the request is not of version 1\"" },
        { "no version", "{\"do\":\"status\"}\n", "the request is not of version 1" },
        { "version 2", "{\"v\":2,\"do\":\"status\"}\n", "the request is not of version 1" },
        { "version as text", "{\"v\":\"1\",\"do\":\"status\"}\n", "is not of version 1" },
        { "nothing to do", "{\"v\":1}\n", "the request has no \\\"do\\\"" },
        { "a list to do", "{\"v\":1,\"do\":[]}\n", "the request has no \\\"do\\\"" },
        { "twice a member", "{\"v\":1,\"v\":1,\"do\":\"status\"}\n", "is not JSON" },
        { "more members", "{\"v\":1,\"do\":\"status\",\"x\":{}}\n", "\"ok\": true" },
        { "too long", long_line(), "" },
        { "an unfinished line", "{\"v\":1,\"do\":\"sta", "" },
        { "nothing", "", "" },
    };

    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        static char answer[4096];
        int fd = connect_raw();

        (void)!write(fd, rows[i].bytes, strlen(rows[i].bytes));
        (void)shutdown(fd, SHUT_WR);
        (void)read_all(fd, answer, sizeof(answer) - 1);
        CHECK_HAS(rows[i].row, answer, rows[i].answer);
        CHECK_EQ(rows[i].row, answer[0] == '\0', rows[i].answer[0] == '\0');
        (void)close(fd);
    }
}

static void nonsense_is_answered_or_ends_the_connection(void **state)
{
    struct node node;

    (void)state;
    begin(&node);
    beside(&node, say_nonsense);
    CHECK_EQ("asked", node.asked, 1);
    end(&node);
}

/* Ask without reading until the node takes no more; it must neither grow nor stop for others. */
static void ask_and_never_read(void)
{
    static const char request[] = "{\"v\":1,\"do\":\"much\"}\n";
    struct kn_json *answer = NULL;
    struct kn_error err = { 0 };
    int fd = connect_raw();
    size_t n = 0;

    CHECK("no waiting", fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    while (n < FLOOD) {
        ssize_t written = write(fd, request, sizeof(request) - 1);

        if (written < 0 && errno == EAGAIN)
            break;
        CHECK("write", written > 0);
        n += (size_t)written;
    }
    CHECK("it stops reading", n < FLOOD);
    CHECK_EQ("others are served", kn_control_ask(home.path, "status", PATIENCE_MS, &answer, &err),
             KN_OK);
    kn_json_free(answer);
    (void)close(fd);
}

static void who_does_not_read_is_not_read(void **state)
{
    struct node node;

    (void)state;
    begin(&node);
    beside(&node, ask_and_never_read);
    end(&node);
}

static void say_nothing(void)
{
    char byte;
    int fd;

    less = KN_CONTROL_IDLE_MS; /* as if it had been there so long already */
    fd = connect_raw();
    CHECK("gone", read(fd, &byte, 1) == 0);
    (void)close(fd);
}

static void who_says_nothing_has_to_go(void **state)
{
    struct node node;

    (void)state;
    begin(&node);
    beside(&node, say_nothing);
    end(&node);
}

static void crowd(void)
{
    int fds[2 * KN_CONTROL_CLIENTS_MAX];
    char byte;

    for (size_t i = 0; i < KN_COUNT(fds); i++)
        fds[i] = connect_raw();
    ask_everything();
    for (size_t i = 0; i < KN_CONTROL_CLIENTS_MAX; i++) /* the oldest had to go */
        CHECK("gone", read(fds[i], &byte, 1) == 0);
    for (size_t i = 0; i < KN_COUNT(fds); i++)
        (void)close(fds[i]);
}

static void ask_raw(int fd)
{
    static const char request[] = "{\"v\":1,\"do\":\"status\"}\n";
    char answer[256];
    ssize_t n;

    CHECK("ask", write(fd, request, sizeof(request) - 1) == (ssize_t)sizeof(request) - 1);
    n = read(fd, answer, sizeof(answer));
    CHECK("answer", n > 0 && answer[n - 1] == '\n');
}

static void fill_all_places(void)
{
    enum { SILENT = 5, LATER_MS = 1000 };
    int fds[KN_CONTROL_CLIENTS_MAX], one_more;
    char byte;

    for (size_t i = 0; i < KN_COUNT(fds); i++) {
        fds[i] = connect_raw();
        ask_raw(fds[i]);
    }
    more = LATER_MS;
    for (size_t i = 0; i < KN_COUNT(fds); i++) {
        if (i != SILENT)
            ask_raw(fds[i]);
    }
    one_more = connect_raw();
    CHECK("the longest idle one goes", read(fds[SILENT], &byte, 1) == 0);
    for (size_t i = 0; i < KN_COUNT(fds); i++) {
        if (i != SILENT)
            CHECK("others stay", recv(fds[i], &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
    }
    for (size_t i = 0; i < KN_COUNT(fds); i++)
        (void)close(fds[i]);
    (void)close(one_more);
    more = 0;
}

static void who_did_nothing_for_the_longest_time_gives_way(void **state)
{
    struct node node;

    (void)state;
    begin(&node);
    beside(&node, fill_all_places);
    end(&node);
}

static void a_crowd_does_not_keep_others_out(void **state)
{
    struct node node;

    (void)state;
    begin(&node);
    beside(&node, crowd);
    end(&node);
}

static void the_socket_of_one_that_was_killed_is_replaced(void **state)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct kn_run_folder *folder = NULL;
    struct kn_error err = { 0 };
    struct node node;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)state;
    CHECK_EQ("folder", kn_run_folder_open(home.path, &folder, &err), KN_OK);
    kn_run_folder_close(folder);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s",
                   kn_home_path(&home, "run/node.sock"));
    CHECK("bind", bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
    (void)close(fd);
    begin(&node);
    beside(&node, ask_everything);
    end(&node);
}

static const char *at_socket(void)
{
    return kn_home_path(&home, "run/node.sock");
}

static void each_allocation_may_fail(void **state)
{
    struct kn_error err = { 0 };
    enum kn_code rc = KN_E_NO_MEMORY;
    struct node node;

    (void)state;
    begin(&node);
    kn_control_free(node.control);
    node.control = NULL;
    for (long i = 0; rc == KN_E_NO_MEMORY; i++) {
        kn_fuse = i;
        rc = kn_control_new(node.loop, node.folder, handlers, &node, &node.control, &err);
        kn_fuse = -1;
        CHECK_EQ("a name only for one who answers", access(at_socket(), F_OK) == 0, rc == KN_OK);
    }
    CHECK_EQ(err.text, rc, KN_OK);
    end(&node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_request_gets_its_answer, make_home, remove_home),
        cmocka_unit_test_setup_teardown(arguments_of_a_request_reach_its_handler, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(nonsense_is_answered_or_ends_the_connection, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(who_does_not_read_is_not_read, make_home, remove_home),
        cmocka_unit_test_setup_teardown(who_says_nothing_has_to_go, make_home, remove_home),
        cmocka_unit_test_setup_teardown(who_did_nothing_for_the_longest_time_gives_way, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(each_allocation_may_fail, make_home, remove_home),
        cmocka_unit_test_setup_teardown(a_crowd_does_not_keep_others_out, make_home, remove_home),
        cmocka_unit_test_setup_teardown(the_socket_of_one_that_was_killed_is_replaced, make_home,
                                        remove_home),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
