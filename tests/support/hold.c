/*
 * hold ROOT FOLDER TYPE COUNT: holds COUNT blocks of the shape that FOLDER/config.json tells, with
 * their attention cache, and runs a session of full length through them, as long as ROOT/proc says
 * that there is memory. TYPE: float32 or bfloat16. Ends with 0, 3 where it stops, or by the system.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compute/model/decoder_file.h"
#include "node/trial/hold.h"

enum { FULL = 3, ARGUMENTS = 5 };

static int hold(const struct kn_decoder *decoder, struct kn_watch *watch, enum kn_weights_as as,
                uint32_t count)
{
    const struct kn_hold_options options = {
        .decoder = decoder,
        .as = as,
        .most = count,
        .threads = 2,
        .length = decoder->max_positions,
        .with_cache = true,
        .watch = watch,
    };
    struct kn_error err = { 0 };
    struct kn_hold *held = NULL;
    enum kn_code rc = kn_hold_new(&options, &held, &err);

    if (rc == KN_OK)
        rc = kn_hold_run(held, count, &err);
    kn_hold_free(held);
    if (rc != KN_OK)
        (void)fprintf(stderr, "%s %s\n", kn_code_name(rc), err.text);
    return rc == KN_OK ? EXIT_SUCCESS : rc == KN_E_LIMIT ? FULL : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct kn_decoder_file file;
    struct kn_watch watch = { .most = -1 };
    struct kn_error err = { 0 };
    enum kn_weights_as as;

    if (argc != ARGUMENTS)
        return EXIT_FAILURE;
    watch.root = argv[1];
    as = strcmp(argv[3], "bfloat16") == 0 ? KN_WEIGHTS_BF16 : KN_WEIGHTS_EXACT;
    if (kn_decoder_file_read(argv[2], &file, &err) != KN_OK ||
        kn_watch_begin(&watch, &err) != KN_OK) {
        (void)fprintf(stderr, "%s\n", err.text);
        return EXIT_FAILURE;
    }
    return hold(&file.decoder, &watch, as, (uint32_t)strtoul(argv[4], NULL, 10));
}
