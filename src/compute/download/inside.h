/*
 * inside — what the files of compute/download share. Internal.
 */
#ifndef KN_DOWNLOAD_INSIDE_H
#define KN_DOWNLOAD_INSIDE_H

#include "compute/download/download.h"

struct kn_http;
struct kn_http_answer;
struct kn_monitor;

enum {
    KN_REMOTE_COMMIT_SIZE = 41,
    KN_REMOTE_TAG_SIZE = 129,
    KN_REMOTE_LOOK_MS = 250, /* between two looks at something that another changes */
};

/* A file on the server. */
struct kn_remote {
    const char *name; /* in the repository */
    char commit[KN_REMOTE_COMMIT_SIZE];
    char tag[KN_REMOTE_TAG_SIZE]; /* the name of its blob */
    bool is_sha256;               /* that is what the tag is */
    int64_t size;
};

struct kn_fetch {
    const struct kn_download_options *options;
    struct kn_arena *arena;
    struct kn_http *http;
    struct kn_monitor *monitor; /* to wait in */
    const char *folder;         /* ROOT/models--ORG--NAME */
    const char *locks;          /* ROOT/.locks/models--ORG--NAME */
    uint32_t number, files;
    int64_t done, total;
};

/* Tell; false: give up. */
bool kn_fetch_tell(const struct kn_fetch *fetch, struct kn_download_news news);

/* Let `ms` pass, telling the news meanwhile. KN_E_CANCELLED. */
KN_MUST_USE enum kn_code kn_fetch_pause(const struct kn_fetch *fetch, int64_t ms,
                                        struct kn_download_news news, struct kn_error *err);

/* After a failure that may pass: wait and count. Gives KN_OK to try again, else `err`'s code. */
KN_MUST_USE enum kn_code kn_fetch_retry(const struct kn_fetch *fetch, const char *file,
                                        unsigned *attempt, struct kn_error *err);

/* ENDPOINT/REPOSITORY/resolve/REVISION/FILE. NULL when memory is short. */
const char *kn_remote_address(const struct kn_fetch *fetch, const char *revision, const char *file);

/* What an answer that is no file means. */
enum kn_code kn_remote_refuse(const struct kn_fetch *fetch, const char *file,
                              const struct kn_http_answer *answer, struct kn_error *err);

/* What the server says of a file. KN_E_NOT_FOUND: there is none. */
KN_MUST_USE enum kn_code kn_remote_look(struct kn_fetch *fetch, const char *revision,
                                        const char *file, struct kn_remote *out,
                                        struct kn_error *err);

/* Bytes of it that are here already, whole or in part. */
int64_t kn_blob_here(const struct kn_fetch *fetch, const struct kn_remote *remote);

/* Fetch what is missing of it and link it into its snapshot. */
KN_MUST_USE enum kn_code kn_blob_fetch(struct kn_fetch *fetch, const struct kn_remote *remote,
                                       struct kn_error *err);

#endif
