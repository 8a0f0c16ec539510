#include "lib/json/json.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/number.h"
#include "lib/base/text.h"
#include "lib/base/utf8.h"

/* Doubles hold every whole number up to here. */
#define WHOLE_MAX 9007199254740992.0

static struct kn_json *ours(json_t *json)
{
    return (struct kn_json *)json;
}

static json_t *theirs(struct kn_json *json)
{
    return (json_t *)json;
}

/* Looking changes nothing, but jansson's functions do not say so. */
static json_t *looked_at(const struct kn_json *json)
{
    const union {
        const struct kn_json *given;
        json_t *taken;
    } both = { .given = json };

    return both.taken;
}

struct kn_json *kn_json_object(void)
{
    return ours(json_object());
}

struct kn_json *kn_json_array(void)
{
    return ours(json_array());
}

struct kn_json *kn_json_null(void)
{
    return ours(json_null());
}

struct kn_json *kn_json_bool(bool value)
{
    return ours(json_boolean(value));
}

struct kn_json *kn_json_int(int64_t value)
{
    return ours(json_integer(value));
}

struct kn_json *kn_json_number(double value)
{
    if (fabs(value) <= WHOLE_MAX && value == floor(value))
        return kn_json_int((int64_t)value);
    return ours(json_real(value));
}

static struct kn_json *repaired(const char *text, size_t n)
{
    struct kn_text clean = { 0 };
    struct kn_json *json;

    for (size_t i = 0; i < n;) {
        uint32_t character;
        size_t length = kn_utf8_decode(text + i, n - i, &character);

        if (length > 0)
            kn_text_add_n(&clean, text + i, length);
        else
            kn_text_add(&clean, "\xef\xbf\xbd");
        i += length > 0 ? length : 1;
    }
    json = clean.failed ? NULL : ours(json_string(kn_text_get(&clean)));
    kn_text_done(&clean);
    return json;
}

struct kn_json *kn_json_string(const char *text)
{
    json_t *json;

    if (text == NULL)
        return kn_json_null();
    json = json_string(text);
    return json != NULL ? ours(json) : repaired(text, strlen(text));
}

enum kn_code kn_json_read(const char *text, size_t n, struct kn_json **out, struct kn_error *err)
{
    json_error_t error;
    json_t *json = json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);

    if (json == NULL && json_error_code(&error) == json_error_out_of_memory)
        return kn_fail_no_memory(err);
    if (json == NULL)
        return kn_fail(err, KN_E_SYNTAX, "line %d, column %d: %s", error.line, error.column,
                       error.text);
    *out = ours(json);
    return KN_OK;
}

struct kn_json *kn_json_parse(const char *text, size_t n)
{
    struct kn_json *json = NULL;

    return kn_json_read(text, n, &json, NULL) == KN_OK ? json : NULL;
}

void kn_json_free(struct kn_json *json)
{
    json_decref(theirs(json));
}

struct kn_json *kn_json_take(struct kn_json *object, const char *name)
{
    json_t *member = json_incref(json_object_get(theirs(object), name));

    (void)json_object_del(theirs(object), name);
    return ours(member);
}

struct kn_json *kn_json_copy(const struct kn_json *json)
{
    return ours(json_deep_copy(looked_at(json)));
}

bool kn_json_set(struct kn_json *object, const char *name, struct kn_json *value)
{
    return json_object_set_new(theirs(object), name, theirs(value)) == 0;
}

bool kn_json_append(struct kn_json *array, struct kn_json *value)
{
    return json_array_append_new(theirs(array), theirs(value)) == 0;
}

const struct kn_json *kn_json_get(const struct kn_json *object, const char *name)
{
    return ours(json_object_get(looked_at(object), name));
}

size_t kn_json_count(const struct kn_json *array)
{
    return json_array_size(looked_at(array));
}

const struct kn_json *kn_json_item(const struct kn_json *array, size_t i)
{
    return ours(json_array_get(looked_at(array), i));
}

const char *kn_json_to_text(const struct kn_json *json)
{
    return json_string_value(looked_at(json));
}

bool kn_json_to_int(const struct kn_json *json, int64_t *out)
{
    const json_t *value = looked_at(json);

    if (!json_is_integer(value))
        return false;
    *out = json_integer_value(value);
    return true;
}

bool kn_json_to_number(const struct kn_json *json, double *out)
{
    const json_t *value = looked_at(json);

    if (!json_is_number(value))
        return false;
    *out = json_number_value(value);
    return true;
}

bool kn_json_is_true(const struct kn_json *json)
{
    return json_is_true(looked_at(json));
}

bool kn_json_is_object(const struct kn_json *json)
{
    return json_is_object(looked_at(json));
}

bool kn_json_is_array(const struct kn_json *json)
{
    return json_is_array(looked_at(json));
}

bool kn_json_is_null(const struct kn_json *json)
{
    return json_is_null(looked_at(json));
}

size_t kn_json_members(const struct kn_json *object)
{
    return json_object_size(looked_at(object));
}

bool kn_json_next(const struct kn_json *object, void **at, const char **name,
                  const struct kn_json **value)
{
    json_t *members = looked_at(object);

    *at = *at == NULL ? json_object_iter(members) : json_object_iter_next(members, *at);
    if (*at == NULL)
        return false;
    *name = json_object_iter_key(*at);
    *value = ours(json_object_iter_value(*at));
    return true;
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c != '"' && c != '\\' && c != 0x7f;
}

/* spec: RFC 8259 §7 */
static void print_escaped(unsigned char c, struct kn_text *out)
{
    if (c == '"' || c == '\\')
        kn_text_addf(out, "\\%c", c);
    else if (c == '\n')
        kn_text_add(out, "\\n");
    else if (c == '\t')
        kn_text_add(out, "\\t");
    else
        kn_text_addf(out, "\\u%04x", (unsigned)c);
}

static void print_string(const char *text, size_t n, struct kn_text *out)
{
    kn_text_add_char(out, '"');
    for (size_t i = 0, run; i < n; i += run) {
        for (run = 0; i + run < n && is_plain((unsigned char)text[i + run]);)
            run++;
        kn_text_add_n(out, text + i, run);
        if (run == 0)
            print_escaped((unsigned char)text[i + run++], out);
    }
    kn_text_add_char(out, '"');
}

static void print_scalar(const json_t *json, struct kn_text *out)
{
    char number[KN_DECIMAL_SIZE];

    if (json_is_string(json)) {
        print_string(json_string_value(json), json_string_length(json), out);
    } else if (json_is_integer(json)) {
        kn_text_addf(out, "%lld", (long long)json_integer_value(json));
    } else if (json_is_real(json)) {
        kn_print_decimal(json_real_value(json), number);
        kn_text_add(out, number);
    } else {
        kn_text_add(out, json_is_null(json) ? "null" : json_is_true(json) ? "true" : "false");
    }
}

struct printer {
    struct kn_text *out;
    bool on_one_line;
};

static void new_line(const struct printer *printer, size_t depth)
{
    if (printer->on_one_line)
        return;
    kn_text_add_char(printer->out, '\n');
    kn_text_fill(printer->out, ' ', 2 * depth);
}

static bool print(const struct printer *printer, json_t *json, size_t depth);

static bool print_object(const struct printer *printer, json_t *json, size_t depth)
{
    struct kn_text *out = printer->out;
    const char *name;
    json_t *value;
    bool first = true, ok = true;

    kn_text_add_char(out, '{');
    json_object_foreach(json, name, value)
    {
        kn_text_add(out, first ? "" : printer->on_one_line ? ", " : ",");
        first = false;
        new_line(printer, depth + 1);
        print_string(name, strlen(name), out);
        kn_text_add(out, ": ");
        ok = ok && print(printer, value, depth + 1);
    }
    if (!first)
        new_line(printer, depth);
    kn_text_add_char(out, '}');
    return ok;
}

static bool print_array(const struct printer *printer, json_t *json, size_t depth)
{
    struct kn_text *out = printer->out;
    size_t n = json_array_size(json);
    bool ok = true;

    kn_text_add_char(out, '[');
    for (size_t i = 0; i < n; i++) {
        kn_text_add(out, i == 0 ? "" : printer->on_one_line ? ", " : ",");
        new_line(printer, depth + 1);
        ok = ok && print(printer, json_array_get(json, i), depth + 1);
    }
    if (n > 0)
        new_line(printer, depth);
    kn_text_add_char(out, ']');
    return ok;
}

/* jansson prints 0.1 with seventeen digits; hence a printer of our own. */
static bool print(const struct printer *printer, json_t *json, size_t depth)
{
    if (depth > KN_JSON_DEPTH_MAX)
        return false;
    if (json_is_object(json))
        return print_object(printer, json, depth);
    if (json_is_array(json))
        return print_array(printer, json, depth);
    print_scalar(json, printer->out);
    return true;
}

bool kn_json_print(const struct kn_json *json, struct kn_text *out)
{
    const struct printer printer = { out, false };
    bool ok = print(&printer, looked_at(json), 0);

    kn_text_add_char(out, '\n');
    return ok;
}

bool kn_json_print_line(const struct kn_json *json, struct kn_text *out)
{
    const struct printer printer = { out, true };

    return print(&printer, looked_at(json), 0);
}
