#include "lib/crypto/libcrypto.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>

static KN_NORETURN void give_up(const char *what)
{
    (void)fprintf(stderr, "kwaainet: libcrypto has no %s\n", what);
    abort();
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
    all.chacha20_poly1305 = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
    if (all.chacha20_poly1305 == NULL)
        give_up("ChaCha20-Poly1305");
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
