/*
 * identity_report — what the identity commands share: where the key lies, and what is said of it.
 */
#ifndef KN_CLI_IDENTITY_REPORT_H
#define KN_CLI_IDENTITY_REPORT_H

#include "app/docs/exit_codes.h"
#include "node/identity/identity.h"

struct kn_cli;

/*
 * Find the place of the key; `place` lives as long as the snapshot, which is released with
 * kn_snapshot_unref(). A setting that makes the place doubtful is reported and refused.
 */
enum kn_exit kn_identity_locate(struct kn_cli *cli, struct kn_snapshot **out,
                                struct kn_identity_place *place);

/* With --replace: as of now, what has the place goes aside. */
struct kn_identity_order kn_identity_ordered(const struct kn_cli *cli);

/* What a command did besides showing. */
struct kn_identity_deed {
    bool makes;       /* the command puts a key into its place */
    const char *from; /* the file that was taken over, or NULL */
};

/* Print the identity as text or as JSON. */
void kn_identity_report(struct kn_cli *cli, const struct kn_identity_place *place,
                        const struct kn_identity *identity, const struct kn_identity_deed *deed);

/* Add a sentence to the conversation, unless it is not wanted. */
void kn_identity_say(struct kn_cli *cli, const char *text);

#endif
