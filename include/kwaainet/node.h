/*
 * libkwaainet — a node of the swarm inside any program.
 *
 * Does what `kwaainet start` does, with the same files, variables and flags: looks at the swarm and
 * at this machine, chooses what nobody wrote down, joins, announces, and stays until it is stopped.
 * Asks nothing and prints nothing. Of signals it handles SIGBUS alone, from the first mapped file
 * of weights on; one that is not of such a file goes to whoever handled it before. Memory that is
 * short is a result; the process ends only when libcrypto has no random bytes or none of the
 * ciphers of libp2p.
 *
 *     struct kwaai_node_options options = KWAAI_NODE_OPTIONS;
 *     struct kwaai_event event = KWAAI_EVENT;
 *     struct kwaai_node *node;
 *
 *     if (kwaai_node_start(&options, &node) == KWAAI_NODE_OK)
 *         while (kwaai_node_wait(node, KWAAI_FOR_EVER, &event) == KWAAI_NODE_OK)
 *             puts(event.text);
 *     kwaai_node_free(node);
 *
 * Threads: the node runs on a thread of its own, on which nothing of the caller's runs: there are
 * no callbacks. Every function may be called from any thread, several at a time; kwaai_node_stop()
 * from a signal handler as well. kwaai_node_free() is the last call for its node. All other
 * signals are blocked on threads of the library. Several nodes in one process need a data folder
 * each. Release every node before the process ends; after fork() only the parent may go on using
 * them.
 */
#ifndef KWAAINET_NODE_H
#define KWAAINET_NODE_H

#include <kwaainet/config.h>

#ifdef __cplusplus
extern "C" {
#endif

struct kwaai_node;

enum kwaai_node_result {
    KWAAI_NODE_OK,
    KWAAI_NODE_NO_MEMORY,
    KWAAI_NODE_CONFIGURATION, /* it is wrong, or asks for what cannot be */
    KWAAI_NODE_BUSY,          /* another node has the data folder, or a program the port */
    KWAAI_NODE_FAILED,        /* anything else: kwaai_node_failure() tells */
    KWAAI_NODE_TIMEOUT,       /* kwaai_node_wait(): nothing happened so far */
    KWAAI_NODE_OVER,          /* kwaai_node_wait(): the node has ended and all was told */
};

/* --- start and end -------------------------------------------------------------------------- */

/* What to start with. Begin with KWAAI_NODE_OPTIONS; a member that stays empty has its default. */
struct kwaai_node_options {
    size_t size;                    /* sizeof(struct kwaai_node_options) */
    const char *config_path;        /* must exist; default: node_config.yaml if it is there */
    const char *home;               /* data folder; default: KWAAINET_HOME, else ~/.kwaainet */
    const char *working_folder;     /* absolute; start of relative paths; default: the process's */
    const char *const *environment; /* "NAME=value", ends with NULL; default: nothing */
    const char *const *arguments;   /* flags of settings, as `kwaainet start` takes them */
    size_t argument_count;
    bool rediscover; /* find out anew what earlier starts have kept */
    bool plan_only;  /* end when the choices are made: nothing is announced */
};
#define KWAAI_NODE_OPTIONS                                        \
    {                                                             \
        sizeof(struct kwaai_node_options), 0, 0, 0, 0, 0, 0, 0, 0 \
    }

/*
 * Start a node; the options are copied. Returns when its port is bound, or when that failed; the
 * swarm is met later. `*out` is NULL after KWAAI_NODE_NO_MEMORY. After every other result it is a
 * node that tells of itself; one that did not start has ended already. Release with
 * kwaai_node_free().
 */
KWAAI_API enum kwaai_node_result kwaai_node_start(const struct kwaai_node_options *options,
                                                  struct kwaai_node **out);

/*
 * Ask the node to tell the swarm that it leaves, which takes 3 s at most, and to end; asked again,
 * it ends without. Returns at once; KWAAI_EVENT_ENDED is the end. Also from a signal handler.
 */
KWAAI_API void kwaai_node_stop(struct kwaai_node *node);

/* Stop it if nobody has, wait for its end, and release it. NULL is fine. */
KWAAI_API void kwaai_node_free(struct kwaai_node *node);

/* --- what happens --------------------------------------------------------------------------- */

enum kwaai_event_kind {
    KWAAI_EVENT_LISTENING,  /* the port is bound */
    KWAAI_EVENT_BOOTSTRAP,  /* a bootstrap answered, or fails in another way than before */
    KWAAI_EVENT_DISCOVERED, /* a model is chosen; this and the next three again when facts change */
    KWAAI_EVENT_CALIBRATED, /* so many of its blocks fit this machine */
    KWAAI_EVENT_ASSIGNED,   /* these blocks are chosen; also when the node moves to others */
    KWAAI_EVENT_NAMED,      /* so is the node's name */
    KWAAI_EVENT_BLOCKS,     /* they are loaded, served or not, and why */
    KWAAI_EVENT_STATE,      /* the node is JOINING, ONLINE, or leaves */
    KWAAI_EVENT_ANNOUNCED,  /* records were stored; again when other numbers were acknowledged */
    KWAAI_EVENT_VISIBLE,    /* and read back; again when other numbers were */
    KWAAI_EVENT_CACHES_FAILED, /* what was found out could not be kept for the next start */
    KWAAI_EVENT_ENDED,         /* the last one: port and folder are free, kwaai_node_failure() */
    KWAAI_EVENT_RELOADED,      /* kwaainet reload asked for it: it holds, or why it does not */
};

enum { KWAAI_EVENT_TEXT_SIZE = 512, KWAAI_EVENTS_KEPT = 64 };

/* Begin with KWAAI_EVENT. */
struct kwaai_event {
    size_t size; /* sizeof(struct kwaai_event) */
    enum kwaai_event_kind kind;
    uint32_t lost;                    /* older ones that were dropped: nobody waited for them */
    int64_t at_ms;                    /* milliseconds since 1970 */
    char text[KWAAI_EVENT_TEXT_SIZE]; /* one line of UTF-8 without control characters; may be cut */
};
#define KWAAI_EVENT                                                 \
    {                                                               \
        sizeof(struct kwaai_event), KWAAI_EVENT_LISTENING, 0, 0, "" \
    }

enum { KWAAI_FOR_EVER = -1 };

/*
 * The next event, oldest first; the last KWAAI_EVENTS_KEPT are kept. Waits `timeout_ms`, 0 for not
 * at all. KWAAI_NODE_OK: `*out` is written; KWAAI_NODE_TIMEOUT; KWAAI_NODE_OVER. Of several waiting
 * threads one gets each event.
 */
KWAAI_API enum kwaai_node_result kwaai_node_wait(struct kwaai_node *node, int64_t timeout_ms,
                                                 struct kwaai_event *out);

/* --- how it is ------------------------------------------------------------------------------ */

enum kwaai_node_state {
    KWAAI_OFFLINE,  /* not in the swarm: not yet, or no longer */
    KWAAI_JOINING,  /* in the swarm, serving no block yet */
    KWAAI_ONLINE,   /* serving every block that it announces */
    KWAAI_DRAINING, /* leaving */
};

/* A moment of a node. Made by the library alone, so that later versions may add to its end. Times
 * are seconds since 1970. */
struct kwaai_node_status {
    enum kwaai_node_state state;
    int64_t started_s, since_s;                   /* since: of the state */
    const char *peer_id;                          /* NULL: it never started */
    const char *name, *model, *prefix;            /* NULL: not known yet; so are the blocks at -1 */
    int32_t start_block, end_block, total_blocks; /* end: the one after the last */
    uint16_t port;                                /* 0: none */
    const char *const *addresses;                 /* where others reach it, multiaddrs */
    size_t address_count;
    size_t peers;               /* connected now */
    int64_t announced_s;        /* the last round; 0: none, and so are the next four */
    uint32_t records;           /* stored in it, */
    uint32_t acknowledged;      /* taken by another node, */
    uint32_t visible_on, asked; /* bootstraps that gave all of them back, of so many */
};

/*
 * How the node is now, or was when it ended. Release with kwaai_node_status_free(). KWAAI_NODE_OK,
 * or KWAAI_NODE_NO_MEMORY and `*out` is not written.
 */
KWAAI_API enum kwaai_node_result kwaai_node_status(struct kwaai_node *node,
                                                   const struct kwaai_node_status **out);
KWAAI_API void kwaai_node_status_free(const struct kwaai_node_status *status);

/* --- what is wrong --------------------------------------------------------------------------- */

struct kwaai_failure {
    enum kwaai_node_result result;
    const char *message; /* what is wrong; texts live as long as the node */
    const char *hint;    /* what to do, or NULL */
};

/* Why the node did not start, or ended by itself. False: it did neither. */
KWAAI_API bool kwaai_node_failure(struct kwaai_node *node, struct kwaai_failure *out);

/* Errors and warnings of the configuration, as libkwaai-config tells them; texts live as long as
 * the node. False when there is no such problem. */
KWAAI_API bool kwaai_node_problem(const struct kwaai_node *node, size_t index,
                                  struct kwaai_problem *out);

#ifdef __cplusplus
}
#endif

#endif
