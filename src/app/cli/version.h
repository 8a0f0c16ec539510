/*
 * version — what this program was built from; the build defines the words.
 */
#ifndef KN_CLI_VERSION_H
#define KN_CLI_VERSION_H

#if !defined(KN_VERSION)
#define KN_VERSION "unknown"
#define KN_LIBYAML "unknown"
#define KN_JANSSON "unknown"
#endif

#if defined(__clang__)
#define KN_COMPILER "clang " __clang_version__
#elif defined(__GNUC__)
#define KN_COMPILER "gcc " __VERSION__
#else
#define KN_COMPILER "unknown"
#endif

#endif
