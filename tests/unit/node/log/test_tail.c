/* The last lines of a file, and lines that come in pieces. */
#include "node/log/tail.h"

#include "lib/base/memory.h"
#include "support/check.h"

struct file {
    const char *bytes;
    size_t n, reads;
};

static enum kn_code read_at(void *arg, uint64_t at, void *out, size_t n, size_t *got,
                            struct kn_error *err)
{
    struct file *file = arg;

    (void)err;
    file->reads++;
    *got = at >= file->n ? 0 : at + n > file->n ? file->n - (size_t)at : n;
    memcpy(out, file->bytes + at, *got);
    return KN_OK;
}

static void the_last_lines_are_found(void **state)
{
    static const struct {
        const char *name, *bytes;
        uint64_t lines;
        const char *want;
    } cases[] = {
        { "empty", "", 3, "" },
        { "fewer than wanted", "a\nb\n", 3, "a\nb\n" },
        { "as many", "a\nb\nc\n", 3, "a\nb\nc\n" },
        { "more", "a\nb\nc\nd\n", 3, "b\nc\nd\n" },
        { "one", "a\nb\n", 1, "b\n" },
        { "none", "a\nb\n", 0, "" },
        { "an unfinished one counts", "a\nb\nc", 2, "b\nc" },
        { "empty lines count", "a\n\n\n", 2, "\n\n" },
        { "nothing but a line feed", "\n", 1, "\n" },
        { "as many as can be counted", "a\nb\n", UINT64_MAX, "a\nb\n" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct file file = { .bytes = cases[i].bytes, .n = strlen(cases[i].bytes) };
        uint64_t start = 99;

        CHECK_EQ(cases[i].name, kn_tail_find(read_at, &file, file.n, cases[i].lines, &start, NULL),
                 KN_OK);
        CHECK_STR(cases[i].name, cases[i].bytes + start, cases[i].want);
    }
}

/* A file of some gigabytes without a line feed costs no more than the lines could have. */
static void no_more_is_read_than_lines_can_have(void **state)
{
    size_t n = 1000000;
    char *bytes = kn_alloc(n + 1);
    struct file file = { .bytes = bytes, .n = n };
    uint64_t start;

    (void)state;
    memset(bytes, 'x', n);
    CHECK_EQ("find", kn_tail_find(read_at, &file, n, 5, &start, NULL), KN_OK);
    CHECK_EQ("start", start, n - 5 * (size_t)KN_TAIL_LINE_MAX);
    CHECK("reads", file.reads <= 6);
    bytes[n - 100] = '\n';
    CHECK_EQ("find", kn_tail_find(read_at, &file, n, 1, &start, NULL), KN_OK);
    CHECK_EQ("start", start, n - 99);
    kn_free(bytes);
}

static void add_line(void *arg, const char *line, size_t n)
{
    struct kn_text *out = arg;

    kn_text_addf(out, "[%zu:%.*s]", n, (int)(n < 10 ? n : 10), line);
}

static void lines_come_whole_however_they_are_cut(void **state)
{
    static const char bytes[] = "one\n\nthree\nfo";

    (void)state;
    for (size_t piece = 1; piece < sizeof(bytes); piece++) {
        struct kn_text out = { 0 };
        struct kn_tail_lines lines = { .arg = &out, .line = add_line };

        for (size_t at = 0; at < sizeof(bytes) - 1; at += piece) {
            size_t left = sizeof(bytes) - 1 - at;

            CHECK("take", kn_tail_take(&lines, bytes + at, left < piece ? left : piece));
        }
        CHECK_STR("whole ones", out.at, "[3:one][0:][5:three]");
        kn_tail_end(&lines);
        CHECK_STR("and the rest", out.at, "[3:one][0:][5:three][2:fo]");
        kn_text_done(&out);
    }
}

static void a_long_line_is_cut_and_the_next_is_whole(void **state)
{
    struct kn_text bytes = { 0 }, out = { 0 };
    struct kn_tail_lines lines = { .arg = &out, .line = add_line };

    (void)state;
    kn_text_fill(&bytes, 'x', 3 * (size_t)KN_TAIL_LINE_MAX);
    kn_text_add(&bytes, "\nnext\n");
    CHECK("take", kn_tail_take(&lines, bytes.at, bytes.n));
    kn_tail_end(&lines);
    CHECK_STR("lines", out.at, "[4096:xxxxxxxxxx][4:next]");
    kn_text_done(&bytes);
    kn_text_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_lines_are_found),
        cmocka_unit_test(no_more_is_read_than_lines_can_have),
        cmocka_unit_test(lines_come_whole_however_they_are_cut),
        cmocka_unit_test(a_long_line_is_cut_and_the_next_is_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
