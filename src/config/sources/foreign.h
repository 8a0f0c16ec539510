/*
 * foreign — whose file is this? Other nodes keep their settings under the same names and paths.
 */
#ifndef KN_SOURCES_FOREIGN_H
#define KN_SOURCES_FOREIGN_H

struct kn_yaml_node;

/*
 * The program that a file with this top level belongs to ("OpenAI-Petal's NodeManager"), or NULL
 * when it is ours or nobody's. `*sign` is the key that gave it away.
 */
const char *kn_foreign_owner(const struct kn_yaml_node *root, const struct kn_yaml_node **sign);

#endif
