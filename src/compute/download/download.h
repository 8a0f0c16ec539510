/*
 * download — the files of a model that hold a range of its blocks, from a hub into the local cache.
 *
 * The cache is laid out as Hugging Face's libraries do (compute/model/hub.h), takes their locks,
 * and goes on where they or an earlier run stopped. Only config.json and the shards with our blocks
 * are fetched. What the server calls by its SHA-256 is compared with it before it gets its name.
 * Blocking, for a worker thread.
 * spec: hub-docs, local-cache; huggingface_hub, file_download.
 */
#ifndef KN_DOWNLOAD_H
#define KN_DOWNLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/path.h"

struct kn_arena;

enum {
    KN_DOWNLOAD_TRIES_MAX = 8,   /* in a row without a byte */
    KN_DOWNLOAD_PAUSE_MS = 1000, /* before the second; doubled each time */
    KN_DOWNLOAD_PAUSE_MAX_S = 30,
};
#define KN_DOWNLOAD_RESERVE (INT64_C(1) << 30) /* bytes of the disk that are left alone */

enum kn_download_event {
    KN_DOWNLOAD_LOOK,  /* asking for a file's size */
    KN_DOWNLOAD_BYTES, /* bytes came, or none for a while */
    KN_DOWNLOAD_CHECK, /* reading what an earlier run has left */
    KN_DOWNLOAD_WAIT,  /* another program fetches that file: `reason` */
    KN_DOWNLOAD_RETRY, /* failed: `reason`; again in pause_ms */
    KN_DOWNLOAD_DONE,  /* this file is there */
};

/* Texts are lent for the call. */
struct kn_download_news {
    enum kn_download_event event;
    const char *file;
    uint32_t number, files; /* which one of how many; 0 while that is not known */
    int64_t done, total;    /* bytes of all files; total 0 while it is not known */
    const char *reason;
    unsigned attempt;
    int64_t pause_ms;
};

/* What the environment says; texts are its own. */
struct kn_download_place {
    const char *endpoint; /* $HF_ENDPOINT, or https://huggingface.co */
    const char *token;    /* $HF_TOKEN, or $HUGGING_FACE_HUB_TOKEN; NULL: none */
    /* Certificates instead of the system's: $REQUESTS_CA_BUNDLE, or $CURL_CA_BUNDLE; or NULL. */
    const char *authorities;
    bool is_offline; /* $HF_HUB_OFFLINE */
};

void kn_download_place_read(kn_lookup_fn *lookup, void *arg, struct kn_download_place *out);

struct kn_download_options {
    struct kn_download_place place;
    const char *agent; /* what the program calls itself, "kwaainet/1.0.0" */
    const char *root;  /* of the cache */
    const char *repository;
    const char *revision; /* NULL: "main" */
    uint32_t from, to;    /* blocks; to exclusive */
    bool only_config;     /* config.json alone, of a model that is served: no blocks */
    unsigned tries;       /* in a row without a byte; 0: KN_DOWNLOAD_TRIES_MAX */
    int64_t max_bytes;    /* that the whole cache may take; 0: what the disk has */
    int64_t pause_ms;     /* 0: KN_DOWNLOAD_PAUSE_MS */
    /* On the caller's thread, about every second at least; false: give up. NULL: nobody cares. */
    bool (*tell)(void *arg, const struct kn_download_news *news);
    void *arg;
};

/*
 * Fetch what is missing and tell the snapshot's folder, a text of the arena. What was fetched stays
 * after a failure and the next call goes on from there. KN_E_NOT_FOUND: no such repository,
 * revision or file; KN_E_DENIED: not without a token, or not with this one, or offline;
 * KN_E_NO_SPACE: the disk or max_bytes; KN_E_INVALID: what came is not what was announced;
 * KN_E_CANCELLED; KN_E_UNREACHABLE, KN_E_TIMEOUT, KN_E_CLOSED, KN_E_BUSY: after so many tries;
 * KN_E_UNSUPPORTED: libcurl is missing, or a model that is not served, or no safetensors.
 */
KN_MUST_USE enum kn_code kn_download(const struct kn_download_options *options,
                                     struct kn_arena *arena, const char **folder,
                                     struct kn_error *err);

#endif
