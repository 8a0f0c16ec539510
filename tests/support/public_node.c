#include "support/public_node.h"

#include <stdio.h>

static const char *const always[] = {
    "--model=TinyLlama-1.1B-Chat-v1.0",
    "--max-memory=512MiB",
    "--set",
    "network.listen_addrs=/ip4/127.0.0.1/tcp/0",
    "--set",
    "dht.announce_interval=1s",
    "--set",
    "dht.discovery_timeout=1s",
};

void kn_public_add(struct kwaai_node_options *options, struct kn_public_words *words,
                   const char *word)
{
    if (words->n < KN_PUBLIC_WORDS_MAX)
        words->words[words->n++] = word;
    options->argument_count = words->n;
}

struct kwaai_node_options kn_public_options(const struct kn_home *home, const char *name,
                                            const char *address, struct kn_public_words *words)
{
    struct kwaai_node_options options = KWAAI_NODE_OPTIONS;

    words->n = 0;
    (void)snprintf(words->home, sizeof(words->home), "%s/%s", home->path, name);
    (void)snprintf(words->bootstrap, sizeof(words->bootstrap), "--bootstrap=%s",
                   address != NULL ? address : "");
    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
        kn_public_add(&options, words, always[i]);
    if (address == NULL) {
        kn_public_add(&options, words, "--set");
        kn_public_add(&options, words, "network.new_swarm=true");
    } else {
        kn_public_add(&options, words, words->bootstrap);
    }
    options.home = words->home;
    options.working_folder = home->path;
    options.arguments = words->words;
    return options;
}

bool kn_public_await(struct kwaai_node *node, enum kwaai_event_kind kind, struct kwaai_event *out)
{
    *out = (struct kwaai_event)KWAAI_EVENT;
    while (kwaai_node_wait(node, KN_PUBLIC_SOON_MS, out) == KWAAI_NODE_OK) {
        if (out->kind == kind)
            return true;
    }
    return false;
}
