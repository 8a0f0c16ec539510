/*
 * control_node — a node that has nothing but its data folder and its control socket.
 *
 * usage: control_node HOME [deaf | stubborn]
 *
 * Says "ready" and runs until it is asked to stop. Deaf: nobody serves the socket. Stubborn: it
 * says yes and stays. Exit status 75: another runs with the folder.
 */
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/json/json.h"
#include "lib/os/process_info.h"
#include "node/control/control.h"

enum { TRY_AGAIN = 75 };

struct node {
    struct kn_loop *loop;
    bool is_stubborn;
};

static enum kn_code status(void *arg, const struct kn_json *request, struct kn_json **out,
                           struct kn_error *err)
{
    struct kn_text text = { 0 };

    (void)arg;
    (void)request;
    (void)err;
    kn_text_addf(&text,
                 "{\"pid\": %lld, \"version\": \"1.0.0\", \"name\": \"ada-C-box\",\n"
                 " \"state\": \"JOINING\", \"start_block\": 68, \"end_block\": 80,\n"
                 " \"problems\": [\"a\\u001b[2J\"]}",
                 (long long)kn_process_self());
    *out = kn_json_parse(kn_text_get(&text), text.n);
    kn_text_done(&text);
    return KN_OK;
}

static enum kn_code stop(void *arg, const struct kn_json *request, struct kn_json **out,
                         struct kn_error *err)
{
    const struct node *node = arg;

    (void)request;
    (void)out;
    (void)err;
    if (!node->is_stubborn)
        kn_loop_stop(node->loop);
    return KN_OK;
}

static const struct kn_control_handler handlers[] = {
    { "status", status },
    { "stop", stop },
    { NULL, NULL },
};

static int fail(const struct kn_error *err)
{
    (void)fprintf(stderr, "%s\n%s\n", err->text, err->hint);
    return err->code == KN_E_BUSY ? TRY_AGAIN : 1;
}

static int serve(struct node *node, const struct kn_run_folder *folder, bool is_deaf)
{
    const struct kn_run_facts facts = { .version = "1.0.0" };
    struct kn_control *control = NULL;
    struct kn_error err = { 0 };

    if (kn_run_folder_tell(folder, &facts, &err) != KN_OK ||
        kn_control_new(node->loop, folder, handlers, node, &control, &err) != KN_OK)
        return fail(&err);
    (void)puts("ready");
    (void)fflush(stdout);
    if (is_deaf)
        (void)getchar(); /* until the test closes the pipe, or kills us */
    else
        kn_loop_run(node->loop);
    kn_control_free(control);
    return 0;
}

int main(int argc, char **argv)
{
    const char *how = argc > 2 ? argv[2] : "";
    struct node node = { .is_stubborn = strcmp(how, "stubborn") == 0 };
    struct kn_run_folder *folder = NULL;
    struct kn_error err = { 0 };
    int status;

    if (argc < 2)
        return 2;
    if (kn_run_folder_open(argv[1], &folder, &err) != KN_OK ||
        kn_loop_new(&node.loop, &err) != KN_OK)
        return fail(&err);
    status = serve(&node, folder, strcmp(how, "deaf") == 0);
    kn_run_folder_close(folder);
    kn_loop_free(node.loop);
    return status;
}
