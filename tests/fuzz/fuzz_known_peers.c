/*
 * Property: a file that is ours begins with as long a first line as we write for its bootstraps,
 * and what follows is its end, whole; any other is refused as of another swarm or as none of ours.
 */
#include <stdint.h>
#include <stdlib.h>

#include "node/presence/known_peers_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const bootstraps[] = {
    "/ip4/1.2.3.4/tcp/80/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUBj2vj6vnc6iDp",
    "/dns/b.org/tcp/80/p2p/QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc",
};

static void require(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kn_span text = kn_span(data, size), peers = { NULL, 0 };
    struct kn_text line = { 0 };
    enum kn_code rc = kn_known_header_read(text, bootstraps, KN_COUNT(bootstraps), &peers);

    require(rc == KN_OK || rc == KN_E_NOT_FOUND || rc == KN_E_SYNTAX);
    kn_known_header_print(bootstraps, KN_COUNT(bootstraps), &line);
    if (rc == KN_OK) {
        require(peers.n == size - line.n);
        require(peers.n == 0 || peers.at + peers.n == data + size);
    }
    kn_text_done(&line);
    return 0;
}
