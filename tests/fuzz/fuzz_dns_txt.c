/*
 * Property: what is read keeps its bounds, is the same every time, and a message written from it
 * reads back as itself; what is refused leaves no text; a byte behind the end or one less than
 * the whole message is refused.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/io/dns_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADER = 12, RECORD = 11, STRING = 255 };

static void require(int condition)
{
    if (!condition)
        abort();
}

static void require_same(const struct kn_dns_texts *a, const struct kn_dns_texts *b)
{
    require(a->n == b->n);
    for (size_t i = 0; i < a->n; i++)
        require(strcmp(a->text[i], b->text[i]) == 0);
}

static uint8_t *write_record(uint8_t *at, const char *text)
{
    size_t n = strlen(text), data_n = n + (n + STRING - 1) / STRING;
    const uint8_t record[RECORD] = {
        0, 0, 16, 0, 1, 0, 0, 0, 0, (uint8_t)(data_n >> 8), (uint8_t)data_n
    };

    memcpy(at, record, RECORD);
    at += RECORD;
    while (n > 0) {
        size_t part = n < STRING ? n : STRING;

        *at++ = (uint8_t)part;
        memcpy(at, text, part);
        at += part;
        text += part;
        n -= part;
    }
    return at;
}

static void check_again(const struct kn_dns_texts *texts)
{
    static uint8_t message[HEADER + KN_RESOLVE_TXT_MAX * (RECORD + KN_RESOLVE_TXT_TEXT_MAX + 3)];
    const uint8_t header[HEADER] = { 0, 0, 0x80, 0, 0, 0, 0, (uint8_t)texts->n };
    struct kn_dns_texts again;
    uint8_t *end = message + HEADER;

    memcpy(message, header, HEADER);
    for (size_t i = 0; i < texts->n; i++)
        end = write_record(end, texts->text[i]);
    require(kn_dns_txt_read(kn_span(message, (size_t)(end - message)), &again) == KN_OK);
    require_same(texts, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kn_dns_texts texts, again;
    enum kn_code rc = kn_dns_txt_read(kn_span(data, size), &texts);

    require(rc == KN_OK || rc == KN_E_SYNTAX || rc == KN_E_IO || rc == KN_E_NOT_FOUND);
    require((rc == KN_OK) == (texts.n > 0) && texts.n <= KN_RESOLVE_TXT_MAX);
    require(kn_dns_txt_read(kn_span(data, size), &again) == rc);
    require_same(&texts, &again);
    if (rc != KN_OK)
        return 0;
    for (size_t i = 0; i < texts.n; i++)
        require(memchr(texts.text[i], '\0', sizeof(texts.text[i])) != NULL);
    check_again(&texts);
    require(kn_dns_txt_read(kn_span(data, size - 1), &again) == KN_E_SYNTAX);
    return 0;
}
