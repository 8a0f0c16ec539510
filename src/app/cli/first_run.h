/*
 * first_run — what a first run tells, step by step. Appends to a page; looks at nothing.
 */
#ifndef KN_CLI_FIRST_RUN_H
#define KN_CLI_FIRST_RUN_H

#include "app/cli/start_facts.h"

/* Before anything is known. */
void kn_first_run_begin(const struct kn_page *page);

/* The four steps, one after the other. */
void kn_first_run_models(const struct kn_page *page, const struct kn_start_facts *facts);
void kn_first_run_machine(const struct kn_page *page, const struct kn_start_facts *facts);
void kn_first_run_coverage(const struct kn_page *page, const struct kn_start_facts *facts);
void kn_first_run_choices(const struct kn_page *page, const struct kn_start_facts *facts);

void kn_first_run_summary(const struct kn_page *page, const struct kn_start_facts *facts);

#endif
