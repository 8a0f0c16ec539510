#include "lib/crypto/tls.h"

#include "lib/base/memory.h"
#include "lib/crypto/libcrypto.h"

void kn_crypto_prepare_tls(void)
{
    const EVP_MD *const digests[] = { EVP_sha1(), EVP_sha224(), EVP_sha256(), EVP_sha384(),
                                      EVP_sha512() };

    (void)kn_libcrypto();
    for (size_t i = 0; i < KN_COUNT(digests); i++) {
        if (EVP_add_digest(digests[i]) != 1)
            kn_out_of_memory();
    }
}
