/*
 * download_driver — fetches a model as a node does, and prints what it is told: a line an event,
 * then the folder or the failure.
 *
 * usage: download_driver ROOT REPOSITORY REVISION|- FROM TO [MAX_BYTES [GIVE_UP_AFTER]]
 * The place comes from the environment, as for a node.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compute/download/download.h"
#include "compute/model/model.h"
#include "lib/base/arena.h"
#include "lib/crypto/hash.h"

struct watch {
    int64_t give_up_after;
    enum kn_download_event last;
    const char *file;
};

static const char *lookup(void *arg, const char *name)
{
    (void)arg;
    return getenv(name);
}

static bool tell(void *arg, const struct kn_download_news *news)
{
    static const char *const words[] = { "look", "bytes", "check", "wait", "retry", "done" };
    struct watch *watch = arg;

    if (news->event != watch->last || news->event == KN_DOWNLOAD_RETRY) {
        printf("%s %s %" PRIu32 "/%" PRIu32 " %" PRId64 "/%" PRId64 " %s\n", words[news->event],
               news->file != NULL ? news->file : "-", news->number, news->files, news->done,
               news->total, news->reason != NULL ? news->reason : "");
        (void)fflush(stdout);
    }
    watch->last = news->event;
    return watch->give_up_after == 0 || news->done < watch->give_up_after;
}

/* The blocks can be used. */
static int load(const char *folder, const struct kn_download_options *options)
{
    struct kn_model *model = NULL;
    struct kn_error err = { 0 };

    if (kn_model_open(&(struct kn_model_options){ .folder = folder,
                                                  .from = options->from,
                                                  .to = options->to },
                      &model, &err) != KN_OK) {
        printf("not loaded: %s\n", err.text);
        return EXIT_FAILURE;
    }
    kn_model_close(model);
    printf("loaded\n");
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct watch watch = { .last = KN_DOWNLOAD_DONE };
    struct kn_download_options options = { .agent = "kwaainet/test", .tell = tell, .arg = &watch };
    struct kn_arena *arena = kn_arena_new();
    uint8_t hash[KN_SHA256_SIZE];
    const char *folder = NULL;
    struct kn_error err = { 0 };
    int rc = EXIT_FAILURE;

    if (argc < 6 || arena == NULL)
        return EXIT_FAILURE;
    kn_sha256(kn_span_text("the node starts libcrypto in its own way, before TLS does"), hash);
    kn_download_place_read(lookup, NULL, &options.place);
    options.root = argv[1];
    options.repository = argv[2];
    options.revision = strcmp(argv[3], "-") != 0 ? argv[3] : NULL;
    options.from = (uint32_t)strtoul(argv[4], NULL, 10);
    options.to = (uint32_t)strtoul(argv[5], NULL, 10);
    options.max_bytes = argc > 6 ? strtoll(argv[6], NULL, 10) : 0;
    watch.give_up_after = argc > 7 ? strtoll(argv[7], NULL, 10) : 0;
    options.pause_ms = 1;
    if (kn_download(&options, arena, &folder, &err) == KN_OK) {
        printf("folder %s\n", folder);
        rc = load(folder, &options);
    } else {
        printf("failed %s\n%s\n%s\n", kn_code_name(err.code), err.text, err.hint);
    }
    kn_arena_free(arena);
    return rc;
}
