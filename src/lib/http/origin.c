#include "lib/http/origin.h"

#include <string.h>

static const char plain[] = "http://", secure[] = "https://";

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

bool kn_origin_is_secure(const char *url)
{
    return begins(url, secure);
}

/* Bytes of scheme, host and port; 0 when it is not of the web. */
static size_t origin_size(const char *url)
{
    size_t scheme = begins(url, secure)  ? sizeof(secure) - 1
                    : begins(url, plain) ? sizeof(plain) - 1
                                         : 0;
    size_t host = scheme > 0 ? strcspn(url + scheme, "/?#") : 0;

    return host > 0 ? scheme + host : 0;
}

bool kn_origin_is_web(const char *url)
{
    size_t n = origin_size(url);

    if (n == 0 || memchr(url, '@', n) != NULL || memchr(url, '\\', n) != NULL)
        return false;
    for (const char *at = url; *at != '\0'; at++) {
        if ((unsigned char)*at <= ' ' || (unsigned char)*at >= 0x7f)
            return false;
    }
    return true;
}

bool kn_origin_may_hear(const char *url)
{
    static const char *const here[] = { "http://127.0.0.1", "http://localhost", "http://[::1]" };
    size_t n = origin_size(url);

    if (begins(url, secure))
        return true;
    for (size_t i = 0; i < sizeof(here) / sizeof(here[0]); i++) {
        size_t length = strlen(here[i]);

        if (begins(url, here[i]) && (n == length || url[length] == ':'))
            return true;
    }
    return false;
}

bool kn_origin_same(const char *a, const char *b)
{
    size_t n = origin_size(a);

    return n > 0 && n == origin_size(b) && memcmp(a, b, n) == 0;
}
