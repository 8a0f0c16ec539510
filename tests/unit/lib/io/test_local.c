/* Lines through a socket with a name: long folders, stale names, endless lines, other users. */
#include "lib/io/local.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "io_fixture.h"
#include "support/home.h"

enum { LINE_MAX_HERE = 100, STRANGER = 12345 };

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

/* A server that says back every line, and a client in a thread of its own. */
struct server {
    struct kn_loop *loop;
    struct kn_local_listener *listener;
    struct kn_local *connection;
    const char *folder;
    unsigned accepted, lines, ended, sent;
    enum kn_code code;
    bool is_deaf;
};

static void on_line(void *arg, struct kn_span line)
{
    struct server *server = arg;

    server->lines++;
    if (server->is_deaf)
        return;
    CHECK_EQ("echo", kn_local_write(server->connection, line), KN_OK);
    CHECK_EQ("echo", kn_local_write(server->connection, kn_span("\n", 1)), KN_OK);
}

static void on_sent(void *arg)
{
    struct server *server = arg;

    server->sent++;
}

static void on_ended(void *arg, enum kn_code code)
{
    struct server *server = arg;

    server->ended++;
    server->code = code;
    kn_local_free(server->connection);
    server->connection = NULL;
    kn_loop_stop(server->loop);
}

static void on_accepted(void *arg, struct kn_local *connection)
{
    struct server *server = arg;
    const struct kn_local_events events = { server, on_line, on_sent, on_ended };

    server->accepted++;
    CHECK("one at a time", server->connection == NULL);
    server->connection = connection;
    kn_local_begin(connection, LINE_MAX_HERE, &events);
}

static void begin(struct server *server, const char *folder)
{
    struct kn_error err = { 0 };

    *server = (struct server){ .loop = new_loop(), .folder = folder };
    CHECK_EQ(
        err.text,
        kn_local_listen(server->loop, folder, "s", on_accepted, server, &server->listener, &err),
        KN_OK);
}

static void end(struct server *server)
{
    kn_local_free(server->connection);
    kn_local_listener_free(server->listener);
    kn_loop_free(server->loop);
}

/* A question that a thread asks while the loop runs. */
struct question {
    struct server *server;
    const char *line;
    size_t max;
    int timeout_ms;
    enum kn_code code;
    struct kn_text answer;
    struct kn_error err;
};

static void *ask(void *arg)
{
    struct question *question = arg;

    question->code = kn_local_ask(question->server->folder, "s", question->line, question->max,
                                  question->timeout_ms, &question->answer, &question->err);
    return NULL;
}

static void run_question(struct question *question)
{
    pthread_t thread;

    CHECK_EQ("thread", pthread_create(&thread, NULL, ask, question), 0);
    run_loop(question->server->loop); /* until the connection ends */
    CHECK_EQ("thread", pthread_join(thread, NULL), 0);
}

static void a_line_is_asked_and_a_line_answers(void **state)
{
    struct server server;
    struct question question = { &server, "hello\n", 100, 10000, KN_OK, { 0 }, { 0 } };
    struct stat info;

    (void)state;
    begin(&server, home.path);
    CHECK("mode", stat(kn_home_path(&home, "s"), &info) == 0 && (info.st_mode & 07777u) == 0600);
    run_question(&question);
    CHECK_EQ(question.err.text, question.code, KN_OK);
    CHECK_STR("echo", question.answer.at, "hello");
    CHECK_EQ("ended", server.code, KN_E_CLOSED);
    CHECK("sent", server.sent > 0);
    kn_text_done(&question.answer);
    end(&server);
    CHECK_EQ("the name is gone", kn_home_count(&home, "s"), 0);
}

static void a_folder_may_be_deeper_than_an_address_is_long(void **state)
{
    /* Of the path with the name: what just fits with its NUL, one more, and far more. */
    static const size_t lengths[] = { 107, 108, 200 };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(lengths); i++) {
        struct server server;
        struct question question = { &server, "deep\n", 100, 10000, KN_OK, { 0 }, { 0 } };
        char folder[KN_HOME_PATH_MAX] = "";
        size_t n = (size_t)snprintf(folder, sizeof(folder), "%s/", home.path);
        size_t want = lengths[i] - 2; /* of the folder alone */

        CHECK("room", n < want && want - n <= 255);
        memset(folder + n, 'x', want - n);
        CHECK("folder", mkdir(folder, 0700) == 0);
        begin(&server, folder);
        CHECK_EQ("not elsewhere", kn_home_count(&home, "s"), 0);
        run_question(&question);
        CHECK_EQ(question.err.text, question.code, KN_OK);
        CHECK_STR("echo", question.answer.at, "deep");
        kn_text_done(&question.answer);
        end(&server);
        CHECK("the name is gone", rmdir(folder) == 0);
    }
}

static enum kn_code listen_again(struct server *server, struct kn_error *err)
{
    struct kn_local_listener *second = NULL;
    enum kn_code rc =
        kn_local_listen(server->loop, home.path, "s", on_accepted, server, &second, err);

    kn_local_listener_free(second);
    return rc;
}

static void a_name_is_taken_over_only_when_nobody_answers(void **state)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct kn_error err = { 0 };
    struct server server;

    (void)state;
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", kn_home_path(&home, "s"));
    CHECK("bind", bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
    (void)close(fd); /* as one that was killed: the name stays */
    begin(&server, home.path);
    CHECK_EQ("somebody answers", listen_again(&server, &err), KN_E_BUSY);
    CHECK_EQ("it is still there", kn_home_count(&home, "s"), 1);
    end(&server);

    kn_home_write(&home, "s", "mine", 4, 0600);
    server.loop = new_loop();
    CHECK_EQ("a file", listen_again(&server, &err), KN_E_IO);
    CHECK_HAS("a file", err.text, "/s: something that is no socket has its name");
    CHECK_EQ("it is still there", kn_home_count(&home, "s"), 1);
    kn_loop_free(server.loop);
}

static void the_name_of_another_socket_is_left_alone(void **state)
{
    struct server first, second;

    (void)state;
    begin(&first, home.path);
    CHECK("somebody removes it", unlink(kn_home_path(&home, "s")) == 0);
    begin(&second, home.path);
    end(&first);
    CHECK_EQ("the second's", kn_home_count(&home, "s"), 1);
    end(&second);
    CHECK_EQ("gone", kn_home_count(&home, "s"), 0);
}

/* A client of the test's own, which writes what it likes. */
static int connect_raw(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", kn_home_path(&home, "s"));
    CHECK("connect", connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
    return fd;
}

static void lines_have_a_limit(void **state)
{
    static const struct {
        const char *row;
        size_t before, line; /* lines of one byte, then one that has no end, or has */
        bool whole;
        unsigned lines;
        enum kn_code code;
    } rows[] = {
        { "as long as it may be", 0, LINE_MAX_HERE, true, 1, KN_E_CLOSED },
        { "one more", 0, LINE_MAX_HERE + 1, true, 0, KN_E_LIMIT },
        { "without end", 0, LINE_MAX_HERE + 1, false, 0, KN_E_LIMIT },
        { "behind others", 3, LINE_MAX_HERE + 1, false, 3, KN_E_LIMIT },
        { "not whole yet", 2, LINE_MAX_HERE, false, 2, KN_E_CLOSED },
        { "many", 1000, 0, true, 1001, KN_E_CLOSED },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        char bytes[4096];
        size_t n = 0;
        struct server server;
        int fd;

        for (size_t j = 0; j < rows[i].before; j++) {
            bytes[n++] = 'x';
            bytes[n++] = '\n';
        }
        memset(bytes + n, 'y', rows[i].line);
        n += rows[i].line;
        if (rows[i].whole)
            bytes[n++] = '\n';
        begin(&server, home.path);
        server.is_deaf = true;
        fd = connect_raw();
        CHECK(rows[i].row, write(fd, bytes, n) == (ssize_t)n && shutdown(fd, SHUT_WR) == 0);
        run_loop(server.loop);
        CHECK_EQ(rows[i].row, server.lines, rows[i].lines);
        CHECK_EQ(rows[i].row, server.code, rows[i].code);
        CHECK_EQ(rows[i].row, server.ended, 1);
        (void)close(fd);
        end(&server);
    }
}

static void pause_and_stop(void *arg, struct kn_span line)
{
    struct server *server = arg;

    (void)line;
    server->lines++;
    kn_local_pause(server->connection, true);
    kn_loop_stop(server->loop);
}

static void accept_paused(void *arg, struct kn_local *connection)
{
    struct server *server = arg;
    const struct kn_local_events events = { server, pause_and_stop, NULL, on_ended };

    server->connection = connection;
    kn_local_begin(connection, LINE_MAX_HERE, &events);
}

static void a_pause_holds_back_the_lines_that_came_with_it(void **state)
{
    struct server server = { .loop = new_loop() };
    struct kn_error err = { 0 };
    int fd;

    (void)state;
    CHECK_EQ(err.text,
             kn_local_listen(server.loop, home.path, "s", accept_paused, &server, &server.listener,
                             &err),
             KN_OK);
    fd = connect_raw();
    CHECK("write", write(fd, "1\n2\n3\n", 6) == 6 && close(fd) == 0);
    run_loop(server.loop);
    CHECK_EQ("one", server.lines, 1);
    kn_local_pause(server.connection, false); /* comes at once, and pauses again */
    CHECK_EQ("two", server.lines, 2);
    kn_local_pause(server.connection, false);
    CHECK_EQ("three", server.lines, 3);
    CHECK_EQ("the end waits", server.ended, 0);
    kn_loop_run(server.loop); /* the stops of before */
    kn_local_pause(server.connection, false);
    run_loop(server.loop);
    CHECK_EQ("the end", server.ended, 1);
    end(&server);
}

static void who_asks_does_not_wait_for_ever(void **state)
{
    struct server server;
    struct kn_text out = { 0 };
    struct kn_error err = { 0 };
    struct question question = { &server, "a long answer\n", 5, 10000, KN_OK, { 0 }, { 0 } };

    (void)state;
    CHECK_EQ("no socket", kn_local_ask(home.path, "s", "x\n", 9, 100, &out, &err), KN_E_NOT_FOUND);
    CHECK_EQ("no folder", kn_local_ask("/nowhere", "s", "x\n", 9, 100, &out, &err), KN_E_NOT_FOUND);
    begin(&server, home.path); /* its loop does not run: nobody answers */
    CHECK_EQ("silent", kn_local_ask(home.path, "s", "x\n", 9, 20, &out, &err), KN_E_TIMEOUT);
    CHECK_HAS("silent", err.text, "/s: no answer in time");
    CHECK_EQ("no time at all", kn_local_ask(home.path, "s", "x\n", 9, 0, &out, &err), KN_E_TIMEOUT);
    end(&server);

    begin(&server, home.path);
    run_question(&question);
    CHECK_EQ("too long", question.code, KN_E_LIMIT);
    kn_text_done(&question.answer);
    kn_text_done(&out);
    end(&server);
}

static void a_full_queue_is_waited_for_only_so_long(void **state)
{
    struct kn_text out = { 0 };
    struct kn_error err = { 0 };
    struct server server;
    enum kn_code rc = KN_OK;
    int fds[64];
    size_t n = 0;

    (void)state;
    begin(&server, home.path);
    while (n < KN_COUNT(fds)) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", kn_home_path(&home, "s"));
        fds[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (connect(fds[n++], (const struct sockaddr *)&address, sizeof(address)) != 0)
            break;
    }
    rc = kn_local_ask(home.path, "s", "x\n", 9, 20, &out, &err);
    CHECK_EQ("full", rc, KN_E_TIMEOUT);
    CHECK_EQ("a full queue is no stale name", listen_again(&server, &err), KN_E_BUSY);
    while (n > 0)
        (void)close(fds[--n]);
    kn_text_done(&out);
    end(&server);
}

static void stop(void *arg)
{
    kn_loop_stop(arg);
}

static void other_users_get_through_in_neither_direction(void **state)
{
    struct kn_text out = { 0 };
    struct kn_error err = { 0 };
    struct server server;
    int fd;

    (void)state;
    if (geteuid() != 0) {
        (void)fputs("skipped: needs root\n", stderr);
        skip();
    }
    begin(&server, home.path);
    CHECK("open the folder",
          chmod(home.path, 0755) == 0 && chmod(kn_home_path(&home, "s"), 0777) == 0);
    CHECK("be another", seteuid(STRANGER) == 0);
    CHECK_EQ("a stranger asks", kn_local_ask(home.path, "s", "x\n", 9, 20, &out, &err),
             KN_E_DENIED);
    CHECK_HAS("a stranger asks", err.text, "/s: belongs to another user's process");
    fd = connect_raw();
    CHECK("be oneself", seteuid(0) == 0);
    CHECK("a stranger writes", write(fd, "x\n", 2) == 2);
    for (int i = 0; i < 2; i++) { /* one a turn; both wait in the queue */
        struct kn_timer *timer = kn_timer_new(server.loop, stop, server.loop);

        kn_timer_set(timer, kn_loop_now(server.loop));
        run_loop(server.loop);
        kn_timer_free(timer);
    }
    CHECK("closed", read(fd, &(char){ 0 }, 1) <= 0); /* waits until the loop has done it */
    CHECK_EQ("seen by nobody", server.accepted, 0);
    (void)close(fd);
    kn_text_done(&out);
    end(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_is_asked_and_a_line_answers, make_home, remove_home),
        cmocka_unit_test_setup_teardown(a_folder_may_be_deeper_than_an_address_is_long, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(a_name_is_taken_over_only_when_nobody_answers, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(the_name_of_another_socket_is_left_alone, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(lines_have_a_limit, make_home, remove_home),
        cmocka_unit_test_setup_teardown(a_pause_holds_back_the_lines_that_came_with_it, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(who_asks_does_not_wait_for_ever, make_home, remove_home),
        cmocka_unit_test_setup_teardown(a_full_queue_is_waited_for_only_so_long, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(other_users_get_through_in_neither_direction, make_home,
                                        remove_home),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
