#include "config/resolve/fallback.h"

void kn_fallback_take(const struct kn_source *source)
{
    static const struct kn_origin origin = { .layer = KN_LAYER_FALLBACK, .age_s = -1 };

    for (size_t i = 0; i < kn_setting_count; i++) {
        const char *word = kn_settings[i].fallback;

        kn_layer_read_word(source, &kn_settings[i], word != NULL ? word : "null", &origin, false);
    }
}
