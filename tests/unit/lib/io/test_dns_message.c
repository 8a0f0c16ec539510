/* Answers of DNS servers, right and wrong ones. */
#include "lib/io/dns_message.h"
#include "support/check.h"

/* Parts of a message: header (flags, questions, answers), the question, records. */
#define HEADER(flags, questions, answers) "\x12\x34" flags "\0" questions "\0" answers "\0\0\0\0"
#define ANSWER "\x81\x80"
#define QUESTION "\x08_dnsaddr\x01x\0\0\x10\0\x01"
#define RECORD(type, data_n) "\xc0\x0c\0" type "\0\1\0\0\0\x3c" data_n
#define TXT "\x10"
#define SIXTY_ONE "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LABEL_63 "\x3f" SIXTY_ONE "aa"

static void answers_are_read(void **state)
{
    static const struct {
        const char *name, *bytes;
        size_t n;
        enum kn_code code;
        const char *texts[3];
    } cases[] = {
#define ROW(name, bytes, ...) { name, bytes, sizeof(bytes) - 1, __VA_ARGS__ }
        ROW("one", HEADER(ANSWER, "\1", "\1") QUESTION RECORD(TXT, "\0\4") "\3a=b", KN_OK,
            { "a=b" }),
        ROW("no question is repeated", HEADER(ANSWER, "\0", "\1") "\1x\0\0\x10\0\1\0\0\0\0\0\2\1y",
            KN_OK, { "y" }),
        ROW("two strings of one record are one text",
            HEADER(ANSWER, "\1", "\1") QUESTION RECORD(TXT, "\0\6") "\2ab\2cd", KN_OK, { "abcd" }),
        ROW("two records",
            HEADER(ANSWER, "\1", "\2") QUESTION RECORD(TXT, "\0\2") "\1a" RECORD(TXT, "\0\2") "\1b",
            KN_OK, { "a", "b" }),
        ROW("the name points on first",
            HEADER(ANSWER, "\1", "\2")
                QUESTION RECORD("\5", "\0\3") "\1y\0" RECORD(TXT, "\0\2") "\1b",
            KN_OK, { "b" }),
        ROW("an empty text", HEADER(ANSWER, "\1", "\1") QUESTION RECORD(TXT, "\0\1") "\0", KN_OK,
            { "" }),
        ROW("no string at all", HEADER(ANSWER, "\1", "\1") QUESTION RECORD(TXT, "\0\0"), KN_OK,
            { "" }),
        ROW("a NUL inside is left out",
            HEADER(ANSWER, "\1", "\2")
                QUESTION RECORD(TXT, "\0\4") "\3a\0b" RECORD(TXT, "\0\2") "\1c",
            KN_OK, { "c" }),
        ROW("class CHAOS is left out",
            HEADER(ANSWER, "\1", "\1") QUESTION "\xc0\x0c\0\x10\0\3\0\0\0\0\0\2\1a", KN_E_NOT_FOUND,
            { NULL }),
        ROW("no answer", HEADER(ANSWER, "\1", "\0") QUESTION, KN_E_NOT_FOUND, { NULL }),
        ROW("no such name", HEADER("\x81\x83", "\1", "\0") QUESTION, KN_E_NOT_FOUND, { NULL }),
        ROW("the server failed", HEADER("\x81\x82", "\1", "\0") QUESTION, KN_E_IO, { NULL }),
        ROW("the server refuses", HEADER("\x81\x85", "\1", "\0") QUESTION, KN_E_IO, { NULL }),
        ROW("a question", HEADER("\1\0", "\1", "\0") QUESTION, KN_E_SYNTAX, { NULL }),
        ROW("empty", "", KN_E_SYNTAX, { NULL }),
        ROW("half a header", "\x12\x34\x81\x80\0\1\0\1\0\0\0", KN_E_SYNTAX, { NULL }),
        ROW("a record too few", HEADER(ANSWER, "\1", "\2") QUESTION RECORD(TXT, "\0\2") "\1a",
            KN_E_SYNTAX, { NULL }),
        ROW("a byte too many", HEADER(ANSWER, "\1", "\1") QUESTION RECORD(TXT, "\0\2") "\1a!",
            KN_E_SYNTAX, { NULL }),
        ROW("data past the end", HEADER(ANSWER, "\1", "\1") QUESTION RECORD(TXT, "\0\3") "\1a",
            KN_E_SYNTAX, { NULL }),
        ROW("a string past its record",
            HEADER(ANSWER, "\1", "\2") QUESTION RECORD(TXT, "\0\2") "\1a" RECORD(TXT, "\0\2") "\2b",
            KN_E_SYNTAX, { NULL }),
        ROW("a name that points at itself",
            HEADER(ANSWER, "\0", "\1") "\xc0\x0c\0\x10\0\1\0\0\0\0\0\2\1y", KN_E_SYNTAX, { NULL }),
        ROW("a name that points ahead",
            HEADER(ANSWER, "\0", "\1") "\xc0\x0e\0\x10\0\1\0\0\0\0\0\2\1y", KN_E_SYNTAX, { NULL }),
        ROW("a name that points into the header",
            HEADER(ANSWER, "\1", "\1") QUESTION "\xc0\x0b\0\x10\0\1\0\0\0\0\0\2\1y", KN_E_SYNTAX,
            { NULL }),
        ROW("a label of a kind that nobody has",
            HEADER(ANSWER, "\0", "\1") "\x40" SIXTY_ONE "aaa\0\0\x10\0\1\0\0\0\0\0\2\1y",
            KN_E_SYNTAX, { NULL }),
        ROW("a name of 255 bytes",
            HEADER(ANSWER, "\0", "\1") LABEL_63 LABEL_63 LABEL_63 "\x3d" SIXTY_ONE
                                                                  "\0\0\x10\0\1\0\0\0\0\0\2\1y",
            KN_OK, { "y" }),
        ROW("a name of 256 bytes",
            HEADER(ANSWER, "\0", "\1") LABEL_63 LABEL_63 LABEL_63 "\x3e" SIXTY_ONE
                                                                  "a\0\0\x10\0\1\0\0\0\0\0\2\1y",
            KN_E_SYNTAX, { NULL }),
        ROW("records of authorities behind the answers",
            "\x12\x34\x81\x80\0\0\0\1\0\1\0\1\0\0\x10\0\1\0\0\0\0\0\2\1y"
            "\0\0\2\0\1\0\0\0\0\0\1\0"
            "\0\0\x29\4\xd0\0\0\0\0\0\0",
            KN_OK, { "y" }),
        ROW("a label past the end", HEADER(ANSWER, "\0", "\1") "\x3fx", KN_E_SYNTAX, { NULL }),
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_dns_texts texts = { .n = 99 };
        size_t want = 0;

        CHECK_EQ(cases[i].name, kn_dns_txt_read(kn_span(cases[i].bytes, cases[i].n), &texts),
                 cases[i].code);
        while (want < KN_COUNT(cases[i].texts) && cases[i].texts[want] != NULL)
            want++;
        CHECK_EQ(cases[i].name, texts.n, want);
        for (size_t k = 0; k < want; k++)
            CHECK_STR(cases[i].name, texts.text[k], cases[i].texts[k]);
    }
}

/* A message with `records` records of `length` bytes "x" each. */
static size_t build(uint8_t *out, unsigned records, size_t length)
{
    static const uint8_t record[] = { 0, 0, 16, 0, 1, 0, 0, 0, 0 };
    uint8_t header[12] = { 0, 1, 0x81, 0x80, 0, 0, 0, (uint8_t)records };
    size_t n = sizeof(header);

    memcpy(out, header, n);
    for (unsigned i = 0; i < records; i++) {
        size_t data_n = length + (length + 254) / 255, left = length;

        memcpy(out + n, record, sizeof(record));
        n += sizeof(record);
        out[n++] = (uint8_t)(data_n >> 8);
        out[n++] = (uint8_t)data_n;
        while (left > 0) {
            size_t part = left < 255 ? left : 255;

            out[n++] = (uint8_t)part;
            memset(out + n, 'x', part);
            n += part;
            left -= part;
        }
    }
    return n;
}

static void bounds_hold(void **state)
{
    static const struct {
        const char *name;
        unsigned records;
        size_t length, want;
        enum kn_code code;
    } cases[] = {
        { "the longest text", 1, KN_RESOLVE_TXT_TEXT_MAX, 1, KN_OK },
        { "one byte longer", 1, KN_RESOLVE_TXT_TEXT_MAX + 1, 0, KN_E_NOT_FOUND },
        { "far longer", 1, 5000, 0, KN_E_NOT_FOUND },
        { "most texts", KN_RESOLVE_TXT_MAX, 1, KN_RESOLVE_TXT_MAX, KN_OK },
        { "one more text", KN_RESOLVE_TXT_MAX + 1, 1, KN_RESOLVE_TXT_MAX, KN_OK },
        { "most of the longest", KN_RESOLVE_TXT_MAX, KN_RESOLVE_TXT_TEXT_MAX, KN_RESOLVE_TXT_MAX,
          KN_OK },
    };
    static uint8_t message[KN_DNS_MESSAGE_MAX + 1];

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_dns_texts texts;
        size_t n = build(message, cases[i].records, cases[i].length);

        CHECK_EQ(cases[i].name, kn_dns_txt_read(kn_span(message, n), &texts), cases[i].code);
        CHECK_EQ(cases[i].name, texts.n, cases[i].want);
        if (texts.n > 0)
            CHECK_EQ(cases[i].name, strlen(texts.text[texts.n - 1]), cases[i].length);
    }
    CHECK_EQ("too large",
             kn_dns_txt_read(kn_span(message, sizeof(message)), &(struct kn_dns_texts){ .n = 0 }),
             KN_E_SYNTAX);
}

static void every_cut_is_refused(void **state)
{
    static const char whole[] = HEADER(ANSWER, "\1", "\1") QUESTION RECORD(TXT, "\0\4") "\3a=b";

    (void)state;
    for (size_t n = 0; n < sizeof(whole) - 1; n++) {
        struct kn_dns_texts texts;
        uint8_t exact[sizeof(whole)];

        memcpy(exact, whole, n);
        CHECK_EQ("cut", kn_dns_txt_read(kn_span(exact, n), &texts), KN_E_SYNTAX);
        CHECK_EQ("cut", texts.n, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_read),
        cmocka_unit_test(bounds_hold),
        cmocka_unit_test(every_cut_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
