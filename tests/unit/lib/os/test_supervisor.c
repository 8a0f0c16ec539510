#include "lib/os/supervisor.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/check.h"
#include "support/home.h"

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

/* A manager that listens there; "@" for a name without a file. */
static int listen_at(const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, name, strlen(name));
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    CHECK_EQ(name, bind(fd, (const struct sockaddr *)&address, size), 0);
    return fd;
}

static void expect_told(const char *name)
{
    int fd = listen_at(name);
    struct kn_supervisor *supervisor = NULL;
    struct kn_error err = { 0 };
    char got[64] = "";

    CHECK_EQ(name, kn_supervisor_open(name, &supervisor, &err), KN_OK);
    kn_supervisor_tell(supervisor, "READY=1");
    kn_supervisor_tell(supervisor, "STATUS=well\nWATCHDOG=1");
    CHECK_EQ("first", recv(fd, got, sizeof(got) - 1, 0), 7);
    CHECK_STR("first", got, "READY=1");
    CHECK_EQ("second", recv(fd, got, sizeof(got) - 1, 0), 22);
    CHECK_STR("second", got, "STATUS=well\nWATCHDOG=1");
    (void)close(fd);
    kn_supervisor_tell(supervisor, "STOPPING=1"); /* nobody listens: no signal, no failure */
    kn_supervisor_free(supervisor);
}

static void both_kinds_of_names_are_told(void **state)
{
    char name[64];

    (void)state;
    (void)snprintf(name, sizeof(name), "@kwaainet-test-%ld", (long)getpid());
    expect_told(name);
    expect_told(kn_home_path(&home, "notify"));
}

static void a_manager_that_does_not_read_stops_nobody(void **state)
{
    const char *name = kn_home_path(&home, "deaf");
    int fd = listen_at(name);
    struct kn_supervisor *supervisor = NULL;
    struct kn_error err = { 0 };

    (void)state;
    CHECK_EQ(name, kn_supervisor_open(name, &supervisor, &err), KN_OK);
    for (int i = 0; i < 100000; i++)
        kn_supervisor_tell(supervisor, "WATCHDOG=1");
    kn_supervisor_free(supervisor);
    (void)close(fd);
}

static void what_is_no_name_is_refused(void **state)
{
    static const char *const names[] = { "", "/", "@", "relative", "vsock:2:1" };
    struct kn_supervisor *supervisor = NULL;
    struct kn_error err = { 0 };
    char name[256] = "/";

    (void)state;
    for (size_t i = 0; i < KN_COUNT(names); i++)
        CHECK_EQ(names[i], kn_supervisor_open(names[i], &supervisor, &err), KN_E_INVALID);
    for (size_t i = 1; i < sizeof(name) - 1; i++)
        name[i] = 'x';
    CHECK_EQ("too long", kn_supervisor_open(name, &supervisor, &err), KN_E_INVALID);
    CHECK("none", supervisor == NULL);
    kn_supervisor_tell(NULL, "READY=1");
    kn_supervisor_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(both_kinds_of_names_are_told, make_home, remove_home),
        cmocka_unit_test_setup_teardown(a_manager_that_does_not_read_stops_nobody, make_home,
                                        remove_home),
        cmocka_unit_test(what_is_no_name_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
