/*
 * fetch_view — words for files of a model that are fetched, or are to be.
 */
#ifndef KN_CLI_FETCH_VIEW_H
#define KN_CLI_FETCH_VIEW_H

#include "app/cli/start_facts.h"
#include "app/term/progress.h"
#include "node/node.h"

/* "1.2 GiB of 4.6 GiB, 35.0 MiB/s", or what it waits for. */
void kn_fetch_how_far(const struct kn_fetching_state *state, struct kn_text *out);

/* The same with a bar; the note is appended to `note` and lent from it. */
void kn_fetch_progress(const struct kn_fetching_state *state, struct kn_text *note,
                       struct kn_progress *out);

/* "about 2.3 GiB, fetched from ORG/NAME (the repository is its authors')"; nothing when all files
 * are here. */
void kn_fetch_intent(const struct kn_start_facts *facts, struct kn_text *out);

/* What has begun, or why it did not succeed and when it is tried again. */
void kn_fetch_told(const struct kn_page *page, const struct kn_start_facts *facts,
                   const struct kn_blocks_report *report);

#endif
