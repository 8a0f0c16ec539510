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

struct kn_json *kn_json_parse(const char *text, size_t n)
{
    json_error_t error;

    return ours(json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error));
}

void kn_json_free(struct kn_json *json)
{
    json_decref(theirs(json));
}

bool kn_json_set(struct kn_json *object, const char *name, struct kn_json *value)
{
    return json_object_set_new(theirs(object), name, theirs(value)) == 0;
}

bool kn_json_append(struct kn_json *array, struct kn_json *value)
{
    return json_array_append_new(theirs(array), theirs(value)) == 0;
}

/* spec: RFC 8259 §7 */
static void print_string(const char *text, size_t n, struct kn_text *out)
{
    kn_text_add_char(out, '"');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c == '"' || c == '\\')
            kn_text_addf(out, "\\%c", c);
        else if (c == '\n')
            kn_text_add(out, "\\n");
        else if (c == '\t')
            kn_text_add(out, "\\t");
        else if (c < 0x20 || c == 0x7f)
            kn_text_addf(out, "\\u%04x", (unsigned)c);
        else
            kn_text_add_char(out, (char)c);
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

static void new_line(struct kn_text *out, size_t depth)
{
    kn_text_add_char(out, '\n');
    kn_text_fill(out, ' ', 2 * depth);
}

static bool print(json_t *json, size_t depth, struct kn_text *out);

static bool print_object(json_t *json, size_t depth, struct kn_text *out)
{
    const char *name;
    json_t *value;
    bool first = true, ok = true;

    kn_text_add_char(out, '{');
    json_object_foreach(json, name, value)
    {
        kn_text_add(out, first ? "" : ",");
        first = false;
        new_line(out, depth + 1);
        print_string(name, strlen(name), out);
        kn_text_add(out, ": ");
        ok = ok && print(value, depth + 1, out);
    }
    if (!first)
        new_line(out, depth);
    kn_text_add_char(out, '}');
    return ok;
}

static bool print_array(json_t *json, size_t depth, struct kn_text *out)
{
    size_t n = json_array_size(json);
    bool ok = true;

    kn_text_add_char(out, '[');
    for (size_t i = 0; i < n; i++) {
        kn_text_add(out, i > 0 ? "," : "");
        new_line(out, depth + 1);
        ok = ok && print(json_array_get(json, i), depth + 1, out);
    }
    if (n > 0)
        new_line(out, depth);
    kn_text_add_char(out, ']');
    return ok;
}

/* jansson prints 0.1 with seventeen digits; hence a printer of our own. */
static bool print(json_t *json, size_t depth, struct kn_text *out)
{
    if (depth > KN_JSON_DEPTH_MAX)
        return false;
    if (json_is_object(json))
        return print_object(json, depth, out);
    if (json_is_array(json))
        return print_array(json, depth, out);
    print_scalar(json, out);
    return true;
}

bool kn_json_print(const struct kn_json *json, struct kn_text *out)
{
    union {
        const struct kn_json *given;
        json_t *taken;
    } root = { .given = json }; /* iterating changes nothing */
    bool ok = print(root.taken, 0, out);

    kn_text_add_char(out, '\n');
    return ok;
}
