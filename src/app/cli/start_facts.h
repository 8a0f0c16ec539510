/*
 * start_facts — what the screen of a start is printed from, and the words for it. Everything is
 * lent: by the node, or by a test.
 */
#ifndef KN_CLI_START_FACTS_H
#define KN_CLI_START_FACTS_H

#include <stdint.h>

#include "app/term/page.h"
#include "node/plan/plan.h"
#include "node/schedule/scheduler.h"

struct kn_start_facts {
    const struct kn_snapshot *snapshot; /* final */
    const struct kn_snapshot *loaded;   /* as it was before anything was found out */
    const struct kn_plan *plan;
    const struct kn_hardware *machine;
    const char *machine_file; /* that says so, instead of this machine; NULL: it was measured */
    const char *port_text;    /* "Using port 8082 (8080-8081 were in use)" */
    uint16_t port;
    uint64_t malformed;            /* records that were passed over */
    const char *nobody;            /* nobody answered: what to do about it; else NULL */
    const char *discovery_cache;   /* where it will be kept; NULL: it will not */
    const char *calibration_cache; /* likewise */
    const char *file;              /* the configuration, as people would type it */
    bool file_exists, is_first_run;
    char paused[KN_PAUSE_REASON_SIZE + 16]; /* why nothing is served now; "": it is */
};

const struct kn_node_config *kn_facts_config(const struct kn_start_facts *facts);

/* The last part of the repository, or the prefix where none is known. */
const char *kn_facts_model_name(const struct kn_model_facts *model);

/* Behind the port: "8080-8081 were in use", or "" when all went well. */
void kn_facts_port_remark(const struct kn_start_facts *facts, struct kn_text *out);

/* "block 3" of half-open 3..4, "blocks 68-79" of 68..80; `what` is "block" or "Block". */
void kn_facts_range(const char *what, uint32_t start, uint32_t end, struct kn_text *out);

/* "68-79 (12 blocks, ~14.4 GiB)"; "none" */
void kn_facts_blocks(const struct kn_start_facts *facts, struct kn_text *out);

/*
 * Where the value of `key` came from: "--port", "node_config.yaml:3:9", or the words for what was
 * computed ("auto-discovered"). `why`: the reason, and the age of what an earlier start kept.
 */
void kn_facts_source(const struct kn_start_facts *facts, const char *key, bool why,
                     struct kn_text *out);

/* Which models of the swarm are not for this machine: the first, and how many more. */
void kn_facts_passed_over(const struct kn_page *page, const struct kn_start_facts *facts);

/* "12 blocks", "1 block" */
void kn_facts_count(uint64_t n, const char *what, struct kn_text *out);

/* The host of a multiaddr, for people: "bootstrap-1.kwaai.ai", "10.0.0.7:8000". */
void kn_facts_host(const char *address, struct kn_text *out);

/* Was the plan made without the swarm, and not kept from an earlier start either? */
bool kn_facts_is_guess(const struct kn_start_facts *facts);

/* Why this node announces no blocks; NULL: it does. */
const char *kn_facts_silence(const struct kn_start_facts *facts);

/* Are the blocks slower now than the full calibration measured them? Then a sentence in `out`. */
struct kn_blocks_report;
bool kn_facts_drift(const struct kn_plan *plan, const struct kn_blocks_report *report,
                    char out[KN_FIT_TEXT_SIZE]);

#endif
