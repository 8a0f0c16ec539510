/*
 * Property: a request that is read says again what it said; an answer that is read, printed and
 * read again is the same, whatever bytes it came from; nothing printed holds a line feed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json/json.h"
#include "node/control/control_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static struct kn_span span_of(const struct kn_text *text)
{
    return kn_span(text->at, text->n);
}

static void check_request(struct kn_span line)
{
    struct kn_json *document = NULL, *again = NULL;
    struct kn_text printed = { 0 };
    struct kn_error err = { 0 };
    const char *what, *what_again;

    if (kn_control_request_read(line, &document, &what, &err) != KN_OK)
        return;
    kn_control_request_print(what, NULL, &printed);
    require(!printed.failed && memchr(printed.at, '\n', printed.n) == NULL);
    require(kn_control_request_read(span_of(&printed), &again, &what_again, &err) == KN_OK);
    require(strcmp(what, what_again) == 0);
    kn_json_free(document);
    kn_json_free(again);
    kn_text_done(&printed);
}

static void check_answer(struct kn_span line)
{
    struct kn_json *answer = NULL, *again = NULL;
    struct kn_text printed = { 0 }, printed_again = { 0 };
    struct kn_error err = { 0 };
    enum kn_code rc = kn_control_answer_read(line, &answer, &err);

    /* What is too deep to be printed can be read still. */
    if (rc == KN_OK && kn_control_answer_print(answer, &printed)) {
        require(kn_control_answer_read(span_of(&printed), &again, &err) == KN_OK);
        require(kn_control_answer_print(again, &printed_again));
        require(strcmp(printed.at, printed_again.at) == 0);
    } else if (rc == KN_E_REFUSED) {
        require(kn_control_failure_print(&err, &printed));
        require(kn_control_answer_read(span_of(&printed), &again, &err) == KN_E_REFUSED);
    }
    require(printed.n == 0 || memchr(printed.at, '\n', printed.n) == NULL);
    kn_text_done(&printed);
    kn_text_done(&printed_again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_request(kn_span(data, size));
    check_answer(kn_span(data, size));
    return 0;
}
