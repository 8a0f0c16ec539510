/*
 * service_manager — systemd as this run finds it: where a unit belongs, and asking the manager.
 * Internal to app/cli.
 */
#ifndef KN_CLI_SERVICE_MANAGER_H
#define KN_CLI_SERVICE_MANAGER_H

#include <stdbool.h>

#include "app/docs/exit_codes.h"
#include "lib/base/error.h"
#include "lib/os/file.h"

struct kn_cli;

enum { KN_SERVICE_UNIT_MAX = 64 * 1024 }; /* bytes of a unit */

struct kn_service {
    struct kn_cli *cli;
    bool is_system;
    const char *name;          /* "kwaainet.service" */
    const char *folder, *path; /* of the unit */
};

/* From the flags --system and --name. Texts live as long as the run. */
enum kn_exit kn_service_find(struct kn_cli *cli, struct kn_service *out);

/* Read the unit; KN_E_NOT_FOUND: there is none. KN_E_DENIED: it is there and not ours. */
KN_MUST_USE enum kn_code kn_service_read(const struct kn_service *service, struct kn_bytes *out,
                                         struct kn_error *err);

/* Is there a manager to ask? */
bool kn_service_is_managed(const struct kn_service *service);

/* systemctl [--user] VERB [NAME]: its first line, "" when it says nothing; lives as long as the
 * run. `*well`: it returned 0. */
const char *kn_service_ask(const struct kn_service *service, const char *verb, bool *well);

/* systemctl [--user] show --property PROPERTY --value NAME */
const char *kn_service_property(const struct kn_service *service, const char *property);

#endif
