/*
 * sighting — waits until a node that runs says that every bootstrap shows its records.
 *
 * Asks the node through its control socket, again and again: only the node itself reads its records
 * back. The asking is done on another thread, because the node needs this one's swarm to answer.
 */
#ifndef KN_DEMO_SIGHTING_H
#define KN_DEMO_SIGHTING_H

#include "lib/io/loop.h"

enum { KN_SIGHTING_EVERY_MS = 100, KN_SIGHTING_ANSWER_MS = 2000 };

struct kn_demo_sighting;

/* `home`, the node's data folder, is copied. `seen` comes once, later. KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_demo_sighting_start(struct kn_loop *loop, const char *home,
                                                void (*seen)(void *arg), void *arg,
                                                struct kn_demo_sighting **out,
                                                struct kn_error *err);

/* `seen` never comes afterwards. NULL is fine. */
void kn_demo_sighting_free(struct kn_demo_sighting *sighting);

#endif
