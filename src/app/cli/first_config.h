/*
 * first_config — the configuration file that a first run saves.
 *
 * What somebody typed stands in it as a value, and the node's name, its face on the network.
 * Everything else that was chosen is written as `auto`, with a comment that tells what it is now
 * and why: it stays automatic. Pure text. spec: decisions D16
 */
#ifndef KN_CLI_FIRST_CONFIG_H
#define KN_CLI_FIRST_CONFIG_H

#include <stdbool.h>

#include "lib/base/error.h"

struct kn_start_facts;
struct kn_text;

/*
 * Append the file. `*is_secret`: somebody typed what only the owner may read. Errors as
 * kn_edit_apply().
 */
KN_MUST_USE enum kn_code kn_first_config_print(const struct kn_start_facts *facts,
                                               struct kn_text *out, bool *is_secret,
                                               struct kn_error *err);

#endif
