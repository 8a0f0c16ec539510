/*
 * yamux — frames and events as text, so that a row of a table reads as what happens on the wire.
 *
 * A frame is TYPE ID [.FLAGS] :VALUE with D, W, P, G and s, a, f, r: "W1.s:0 D1.f:abc G0:1". The
 * value of D is its body, or <N> for a body of N times 'x'.
 */
#ifndef KN_TESTS_YAMUX_H
#define KN_TESTS_YAMUX_H

#include <stdlib.h>

#include "network/yamux/header.h"
#include "network/yamux/yamux.h"
#include "support/check.h"

enum { YAMUX_TEXT = 8192, YAMUX_USERS = 2048, YAMUX_BODY_SHOWN = 40 };

static inline void yamux_put(struct kn_buffer *out, struct kn_yamux_header header, const char *body)
{
    uint8_t bytes[KN_YAMUX_HEADER_SIZE];

    kn_yamux_header_encode(&header, bytes);
    kn_buffer_add(out, bytes, sizeof(bytes));
    if (header.type != KN_YAMUX_DATA)
        return;
    if (body != NULL)
        kn_buffer_add(out, body, header.length);
    else
        memset(kn_buffer_extend(out, header.length), 'x', header.length);
}

/* The bytes of one frame in text; where the text goes on. */
static inline const char *yamux_frame(const char *text, struct kn_buffer *out)
{
    static const char types[] = "DWPG", flags[] = "safr";
    struct kn_yamux_header header = { 0 };
    char *end;

    header.type = (enum kn_yamux_type)(strchr(types, text[0]) - types);
    header.id = (uint32_t)strtoul(text + 1, &end, 10);
    if (*end == '.')
        for (end++; *end != ':'; end++)
            header.flags |= (uint16_t)(1U << (strchr(flags, *end) - flags));
    text = end + 1;
    if (header.type == KN_YAMUX_DATA && *text != '<') {
        header.length = (uint32_t)strcspn(text, " ");
        yamux_put(out, header, text);
        return text + header.length;
    }
    header.length = (uint32_t)strtoul(text + (*text == '<'), &end, 10);
    yamux_put(out, header, NULL);
    return end + (*end == '>');
}

static inline void yamux_frames(const char *text, struct kn_buffer *out)
{
    while (*text != '\0') {
        text = yamux_frame(text, out);
        text += *text == ' ';
    }
}

static inline void yamux_say(char *text, const char *part)
{
    size_t n = strlen(text);

    (void)snprintf(text + n, YAMUX_TEXT - n, "%s%s", n == 0 ? "" : " ", part);
}

/* What yamux_frames() reads, from bytes; a body that is long is shown as <N>. */
static inline void yamux_text(struct kn_span bytes, char text[YAMUX_TEXT])
{
    text[0] = '\0';
    while (bytes.n > 0) {
        struct kn_yamux_header h;
        char part[128], flags[8] = "";
        size_t body;

        CHECK("a whole header", bytes.n >= KN_YAMUX_HEADER_SIZE);
        CHECK_EQ("header", kn_yamux_header_decode(bytes.at, &h), KN_OK);
        body = h.type == KN_YAMUX_DATA ? h.length : 0;
        CHECK("a whole body", bytes.n >= KN_YAMUX_HEADER_SIZE + body);
        if (h.flags != 0)
            (void)snprintf(flags, sizeof(flags), ".%s%s%s%s", h.flags & 1 ? "s" : "",
                           h.flags & 2 ? "a" : "", h.flags & 4 ? "f" : "", h.flags & 8 ? "r" : "");
        if (h.type == KN_YAMUX_DATA && body <= YAMUX_BODY_SHOWN)
            (void)snprintf(part, sizeof(part), "D%u%s:%.*s", h.id, flags, (int)body,
                           (const char *)bytes.at + KN_YAMUX_HEADER_SIZE);
        else
            (void)snprintf(part, sizeof(part),
                           h.type == KN_YAMUX_DATA ? "%c%u%s:<%u>" : "%c%u%s:%u", "DWPG"[h.type],
                           h.id, flags, h.length);
        yamux_say(text, part);
        bytes =
            kn_span(bytes.at + KN_YAMUX_HEADER_SIZE + body, bytes.n - KN_YAMUX_HEADER_SIZE - body);
    }
}

/* A session whose events are written down. `on` may do something in one of them. */
struct yamux_side {
    struct kn_yamux *y;
    char events[YAMUX_TEXT];
    void (*on)(struct yamux_side *side, const char *event, struct kn_yamux_stream *stream);
    struct yamux_user {
        struct yamux_side *side;
        struct kn_yamux_stream *stream;
        uint32_t id;
        struct kn_buffer got;
    } users[YAMUX_USERS];
    size_t count;
};

static inline void yamux_event(struct yamux_side *side, const char *event, uint32_t id,
                               struct kn_yamux_stream *stream)
{
    char part[64];

    (void)snprintf(part, sizeof(part), "%s%u", event, id);
    yamux_say(side->events, part);
    if (side->on != NULL && stream != NULL)
        side->on(side, event, stream);
}

static inline struct yamux_user *yamux_user(struct yamux_side *side, struct kn_yamux_stream *stream)
{
    struct yamux_user *user = &side->users[side->count++];

    CHECK("users", side->count <= YAMUX_USERS);
    *user = (struct yamux_user){ .side = side, .stream = stream, .id = kn_yamux_stream_id(stream) };
    kn_yamux_stream_set_user(stream, user);
    return user;
}

static inline void yamux_opened(void *arg, struct kn_yamux_stream *stream)
{
    (void)yamux_user(arg, stream);
    yamux_event(arg, "open", kn_yamux_stream_id(stream), stream);
}

/* Bytes are written down as one, however they were cut. */
static inline void yamux_data(void *arg, struct kn_yamux_stream *stream, struct kn_span bytes)
{
    struct yamux_user *user = arg;
    char part[64];
    size_t n = strlen(user->side->events), m;

    kn_buffer_add_span(&user->got, bytes);
    (void)snprintf(part, sizeof(part), "data%u", user->id);
    m = strlen(part);
    if (n >= m && strcmp(user->side->events + n - m, part) == 0)
        user->side->events[n > m ? n - m - 1 : 0] = '\0';
    yamux_event(user->side, "data", user->id, stream);
}

static inline void yamux_finished(void *arg, struct kn_yamux_stream *stream)
{
    struct yamux_user *user = arg;

    yamux_event(user->side, "fin", user->id, stream);
}

static inline void yamux_drained(void *arg, struct kn_yamux_stream *stream)
{
    struct yamux_user *user = arg;

    yamux_event(user->side, "drain", user->id, stream);
}

static inline void yamux_ended(void *arg, enum kn_yamux_end how)
{
    static const char *const names[] = { "ended", "reset", "lost" };
    struct yamux_user *user = arg;

    user->stream = NULL;
    yamux_event(user->side, names[how], user->id, NULL);
}

static inline struct yamux_side *yamux_start(enum kn_role role)
{
    static const struct kn_yamux_events events = { yamux_opened, yamux_data, yamux_finished,
                                                   yamux_drained, yamux_ended };
    struct yamux_side *side = calloc(1, sizeof(*side));

    assert_non_null(side);
    side->y = kn_yamux_new(role, &events, side, 0);
    return side;
}

static inline void yamux_stop(struct yamux_side *side)
{
    kn_yamux_free(side->y);
    for (size_t i = 0; i < side->count; i++)
        kn_buffer_done(&side->users[i].got);
    free(side);
}

static inline struct kn_yamux_stream *yamux_open(struct yamux_side *side)
{
    struct kn_yamux_stream *stream = NULL;

    CHECK_EQ("open", kn_yamux_open(side->y, NULL, &stream), KN_OK);
    (void)yamux_user(side, stream);
    return stream;
}

static inline void yamux_write(struct kn_yamux_stream *stream, const char *text)
{
    CHECK_EQ(text, kn_yamux_write(stream, kn_span_text(text)), KN_OK);
}

/* Feed frames given as text. */
static inline enum kn_code yamux_feed(struct yamux_side *side, const char *frames, kn_time now)
{
    struct kn_buffer bytes = { 0 };
    enum kn_code rc;

    yamux_frames(frames, &bytes);
    rc = kn_yamux_input(side->y, kn_buffer_get(&bytes), now, NULL);
    kn_buffer_done(&bytes);
    return rc;
}

/* Everything that is to be sent, as text. Valid until the next call. */
static inline const char *yamux_sends(struct yamux_side *side)
{
    static char text[YAMUX_TEXT];
    struct kn_buffer wire = { 0 };

    kn_yamux_output(side->y, SIZE_MAX, &wire);
    CHECK("nothing is left", !kn_yamux_has_output(side->y));
    yamux_text(kn_buffer_get(&wire), text);
    kn_buffer_done(&wire);
    return text;
}

#endif
