/*
 * dns_query — ask the system's name servers and wait for the answer. Internal to lib/io.
 *
 * Blocks, so it runs in a worker thread; touches nothing but what it is given.
 */
#ifndef KN_IO_DNS_QUERY_H
#define KN_IO_DNS_QUERY_H

#include "lib/io/dns_message.h"

/* Waits about `timeout_ms`, in whole seconds, for each of two tries. Codes
 * as kn_dns_txt_read(), and KN_E_TIMEOUT, KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_dns_query_txt(const char *name, int timeout_ms,
                                          struct kn_dns_texts *out);

#endif
