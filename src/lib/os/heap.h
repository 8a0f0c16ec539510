/*
 * heap — how the C library asks the system for memory.
 */
#ifndef KN_OS_HEAP_H
#define KN_OS_HEAP_H

/*
 * Ask once for what a short command needs, and do not give it back before the end: by default the
 * heap of a command that runs for half a millisecond is grown twice and trimmed once. Costs a
 * process that stays at most 1 MiB. All threads share one heap. Call it first in main().
 */
void kn_heap_expect_short_life(void);

/*
 * Let the system have the pages of the heap that nobody uses, also those between others: what a
 * process that stays for months was once in need of would else be held until its end. Takes a
 * fraction of a millisecond for each MiB. Without effect where the C library cannot.
 */
void kn_heap_give_back(void);

#endif
