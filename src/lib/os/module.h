/*
 * module — a library that is loaded when it is needed, by those who can do without it.
 */
#ifndef KN_OS_MODULE_H
#define KN_OS_MODULE_H

#include <stddef.h>

#include "lib/base/error.h"

/* A function of it, and where in the caller's struct of function pointers its address goes. */
struct kn_module_symbol {
    const char *name;
    size_t at;
};

/*
 * Load the first of `names` (NULL behind the last) that is there, and fill `functions`. It stays
 * loaded until the process ends. KN_E_UNSUPPORTED: none is there, or it lacks a function; the text
 * tells which.
 */
KN_MUST_USE enum kn_code kn_module_load(const char *const *names,
                                        const struct kn_module_symbol *symbols, size_t n,
                                        void *functions, struct kn_error *err);

#endif
