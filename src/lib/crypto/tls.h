/*
 * tls — what a library that speaks TLS through libcrypto needs of it in this process.
 */
#ifndef KN_CRYPTO_TLS_H
#define KN_CRYPTO_TLS_H

/*
 * Let digests be found by their names, so that signatures of certificates can be checked. libcrypto
 * is started here without these tables, which costs short commands less, and what comes later
 * cannot make up for that by itself: it calls every certificate's signature too weak. Before the
 * first connection; from any thread.
 */
void kn_crypto_prepare_tls(void);

#endif
