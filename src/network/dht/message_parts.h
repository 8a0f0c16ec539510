/*
 * message_parts — what the messages of message.h have in common. Private to this folder.
 */
#ifndef KN_DHT_MESSAGE_PARTS_H
#define KN_DHT_MESSAGE_PARTS_H

#include "network/dht/message.h"

/* A big endian number of at most 20 bytes. KN_E_INVALID for a longer one. */
KN_MUST_USE enum kn_code kn_dht_read_id(struct kn_span bytes, struct kn_dht_id *out);

/* What a NodeInfo field says; a node id that is missing or empty leaves `out` as it is. */
KN_MUST_USE enum kn_code kn_dht_read_node(const struct kn_pb_field *field, struct kn_dht_node *out);

/* Written also when it is empty: so a client says what it is. */
void kn_dht_write_node(struct kn_buffer *out, uint32_t number, const struct kn_dht_node *node);

#endif
