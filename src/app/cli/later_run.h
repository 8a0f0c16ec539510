/*
 * later_run — what a start tells that need not set anything up. Appends to a page.
 * spec: REQ-5.6
 */
#ifndef KN_CLI_LATER_RUN_H
#define KN_CLI_LATER_RUN_H

#include "app/cli/start_facts.h"

/* Before anything is known: where the configuration comes from. */
void kn_later_run_begin(const struct kn_page *page, const struct kn_start_facts *facts);

/* "Configuration loaded:", each value with its source. */
void kn_later_run_loaded(const struct kn_page *page, const struct kn_start_facts *facts);

#endif
