#include "node/alerts/command.h"

#include <string.h>

#include "lib/base/memory.h"
#include "lib/io/child.h"
#include "node/alerts/program.h"
#include "node/alerts/words.h"

struct kn_alert_command {
    struct kn_child *child;
    struct kn_timer *timer;
    struct kn_loop *loop;
    int limit_ms;
    bool is_late; /* asked to end */
    kn_alert_command_fn *told;
    void *arg;
};

void kn_alert_command_free(struct kn_alert_command *command)
{
    if (command == NULL)
        return;
    if (command->child != NULL)
        kn_child_signal(command->child, KN_CHILD_KILL);
    kn_child_free(command->child);
    kn_timer_free(command->timer);
    kn_free(command);
}

static void on_ended(void *arg, int exit_status)
{
    struct kn_alert_command *command = arg;
    kn_alert_command_fn *told = command->told;
    void *told_arg = command->arg;
    struct kn_error failure = { 0 };

    if (command->is_late)
        (void)kn_fail(&failure, KN_E_TIMEOUT, "it did not end within %d s and was ended",
                      command->limit_ms / 1000);
    else if (exit_status != 0)
        (void)kn_fail(&failure, KN_E_IO, "it ended with status %d", exit_status);
    kn_alert_command_free(command);
    told(told_arg, failure.code != KN_OK ? &failure : NULL);
}

static void on_late(void *arg)
{
    struct kn_alert_command *command = arg;

    kn_child_signal(command->child, command->is_late ? KN_CHILD_KILL : KN_CHILD_TERMINATE);
    if (!command->is_late)
        kn_timer_set(command->timer, kn_loop_now(command->loop) + KN_ALERT_KILL_MS);
    command->is_late = true;
}

/* NULL when memory is short. */
static const char **as_list(const char *at, size_t n)
{
    const char **list = kn_try_alloc((n + 1) * sizeof(*list));

    for (size_t i = 0; list != NULL && i < n; i++, at += strlen(at) + 1)
        list[i] = at;
    return list;
}

static enum kn_code run(struct kn_alert_command *command,
                        const struct kn_alert_command_options *options,
                        const struct kn_alert_message *message, char *room, struct kn_error *err)
{
    const char *words[KN_WORDS_MAX + 1], **environment = NULL;
    struct kn_text variables = { 0 }, program = { 0 };
    size_t n;
    enum kn_code rc = kn_words_cut(options->command, room, words, err);

    if (rc == KN_OK)
        rc = kn_alert_program_find(words[0], options->folder, options->environment, &program, err);
    if (rc != KN_OK) {
        kn_text_done(&program);
        return rc;
    }
    n = kn_alert_environment(message, options->environment, &variables);
    if (!variables.failed)
        environment = as_list(kn_text_get(&variables), n);
    if (environment == NULL) {
        rc = kn_fail_no_memory(err);
    } else {
        const struct kn_child_options child = { .program = kn_text_get(&program),
                                                .argv = words,
                                                .environment = environment,
                                                .folder = options->folder,
                                                .is_apart = true };

        rc = kn_child_start(options->loop, &child, on_ended, command, &command->child, err);
    }
    kn_free(environment);
    kn_text_done(&variables);
    kn_text_done(&program);
    return rc;
}

enum kn_code kn_alert_command_start(const struct kn_alert_command_options *options,
                                    const struct kn_alert_message *message,
                                    kn_alert_command_fn *told, void *arg,
                                    struct kn_alert_command **out, struct kn_error *err)
{
    struct kn_alert_command *command = kn_try_alloc(sizeof(*command));
    char *room;
    enum kn_code rc;

    if (command == NULL)
        return kn_fail_no_memory(err);
    *command = (struct kn_alert_command){ .loop = options->loop, .told = told, .arg = arg };
    command->limit_ms = options->limit_ms > 0 ? options->limit_ms : KN_ALERT_COMMAND_MS;
    command->timer = kn_timer_new(options->loop, on_late, command);
    room = kn_try_alloc(strlen(options->command) + 1);
    rc = command->timer != NULL && room != NULL ? run(command, options, message, room, err)
                                                : kn_fail_no_memory(err);
    kn_free(room);
    if (rc != KN_OK) {
        kn_alert_command_free(command);
        return rc;
    }
    kn_timer_set(command->timer, kn_loop_now(options->loop) + command->limit_ms);
    *out = command;
    return KN_OK;
}
