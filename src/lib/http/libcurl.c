#include "lib/http/libcurl.h"

#include "lib/os/module.h"

enum kn_code kn_libcurl_load(struct kn_libcurl *out, struct kn_error *err)
{
    static const char *const names[] = { "libcurl.so.4", "libcurl-gnutls.so.4", NULL };
    static const struct kn_module_symbol symbols[] = {
        { "curl_global_init", offsetof(struct kn_libcurl, global_init) },
        { "curl_global_cleanup", offsetof(struct kn_libcurl, global_cleanup) },
        { "curl_easy_init", offsetof(struct kn_libcurl, init) },
        { "curl_easy_cleanup", offsetof(struct kn_libcurl, cleanup) },
        { "curl_easy_reset", offsetof(struct kn_libcurl, reset) },
        { "curl_easy_setopt", offsetof(struct kn_libcurl, setopt) },
        { "curl_easy_perform", offsetof(struct kn_libcurl, perform) },
        { "curl_easy_getinfo", offsetof(struct kn_libcurl, getinfo) },
        { "curl_easy_strerror", offsetof(struct kn_libcurl, strerror) },
        { "curl_slist_append", offsetof(struct kn_libcurl, append) },
        { "curl_slist_free_all", offsetof(struct kn_libcurl, free_all) },
    };
    enum kn_code rc = kn_module_load(names, symbols, KN_COUNT(symbols), out, err);

    if (rc != KN_OK)
        kn_hint(err, "Install it (Debian: apt install libcurl4), or fetch the files by other means "
                     "and set model.path to their folder.");
    return rc;
}

enum kn_code kn_libcurl_code(int code)
{
    static const struct {
        enum kn_curl_code theirs;
        enum kn_code ours;
    } codes[] = {
        { KN_CURL_OK, KN_OK },
        { KN_CURL_BAD_PROTOCOL, KN_E_INVALID },
        { KN_CURL_BAD_URL, KN_E_INVALID },
        { KN_CURL_NO_PROXY, KN_E_UNREACHABLE },
        { KN_CURL_NO_HOST, KN_E_UNREACHABLE },
        { KN_CURL_NO_CONNECTION, KN_E_UNREACHABLE },
        { KN_CURL_HTTP2, KN_E_CLOSED },
        { KN_CURL_PARTIAL, KN_E_CLOSED },
        { KN_CURL_WRITE_ERROR, KN_E_CANCELLED },
        { KN_CURL_NO_MEMORY, KN_E_NO_MEMORY },
        { KN_CURL_TIMEOUT, KN_E_TIMEOUT },
        { KN_CURL_TLS, KN_E_CLOSED },
        { KN_CURL_ABORTED, KN_E_CANCELLED },
        { KN_CURL_NOTHING, KN_E_CLOSED },
        { KN_CURL_SEND_ERROR, KN_E_CLOSED },
        { KN_CURL_RECEIVE_ERROR, KN_E_CLOSED },
        { KN_CURL_BAD_CERTIFICATE, KN_E_IDENTITY },
        { KN_CURL_NO_AUTHORITIES, KN_E_IDENTITY },
        { KN_CURL_HTTP2_STREAM, KN_E_CLOSED },
    };

    for (size_t i = 0; i < KN_COUNT(codes); i++) {
        if ((int)codes[i].theirs == code)
            return codes[i].ours;
    }
    return KN_E_PROTOCOL;
}
