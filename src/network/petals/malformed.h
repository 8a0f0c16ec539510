/*
 * malformed — why a record was not believed.
 *
 * Nothing in the network is signed; a record that breaks a rule counts for nothing but itself.
 */
#ifndef KN_PETALS_MALFORMED_H
#define KN_PETALS_MALFORMED_H

/* X(name, text) */
#define KN_MALFORMED_KINDS(X)                                                  \
    X(KN_MALFORMED_NOT, "well formed")                                         \
    X(KN_MALFORMED_EXPIRATION, "the expiration is not finite")                 \
    X(KN_MALFORMED_PREFIX, "the subkey is not a prefix")                       \
    X(KN_MALFORMED_PEER, "the subkey is not a peer id")                        \
    X(KN_MALFORMED_SHAPE, "the value is not built as its kind")                \
    X(KN_MALFORMED_STATE, "the state is none that is known")                   \
    X(KN_MALFORMED_THROUGHPUT, "the throughput is not a finite number from 0") \
    X(KN_MALFORMED_FIELD, "a field has the wrong type or is out of its range") \
    X(KN_MALFORMED_RANGE, "the range does not contain the block")              \
    X(KN_MALFORMED_NUM_BLOCKS, "the number of blocks is not 1 to 65536")       \
    X(KN_MALFORMED_REPOSITORY, "the repository is not a text or too long")

enum kn_malformed {
#define X(name, text) name,
    KN_MALFORMED_KINDS(X)
#undef X
        KN_MALFORMED_COUNT,
};

/* Static. */
const char *kn_malformed_text(enum kn_malformed kind);

#endif
