#include "network/yamux/outbox.h"

#include "support/check.h"
#include "support/fuse.h"

static uint8_t byte_at(size_t i)
{
    return (uint8_t)(i * 7 + (i >> 8));
}

static void add(struct kn_outbox *outbox, size_t from, size_t n)
{
    static uint8_t bytes[20000];

    for (size_t i = 0; i < n; i++)
        bytes[i] = byte_at(from + i);
    CHECK_EQ("add", kn_outbox_add(outbox, kn_span(bytes, n)), KN_OK);
}

static void check_front(const struct kn_outbox *outbox, size_t from, size_t n)
{
    struct kn_buffer out = { 0 };

    kn_outbox_copy(outbox, n, &out);
    CHECK_EQ("copied", out.n, n);
    for (size_t i = 0; i < n; i++)
        CHECK_EQ("in order", kn_buffer_get(&out).at[i], byte_at(from + i));
    kn_buffer_done(&out);
}

static void bytes_leave_in_the_order_in_which_they_came(void **state)
{
    static const size_t sizes[] = { 1, 4095, 4096, 4097, 1, 20000, 3, 0, 9000 };
    struct kn_outbox outbox = { 0 };
    size_t came = 0, left = 0;

    (void)state;
    for (size_t i = 0; i < KN_COUNT(sizes); i++) {
        add(&outbox, came, sizes[i]);
        came += sizes[i];
        CHECK_EQ("held", outbox.n, came - left);
        check_front(&outbox, left, outbox.n);
        kn_outbox_take(&outbox, sizes[i] / 2);
        left += sizes[i] / 2;
        CHECK_EQ("held", outbox.n, came - left);
    }
    check_front(&outbox, left, outbox.n);
    kn_outbox_take(&outbox, SIZE_MAX);
    CHECK_EQ("empty", outbox.n, 0);
    CHECK("its memory went", outbox.first == NULL && outbox.last == NULL);
    kn_outbox_done(&outbox);
}

static void books_tell_what_memory_is_taken(void **state)
{
    struct kn_outbox_book all = { 0 }, book = { .above = &all }, other = { .above = &all };
    struct kn_outbox outbox = { 0 }, second = { 0 };

    (void)state;
    add(&outbox, 0, 10);
    kn_outbox_count_in(&outbox, &book);
    CHECK("what was there", book.n >= 10);
    add(&outbox, 10, 20000);
    CHECK("what comes", book.n >= 20010);
    kn_outbox_count_in(&second, &other);
    add(&second, 0, 5000);
    CHECK_EQ("all", all.n, book.n + other.n);
    kn_outbox_take(&outbox, 20009);
    CHECK("the last byte keeps its chunk", book.n > 10000);
    kn_outbox_take(&outbox, 1);
    CHECK_EQ("gone", book.n, 0);
    kn_outbox_done(&second);
    CHECK_EQ("all gone", all.n, 0);
    kn_outbox_done(&outbox);
}

static void a_call_without_memory_changes_nothing(void **state)
{
    static const uint8_t many[5000];
    struct kn_outbox outbox = { 0 };

    (void)state;
    add(&outbox, 0, 10);
    kn_fuse = 0;
    CHECK_EQ("no memory", kn_outbox_add(&outbox, kn_span(many, sizeof(many))), KN_E_NO_MEMORY);
    CHECK_EQ("held", outbox.n, 10);
    check_front(&outbox, 0, 10);
    add(&outbox, 10, 10);
    check_front(&outbox, 0, 20);
    kn_outbox_done(&outbox);
}

static void chunks_wait_for_the_next_bytes_within_a_limit(void **state)
{
    struct kn_outbox_spare spare = { 0 };
    struct kn_outbox one = { .spare = &spare }, other = { .spare = &spare };
    const void *first;

    (void)state;
    add(&one, 0, 20000);
    first = one.first;
    kn_outbox_take(&one, 20000);
    CHECK_EQ("kept", spare.n, 20000);
    add(&other, 0, 10);
    CHECK("one that is far too large is left", other.first != first);
    add(&other, 10, 10000);
    CHECK("the next that fits is taken", (const void *)other.last == first);
    check_front(&other, 0, 10010);
    CHECK_EQ("it is not there twice", spare.n, 0);
    for (size_t i = 0; i < 100; i++)
        add(&one, i * 20000, 20000);
    kn_outbox_done(&one);
    kn_outbox_done(&other);
    CHECK("not all is kept", spare.n > 900000 && spare.n <= KN_OUTBOX_SPARE_MAX);
    kn_outbox_spare_done(&spare);
    CHECK("nothing is left", spare.n == 0 && spare.first == NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_leave_in_the_order_in_which_they_came),
        cmocka_unit_test(books_tell_what_memory_is_taken),
        cmocka_unit_test(a_call_without_memory_changes_nothing),
        cmocka_unit_test(chunks_wait_for_the_next_bytes_within_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
