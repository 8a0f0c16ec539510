/*
 * attributes — compiler hints and the smallest macros, so that no other header spells them out.
 */
#ifndef KN_BASE_ATTRIBUTES_H
#define KN_BASE_ATTRIBUTES_H

#define KN_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#if defined(__GNUC__)
#define KN_MUST_USE __attribute__((warn_unused_result))
#define KN_PRINTF(format_at, args_at) __attribute__((format(printf, format_at, args_at)))
#define KN_NORETURN __attribute__((noreturn))
#define KN_COLD __attribute__((cold)) /* what leads there is laid out apart from the usual way */
#else
#define KN_MUST_USE
#define KN_PRINTF(format_at, args_at)
#define KN_NORETURN
#define KN_COLD
#endif

/* Ownership of the argument moves into the call, also when the call fails. */
#define KN_TAKES

#endif
