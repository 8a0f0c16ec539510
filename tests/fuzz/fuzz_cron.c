/*
 * Property: the verdict is the same every time and with or without a result and an error; sets
 * that are taken are not empty, lie inside their fields and are due some day; what is refused has
 * a reason. Written out as lists, the sets read back as themselves.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/schema/cron.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LONGEST = KN_CRON_TEXT_MAX + 8 };

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_set(uint64_t set, unsigned low, unsigned high)
{
    uint64_t all = ((UINT64_C(1) << high) << 1) - (UINT64_C(1) << low);

    require(set != 0 && (set & ~all) == 0);
}

/* "N-M,…" for every run of bits; the whole field as "*" where it stood so. */
static void print_set(uint64_t set, unsigned high, int star, char *out, size_t room)
{
    size_t used = 0;

    if (star) {
        (void)snprintf(out, room, "*");
        return;
    }
    for (unsigned from = 0; from <= high; from++) {
        unsigned to = from;

        if ((set >> from & 1) == 0)
            continue;
        while (to < high && (set >> (to + 1) & 1) != 0)
            to++;
        used += (size_t)snprintf(out + used, room - used, "%s%u-%u", used > 0 ? "," : "", from, to);
        require(used < room);
        from = to;
    }
}

static void check_round_trip(const struct kn_cron *cron)
{
    char minutes[256], hours[128], days[128], months[64], weekdays[32], text[700];
    struct kn_cron again;
    int day_star = cron->days == 0xfffffffeu && !cron->day_restricted;
    int weekday_star = cron->weekdays == 0x7f && !cron->weekday_restricted;

    print_set(cron->minutes, 59, 0, minutes, sizeof(minutes));
    print_set(cron->hours, 23, 0, hours, sizeof(hours));
    print_set(cron->days, 31, day_star, days, sizeof(days));
    print_set(cron->months, 12, 0, months, sizeof(months));
    print_set(cron->weekdays, 6, weekday_star, weekdays, sizeof(weekdays));
    (void)snprintf(text, sizeof(text), "%s %s %s %s %s", minutes, hours, days, months, weekdays);
    if (strlen(text) > KN_CRON_TEXT_MAX)
        return;
    require(kn_cron_parse(text, &again, NULL) == KN_OK);
    require(again.minutes == cron->minutes && again.hours == cron->hours);
    require(again.days == cron->days && again.months == cron->months);
    require(again.weekdays == cron->weekdays);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[LONGEST];
    size_t n = size < LONGEST - 1 ? size : LONGEST - 1;
    struct kn_cron cron;
    struct kn_error err = { 0 };
    enum kn_code rc;

    if (n > 0)
        memcpy(text, data, n);
    text[n] = '\0';
    rc = kn_cron_parse(text, &cron, &err);
    require(rc == kn_cron_check(text, NULL));
    if (rc != KN_OK) {
        require(err.code == rc && err.text[0] != '\0');
        return 0;
    }
    require(err.text[0] == '\0');
    check_set(cron.minutes, 0, 59);
    check_set(cron.hours, 0, 23);
    check_set(cron.days, 1, 31);
    check_set(cron.months, 1, 12);
    check_set(cron.weekdays, 0, 6);
    check_round_trip(&cron);
    return 0;
}
