/*
 * Property: the verdict is the same every time and with or without an error to fill; what is taken
 * has its spans inside the text, holds valid parts and stays valid with a "/" at its end; what is
 * refused has a reason and leaves the facts alone. Peer ids print and read back as themselves.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/codec/multiaddr.h"
#include "lib/codec/peer_id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LONGEST = KN_MULTIADDR_TEXT_MAX + 8 };

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_span(const char *text, struct kn_multiaddr_span span, int there)
{
    require((span.n > 0) == there);
    if (span.n == 0)
        return;
    require(span.at > 0 && span.at < strlen(text) && span.n <= strlen(text) - span.at);
    require(text[span.at - 1] == '/' && memchr(text + span.at, '/', span.n) == NULL);
}

static void check_peer(const char *text, size_t n, int must_parse)
{
    char printed[KN_PEER_ID_TEXT_SIZE];
    struct kn_peer_id id, again;
    struct kn_error err = { 0 };

    if (kn_peer_id_parse(text, n, &id, &err) != KN_OK) {
        require(!must_parse && err.text[0] != '\0');
        return;
    }
    kn_peer_id_print(&id, printed);
    require(kn_peer_id_parse(printed, strlen(printed), &again, NULL) == KN_OK);
    require(kn_peer_id_equal(&id, &again));
}

static void check_facts(const char *text, const struct kn_multiaddr_facts *facts)
{
    check_span(text, facts->host, 1);
    check_span(text, facts->peer_id, facts->has_peer_id);
    check_span(text, facts->relay_id, facts->is_relay);
    require(facts->has_port || facts->host_kind == KN_MULTIADDR_DNSADDR);
    require(facts->has_port == (facts->transport != KN_MULTIADDR_NO_TRANSPORT));
    if (facts->has_peer_id)
        check_peer(text + facts->peer_id.at, facts->peer_id.n, 1);
    if (facts->is_relay)
        check_peer(text + facts->relay_id.at, facts->relay_id.n, 1);
}

static void check_address(char text[LONGEST])
{
    struct kn_multiaddr_facts facts, again, kept;
    struct kn_error err = { 0 };
    size_t n = strlen(text);
    enum kn_code rc;

    memset(&facts, 0xa5, sizeof(facts));
    memset(&kept, 0xa5, sizeof(kept));
    rc = kn_multiaddr_check(text, &facts, &err);
    require(rc == kn_multiaddr_check(text, &again, NULL));
    if (rc != KN_OK) {
        require(err.code == rc && err.text[0] != '\0');
        require(memcmp(&facts, &kept, sizeof(facts)) == 0);
        return;
    }
    require(err.text[0] == '\0' && n <= KN_MULTIADDR_TEXT_MAX);
    check_facts(text, &facts);
    if (text[n - 1] == '/' || n == KN_MULTIADDR_TEXT_MAX)
        return;
    text[n] = '/';
    text[n + 1] = '\0';
    require(kn_multiaddr_check(text, &again, NULL) == KN_OK);
    require(again.peer_id.at == facts.peer_id.at && again.peer_id.n == facts.peer_id.n);
    require(again.port == facts.port && memcmp(again.ip, facts.ip, sizeof(facts.ip)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[LONGEST];
    size_t n = size < LONGEST - 2 ? size : LONGEST - 2;

    check_peer((const char *)data, size, 0);
    if (n > 0)
        memcpy(text, data, n);
    text[n] = '\0';
    check_address(text);
    return 0;
}
