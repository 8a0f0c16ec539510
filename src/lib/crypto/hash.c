/*
 * The functions below OpenSSL's EVP: their state lies on the stack, so that a hash needs no memory
 * and cannot fail. OpenSSL 3 advises against them because they know no providers; which
 * implementation of SHA is used is nothing that anybody has to configure here.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "lib/crypto/hash.h"

#include <openssl/sha.h>
#include <string.h>

#include "lib/crypto/random.h"

enum { BLOCK_SIZE = SHA256_CBLOCK, INNER = 0x36, OUTER = 0x5c };

void kn_sha1(struct kn_span bytes, uint8_t out[KN_SHA1_SIZE])
{
    SHA_CTX state;

    (void)SHA1_Init(&state);
    (void)SHA1_Update(&state, bytes.at, bytes.n);
    (void)SHA1_Final(out, &state);
}

void kn_sha256(struct kn_span bytes, uint8_t out[KN_SHA256_SIZE])
{
    kn_sha256_of_two(bytes, kn_span(NULL, 0), out);
}

void kn_sha256_of_two(struct kn_span a, struct kn_span b, uint8_t out[KN_SHA256_SIZE])
{
    SHA256_CTX state;

    (void)SHA256_Init(&state);
    (void)SHA256_Update(&state, a.at, a.n);
    (void)SHA256_Update(&state, b.at, b.n);
    (void)SHA256_Final(out, &state);
}

/* spec: RFC 2104 §2. */
void kn_hmac_sha256(struct kn_span key, struct kn_span bytes, uint8_t out[KN_SHA256_SIZE])
{
    uint8_t block[BLOCK_SIZE] = { 0 }, inner[KN_SHA256_SIZE];

    if (key.n > sizeof(block))
        kn_sha256(key, block);
    else if (key.n > 0)
        memcpy(block, key.at, key.n);
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] ^= INNER;
    kn_sha256_of_two(kn_span(block, sizeof(block)), bytes, inner);
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] ^= INNER ^ OUTER;
    kn_sha256_of_two(kn_span(block, sizeof(block)), kn_span(inner, sizeof(inner)), out);
    kn_wipe(block, sizeof(block));
    kn_wipe(inner, sizeof(inner));
}
