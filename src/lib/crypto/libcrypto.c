#include "lib/crypto/libcrypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>

static KN_NORETURN void give_up(const char *what)
{
    (void)fprintf(stderr, "kwaainet: libcrypto has no %s\n", what);
    abort();
}

/* The digest is set once here, so that a copy needs nothing but its key. */
static EVP_MAC_CTX *fetch_hmac(void)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);

    EVP_MAC_free(mac); /* the context holds it */
    if (ctx == NULL || EVP_MAC_CTX_set_params(ctx, params) != 1)
        give_up("HMAC with SHA-256");
    return ctx;
}

static struct kn_libcrypto all;

static void fetch_all(void)
{
    /* To be first keeps every later call from looking for the file, and from filling tables that
     * only texts of errors and searches by name need: two thirds of what starting takes. */
    const uint64_t options = OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS |
                             OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ADD_ALL_DIGESTS;

    if (OPENSSL_init_crypto(options, NULL) != 1)
        give_up("way to start");
    all.sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    if (all.sha1 == NULL)
        give_up("SHA-1");
    all.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (all.sha256 == NULL)
        give_up("SHA-256");
    all.chacha20_poly1305 = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
    if (all.chacha20_poly1305 == NULL)
        give_up("ChaCha20-Poly1305");
    all.hmac_sha256 = fetch_hmac();
}

const struct kn_libcrypto *kn_libcrypto(void)
{
    static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;

    if (CRYPTO_THREAD_run_once(&once, fetch_all) != 1)
        give_up("way to start once");
    return &all;
}

enum kn_code kn_libcrypto_failed(enum kn_code code)
{
    unsigned long error;

    while ((error = ERR_get_error()) != 0) {
        if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE)
            code = KN_E_NO_MEMORY;
    }
    return code;
}
