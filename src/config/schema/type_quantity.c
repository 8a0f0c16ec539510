/* size and duration: a number and a unit. */
#include <math.h>
#include <string.h>

#include "config/schema/type_parts.h"
#include "lib/base/number.h"
#include "lib/base/text.h"
#include "lib/yaml/yaml.h"

struct unit {
    const char *name;
    double factor; /* bytes, or milliseconds */
};

/* Largest first: printing takes the first that says the value shortly. */
static const struct unit sizes[] = {
    { "PiB", 1125899906842624.0 },
    { "TiB", 1099511627776.0 },
    { "GiB", 1073741824.0 },
    { "MiB", 1048576.0 },
    { "KiB", 1024.0 },
    { "B", 1.0 },
    { "PB", 1e15 },
    { "TB", 1e12 },
    { "GB", 1e9 },
    { "MB", 1e6 },
    { "kB", 1e3 },
    { "KB", 1e3 },
    { NULL, 0 },
};
static const struct unit durations[] = {
    { "d", 86400e3 }, { "h", 3600e3 }, { "m", 60e3 }, { "s", 1e3 }, { "ms", 1.0 }, { NULL, 0 },
};
enum { PRINTED_SIZES = 6, PRINTED_DURATIONS = 5 };

static const struct unit *find_unit(const struct unit *units, const char *name)
{
    while (units->name != NULL && strcmp(units->name, name) != 0)
        units++;
    return units->name != NULL ? units : NULL;
}

/* Base units in one unit of the key; each row of these types names one. */
static double own_factor(const struct unit *units, const struct kn_setting *setting)
{
    const struct unit *unit = find_unit(units, setting->unit);

    return unit != NULL ? unit->factor : 1;
}

static bool reject_quantity(const struct kn_reading *reading, const struct kn_yaml_node *node,
                            const char *text, const char *what, const char *units)
{
    struct kn_error err;

    (void)kn_fail(&err, KN_E_SYNTAX, "\"%.100s\" is not a %s", text, what);
    kn_hint(&err, "Write a number with a unit (%s), or a plain number of %s.", units,
            strcmp(reading->setting->unit, "s") == 0 ? "seconds" : reading->setting->unit);
    return kn_reject(reading, node, KN_P_WRONG_TYPE, &err);
}

/* "16", "16GiB", "16 GiB" to the base unit. */
static bool read_quantity(const struct kn_reading *reading, const struct kn_yaml_node *node,
                          struct kn_value *out, const struct unit *units, const char *what,
                          const char *unit_names)
{
    double own = own_factor(units, reading->setting);
    const struct unit *unit = find_unit(units, reading->setting->unit);
    const char *text = kn_read_text(reading, node, what, KN_ANY_QUOTES), *rest;
    double number;

    if (text == NULL)
        return false;
    if (kn_parse_decimal(text, &rest, &number) != KN_OK)
        return reject_quantity(reading, node, text, what, unit_names);
    rest += *rest == ' ';
    if (*rest != '\0')
        unit = find_unit(units, rest);
    if (unit == NULL)
        return reject_quantity(reading, node, text, what, unit_names);
    if (!kn_read_range(reading, node, number * unit->factor / own, text))
        return false;
    out->integer = (int64_t)llround(number * unit->factor);
    return true;
}

/* The first unit in which the amount is a short number; the smallest unit is always exact. */
static void print_quantity(const struct unit *units, size_t count, int64_t amount,
                           struct kn_text *out)
{
    enum { SHORT = 6 };
    char text[KN_DECIMAL_SIZE] = "0";
    size_t i = amount == 0 ? count - 1 : 0;

    for (; i < count; i++) {
        double value = (double)amount / units[i].factor;

        kn_print_decimal(value, text);
        if (i == count - 1 ||
            (fabs(value) >= 1 && strlen(text) <= SHORT && strchr(text, 'e') == NULL &&
             llround(value * units[i].factor) == amount))
            break;
    }
    kn_text_addf(out, "%s%s", text, units[i].name);
}

static bool equal_amount(const struct kn_value *a, const struct kn_value *b)
{
    return a->integer == b->integer;
}

static bool read_size(const struct kn_reading *reading, const struct kn_yaml_node *node,
                      struct kn_value *out)
{
    return read_quantity(reading, node, out, sizes, "size",
                         "KiB, MiB, GiB, TiB, or kB, MB, GB, TB");
}

static void print_size(const struct kn_setting *setting, const struct kn_value *value,
                       struct kn_text *out)
{
    (void)setting;
    print_quantity(sizes, PRINTED_SIZES, value->integer, out);
}

static void store_size(const struct kn_value *value, void *member)
{
    *(struct kn_size *)member = (struct kn_size){ value->is, value->integer };
}

const struct kn_type kn_type_size = { "size",    KN_SHAPE_NUMBER, sizeof(struct kn_size),
                                      read_size, print_size,      equal_amount,
                                      store_size };

static bool read_duration(const struct kn_reading *reading, const struct kn_yaml_node *node,
                          struct kn_value *out)
{
    return read_quantity(reading, node, out, durations, "duration", "ms, s, m, h, d");
}

static void print_duration(const struct kn_setting *setting, const struct kn_value *value,
                           struct kn_text *out)
{
    (void)setting;
    print_quantity(durations, PRINTED_DURATIONS, value->integer, out);
}

static void store_duration(const struct kn_value *value, void *member)
{
    *(struct kn_duration *)member = (struct kn_duration){ value->is, value->integer };
}

const struct kn_type kn_type_duration = {
    "duration",   KN_SHAPE_NUMBER, sizeof(struct kn_duration), read_duration, print_duration,
    equal_amount, store_duration
};

static const struct unit *units_of(const struct kn_type *type)
{
    return type == &kn_type_size ? sizes : type == &kn_type_duration ? durations : NULL;
}

double kn_value_in_unit(const struct kn_setting *setting, const struct kn_value *value)
{
    const struct unit *units = units_of(setting->type);

    return units != NULL ? (double)value->integer / own_factor(units, setting) : value->number;
}

void kn_setting_print_number(const struct kn_setting *setting, double number, struct kn_text *out)
{
    const struct unit *units = units_of(setting->type);
    char text[KN_DECIMAL_SIZE];

    if (units != NULL) {
        struct kn_value value = { .is = KN_GIVEN };

        value.integer = (int64_t)llround(number * own_factor(units, setting));
        setting->type->print(setting, &value, out);
        return;
    }
    kn_print_decimal(number, text);
    kn_text_add(out, text);
}

void kn_setting_print_range(const struct kn_setting *setting, struct kn_text *out)
{
    if (setting->range.min == 0 && setting->range.max == 0)
        return;
    kn_setting_print_number(setting, setting->range.min, out);
    kn_text_add(out, "..");
    kn_setting_print_number(setting, setting->range.max, out);
}
