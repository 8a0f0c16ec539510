#include "node/control/control.h"

#include <string.h>

#include "lib/base/memory.h"
#include "lib/io/local.h"
#include "lib/json/json.h"
#include "node/control/control_message.h"

struct client {
    struct kn_control *control;
    struct kn_local *connection; /* NULL: the place is free */
    kn_time since;               /* of the last that it did */
};

struct kn_control {
    struct kn_loop *loop;
    struct kn_local_listener *listener;
    struct kn_timer *idle;
    const struct kn_control_handler *handlers;
    void *arg;
    void (*asked)(void *arg, const char *what, enum kn_code code);
    void *asked_arg;
    struct client clients[KN_CONTROL_CLIENTS_MAX];
};

static void drop(struct client *client)
{
    kn_local_free(client->connection);
    client->connection = NULL;
}

/* The client that did nothing for the longest time; NULL: there is none. */
static struct client *longest_idle(struct kn_control *control)
{
    struct client *found = NULL;

    for (size_t i = 0; i < KN_CONTROL_CLIENTS_MAX; i++) {
        struct client *client = &control->clients[i];

        if (client->connection != NULL && (found == NULL || client->since < found->since))
            found = client;
    }
    return found;
}

static void set_idle_timer(struct kn_control *control)
{
    const struct client *next = longest_idle(control);

    kn_timer_set(control->idle, next != NULL ? next->since + KN_CONTROL_IDLE_MS : KN_NEVER);
}

static void on_idle(void *arg)
{
    struct kn_control *control = arg;
    struct client *client;

    while ((client = longest_idle(control)) != NULL &&
           kn_loop_now(control->loop) - client->since >= KN_CONTROL_IDLE_MS)
        drop(client);
    set_idle_timer(control);
}

static const struct kn_control_handler *find(const struct kn_control *control, const char *what)
{
    for (const struct kn_control_handler *handler = control->handlers; handler->name != NULL;
         handler++) {
        if (strcmp(handler->name, what) == 0)
            return handler;
    }
    return NULL;
}

static enum kn_code handle(const struct kn_control *control, struct kn_span line,
                           struct kn_json **out, struct kn_error *err)
{
    const struct kn_control_handler *handler;
    struct kn_json *request = NULL;
    const char *what;
    enum kn_code rc = kn_control_request_read(line, &request, &what, err);

    if (rc != KN_OK)
        return rc;
    handler = find(control, what);
    if (handler != NULL)
        rc = handler->answer(control->arg, request, out, err);
    else
        rc = kn_fail(err, KN_E_UNSUPPORTED, "the node does not know the request \"%.40s\"", what);
    if (control->asked != NULL)
        control->asked(control->asked_arg, what, rc);
    kn_json_free(request);
    return rc;
}

/* Append the line that answers. False when memory is short. */
static bool answer(const struct kn_control *control, struct kn_span line, struct kn_text *out)
{
    struct kn_json *document = NULL;
    struct kn_error err = { 0 };
    bool ok = false;

    if (handle(control, line, &document, &err) == KN_OK) {
        ok = kn_control_answer_print(document, out) && out->n < KN_CONTROL_ANSWER_MAX;
        if (!ok)
            (void)kn_fail(&err, KN_E_LIMIT, "the answer cannot be told");
    } else {
        kn_json_free(document);
    }
    if (!ok) {
        kn_text_cut(out, 0);
        ok = kn_control_failure_print(&err, out);
    }
    kn_text_add_char(out, '\n');
    return ok && !out->failed;
}

static void on_line(void *arg, struct kn_span line)
{
    struct client *client = arg;
    struct kn_text out = { 0 };
    bool ok = answer(client->control, line, &out) &&
              kn_local_write(client->connection, kn_span(out.at, out.n)) == KN_OK;

    kn_text_done(&out);
    client->since = kn_loop_now(client->control->loop);
    if (ok)
        kn_local_pause(client->connection, true); /* one answer at a time waits to be read */
    else
        drop(client);
    set_idle_timer(client->control);
}

static void on_sent(void *arg)
{
    struct client *client = arg;

    client->since = kn_loop_now(client->control->loop);
    set_idle_timer(client->control);
    kn_local_pause(client->connection, false);
}

static void on_ended(void *arg, enum kn_code code)
{
    struct client *client = arg;

    (void)code;
    drop(client);
    set_idle_timer(client->control);
}

/* A place for one more; who did nothing for the longest time gives way. */
static struct client *place_of(struct kn_control *control)
{
    struct client *client;

    for (size_t i = 0; i < KN_CONTROL_CLIENTS_MAX; i++) {
        if (control->clients[i].connection == NULL)
            return &control->clients[i];
    }
    client = longest_idle(control);
    drop(client);
    return client;
}

static void on_accepted(void *arg, struct kn_local *connection)
{
    struct kn_control *control = arg;
    struct client *client = place_of(control);
    struct kn_local_events events = {
        .arg = client, .line = on_line, .sent = on_sent, .ended = on_ended
    };

    client->control = control;
    client->connection = connection;
    client->since = kn_loop_now(control->loop);
    set_idle_timer(control);
    kn_local_begin(connection, KN_CONTROL_REQUEST_MAX, &events);
}

enum kn_code kn_control_new(struct kn_loop *loop, const struct kn_run_folder *folder,
                            const struct kn_control_handler *handlers, void *arg,
                            struct kn_control **out, struct kn_error *err)
{
    struct kn_control *control = kn_try_alloc(sizeof(*control));
    enum kn_code rc;

    if (control == NULL)
        return kn_fail_no_memory(err);
    control->loop = loop;
    control->handlers = handlers;
    control->arg = arg;
    control->idle = kn_timer_new(loop, on_idle, control);
    if (control->idle == NULL)
        rc = kn_fail_no_memory(err);
    else
        rc = kn_local_listen(loop, kn_run_folder_path(folder), KN_CONTROL_NAME, on_accepted,
                             control, &control->listener, err);
    if (rc != KN_OK) {
        kn_control_free(control);
        return rc;
    }
    *out = control;
    return KN_OK;
}

void kn_control_on_asked(struct kn_control *control,
                         void (*asked)(void *arg, const char *what, enum kn_code code), void *arg)
{
    control->asked = asked;
    control->asked_arg = arg;
}

void kn_control_free(struct kn_control *control)
{
    if (control == NULL)
        return;
    for (size_t i = 0; i < KN_CONTROL_CLIENTS_MAX; i++)
        drop(&control->clients[i]);
    kn_local_listener_free(control->listener);
    kn_timer_free(control->idle);
    kn_free(control);
}
