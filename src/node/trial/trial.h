/*
 * trial — the full calibration: blocks are really held and really computed with.
 *
 * First the speeds of a few blocks, from which the data type, the threads and the tokens of a pass
 * follow; then, with those, how many blocks run a session of full length in the memory that there
 * is. Blocking for up to a minute: call it in a worker.
 */
#ifndef KN_TRIAL_TRIAL_H
#define KN_TRIAL_TRIAL_H

#include "config/schema/measured.h"
#include "node/trial/speed.h"

enum {
    KN_TRIAL_DTYPES = 2,
    KN_TRIAL_THREADS = 3,
    KN_TRIAL_TRIES = KN_TRIAL_DTYPES + KN_TRIAL_THREADS,
    KN_TRIAL_SESSIONS = 8, /* of the speed of several */
};

/* In which form weights of a type and a quantisation are computed with. */
enum kn_weights_as kn_trial_weights(enum kn_dtype dtype, enum kn_quant_type quant);

/* How far it is; another thread may look. `cancelled` may be set by any. */
struct kn_trial_live {
    atomic_bool cancelled;
    atomic_int stage;   /* enum kn_trial_stage */
    atomic_uint blocks; /* that are tried */
    atomic_uint done;   /* per cent */
};

enum kn_trial_stage { KN_TRIAL_STARTS, KN_TRIAL_SPEEDS, KN_TRIAL_FILLS };

struct kn_trial_options {
    const char *root;                 /* stands before /proc and /sys; "" is the machine's own */
    const struct kn_decoder *decoder; /* of the whole model */
    const char *folder;               /* of its files; NULL: weights are made up */
    enum kn_dtype dtype;              /* that would be taken, */
    bool dtype_is_open;               /* unless another one is faster */
    enum kn_quant_type quant;
    unsigned threads, most_threads; /* that would be taken, and that are permitted */
    uint32_t session_tokens;        /* 0: as long as the model and its cache let it be */
    int64_t most_memory;            /* of the settings; below 0: no limit */
    uint32_t estimated;             /* blocks */
    struct kn_trial_live *live;
};

/* One measurement of the speeds. */
struct kn_trial_try {
    enum kn_dtype dtype;
    unsigned threads;
    struct kn_trial_speed speed;
};

struct kn_trial {
    struct kn_measured measured; /* without at_s */
    struct kn_trial_try tries[KN_TRIAL_TRIES];
    size_t try_count;
    double bytes_per_token; /* of one block: what decode reads */
};

/*
 * KN_E_CANCELLED; KN_E_LIMIT: there is no room for one block; KN_E_UNKNOWN: the system does not
 * tell how much memory is left; else as kn_hold_resize(). Nothing is written anywhere.
 */
KN_MUST_USE enum kn_code kn_trial_run(const struct kn_trial_options *options, struct kn_trial *out,
                                      struct kn_error *err);

#endif
