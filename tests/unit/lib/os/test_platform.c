#include "lib/os/platform.h"

#include <sys/utsname.h>
#include <unistd.h>

#include "support/check.h"

/* proves: TR-1/hostname */
static void the_platform_is_the_one_that_uname_tells(void **state)
{
    struct kn_platform platform;
    struct utsname names;
    char host[256] = "";

    (void)state;
    CHECK("uname", uname(&names) >= 0);
    CHECK_EQ("host", gethostname(host, sizeof(host) - 1), 0);
    kn_platform_read(&platform);
    CHECK_STR("system", platform.system, names.sysname);
    CHECK_STR("release", platform.release, names.release);
    CHECK_STR("machine", platform.machine,
              strcmp(names.machine, "aarch64") == 0 ? "arm64" : names.machine);
    CHECK_STR("host", platform.host, strcmp(host, "(none)") == 0 ? "" : host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_platform_is_the_one_that_uname_tells),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
