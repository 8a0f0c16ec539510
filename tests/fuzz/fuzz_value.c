/*
 * Property: what a setting takes, printed, reads back as an equal value without a word, and prints
 * the same; what it refuses has a problem. The first byte chooses the setting, the second whether
 * the rest is a word or the value of a file.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/schema/layer.h"
#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/yaml/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct kn_origin origin = { .layer = KN_LAYER_FILE, .name = "f", .age_s = -1 };

static void require(int condition)
{
    if (!condition)
        abort();
}

static const char *lookup(void *arg, const char *name)
{
    (void)arg;
    return strcmp(name, "HOME") == 0 ? "/home/u" : NULL;
}

static void check_printed(const struct kn_source *source, const struct kn_setting *setting,
                          struct kn_value first)
{
    struct kn_text text = { 0 }, again = { 0 };
    struct kn_problems *problems = source->layers->problems;
    size_t errors = problems->errors;
    const struct kn_assignment *found;

    kn_value_print(setting, &first, &text);
    require(!text.failed && text.n > 0);
    kn_layer_read_word(source, setting, kn_text_get(&text), &origin, false);
    require(problems->errors == errors);
    found = kn_layers_find(source->layers, setting);
    require(found->valid && kn_value_equal(setting, &first, &found->value));
    kn_value_print(setting, &found->value, &again);
    require(strcmp(kn_text_get(&text), kn_text_get(&again)) == 0);
    kn_text_done(&text);
    kn_text_done(&again);
}

static void read_file(const struct kn_source *source, const struct kn_setting *setting,
                      const char *text, size_t n)
{
    struct kn_yaml_document *doc = kn_arena_alloc(source->layers->arena, sizeof(*doc));

    require(doc != NULL && kn_yaml_parse(source->layers->arena, text, n, doc) == KN_OK);
    if (doc->fault_total == 0 && doc->root != NULL)
        kn_layer_read(source, setting, doc->root, doc, &origin, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct kn_setting *setting;
    struct kn_problems problems;
    struct kn_layers layers = { .problems = &problems };
    struct kn_source source = { .layers = &layers, .base = "/base", .lookup = lookup };
    const struct kn_assignment *found;
    char *text;

    if (size < 2)
        return 0;
    setting = &kn_settings[data[0] % kn_setting_count];
    layers.arena = kn_arena_new();
    require(layers.arena != NULL);
    problems = kn_problems_new(layers.arena, KN_KEEP);
    text = kn_arena_dup_n(layers.arena, (const char *)data + 2, size - 2);
    require(text != NULL);
    if (data[1] % 2 == 0)
        kn_layer_read_word(&source, setting, text, &origin, false);
    else
        read_file(&source, setting, text, size - 2);
    found = kn_layers_find(&layers, setting);
    if (found != NULL && found->valid) {
        require(problems.errors == 0);
        check_printed(&source, setting, found->value);
    } else if (found != NULL) {
        require(problems.errors > 0);
    }
    kn_arena_free(layers.arena);
    return 0;
}
