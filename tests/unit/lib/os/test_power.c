/* Supplies of machines that are none: which of them run on their battery? */
#include "lib/os/power.h"

#include "support/check.h"
#include "support/machine.h"

#define SUPPLIES "/sys/class/power_supply/"

struct file {
    const char *name, *text;
};

static void supplies_tell_where_power_comes_from(void **state)
{
    static const struct {
        const char *what;
        struct file files[6];
        enum kn_power power;
    } cases[] = {
        { "nothing at all", { { NULL, NULL } }, KN_POWER_UNKNOWN },
        { "a desktop", { { "AC/type", "Mains\n" }, { "AC/online", "1\n" } }, KN_POWER_MAINS },
        { "a laptop, plugged in",
          { { "AC/type", "Mains\n" },
            { "AC/online", "1\n" },
            { "BAT0/type", "Battery\n" },
            { "BAT0/status", "Charging\n" } },
          KN_POWER_MAINS },
        { "a laptop, unplugged",
          { { "AC/type", "Mains\n" },
            { "AC/online", "0\n" },
            { "BAT0/type", "Battery\n" },
            { "BAT0/status", "Discharging\n" } },
          KN_POWER_BATTERY },
        { "a weak charger",
          { { "BAT0/type", "Battery\n" },
            { "BAT0/status", "Discharging\n" },
            { "ucsi/type", "USB\n" },
            { "ucsi/online", "1\n" } },
          KN_POWER_MAINS },
        { "without a word about the plug",
          { { "BAT1/type", "Battery\n" }, { "BAT1/status", "Discharging\n" } },
          KN_POWER_BATTERY },
        { "full",
          { { "BAT1/type", "Battery\n" }, { "BAT1/status", "Not charging\n" } },
          KN_POWER_UNKNOWN },
        { "a mouse",
          { { "hid/type", "Battery\n" },
            { "hid/status", "Discharging\n" },
            { "hid/scope", "Device\n" } },
          KN_POWER_UNKNOWN },
        { "nonsense",
          { { "BAT1/type", "\377\n" }, { "BAT1/status", "" }, { "AC/online", "10\n" } },
          KN_POWER_UNKNOWN },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_home home;

        kn_home_make(&home);
        for (size_t k = 0; k < KN_COUNT(cases[i].files) && cases[i].files[k].name != NULL; k++) {
            char name[128];

            (void)snprintf(name, sizeof(name), SUPPLIES "%s", cases[i].files[k].name);
            kn_machine_write(&home, name, cases[i].files[k].text);
        }
        CHECK_EQ(cases[i].what, kn_power_read(home.path), cases[i].power);
        kn_home_remove(&home);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(supplies_tell_where_power_comes_from),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
