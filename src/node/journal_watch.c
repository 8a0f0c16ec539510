/* journal_watch: who comes and goes, at debug and trace. */
#include "node/course.h"
#include "node/journal.h"

struct peer_text {
    char id[KN_PEER_ID_TEXT_SIZE], at[KN_ENDPOINT_TEXT_SIZE];
};

static void name_peer(const struct kn_connection *connection, struct peer_text *out)
{
    const struct kn_peer_id *peer = kn_connection_peer(connection);
    struct kn_endpoint remote;

    *out = (struct peer_text){ .at = "a relay" };
    if (peer != NULL)
        kn_peer_id_print(peer, out->id);
    if (kn_host_remote(connection, &remote))
        kn_endpoint_print(&remote, out->at);
}

static void on_connected(void *arg, struct kn_connection *connection)
{
    const struct kn_journal *journal = arg;
    bool dialled = kn_connection_role(connection) == KN_ROLE_DIALER;
    struct peer_text peer;

    if (!kn_log_takes(journal->log, KN_LEVEL_DEBUG, KN_LOG_NETWORK))
        return;
    name_peer(connection, &peer);
    kn_log_say(journal->log, KN_LEVEL_DEBUG, KN_LOG_NETWORK, "connected",
               KN_FIELDS(KN_FIELD_WORD("peer", peer.id), KN_FIELD_WORD("at", peer.at),
                         KN_FIELD_WORD("dialled_by", dialled ? "us" : "them"),
                         KN_FIELD_WHOLE("connections", kn_node_peers(journal->node))),
               "connected");
}

static void on_lost(void *arg, struct kn_connection *connection)
{
    const struct kn_journal *journal = arg;
    const struct kn_error *why = kn_host_lost_why(connection);
    struct peer_text peer;

    if (!kn_log_takes(journal->log, KN_LEVEL_DEBUG, KN_LOG_NETWORK))
        return;
    name_peer(connection, &peer);
    kn_log_say(journal->log, KN_LEVEL_DEBUG, KN_LOG_NETWORK, "disconnected",
               KN_FIELDS(KN_FIELD_WORD("peer", peer.id), KN_FIELD_WORD("at", peer.at),
                         KN_FIELD_WHOLE("streams", kn_connection_streams(connection)),
                         KN_FIELD_WHOLE("rtt_ms", kn_connection_rtt_ms(connection)),
                         KN_FIELD_WHOLE("connections", kn_node_peers(journal->node))),
               "%s",
               why == NULL            ? "closed by this node"
               : why->text[0] != '\0' ? why->text
                                      : kn_code_brief(why->code));
}

static void on_identified(void *arg, struct kn_connection *connection, struct kn_span observed)
{
    const struct kn_journal *journal = arg;
    const struct kn_peer_facts *facts;
    struct peer_text peer;
    struct kn_text seen = { 0 };

    if (!kn_log_takes(journal->log, KN_LEVEL_TRACE, KN_LOG_NETWORK))
        return;
    name_peer(connection, &peer);
    facts = kn_host_facts(kn_network_host(journal->node->network), kn_connection_peer(connection));
    if (observed.n == 0 || kn_multiaddr_to_text(observed, &seen) != KN_OK)
        kn_text_cut(&seen, 0);
    kn_log_say(journal->log, KN_LEVEL_TRACE, KN_LOG_NETWORK, "identified",
               KN_FIELDS(KN_FIELD_WORD("peer", peer.id), KN_FIELD_WORD("at", peer.at),
                         KN_FIELD_WORD("agent", facts != NULL ? facts->agent : NULL),
                         KN_FIELD_WORD("sees_us_at", seen.n > 0 ? seen.at : NULL)),
               "the peer says who it is");
    kn_text_done(&seen);
}

void kn_journal_watch_network(struct kn_journal *journal, struct kn_network *network)
{
    const struct kn_host_observer observer = {
        .connected = on_connected, .lost = on_lost, .arg = journal, .identified = on_identified
    };

    /* Without a place for one more observer there are these records less, and nothing else. */
    (void)!kn_host_observe(kn_network_host(network), &observer);
}

/* -- clients */

static void say_refused(struct kn_log *log, const struct kn_serving_news *news, const char *peer)
{
    kn_log_say(log, KN_LEVEL_DEBUG, KN_LOG_SERVING, "refused",
               KN_FIELDS(KN_FIELD_WORD("peer", peer)), "refused a client: %s", news->refusal);
}

static void say_session(struct kn_log *log, const struct kn_serving_news *news, const char *peer)
{
    if (news->event == KN_SERVING_OPENED)
        kn_log_say(log, KN_LEVEL_DEBUG, KN_LOG_SERVING, "session-opened",
                   KN_FIELDS(KN_FIELD_WORD("peer", peer), KN_FIELD_WHOLE("start_block", news->from),
                             KN_FIELD_WHOLE("end_block", news->to),
                             KN_FIELD_WHOLE("batch", news->batch),
                             KN_FIELD_WHOLE("max_length", news->max_length)),
                   "a session was opened");
    else
        kn_log_say(log, KN_LEVEL_DEBUG, KN_LOG_SERVING, "session-closed",
                   KN_FIELDS(KN_FIELD_WORD("peer", peer), KN_FIELD_WHOLE("tokens", news->tokens),
                             KN_FIELD_REAL("seconds", (double)news->ms / 1000)),
                   "a session ended");
}

void kn_journal_served(void *arg, const struct kn_serving_news *news)
{
    const struct kn_node *node = arg;
    struct kn_log *log = kn_journal_log(node->journal);
    char peer[KN_PEER_ID_TEXT_SIZE] = "";

    if (!kn_log_takes(log, KN_LEVEL_DEBUG, KN_LOG_SERVING))
        return;
    kn_peer_id_print(news->peer, peer);
    if (news->event == KN_SERVING_REFUSED)
        say_refused(log, news, peer);
    else
        say_session(log, news, peer);
}

/* -- the control socket */

void kn_journal_asked(void *arg, const char *what, enum kn_code code)
{
    const struct kn_journal *journal = arg;

    kn_log_say(journal->log, KN_LEVEL_DEBUG, KN_LOG_CONTROL, "asked",
               KN_FIELDS(KN_FIELD_WORD("request", what),
                         KN_FIELD_WORD("code", code != KN_OK ? kn_code_name(code) : NULL)),
               "asked over the control socket");
}
