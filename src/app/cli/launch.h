/*
 * launch — what is told while a node joins, announces, and stays. Appends to a page; nothing is
 * told that was not acknowledged.
 */
#ifndef KN_CLI_LAUNCH_H
#define KN_CLI_LAUNCH_H

#include "app/cli/start_facts.h"
#include "node/node.h"

void kn_launch_bootstrap(const struct kn_page *page, const struct kn_bootstrap *told);

/* `joined`: somebody has answered before. */
void kn_launch_begin(const struct kn_page *page, bool joined);

/* So many bootstraps have answered; what is announced now. */
void kn_launch_joined(const struct kn_page *page, const struct kn_start_facts *facts,
                      size_t bootstraps);
void kn_launch_announcing(const struct kn_page *page, const struct kn_start_facts *facts);

/* What became of a round; `keys`: the first ones, the last, and those that failed too. */
void kn_launch_announced(const struct kn_page *page, const struct kn_start_facts *facts,
                         const struct kn_announced *round, bool keys);

/* What has become of the blocks; nothing while they are loaded. */
void kn_launch_blocks(const struct kn_page *page, const struct kn_start_facts *facts,
                      const struct kn_blocks_report *report);

/* The node runs; `in_swarm`: somebody knows of it. `title`: between rules. */
void kn_launch_running(const struct kn_page *page, const struct kn_start_facts *facts,
                       bool in_swarm, bool title);

/* What stands on the last line of a terminal while the node runs, shorter where room is scarce. */
struct kn_live {
    enum kn_node_state state;
    size_t peers;
    const struct kn_placement *place; /* NULL: no block is announced */
    const struct kn_announced *round;
    const struct kn_blocks_report *blocks;
    double now_s; /* seconds since 1970 */
};
void kn_live_add(const struct kn_term *term, const struct kn_live *live, size_t columns,
                 struct kn_text *out);

#endif
