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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_leave_in_the_order_in_which_they_came),
        cmocka_unit_test(a_call_without_memory_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
