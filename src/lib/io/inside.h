/*
 * inside — what the files of lib/io share. Internal to lib/io: nobody else sees libuv.
 *
 * Memory that holds a libuv handle goes in the handle's close callback, and only there.
 */
#ifndef KN_IO_INSIDE_H
#define KN_IO_INSIDE_H

#include <uv.h>

#include "lib/base/buffer.h"
#include "lib/io/tcp.h"

enum { KN_READ_ROOM = 64 * 1024 }; /* one read takes at most this much */

struct kn_loop {
    uv_loop_t *uv; /* memory below; a pointer, so that a const loop can read its clock anew */
    uv_loop_t memory;
    uv_async_t wake;
    uv_signal_t interrupt, terminate, hangup, user;
    void (*on_wake)(void *arg);
    void *wake_arg;
    void (*on_signal)(void *arg, int number);
    void *signal_arg;
    void (*on_user_signal)(void *arg);
    void *user_signal_arg;
    void (*on_hangup)(void *arg);
    void *hangup_arg;
    bool running;
    /* Timers that are due, in the order in which they were set; served in the turn that begins. */
    struct kn_timer *due, **due_end;
    uv_idle_t serve_due; /* active while there are any, so that nothing is waited for */
    unsigned turn;
    uint8_t read_room[KN_READ_ROOM]; /* lent to data() of every connection in turn */
};

/* What libuv's status `status` (0 or negative) means to our callers. */
enum kn_code kn_code_from_uv(int status);

/* The loop's part in timers. */
int kn_timers_begin(struct kn_loop *loop);

/* Start `deadline`, initialized here, to call `fire` in `timeout_ms`. */
void kn_deadline_start(struct kn_loop *loop, uv_timer_t *deadline, int timeout_ms, uv_timer_cb fire,
                       void *data);

struct kn_tcp {
    struct kn_loop *loop;
    uv_tcp_t handle;
    uv_write_t request;
    struct kn_tcp_events events;
    struct kn_buffer sending; /* lent to libuv while `is_sending`: must not move */
    struct kn_buffer waiting; /* goes after it */
    bool is_sending, is_begun, is_paused, is_ended, is_freed;
    bool is_broken; /* bytes were lost for want of memory: nothing may follow them */
};

/* A connection that is not connected yet. NULL: no memory. */
struct kn_tcp *kn_tcp_new(struct kn_loop *loop);

void kn_endpoint_to_system(const struct kn_endpoint *endpoint, struct sockaddr_storage *out);

/* false: neither IPv4 nor IPv6. */
bool kn_endpoint_from_system(const struct sockaddr *address, struct kn_endpoint *out);

#endif
