/*
 * random — the system's generator, and forgetting.
 */
#ifndef KN_CRYPTO_RANDOM_H
#define KN_CRYPTO_RANDOM_H

#include "lib/base/random.h"

/* Good for keys. Ends the process with a message when the system gives no random bytes. */
struct kn_random kn_random_system(void);

/* Overwrite a secret so that the compiler does not drop it. */
void kn_wipe(void *secret, size_t n);

#endif
