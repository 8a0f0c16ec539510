#include "lib/os/module.h"

#include <dlfcn.h>
#include <string.h>

enum kn_code kn_module_load(const char *const *names, const struct kn_module_symbol *symbols,
                            size_t n, void *functions, struct kn_error *err)
{
    const char *first = names[0];
    void *library = NULL;

    for (; library == NULL && *names != NULL; names++)
        library = dlopen(*names, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        return kn_fail(err, KN_E_UNSUPPORTED, "the library %s is not installed", first);
    for (size_t i = 0; i < n; i++) {
        void *found = dlsym(library, symbols[i].name);

        if (found == NULL)
            return kn_fail(err, KN_E_UNSUPPORTED, "the library %s has no %s", names[-1],
                           symbols[i].name);
        /* spec: POSIX dlsym(), a function's address fits a void *; ISO C has no cast for it. */
        memcpy((char *)functions + symbols[i].at, &found, sizeof(found));
    }
    return KN_OK;
}
