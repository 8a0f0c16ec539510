#include "lib/os/output.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "support/check.h"

/* Standard output replaced for one write; returns what the write returned. */
static enum kn_code write_to(int fd, const char *bytes, size_t n, struct kn_error *err)
{
    int kept = dup(STDOUT_FILENO);
    enum kn_code rc;

    (void)fflush(stdout);
    (void)dup2(fd, STDOUT_FILENO);
    rc = kn_output_write(KN_OUTPUT_OUT, bytes, n, err);
    (void)dup2(kept, STDOUT_FILENO);
    (void)close(kept);
    return rc;
}

static void a_pipe_gets_every_byte(void **state)
{
    struct kn_error err = { 0 };
    char got[8] = "";
    int ends[2];

    (void)state;
    CHECK_EQ("pipe", pipe(ends), 0);
    CHECK_EQ("write", write_to(ends[1], "hello", 5, &err), KN_OK);
    CHECK_EQ("read", read(ends[0], got, sizeof(got)), 5);
    CHECK_STR("bytes", got, "hello");
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void a_reader_that_went_is_told_and_kills_nobody(void **state)
{
    struct sigaction usual = { 0 }, after;
    struct kn_error err = { 0 };
    int ends[2];

    (void)state;
    CHECK_EQ("pipe", pipe(ends), 0);
    (void)close(ends[0]);
    usual.sa_handler = SIG_DFL;
    (void)sigaction(SIGPIPE, &usual, NULL);
    CHECK_EQ("write", write_to(ends[1], "x", 1, &err), KN_E_NOT_FOUND);
    CHECK_STR("text", err.text, "nobody reads the output any more");
    (void)sigaction(SIGPIPE, NULL, &after);
    CHECK("the signal is as before", after.sa_handler == SIG_DFL);
    (void)close(ends[1]);
}

static void a_full_disk_is_told(void **state)
{
    struct kn_error err = { 0 };
    int full = open("/dev/full", O_WRONLY);

    (void)state;
    CHECK("open", full >= 0);
    CHECK_EQ("write", write_to(full, "x", 1, &err), KN_E_NO_SPACE);
    CHECK_STR("text", err.text, "cannot write the output: the disk is full");
    (void)close(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pipe_gets_every_byte),
        cmocka_unit_test(a_reader_that_went_is_told_and_kills_nobody),
        cmocka_unit_test(a_full_disk_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
