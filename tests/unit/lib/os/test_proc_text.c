#include "lib/os/proc_text.h"

#include "support/check.h"

#define REST " 00000000:00000000 00:00000000 00000000  1000        0 "
#define LINE(local, state, inode) "   0: " local " 00000000:0000 " state REST inode " 1 0 100 0\n"

static void a_stat_is_read_past_any_name(void **state)
{
    static const char numbers[] = " S 1 2 3 0 -1 4 5 6 7 8 9 10 11 12 20 0 1 0 4711 99 5\n";
    static const struct {
        const char *row, *before, *after;
        enum kn_code want;
        const char *name;
    } rows[] = {
        { "plain", "12 (cat)", numbers, KN_OK, "cat" },
        { "brackets and blanks", "12 (a) R 1 (b)", numbers, KN_OK, "a) R 1 (b" },
        { "no name", "12 ()", numbers, KN_OK, "" },
        { "not closed", "12 (cat", numbers, KN_E_SYNTAX, NULL },
        { "the wrong way round", "12 )cat(", numbers, KN_E_SYNTAX, NULL },
        { "empty", "", "", KN_E_SYNTAX, NULL },
        { "no state", "12 (cat)", "", KN_E_SYNTAX, NULL },
        { "too short", "12 (cat)", " S 1 2 3", KN_E_SYNTAX, NULL },
        { "no number", "12 (cat)", " S 1 2 3 0 -1 4 5 6 7 8 9 10 11 12 20 0 1 0 x 1", KN_E_SYNTAX,
          NULL },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        char text[256], name[64];
        struct kn_proc_stat stat = { 0 };

        (void)snprintf(text, sizeof(text), "%s%s", rows[i].before, rows[i].after);
        CHECK_EQ(rows[i].row, kn_proc_stat_read(text, &stat), rows[i].want);
        if (rows[i].want != KN_OK)
            continue;
        (void)snprintf(name, sizeof(name), "%.*s", (int)stat.name_length, stat.name);
        CHECK_STR(rows[i].row, name, rows[i].name);
        CHECK_EQ(rows[i].row, stat.state, 'S');
        CHECK_EQ(rows[i].row, stat.started_ticks, 4711);
    }
}

static void the_sockets_that_listen_on_a_port_are_found(void **state)
{
    static const struct {
        const char *row, *text;
        size_t n;
        uint64_t first;
    } rows[] = {
        { "one", "  sl  local_address\n" LINE("0100007F:1F90", "0A", "77"), 1, 77 },
        { "another port", LINE("0100007F:1F91", "0A", "77"), 0, 0 },
        { "a connection", LINE("0100007F:1F90", "01", "77"), 0, 0 },
        { "of IPv6", LINE("00000000000000000000000000000000:1F90", "0A", "78"), 1, 78 },
        { "two", LINE("0100007F:1F90", "0A", "1") LINE("0200007F:1F90", "0A", "2"), 2, 1 },
        { "without an inode", LINE("0100007F:1F90", "0A", "0"), 0, 0 },
        { "cut off", "   0: 0100007F:1F90 00000000:0000 0A", 0, 0 },
        { "garbage", "\n\n: : : :\n   0: 1F90 x 0A" REST "9\n", 0, 0 },
        { "a huge number", LINE("0:FFFFFFFFFFFFFFFFFFF1F90", "0A", "5"), 0, 0 },
        { "empty", "", 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        uint64_t inodes[KN_PROC_SOCKETS_MAX] = { 0 };
        size_t n = 0;

        kn_proc_listeners_read(rows[i].text, 8080, inodes, &n);
        CHECK_EQ(rows[i].row, n, rows[i].n);
        CHECK_EQ(rows[i].row, inodes[0], rows[i].first);
    }
}

static void more_sockets_than_there_is_room_for_are_ignored(void **state)
{
    uint64_t inodes[KN_PROC_SOCKETS_MAX];
    char text[4096] = "";
    size_t n = 0, at = 0;

    (void)state;
    for (int i = 0; i <= KN_PROC_SOCKETS_MAX; i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at, LINE("0:1F90", "0A", "%d"), i + 1);
    kn_proc_listeners_read(text, 8080, inodes, &n);
    CHECK_EQ("full", n, KN_PROC_SOCKETS_MAX);
    CHECK_EQ("last", inodes[n - 1], KN_PROC_SOCKETS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stat_is_read_past_any_name),
        cmocka_unit_test(the_sockets_that_listen_on_a_port_are_found),
        cmocka_unit_test(more_sockets_than_there_is_room_for_are_ignored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
