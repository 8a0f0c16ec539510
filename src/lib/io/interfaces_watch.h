/*
 * interfaces_watch — be told when addresses of this machine come and go.
 */
#ifndef KN_IO_INTERFACES_WATCH_H
#define KN_IO_INTERFACES_WATCH_H

#include "lib/io/loop.h"

struct kn_interfaces_watch;

/*
 * Call `changed` on the loop's thread when something may have changed, perhaps several times for
 * one change: kn_interfaces() says what there is now. Does not keep kn_loop_run() waiting.
 * KN_E_UNSUPPORTED: the system does not tell; KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_interfaces_watch_start(struct kn_loop *loop, void (*changed)(void *arg),
                                                   void *arg, struct kn_interfaces_watch **out);
void kn_interfaces_watch_free(struct kn_interfaces_watch *watch);

#endif
