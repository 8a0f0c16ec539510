/* The public library: nodes on threads of their own, seen through include/kwaainet/node.h alone. */
#include "kwaainet/node.h"

#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/check.h"
#include "support/home.h"
#include "support/public_node.h"

static struct kn_home home;

static int setup(void **state)
{
    (void)state;
    kn_home_make(&home);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kn_home_remove(&home);
    return 0;
}

static struct kwaai_node *start(const char *name, const char *address)
{
    struct kn_public_words words;
    struct kwaai_node_options options = kn_public_options(&home, name, address, &words);
    struct kwaai_node *node = NULL;
    enum kwaai_node_result result = kwaai_node_start(&options, &node);
    struct kwaai_failure failure;

    memset(&words, 'x', sizeof(words)); /* the options are copied */
    if (result != KWAAI_NODE_OK && node != NULL && kwaai_node_failure(node, &failure))
        (void)fprintf(stderr, "%s\n", failure.message);
    CHECK_EQ(name, result, KWAAI_NODE_OK);
    return node;
}

static void await(struct kwaai_node *node, enum kwaai_event_kind kind, struct kwaai_event *out)
{
    if (!kn_public_await(node, kind, out)) {
        (void)fprintf(stderr, "not told of %d; the last: %s\n", (int)kind, out->text);
        fail();
    }
}

static const struct kwaai_node_status *status_of(struct kwaai_node *node)
{
    const struct kwaai_node_status *status = NULL;

    CHECK_EQ("status", kwaai_node_status(node, &status), KWAAI_NODE_OK);
    return status;
}

/* Where another node of this machine finds it. */
static void address_of(struct kwaai_node *node, char *out, size_t size)
{
    const struct kwaai_node_status *status = status_of(node);

    (void)snprintf(out, size, "/ip4/127.0.0.1/tcp/%u/p2p/%s", status->port, status->peer_id);
    kwaai_node_status_free(status);
}

static void end(struct kwaai_node *node)
{
    struct kwaai_event event;

    kwaai_node_stop(node);
    await(node, KWAAI_EVENT_ENDED, &event);
    CHECK_STR("ended", event.text, "ended");
    kwaai_node_free(node);
}

static void a_node_starts_announces_and_stops(void **state)
{
    struct kwaai_node *node = start("a", NULL);
    const struct kwaai_node_status *status;
    struct kwaai_failure failure;
    struct kwaai_event event;

    (void)state;
    await(node, KWAAI_EVENT_LISTENING, &event);
    CHECK_HAS("listening", event.text, "Using port ");
    CHECK("time", event.at_ms > 0);
    await(node, KWAAI_EVENT_DISCOVERED, &event);
    CHECK_HAS("discovered", event.text, "selected TinyLlama");
    await(node, KWAAI_EVENT_CALIBRATED, &event);
    CHECK_HAS("calibrated", event.text, "blocks");
    await(node, KWAAI_EVENT_ASSIGNED, &event);
    CHECK_HAS("assigned", event.text, "assigned blocks 0-");
    await(node, KWAAI_EVENT_NAMED, &event);
    CHECK_HAS("named", event.text, "-C-");
    await(node, KWAAI_EVENT_ANNOUNCED, &event);
    CHECK_HAS("announced", event.text, "nobody else");
    CHECK_HAS("announced", event.text, "JOINING");
    CHECK("no failure", !kwaai_node_failure(node, &failure));
    kwaai_node_stop(node);
    await(node, KWAAI_EVENT_ENDED, &event);
    CHECK_EQ("over", kwaai_node_wait(node, 0, &event), KWAAI_NODE_OVER);
    CHECK_EQ("over", kwaai_node_wait(node, KWAAI_FOR_EVER, &event), KWAAI_NODE_OVER);
    CHECK("no failure", !kwaai_node_failure(node, &failure));
    status = status_of(node);
    CHECK_EQ("state", status->state, KWAAI_OFFLINE);
    CHECK("peer", status->peer_id != NULL);
    kwaai_node_free(node);
    CHECK_STR("outlives the node", status->model, "TinyLlama-1.1B-Chat-v1.0");
    kwaai_node_status_free(status);
}

static void two_nodes_of_one_process_are_a_swarm(void **state)
{
    struct kwaai_node *first = start("a", NULL), *second;
    const struct kwaai_node_status *status;
    struct kwaai_event event;
    char address[256];

    (void)state;
    await(first, KWAAI_EVENT_ANNOUNCED, &event);
    address_of(first, address, sizeof(address));
    second = start("b", address);
    await(second, KWAAI_EVENT_BOOTSTRAP, &event);
    CHECK_HAS("bootstrap", event.text, address);
    await(second, KWAAI_EVENT_VISIBLE, &event);
    CHECK_STR("visible", event.text, "visible on 1 of 1 bootstrap");
    status = status_of(second);
    CHECK_EQ("state", status->state, KWAAI_JOINING);
    CHECK("since", status->since_s >= status->started_s && status->started_s > 0);
    CHECK("name", status->name != NULL);
    CHECK_STR("prefix", status->prefix, "TinyLlama-1-1B-Chat-v1-0-hf");
    CHECK_EQ("total", status->total_blocks, 22);
    CHECK("range", status->start_block >= 0 && status->end_block > status->start_block);
    CHECK_EQ("records", status->records, status->end_block - status->start_block + 1);
    CHECK_EQ("acknowledged", status->acknowledged, status->records);
    CHECK("announced", status->announced_s >= status->started_s);
    CHECK("port", status->port > 0);
    CHECK("peers", status->peers > 0);
    CHECK("addresses", status->address_count > 0);
    CHECK_HAS("address", status->addresses[0], "/ip4/127.0.0.1/tcp/");
    kwaai_node_status_free(status);
    end(second);
    end(first);
}

static int listen_somewhere(uint16_t *port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_ANY) } };
    socklen_t n = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    CHECK("bind", fd >= 0 && bind(fd, (const struct sockaddr *)&at, n) == 0 && listen(fd, 1) == 0 &&
                      getsockname(fd, (struct sockaddr *)&at, &n) == 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static void before_anything_is_known_the_status_says_so(void **state)
{
    static const char peer[] = "QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc";
    const struct kwaai_node_status *status;
    struct kwaai_event event;
    struct kwaai_node *node;
    char address[256];
    uint16_t port;
    int fd = listen_somewhere(&port); /* who never says a word */

    (void)state;
    (void)snprintf(address, sizeof(address), "/ip4/127.0.0.1/tcp/%u/p2p/%s", port, peer);
    node = start("a", address);
    status = status_of(node);
    CHECK_EQ("state", status->state, KWAAI_OFFLINE);
    CHECK_EQ("announced", status->announced_s, 0);
    CHECK_EQ("records", status->records, 0);
    CHECK_EQ("start", status->start_block, -1);
    CHECK_EQ("end", status->end_block, -1);
    kwaai_node_status_free(status);
    await(node, KWAAI_EVENT_BOOTSTRAP, &event);
    CHECK_HAS("bootstrap", event.text, address);
    await(node, KWAAI_EVENT_DISCOVERED, &event);
    CHECK_HAS("discovered", event.text, "nobody answered");
    end(node);
    (void)close(fd);
}

/* A start that fails: the result, a text with that in it, and an end. */
static void refused(const char *row, const struct kwaai_node_options *options,
                    enum kwaai_node_result want, const char *part)
{
    const struct kwaai_node_status *status;
    struct kwaai_event event = KWAAI_EVENT;
    struct kwaai_failure failure;
    struct kwaai_node *node = NULL;

    CHECK_EQ(row, kwaai_node_start(options, &node), want);
    CHECK(row, node != NULL && kwaai_node_failure(node, &failure));
    CHECK_EQ(row, failure.result, want);
    CHECK_HAS(row, failure.message, part);
    CHECK_EQ(row, kwaai_node_wait(node, 0, &event), KWAAI_NODE_OK);
    CHECK_EQ(row, event.kind, KWAAI_EVENT_ENDED);
    CHECK_HAS(row, event.text, part);
    CHECK_EQ(row, kwaai_node_wait(node, KWAAI_FOR_EVER, &event), KWAAI_NODE_OVER);
    status = status_of(node);
    CHECK_EQ(row, status->state, KWAAI_OFFLINE);
    CHECK(row, status->peer_id == NULL);
    kwaai_node_status_free(status);
    kwaai_node_stop(node); /* no harm */
    kwaai_node_free(node);
}

static void a_port_that_is_taken_is_a_result(void **state)
{
    const char *words[] = { NULL, "--set", "network.new_swarm=true" };
    struct kwaai_node_options options = KWAAI_NODE_OPTIONS;
    char flag[32], part[32];
    uint16_t port;
    int fd = listen_somewhere(&port);

    (void)state;
    (void)snprintf(flag, sizeof(flag), "--port=%u", port);
    (void)snprintf(part, sizeof(part), "port %u is in use", port);
    words[0] = flag;
    options.home = home.path;
    options.working_folder = home.path;
    options.arguments = words;
    options.argument_count = 3;
    refused("port", &options, KWAAI_NODE_BUSY, part);
    (void)close(fd);
}

static void a_folder_is_one_node_s_and_free_when_it_ended(void **state)
{
    struct kn_public_words words;
    struct kwaai_node_options options = kn_public_options(&home, "a", NULL, &words);
    struct kwaai_node *first = start("a", NULL), *second;
    struct kwaai_event event;

    (void)state;
    refused("folder", &options, KWAAI_NODE_BUSY, "a");
    kwaai_node_stop(first);
    await(first, KWAAI_EVENT_ENDED, &event);
    second = start("a", NULL); /* while the first one is not released */
    kwaai_node_free(first);
    end(second);
}

static void every_mistake_of_the_configuration_can_be_asked_for(void **state)
{
    struct kn_public_words words;
    struct kwaai_node_options options = kn_public_options(&home, "a", NULL, &words);
    struct kwaai_problem problem;
    struct kwaai_node *node = NULL;
    size_t errors = 0, n = 0;
    bool has_flag = false, has_port = false;

    (void)state;
    kn_home_write(&home, "node_config.yaml", "node: {port: 0}\n", 16, 0600);
    kn_public_add(&options, &words, "--prot");
    CHECK_EQ("start", kwaai_node_start(&options, &node), KWAAI_NODE_CONFIGURATION);
    for (; kwaai_node_problem(node, n, &problem); n++) {
        errors += problem.severity == KWAAI_ERROR ? 1 : 0;
        has_flag = has_flag || strstr(problem.message, "--prot") != NULL;
        has_port = has_port || (problem.key != NULL && strcmp(problem.key, "node.port") == 0 &&
                                problem.origin.line == 1);
    }
    CHECK_EQ("errors", errors, 2);
    CHECK("flag", has_flag);
    CHECK("port", has_port);
    CHECK("beyond", !kwaai_node_problem(node, n, &problem));
    kwaai_node_free(node);
    refused("text", &options, KWAAI_NODE_CONFIGURATION, "configuration is wrong");
}

static void a_model_that_nobody_knows_ends_the_node_with_a_hint(void **state)
{
    struct kn_public_words words;
    struct kwaai_node_options options = kn_public_options(&home, "a", NULL, &words);
    struct kwaai_failure failure;
    struct kwaai_node *node = NULL;
    struct kwaai_event event;

    (void)state;
    kn_public_add(&options, &words, "--model=Llama-3.3-70B-Instrukt");
    CHECK_EQ("start", kwaai_node_start(&options, &node), KWAAI_NODE_OK);
    await(node, KWAAI_EVENT_ENDED, &event);
    CHECK("failed", kwaai_node_failure(node, &failure));
    CHECK_EQ("result", failure.result, KWAAI_NODE_CONFIGURATION);
    CHECK_HAS("message", failure.message, "Instrukt");
    CHECK_HAS("hint", failure.hint, "Llama-3.3-70B-Instruct");
    kwaai_node_free(node);
}

static void a_plan_alone_ends_by_itself_and_tells_nobody(void **state)
{
    struct kn_public_words words;
    struct kwaai_node_options options = kn_public_options(&home, "a", NULL, &words);
    struct kwaai_event event = KWAAI_EVENT;
    struct kwaai_node *node = NULL;
    bool has_name = false;

    (void)state;
    options.plan_only = true;
    CHECK_EQ("start", kwaai_node_start(&options, &node), KWAAI_NODE_OK);
    while (kwaai_node_wait(node, KN_PUBLIC_SOON_MS, &event) == KWAAI_NODE_OK) {
        has_name = has_name || event.kind == KWAAI_EVENT_NAMED;
        CHECK("announced", event.kind != KWAAI_EVENT_ANNOUNCED);
    }
    CHECK("named", has_name);
    CHECK_EQ("last", event.kind, KWAAI_EVENT_ENDED);
    kwaai_node_free(node);
}

static void options_of_an_older_program_have_defaults_for_the_rest(void **state)
{
    struct kn_public_words words;
    struct kwaai_node_options options = kn_public_options(&home, "a", NULL, &words);
    struct kwaai_node *node = NULL;
    struct kwaai_event event;

    (void)state;
    options.size = offsetof(struct kwaai_node_options, rediscover);
    memset((char *)&options + options.size, 1, sizeof(options) - options.size);
    CHECK_EQ("start", kwaai_node_start(&options, &node), KWAAI_NODE_OK);
    await(node, KWAAI_EVENT_ANNOUNCED, &event); /* plan_only is not read */
    kwaai_node_free(node);
}

static void a_node_that_nobody_stopped_can_be_released(void **state)
{
    struct kwaai_event event;
    struct kwaai_node *node = start("a", NULL);

    (void)state;
    kwaai_node_free(node); /* at once */
    node = start("a", NULL);
    await(node, KWAAI_EVENT_ANNOUNCED, &event);
    kwaai_node_free(node);
    kwaai_node_free(NULL);
}

static void a_wait_ends_when_its_time_is_over(void **state)
{
    struct kwaai_event event = KWAAI_EVENT;
    struct kwaai_node *node = start("a", NULL);

    (void)state;
    await(node, KWAAI_EVENT_ANNOUNCED, &event);
    while (kwaai_node_wait(node, 0, &event) == KWAAI_NODE_OK)
        continue;
    CHECK_EQ("0 ms", kwaai_node_wait(node, 0, &event), KWAAI_NODE_TIMEOUT);
    CHECK_EQ("20 ms", kwaai_node_wait(node, 20, &event), KWAAI_NODE_TIMEOUT);
    end(node);
}

/* -- threads and signals */

static void *stop_it(void *node)
{
    kwaai_node_stop(node);
    return NULL;
}

static void *ask_it(void *node)
{
    for (int i = 0; i < 50; i++)
        kwaai_node_status_free(status_of(node));
    return NULL;
}

static void any_thread_may_ask_and_stop(void **state)
{
    struct kwaai_node *node = start("a", NULL);
    pthread_t asking[3], stopping;
    struct kwaai_event event;

    (void)state;
    for (size_t i = 0; i < KN_COUNT(asking); i++)
        CHECK_EQ("thread", pthread_create(&asking[i], NULL, ask_it, node), 0);
    await(node, KWAAI_EVENT_ANNOUNCED, &event);
    CHECK_EQ("thread", pthread_create(&stopping, NULL, stop_it, node), 0);
    await(node, KWAAI_EVENT_ENDED, &event); /* some ask later than that */
    for (size_t i = 0; i < KN_COUNT(asking); i++)
        (void)pthread_join(asking[i], NULL);
    (void)pthread_join(stopping, NULL);
    kwaai_node_free(node);
}

static struct kwaai_node *stopped_by_signal;

static void on_signal(int number)
{
    (void)number;
    kwaai_node_stop(stopped_by_signal);
}

static void a_signal_handler_may_stop(void **state)
{
    struct sigaction action = { .sa_handler = on_signal }, before;
    struct kwaai_event event;

    (void)state;
    stopped_by_signal = start("a", NULL);
    await(stopped_by_signal, KWAAI_EVENT_ANNOUNCED, &event);
    (void)sigaction(SIGALRM, &action, &before);
    (void)alarm(1); /* while the next line waits */
    await(stopped_by_signal, KWAAI_EVENT_ENDED, &event);
    (void)sigaction(SIGALRM, &before, NULL);
    kwaai_node_free(stopped_by_signal);
}

static void what_signals_do_is_left_alone(void **state)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGPIPE, SIGHUP, SIGCHLD, SIGUSR1 };
    struct sigaction before[KN_COUNT(numbers)], now;
    struct kwaai_event event;
    struct kwaai_node *node;

    (void)state;
    (void)signal(SIGPIPE, SIG_DFL);
    for (size_t i = 0; i < KN_COUNT(numbers); i++)
        (void)sigaction(numbers[i], NULL, &before[i]);
    node = start("a", NULL);
    await(node, KWAAI_EVENT_ANNOUNCED, &event);
    for (size_t i = 0; i < KN_COUNT(numbers); i++) {
        (void)sigaction(numbers[i], NULL, &now);
        CHECK("the same handler", now.sa_handler == before[i].sa_handler);
    }
    end(node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_node_starts_announces_and_stops, setup, teardown),
        cmocka_unit_test_setup_teardown(two_nodes_of_one_process_are_a_swarm, setup, teardown),
        cmocka_unit_test_setup_teardown(before_anything_is_known_the_status_says_so, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_port_that_is_taken_is_a_result, setup, teardown),
        cmocka_unit_test_setup_teardown(a_folder_is_one_node_s_and_free_when_it_ended, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(every_mistake_of_the_configuration_can_be_asked_for, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_model_that_nobody_knows_ends_the_node_with_a_hint, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_plan_alone_ends_by_itself_and_tells_nobody, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(options_of_an_older_program_have_defaults_for_the_rest,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_node_that_nobody_stopped_can_be_released, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_wait_ends_when_its_time_is_over, setup, teardown),
        cmocka_unit_test_setup_teardown(any_thread_may_ask_and_stop, setup, teardown),
        cmocka_unit_test_setup_teardown(a_signal_handler_may_stop, setup, teardown),
        cmocka_unit_test_setup_teardown(what_signals_do_is_left_alone, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
