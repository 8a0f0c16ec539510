/*
 * spell — values and keys as bytes of a YAML or JSON file. Internal to config/edit.
 */
#ifndef KN_EDIT_SPELL_H
#define KN_EDIT_SPELL_H

#include "lib/yaml/yaml.h"

struct kn_text;

/* What may stand without quotes depends on what is around it. */
enum kn_spell { KN_SPELL_BLOCK, KN_SPELL_FLOW, KN_SPELL_JSON };

/*
 * A text, in the quotes of `like` where it can be: double stay double, single stay single where
 * no escape is needed, everything else is plain where that reads as the same text.
 */
void kn_spell_text(const char *text, enum kn_yaml_style like, enum kn_spell how,
                   struct kn_text *out);

/* A value of kn_wanted_make() on one line; `like` is for the texts in it. */
void kn_spell_value(const struct kn_yaml_node *value, enum kn_yaml_style like, enum kn_spell how,
                    struct kn_text *out);

#endif
