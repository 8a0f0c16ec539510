/*
 * libcurl — its functions and numbers, as far as they are used here. Internal to lib/http.
 *
 * The library's interface has not changed these since version 7.16 and will not: its headers are
 * not needed to build.
 * spec: curl.h of libcurl.so.4.
 */
#ifndef KN_HTTP_LIBCURL_H
#define KN_HTTP_LIBCURL_H

#include "lib/base/error.h"

typedef void kn_curl_handle;
struct kn_curl_list;

struct kn_libcurl {
    int (*global_init)(long flags);
    void (*global_cleanup)(void);
    kn_curl_handle *(*init)(void);
    void (*cleanup)(kn_curl_handle *handle);
    void (*reset)(kn_curl_handle *handle);
    int (*setopt)(kn_curl_handle *handle, int option, ...);
    int (*perform)(kn_curl_handle *handle);
    int (*getinfo)(kn_curl_handle *handle, int info, ...);
    const char *(*strerror)(int code);
    struct kn_curl_list *(*append)(struct kn_curl_list *list, const char *text);
    void (*free_all)(struct kn_curl_list *list);
};

enum { KN_CURL_LONG = 0, KN_CURL_POINTER = 10000, KN_CURL_FUNCTION = 20000 };

enum kn_curl_option {
    KN_CURL_WRITE_DATA = KN_CURL_POINTER + 1,
    KN_CURL_URL = KN_CURL_POINTER + 2,
    KN_CURL_RANGE = KN_CURL_POINTER + 7,
    KN_CURL_POST_FIELDS = KN_CURL_POINTER + 15,
    KN_CURL_ERROR_BUFFER = KN_CURL_POINTER + 10,
    KN_CURL_WRITE_FUNCTION = KN_CURL_FUNCTION + 11,
    KN_CURL_USER_AGENT = KN_CURL_POINTER + 18,
    KN_CURL_LOW_SPEED_LIMIT = KN_CURL_LONG + 19,
    KN_CURL_LOW_SPEED_TIME = KN_CURL_LONG + 20,
    KN_CURL_HEADERS = KN_CURL_POINTER + 23,
    KN_CURL_HEADER_DATA = KN_CURL_POINTER + 29,
    KN_CURL_NO_PROGRESS = KN_CURL_LONG + 43,
    KN_CURL_NO_BODY = KN_CURL_LONG + 44,
    KN_CURL_PROGRESS_DATA = KN_CURL_POINTER + 57,
    KN_CURL_POST_SIZE = KN_CURL_LONG + 60,
    KN_CURL_AUTHORITIES = KN_CURL_POINTER + 65,
    KN_CURL_CONNECT_TIMEOUT = KN_CURL_LONG + 78,
    KN_CURL_HEADER_FUNCTION = KN_CURL_FUNCTION + 79,
    KN_CURL_NO_SIGNAL = KN_CURL_LONG + 99,
    KN_CURL_PROTOCOLS = KN_CURL_LONG + 181,
    KN_CURL_PROGRESS_FUNCTION = KN_CURL_FUNCTION + 219,
    KN_CURL_QUICK_EXIT = KN_CURL_LONG + 322,
};

enum { KN_CURL_GLOBAL_DEFAULT = 3, KN_CURL_PROTOCOLS_WEB = 1 | 2, KN_CURL_ERROR_SIZE = 256 };
enum { KN_CURL_INFO_REDIRECT = 0x100000 + 31 };

enum kn_curl_code {
    KN_CURL_OK = 0,
    KN_CURL_BAD_PROTOCOL = 1,
    KN_CURL_BAD_URL = 3,
    KN_CURL_NO_PROXY = 5,
    KN_CURL_NO_HOST = 6,
    KN_CURL_NO_CONNECTION = 7,
    KN_CURL_HTTP2 = 16,
    KN_CURL_PARTIAL = 18,
    KN_CURL_WRITE_ERROR = 23,
    KN_CURL_NO_MEMORY = 27,
    KN_CURL_TIMEOUT = 28,
    KN_CURL_TLS = 35,
    KN_CURL_ABORTED = 42,
    KN_CURL_NOTHING = 52,
    KN_CURL_SEND_ERROR = 55,
    KN_CURL_RECEIVE_ERROR = 56,
    KN_CURL_BAD_CERTIFICATE = 60,
    KN_CURL_NO_AUTHORITIES = 77,
    KN_CURL_HTTP2_STREAM = 92,
};

/* KN_E_UNSUPPORTED: it is not there; with the package that has it. */
KN_MUST_USE enum kn_code kn_libcurl_load(struct kn_libcurl *out, struct kn_error *err);

/* What one of its codes means to a caller. */
enum kn_code kn_libcurl_code(int code);

#endif
