/*
 * Property: what is read as a server's record, or as a model's, is written as one that reads the
 * same: its second writing is the first one's bytes. Numbers and texts keep their bounds, and of
 * what is refused nothing is written out.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "network/petals/model_info.h"
#include "network/petals/prefix.h"
#include "network/petals/server_info.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LONGEST = 1 << 12, UNTOUCHED = 77 };

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_text(const struct kn_server_text *text)
{
    require(text->n <= KN_SERVER_TEXT_MAX && text->at[text->n] == '\0');
    require(text->given || text->n == 0);
}

static void check_bounds(const struct kn_server_info *info, size_t size)
{
    require(isfinite(info->throughput) && info->throughput >= 0);
    require(info->state >= KN_SERVER_OFFLINE && info->state <= KN_SERVER_ONLINE);
    require(info->start_block >= KN_NOT_GIVEN && info->end_block >= KN_NOT_GIVEN);
    require(info->cache_tokens_left >= KN_NOT_GIVEN);
    require(info->using_relay >= KN_NOT_GIVEN && info->using_relay <= 1);
    require(isfinite(info->network_rps) && info->network_rps >= KN_NOT_GIVEN);
    require(info->adapters.count <= size && info->adapters.members.n <= size);
    require(info->next_pings.count <= size && info->next_pings.members.n <= size);
    check_text(&info->public_name);
    check_text(&info->version);
    check_text(&info->torch_dtype);
    check_text(&info->quant_type);
    if (info->start_block != KN_NOT_GIVEN && info->end_block != KN_NOT_GIVEN &&
        info->end_block <= info->start_block)
        require(!kn_server_info_holds(info, 0));
}

static void check_server(struct kn_span bytes)
{
    struct kn_server_info first = { .start_block = UNTOUCHED }, second;
    struct kn_buffer once = { 0 }, twice = { 0 };

    if (kn_server_info_decode(bytes, &first) != KN_MALFORMED_NOT) {
        require(first.start_block == UNTOUCHED);
        return;
    }
    check_bounds(&first, bytes.n);
    kn_server_info_encode(&first, &once);
    require(!once.failed);
    require(kn_server_info_decode(kn_buffer_get(&once), &second) == KN_MALFORMED_NOT);
    /* One that left with -1 would be written with 0, which has two meanings. */
    require(second.state == first.state || first.state == KN_SERVER_OFFLINE);
    second.state = first.state;
    kn_server_info_encode(&second, &twice);
    require(kn_span_equal(kn_buffer_get(&once), kn_buffer_get(&twice)));
    kn_buffer_done(&once);
    kn_buffer_done(&twice);
}

static void check_model(struct kn_span bytes)
{
    struct kn_model_info first = { .num_blocks = UNTOUCHED }, second;
    struct kn_buffer out = { 0 };

    if (kn_model_info_decode(bytes, &first) != KN_MALFORMED_NOT) {
        require(first.num_blocks == UNTOUCHED);
        return;
    }
    require(first.num_blocks >= 1 && first.num_blocks <= KN_BLOCKS_MAX);
    require(first.repository.n <= KN_REPOSITORY_MAX);
    kn_model_info_encode(&first, &out);
    require(kn_model_info_decode(kn_buffer_get(&out), &second) == KN_MALFORMED_NOT);
    require(first.num_blocks == second.num_blocks);
    require(kn_span_equal(first.repository, second.repository));
    kn_buffer_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > LONGEST)
        return 0;
    check_server(kn_span(data, size));
    check_model(kn_span(data, size));
    return 0;
}
