/* Events that wait for somebody to ask. */
#include "node/event_queue.h"

#include "support/check.h"

static struct kn_event_queue queue;

static int empty(void **state)
{
    (void)state;
    queue = (struct kn_event_queue){ 0 };
    return 0;
}

static void the_oldest_comes_first(void **state)
{
    struct kwaai_event event = KWAAI_EVENT;

    (void)state;
    CHECK("empty", !kn_event_queue_pop(&queue, &event));
    kn_event_queue_push(&queue, KWAAI_EVENT_STATE, 7, "first");
    kn_event_queue_push(&queue, KWAAI_EVENT_ENDED, 8, "second");
    CHECK("first", kn_event_queue_pop(&queue, &event));
    CHECK_STR("first", event.text, "first");
    CHECK_EQ("first", event.kind, KWAAI_EVENT_STATE);
    CHECK_EQ("first", event.at_ms, 7);
    CHECK_EQ("first", event.size, sizeof(event));
    CHECK("second", kn_event_queue_pop(&queue, &event));
    CHECK_STR("second", event.text, "second");
    CHECK("empty", !kn_event_queue_pop(&queue, &event));
}

static void what_nobody_asks_for_is_dropped_and_counted(void **state)
{
    struct kwaai_event event = KWAAI_EVENT;
    char name[16];

    (void)state;
    for (int i = 0; i < 3 * KWAAI_EVENTS_KEPT + 5; i++) {
        (void)snprintf(name, sizeof(name), "%d", i);
        kn_event_queue_push(&queue, KWAAI_EVENT_STATE, i, name);
    }
    for (int i = 0; i < KWAAI_EVENTS_KEPT; i++) {
        (void)snprintf(name, sizeof(name), "%d", 2 * KWAAI_EVENTS_KEPT + 5 + i);
        CHECK(name, kn_event_queue_pop(&queue, &event));
        CHECK_STR(name, event.text, name);
        CHECK_EQ(name, event.lost, i == 0 ? 2 * KWAAI_EVENTS_KEPT + 5 : 0);
    }
    CHECK("empty", !kn_event_queue_pop(&queue, &event));
}

static void words_of_others_are_made_harmless(void **state)
{
    struct kwaai_event event = KWAAI_EVENT;

    (void)state;
    kn_event_queue_push(&queue, KWAAI_EVENT_NAMED, 0, "a\x1b[2J\nb\xff\xe2\x80\xae \xc3\xa9");
    CHECK("there", kn_event_queue_pop(&queue, &event));
    CHECK_STR("text", event.text, "a?[2J?b?? \xc3\xa9");
}

static void a_long_text_is_cut_at_a_character(void **state)
{
    struct kwaai_event event = KWAAI_EVENT;
    char text[2 * KWAAI_EVENT_TEXT_SIZE + 1] = "";

    (void)state;
    for (size_t i = 0; i < KWAAI_EVENT_TEXT_SIZE; i++)
        memcpy(text + 2 * i, "\xc3\xa9", 3);
    kn_event_queue_push(&queue, KWAAI_EVENT_NAMED, 0, text);
    CHECK("there", kn_event_queue_pop(&queue, &event));
    CHECK_EQ("bytes", strlen(event.text), KWAAI_EVENT_TEXT_SIZE - 2);
    CHECK("prefix", strncmp(event.text, text, strlen(event.text)) == 0);
}

/* A program that was built when the struct was smaller. */
static void no_more_is_written_than_the_caller_has_room_for(void **state)
{
    struct kwaai_event event = KWAAI_EVENT;

    (void)state;
    event.size = offsetof(struct kwaai_event, at_ms);
    event.at_ms = 77;
    kn_event_queue_push(&queue, KWAAI_EVENT_ENDED, 5, "text");
    CHECK("there", kn_event_queue_pop(&queue, &event));
    CHECK_EQ("kind", event.kind, KWAAI_EVENT_ENDED);
    CHECK_EQ("beyond", event.at_ms, 77);
    CHECK_STR("beyond", event.text, "");
    CHECK_EQ("size", event.size, offsetof(struct kwaai_event, at_ms));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_oldest_comes_first, empty),
        cmocka_unit_test_setup(what_nobody_asks_for_is_dropped_and_counted, empty),
        cmocka_unit_test_setup(words_of_others_are_made_harmless, empty),
        cmocka_unit_test_setup(a_long_text_is_cut_at_a_character, empty),
        cmocka_unit_test_setup(no_more_is_written_than_the_caller_has_room_for, empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
