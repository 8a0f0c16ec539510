/*
 * start_words — of the words with which a node is started those that a later start of the same node
 * needs too: for the run file, and from there for a service.
 */
#ifndef KN_CLI_START_WORDS_H
#define KN_CLI_START_WORDS_H

#include <stddef.h>

struct kn_cli;

struct kn_start_words {
    const char *const *at; /* "--port=8090", "--set=model.dtype=float32", "--config=/…" */
    size_t n;
    size_t secrets; /* values that were left out because nobody may read them */
};

/* Settings as they were typed, paths from the root on. Lives as long as the run. */
struct kn_start_words kn_start_words(struct kn_cli *cli);

#endif
