#include "app/docs/json_out.h"

#include <string.h>

#include "lib/base/number.h"
#include "lib/base/text.h"

static void quoted(struct kn_text *out, const char *text, size_t n)
{
    kn_text_add_char(out, '"');
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '"' || text[i] == '\\')
            kn_text_add_char(out, '\\');
        if ((unsigned char)text[i] < 0x20)
            kn_text_addf(out, "\\u%04x", (unsigned)text[i]);
        else
            kn_text_add_char(out, text[i]);
    }
    kn_text_add_char(out, '"');
}

static void begin(struct kn_json_out *json, const char *key)
{
    if (json->begun)
        kn_text_add_char(json->text, ',');
    if (json->depth > 0) {
        kn_text_add_char(json->text, '\n');
        kn_text_fill(json->text, ' ', 2 * (size_t)json->depth);
    }
    if (key != NULL) {
        quoted(json->text, key, strlen(key));
        kn_text_add(json->text, ": ");
    }
    json->begun = true;
}

void kn_json_out_open(struct kn_json_out *json, const char *key, char bracket)
{
    begin(json, key);
    kn_text_add_char(json->text, bracket);
    json->depth++;
    json->begun = false;
}

void kn_json_out_close(struct kn_json_out *json, char bracket)
{
    json->depth--;
    if (json->begun) {
        kn_text_add_char(json->text, '\n');
        kn_text_fill(json->text, ' ', 2 * (size_t)json->depth);
    }
    kn_text_add_char(json->text, bracket == '{' ? '}' : ']');
    json->begun = true;
}

void kn_json_out_string(struct kn_json_out *json, const char *key, const char *value)
{
    kn_json_out_string_n(json, key, value, strlen(value));
}

void kn_json_out_string_n(struct kn_json_out *json, const char *key, const char *value, size_t n)
{
    begin(json, key);
    quoted(json->text, value, n);
}

void kn_json_out_raw(struct kn_json_out *json, const char *key, const char *value)
{
    begin(json, key);
    kn_text_add(json->text, value);
}

void kn_json_out_number(struct kn_json_out *json, const char *key, double value)
{
    char text[KN_DECIMAL_SIZE];

    kn_print_decimal(value, text);
    kn_json_out_raw(json, key, text);
}
