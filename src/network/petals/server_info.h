/*
 * server_info — what a server says about itself under every block that it holds.
 *
 * A MessagePack tuple of state, throughput and a map. Read as strictly, and as laxly, as Petals
 * reads it: an int where a float belongs is refused, unknown fields are passed over.
 * spec: petals/data_structures.py, ServerInfo.
 */
#ifndef KN_PETALS_SERVER_INFO_H
#define KN_PETALS_SERVER_INFO_H

#include <stdbool.h>

#include "lib/base/attributes.h"
#include "lib/base/buffer.h"
#include "network/petals/malformed.h"

enum {
    KN_SERVER_INFO_MAX = 256 * 1024, /* bytes of one */
    KN_SERVER_TEXT_MAX = 127,        /* bytes of a text that are kept; what is longer is cut */
    KN_NOT_GIVEN = -1,               /* nil, or no such field */
};

enum kn_server_state { KN_SERVER_OFFLINE, KN_SERVER_JOINING, KN_SERVER_ONLINE };

/* Valid UTF-8, but any characters: clean it before a terminal sees it. */
struct kn_server_text {
    bool given;
    uint8_t n;
    char at[KN_SERVER_TEXT_MAX + 1]; /* ends in NUL, and may hold others before */
};

/* Members of a list as MessagePack in a row: of adapters texts, of pings pairs of text and float.
 */
struct kn_server_list {
    bool given;
    uint32_t count;
    struct kn_span members; /* points into what was read, or to the caller's bytes */
};

struct kn_server_info {
    enum kn_server_state state;
    double throughput;              /* finite, at least 0 */
    int64_t start_block, end_block; /* end exclusive; may be any: see kn_server_info_holds() */
    struct kn_server_text public_name, version;
    double network_rps, forward_rps, inference_rps; /* finite, at least 0 */
    struct kn_server_list adapters;                 /* not given is empty, never nil */
    struct kn_server_text torch_dtype, quant_type;
    int64_t using_relay;       /* 0 or 1 */
    int64_t cache_tokens_left; /* more than int64_t holds is cut to it */
    struct kn_server_list next_pings;
};

/* All KN_NOT_GIVEN, OFFLINE, throughput 0. */
void kn_server_info_init(struct kn_server_info *info);

/*
 * `out` is written whole when the answer is KN_MALFORMED_NOT, and keeps pointers into `bytes`.
 * States: 0 OFFLINE (JOINING when the version begins with "kwaai-"), 1 JOINING, 2 ONLINE,
 * -1 OFFLINE. What stands in unknown fields is stepped over, not checked.
 */
KN_MUST_USE enum kn_malformed kn_server_info_decode(struct kn_span bytes,
                                                    struct kn_server_info *out);

/* The 13 fields of Petals in its order, nil where not given. */
void kn_server_info_encode(const struct kn_server_info *info, struct kn_buffer *out);

/* Does the range, as far as it is given, contain that block? */
bool kn_server_info_holds(const struct kn_server_info *info, uint32_t block);

/* Cut at a character to what fits. */
void kn_server_text_set(struct kn_server_text *text, const char *value);

#endif
