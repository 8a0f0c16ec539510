#include "lib/os/user.h"

#include <pwd.h>
#include <unistd.h>

enum { ENTRY_MAX = 4096 };

enum kn_code kn_user_home(struct kn_text *out, struct kn_error *err)
{
    struct passwd entry, *found = NULL;
    char room[ENTRY_MAX];

    if (getpwuid_r(getuid(), &entry, room, sizeof(room), &found) != 0 || found == NULL ||
        found->pw_dir == NULL || found->pw_dir[0] != '/') {
        (void)kn_fail(err, KN_E_UNKNOWN,
                      "HOME is not set, and the system knows no home for user %u",
                      (unsigned)getuid());
        kn_hint(err, "Set HOME, or name a folder with --home.");
        return KN_E_UNKNOWN;
    }
    kn_text_add(out, found->pw_dir);
    return out->failed ? kn_fail_no_memory(err) : KN_OK;
}

enum kn_code kn_user_name(struct kn_text *out, struct kn_error *err)
{
    struct passwd entry, *found = NULL;
    char room[ENTRY_MAX];

    if (getpwuid_r(getuid(), &entry, room, sizeof(room), &found) != 0 || found == NULL ||
        found->pw_name == NULL || found->pw_name[0] == '\0')
        return kn_fail(err, KN_E_UNKNOWN, "the system knows no name for user %u",
                       (unsigned)getuid());
    kn_text_add(out, found->pw_name);
    return out->failed ? kn_fail_no_memory(err) : KN_OK;
}

enum kn_code kn_user_home_of(const char *name, struct kn_text *out, struct kn_error *err)
{
    struct passwd entry, *found = NULL;
    char room[ENTRY_MAX];

    if (getpwnam_r(name, &entry, room, sizeof(room), &found) != 0 || found == NULL ||
        found->pw_dir == NULL || found->pw_dir[0] != '/')
        return kn_fail(err, KN_E_NOT_FOUND, "there is no user \"%.60s\" with a home", name);
    kn_text_add(out, found->pw_dir);
    return out->failed ? kn_fail_no_memory(err) : KN_OK;
}

bool kn_user_is_root(void)
{
    return geteuid() == 0;
}
