#include "lib/crypto/random.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/crypto/libcrypto.h"

static void fill(void *arg, uint8_t *out, size_t n)
{
    (void)arg;
    if (n == 0)
        return;
    (void)kn_libcrypto(); /* before anything else makes OpenSSL read its configuration */
    if (RAND_bytes_ex(NULL, out, n, 0) != 1) {
        (void)fputs("kwaainet: the system gives no random bytes\n", stderr);
        abort();
    }
}

struct kn_random kn_random_system(void)
{
    return (struct kn_random){ fill, NULL };
}

void kn_wipe(void *secret, size_t n)
{
    if (n > 0)
        OPENSSL_cleanse(secret, n);
}
