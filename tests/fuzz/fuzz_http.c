/*
 * Property: a header's value has no line feed and ends; an address that may hear a token or is the
 * same as another has a scheme and a host.
 *
 * The first line is a header's name and an address; the headers follow.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/http/http.h"
#include "lib/http/origin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NAME_MAX_TRIED = 255 };

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_origin(const char *url)
{
    if (kn_origin_same(url, url))
        require(strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0);
    if (kn_origin_is_web(url)) {
        require(kn_origin_same(url, url));
        require(strpbrk(url, " \r\n\t\\") == NULL || strchr(url, '/') != NULL);
        require(strpbrk(url, " \r\n\t") == NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kn_http_answer answer = { 0 };
    char name[NAME_MAX_TRIED + 1], value[64];
    size_t n = 0;

    while (n < size && n < NAME_MAX_TRIED && data[n] != '\n' && data[n] != '\0')
        n++;
    memcpy(name, data, n);
    name[n] = '\0';
    check_origin(name);
    for (size_t i = n + 1; i < size; i++) {
        if (data[i] != '\0')
            kn_text_add_char(&answer.headers, (char)data[i]);
    }
    memset(value, 0x55, sizeof(value));
    if (kn_http_header(&answer, name, value, sizeof(value))) {
        require(memchr(value, '\0', sizeof(value)) != NULL);
        require(strpbrk(value, "\r\n") == NULL);
    }
    kn_http_answer_done(&answer);
    return 0;
}
