/*
 * code — what a caller can do about a failure; the text in struct kn_error says what happened.
 */
#ifndef KN_BASE_CODE_H
#define KN_BASE_CODE_H

/* X(name, what it means to the caller) */
#define KN_CODES(X)                                                          \
    X(KN_OK, "done")                                                         \
    X(KN_E_NO_MEMORY, "an allocation failed; nothing was changed")           \
    X(KN_E_NOT_FOUND, "the named thing does not exist")                      \
    X(KN_E_DENIED, "the system does not permit it")                          \
    X(KN_E_NO_SPACE, "the disk or a quota is full")                          \
    X(KN_E_IO, "the system could not read or write")                         \
    X(KN_E_LIMIT, "larger than the limit for input of its kind")             \
    X(KN_E_SYNTAX, "the bytes do not follow their format")                   \
    X(KN_E_INVALID, "well formed, but not a value that is allowed here")     \
    X(KN_E_RANGE, "a number outside its bounds")                             \
    X(KN_E_CHANGED, "changed by somebody else since it was read")            \
    X(KN_E_UNSUPPORTED, "understood, but not something this version can do") \
    X(KN_E_UNKNOWN, "the system does not tell")                              \
    X(KN_E_TRUNCATED, "the bytes end too early: more are needed")            \
    X(KN_E_PROTOCOL, "the other side broke the protocol")                    \
    X(KN_E_REFUSED, "the other side said no")                                \
    X(KN_E_CLOSED, "the other side ended it")                                \
    X(KN_E_TIMEOUT, "no answer within the deadline")                         \
    X(KN_E_UNREACHABLE, "there is no way to the other side")                 \
    X(KN_E_IDENTITY, "the other side is not who it should be")               \
    X(KN_E_BUSY, "in use by another, try again")                             \
    X(KN_E_CANCELLED, "given up before it ended")

enum kn_code {
#define X(name, brief) name,
    KN_CODES(X)
#undef X
};

/* Name as in the source ("KN_E_RANGE") and its meaning; both static. */
const char *kn_code_name(enum kn_code code);
const char *kn_code_brief(enum kn_code code);

#endif
