#include "node/identity/identity.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/os/file.h"
#include "support/config_fixture.h"
#include "support/fuse.h"
#include "support/hex.h"
#include "support/home.h"
#include "support/vectors.h"

enum { STRANGER = 12345 };

#define SECRET "ThisIsTheSecret"

static struct kn_home home;
static uint64_t seed = 1;

static const struct kn_identity_order plain = { 0 };
static const struct kn_identity_order replacing = { true, FIXTURE_NOW };

static int make_home(void **state)
{
    (void)state;
    kn_home_make(&home);
    return 0;
}

static int remove_home(void **state)
{
    (void)state;
    kn_home_remove(&home);
    return 0;
}

static const char *at(const char *name)
{
    return kn_home_path(&home, name);
}

/* The path of `name`, until the third call from now. */
static struct kn_identity_place own(const char *name)
{
    static char paths[2][KN_HOME_PATH_MAX * 2];
    static unsigned next;

    next = 1 - next;
    (void)snprintf(paths[next], sizeof(paths[next]), "%s", at(name));
    return (struct kn_identity_place){ .path = paths[next] };
}

static struct kn_identity_place configured(const char *name)
{
    struct kn_identity_place place = own(name);

    place.is_configured = true;
    return place;
}

static struct kn_random some_random(void)
{
    return kn_random_seeded(&seed);
}

static const char *id_of(const struct kn_key *key)
{
    static char ids[2][KN_PEER_ID_TEXT_SIZE];
    static unsigned next;

    next = 1 - next;
    kn_peer_id_print(kn_key_peer_id(key), ids[next]);
    return ids[next];
}

static unsigned mode_of(const char *path)
{
    struct stat info;

    CHECK_EQ(path, stat(path, &info), 0);
    return (unsigned)info.st_mode & 07777u;
}

/* The key `name` of the vectors as a file; the bytes are those of the peer that made it. */
static void write_key(const char *name, const char *file, mode_t mode)
{
    json_t *rows = vectors_list("keys.json", "keys"), *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        struct kn_span bytes;

        if (strcmp(vectors_text(row, "name"), name) != 0)
            continue;
        bytes = hex_bytes(vectors_text(row, "private"));
        kn_home_write(&home, file, (const char *)bytes.at, bytes.n, mode);
        hex_done(bytes);
    }
    vectors_done(rows);
}

static void check_same_bytes(const char *row, const char *one, const char *other)
{
    struct kn_bytes a = { 0 }, b = { 0 };

    CHECK_EQ(row, kn_file_read(one, KN_PRIVATE_KEY_MAX, &a, NULL), KN_OK);
    CHECK_EQ(row, kn_file_read(other, KN_PRIVATE_KEY_MAX, &b, NULL), KN_OK);
    CHECK(row, a.n == b.n && memcmp(a.at, b.at, a.n) == 0);
    kn_bytes_done(&a);
    kn_bytes_done(&b);
}

/* The peer id of what lies at `path`. */
static void check_holds(const char *row, const char *path, const char *id)
{
    const struct kn_identity_place place = { .path = path };
    struct kn_identity identity = { 0 };

    CHECK_EQ(row, kn_identity_look(&place, &identity, NULL), KN_OK);
    CHECK_STR(row, id_of(identity.key), id);
    kn_identity_done(&identity);
}

static void the_place_says_whether_somebody_named_it(void **state)
{
    struct kn_snapshot *snapshot = load_text("node: {port: 8080}\n", NO_WORDS, NULL);
    struct kn_identity_place place = kn_identity_place_of(snapshot);

    (void)state;
    CHECK_HAS("built in", place.path, "/identity.key");
    CHECK("built in", !place.is_configured);
    kn_snapshot_unref(snapshot);
    snapshot = load_text("node: {identity_key: /keys/id}\n", NO_WORDS, NULL);
    place = kn_identity_place_of(snapshot);
    CHECK_STR("file", place.path, "/keys/id");
    CHECK("file", place.is_configured);
    kn_snapshot_unref(snapshot);
}

static void keys_of_all_peers_are_loaded_and_taken_over(void **state)
{
    json_t *rows = vectors_list("keys.json", "keys"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *name = vectors_text(row, "name"), *id = vectors_text(row, "base58");
        const struct kn_identity_place from = own("theirs"), to = configured("ours");
        struct kn_identity identity = { 0 };

        write_key(name, "theirs", 0400); /* as hivemind leaves it */
        CHECK_EQ(name, kn_identity_load(&from, &identity, NULL), KN_OK);
        CHECK_STR(name, id_of(identity.key), id);
        CHECK_EQ(name, identity.mode, 0400);
        kn_identity_done(&identity);
        CHECK_EQ(name, kn_identity_import(&to, from.path, &plain, &identity, NULL), KN_OK);
        CHECK_STR(name, id_of(identity.key), id);
        CHECK(name, identity.is_new);
        CHECK_EQ(name, mode_of(to.path), 0600);
        CHECK_EQ(name, mode_of(from.path), 0400);
        check_same_bytes(name, from.path, to.path);
        kn_identity_done(&identity);
        (void)unlink(at("ours"));
        (void)unlink(at("theirs"));
    }
    vectors_done(rows);
}

static void a_new_key_is_private_and_read_back(void **state)
{
    const struct kn_random random = some_random();
    const struct kn_identity_place place = own("data/kwaainet/identity.key");
    struct kn_identity made = { 0 }, again = { 0 };
    struct kn_bytes bytes = { 0 };
    struct kn_error err = { 0 };

    (void)state;
    CHECK_EQ("make", kn_identity_new(&place, &random, &plain, &made, &err), KN_OK);
    CHECK("new", made.is_new && !made.is_open && made.kept.n == 0);
    CHECK_EQ("mode", mode_of(place.path), 0600);
    CHECK_EQ("data folder", mode_of(at("data/kwaainet")), 0700);
    CHECK_EQ("read", kn_file_read(place.path, KN_PRIVATE_KEY_MAX, &bytes, &err), KN_OK);
    CHECK_EQ("as Ed25519 is written", bytes.n, 68);
    CHECK("as Ed25519 is written", memcmp(bytes.at, "\x08\x01\x12\x40", 4) == 0);
    kn_bytes_done(&bytes);
    CHECK_EQ("load", kn_identity_load(&place, &again, &err), KN_OK);
    CHECK("found", !again.is_new);
    CHECK_STR("same", id_of(again.key), id_of(made.key));
    CHECK_EQ("type", kn_key_type(again.key), KN_KEY_ED25519);
    kn_identity_done(&made);
    kn_identity_done(&again);
}

static void a_folder_that_somebody_named_is_not_made(void **state)
{
    const struct kn_random random = some_random();
    const struct kn_identity_place place = configured("keys/id");
    struct kn_identity made = { 0 };
    struct kn_error err = { 0 };

    (void)state;
    CHECK_EQ("make", kn_identity_new(&place, &random, &plain, &made, &err), KN_E_NOT_FOUND);
    CHECK_HAS("make", err.text, "keys/id: its folder does not exist");
    CHECK_EQ("nothing", kn_home_count(&home, ""), 0);
}

static void a_start_makes_the_key_of_the_data_folder_only(void **state)
{
    const struct kn_random random = some_random();
    const struct kn_identity_place named = configured("id"), place = own("identity.key");
    struct kn_identity first = { 0 }, second = { 0 };
    struct kn_error err = { 0 };

    (void)state;
    CHECK_EQ("named", kn_identity_need(&named, &random, &first, &err), KN_E_NOT_FOUND);
    CHECK_HAS("named", err.text, "/id: there is no identity yet");
    CHECK_HAS("named", err.hint, "kwaainet identity new");
    CHECK_EQ("first", kn_identity_need(&place, &random, &first, &err), KN_OK);
    CHECK("first", first.is_new);
    CHECK_EQ("second", kn_identity_need(&place, &random, &second, &err), KN_OK);
    CHECK("second", !second.is_new);
    CHECK_STR("the same", id_of(first.key), id_of(second.key));
    kn_identity_done(&first);
    kn_identity_done(&second);
    (void)unlink(place.path);
    CHECK_EQ("link", symlink("nothing", place.path), 0);
    CHECK_EQ("a link to nothing", kn_identity_need(&place, &random, &first, &err), KN_E_CHANGED);
    CHECK_HAS("a link to nothing", err.text, "identity.key: is a symbolic link to nothing");
}

enum { STARTS = 8 };

static void first_starts_at_once_end_with_one_key(void **state)
{
    const struct kn_identity_place place = own("data/identity.key");
    char ids[STARTS][KN_PEER_ID_TEXT_SIZE];
    int ends[2];

    (void)state;
    CHECK_EQ("pipe", pipe(ends), 0);
    for (int i = 0; i < STARTS; i++) {
        pid_t child = fork();

        CHECK("fork", child >= 0);
        if (child == 0) {
            struct kn_random random = some_random();
            struct kn_identity identity = { 0 };
            char id[KN_PEER_ID_TEXT_SIZE] = "";

            seed = (uint64_t)i;
            if (kn_identity_need(&place, &random, &identity, NULL) == KN_OK)
                kn_peer_id_print(kn_key_peer_id(identity.key), id);
            kn_identity_done(&identity);
            _exit(write(ends[1], id, sizeof(id)) == (ssize_t)sizeof(id) ? 0 : 1);
        }
    }
    for (int i = 0; i < STARTS; i++) {
        CHECK_EQ("an id", read(ends[0], ids[i], sizeof(ids[i])), (ssize_t)sizeof(ids[i]));
        CHECK_STR("one id", ids[i], ids[0]);
        CHECK("ended", wait(NULL) > 0);
    }
    (void)close(ends[0]);
    (void)close(ends[1]);
    check_holds("the key", place.path, ids[0]);
}

static void what_is_no_key_is_refused_and_not_repeated(void **state)
{
    static const struct {
        const char *name, *bytes;
        size_t n;
        enum kn_code want;
        const char *text;
    } cases[] = {
        { "empty", "", 0, KN_E_SYNTAX, "identity.key: is empty" },
        { "garbage", SECRET, sizeof(SECRET), KN_E_SYNTAX,
          "identity.key: the private key is no protobuf of one type and one data" },
        { "PEM", "-----BEGIN " SECRET, sizeof("-----BEGIN " SECRET), KN_E_SYNTAX,
          "identity.key: is a PEM file, not a key of libp2p" },
        { "cut", "\x08\x01\x12\x40" SECRET, 4 + sizeof(SECRET), KN_E_SYNTAX,
          "identity.key: the private key is no protobuf of one type and one data" },
        { "a short key", "\x08\x01\x12\x10" SECRET, 4 + sizeof(SECRET), KN_E_SYNTAX,
          "identity.key: the Ed25519 private key has" },
        { "RSA that is none", "\x08\x00\x12\x10" SECRET, 4 + sizeof(SECRET), KN_E_SYNTAX,
          "identity.key: the RSA private key is not in DER" },
        { "type of tomorrow", "\x08\x07\x12\x10" SECRET, 4 + sizeof(SECRET), KN_E_UNSUPPORTED,
          "identity.key: the private key is of the unknown type 7" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        const struct kn_identity_place place = own("identity.key");
        struct kn_identity identity = { 0 };
        struct kn_error err = { 0 };

        kn_home_write(&home, "identity.key", cases[i].bytes, cases[i].n, 0600);
        CHECK_EQ(cases[i].name, kn_identity_load(&place, &identity, &err), cases[i].want);
        CHECK_HAS(cases[i].name, err.text, cases[i].text);
        CHECK_HAS(cases[i].name, err.hint, "kwaainet identity new --replace");
        CHECK(cases[i].name, strstr(err.text, "Secret") == NULL);
        CHECK(cases[i].name, strstr(err.hint, "Secret") == NULL);
    }
}

static void a_file_of_the_longest_key_is_read_and_no_longer_one(void **state)
{
    static char bytes[KN_PRIVATE_KEY_MAX + 1];
    const struct kn_identity_place place = own("identity.key");
    struct kn_identity identity = { 0 };
    struct kn_error err = { 0 };

    (void)state;
    kn_home_write(&home, "identity.key", bytes, KN_PRIVATE_KEY_MAX, 0600);
    CHECK_EQ("at the limit", kn_identity_load(&place, &identity, &err), KN_E_SYNTAX);
    kn_home_write(&home, "identity.key", bytes, sizeof(bytes), 0600);
    CHECK_EQ("one past it", kn_identity_load(&place, &identity, &err), KN_E_LIMIT);
    CHECK_HAS("one past it", err.text, "identity.key: larger than the limit of 8192 bytes");
    (void)unlink(at("identity.key"));
    CHECK_EQ("mkdir", mkdir(at("identity.key"), 0700), 0);
    CHECK_EQ("a folder", kn_identity_load(&place, &identity, &err), KN_E_IO);
    CHECK_HAS("a folder", err.text, "identity.key: is a folder, not a file");
}

static void an_open_file_of_the_data_folder_is_shut_with_a_warning(void **state)
{
    const struct kn_identity_place place = own("identity.key");
    struct kn_identity identity = { 0 };
    struct kn_text remark = { 0 };

    (void)state;
    write_key("A", "identity.key", 0644); /* as KwaaiNet leaves it */
    CHECK_EQ("look", kn_identity_look(&place, &identity, NULL), KN_OK);
    CHECK_EQ("look", mode_of(place.path), 0644);
    kn_identity_remark(&place, &identity, &remark);
    CHECK_HAS("look", kn_text_get(&remark),
              "identity.key is open to others (mode 0644); chmod 600");
    kn_identity_done(&identity);
    kn_text_cut(&remark, 0);
    CHECK_EQ("load", kn_identity_load(&place, &identity, NULL), KN_OK);
    CHECK_EQ("load", mode_of(place.path), 0600);
    kn_identity_remark(&place, &identity, &remark);
    CHECK_HAS("load", kn_text_get(&remark),
              "identity.key was open to others (mode 0644); its mode is 0600 now");
    kn_identity_done(&identity);
    kn_text_cut(&remark, 0);
    CHECK_EQ("again", kn_identity_load(&place, &identity, NULL), KN_OK);
    kn_identity_remark(&place, &identity, &remark);
    CHECK_STR("again", kn_text_get(&remark), "");
    kn_identity_done(&identity);
    kn_text_done(&remark);
}

static void an_open_file_that_was_configured_is_refused(void **state)
{
    static const mode_t modes[] = { 0644, 0640, 0604, 0660, 0601 };
    const struct kn_identity_place place = configured("id");
    struct kn_identity identity = { 0 };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(modes); i++) {
        struct kn_error err = { 0 };

        write_key("A", "id", modes[i]);
        CHECK_EQ("load", kn_identity_load(&place, &identity, &err), KN_E_DENIED);
        CHECK_HAS("load", err.text, "/id: is open to others (mode 06");
        CHECK_HAS("load", err.hint, "chmod 600 '");
        CHECK_HAS("load", err.hint, "/id'");
        CHECK_EQ("stays", mode_of(place.path), modes[i]);
        CHECK_EQ("look", kn_identity_look(&place, &identity, &err), KN_E_DENIED);
    }
}

static void somebody_elses_key_is_refused(void **state)
{
    const struct kn_identity_place place = own("identity.key");
    struct kn_identity identity = { 0 };
    struct kn_error err = { 0 };

    (void)state;
    if (geteuid() != 0)
        skip();
    write_key("A", "identity.key", 0644);
    CHECK_EQ("chown", chown(place.path, STRANGER, STRANGER), 0);
    CHECK_EQ("load", kn_identity_load(&place, &identity, &err), KN_E_DENIED);
    CHECK_HAS("load", err.text, "identity.key: belongs to another user");
    CHECK_HAS("load", err.hint, "chown");
    CHECK_EQ("its mode stays", mode_of(place.path), 0644);
}

static void a_key_that_is_there_is_kept(void **state)
{
    const struct kn_random random = some_random();
    const struct kn_identity_place place = own("identity.key");
    struct kn_identity old = { 0 }, made = { 0 };
    struct kn_error err = { 0 };

    (void)state;
    CHECK_EQ("first", kn_identity_new(&place, &random, &plain, &old, &err), KN_OK);
    CHECK_EQ("second", kn_identity_new(&place, &random, &plain, &made, &err), KN_E_CHANGED);
    CHECK_HAS("second", err.text, "identity.key: an identity is there already, 12D3KooW");
    CHECK_HAS("second", err.text, id_of(old.key));
    CHECK_HAS("second", err.hint, "--replace");
    check_holds("as it was", place.path, id_of(old.key));
    CHECK_EQ("third", kn_identity_new(&place, &random, &replacing, &made, &err), KN_OK);
    CHECK_STR("third", kn_text_get(&made.kept), at("identity.key.2026-11-23T103000Z"));
    check_holds("the new one", place.path, id_of(made.key));
    check_holds("the old one", kn_text_get(&made.kept), id_of(old.key));
    CHECK("another", strcmp(id_of(made.key), id_of(old.key)) != 0);
    kn_identity_done(&old);
    kn_identity_done(&made);
}

static void what_is_no_key_is_kept_too(void **state)
{
    const struct kn_random random = some_random();
    const struct kn_identity_place place = own("identity.key");
    struct kn_identity made = { 0 };
    struct kn_error err = { 0 };

    (void)state;
    kn_home_write(&home, "identity.key", SECRET, sizeof(SECRET), 0600);
    CHECK_EQ("new", kn_identity_new(&place, &random, &plain, &made, &err), KN_E_CHANGED);
    CHECK_HAS("new", err.text, "identity.key: a file is there already that is no key to use");
    CHECK_EQ("replace", kn_identity_new(&place, &random, &replacing, &made, &err), KN_OK);
    CHECK_EQ("two files", kn_home_count(&home, ""), 2);
    kn_identity_done(&made);
}

static void the_date_is_that_of_the_calendar(void **state)
{
    static const struct {
        int64_t now_s;
        const char *name;
    } cases[] = {
        { 0, "identity.key.1970-01-01T000000Z" },
        { 951782399, "identity.key.2000-02-28T235959Z" },
        { 951782400, "identity.key.2000-02-29T000000Z" },
        { 951868800, "identity.key.2000-03-01T000000Z" },
        { 1798761599, "identity.key.2026-12-31T235959Z" },
        { 4107542400, "identity.key.2100-03-01T000000Z" },
    };
    const struct kn_random random = some_random();
    const struct kn_identity_place place = own("identity.key");

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        const struct kn_identity_order order = { true, cases[i].now_s };
        struct kn_identity made = { 0 };

        kn_home_write(&home, "identity.key", "", 0, 0600);
        CHECK_EQ(cases[i].name, kn_identity_new(&place, &random, &order, &made, NULL), KN_OK);
        CHECK_STR(cases[i].name, kn_text_get(&made.kept), at(cases[i].name));
        kn_identity_done(&made);
        (void)unlink(place.path);
    }
}

static void an_import_refuses_another_key_and_takes_the_same_twice(void **state)
{
    const struct kn_identity_place place = own("identity.key");
    struct kn_identity identity = { 0 };
    struct kn_error err = { 0 };

    (void)state;
    write_key("A", "a", 0644);
    write_key("R", "r", 0400);
    CHECK_EQ("first", kn_identity_import(&place, at("a"), &plain, &identity, &err), KN_OK);
    kn_identity_done(&identity);
    CHECK_EQ("again", kn_identity_import(&place, at("a"), &plain, &identity, &err), KN_OK);
    CHECK("again", !identity.is_new);
    kn_identity_done(&identity);
    CHECK_EQ("itself", kn_identity_import(&place, place.path, &replacing, &identity, &err), KN_OK);
    CHECK("itself", !identity.is_new && identity.kept.n == 0);
    kn_identity_done(&identity);
    CHECK_EQ("other", kn_identity_import(&place, at("r"), &plain, &identity, &err), KN_E_CHANGED);
    CHECK_HAS("other", err.text, "an identity is there already");
    CHECK_EQ("three files", kn_home_count(&home, ""), 3);
    CHECK_EQ("replace", kn_identity_import(&place, at("r"), &replacing, &identity, &err), KN_OK);
    CHECK_STR("replace", kn_text_get(&identity.kept), at("identity.key.2026-11-23T103000Z"));
    check_same_bytes("the new one", place.path, at("r"));
    check_same_bytes("the old one", kn_text_get(&identity.kept), at("a"));
    kn_identity_done(&identity);
}

static void an_import_of_no_key_writes_nothing(void **state)
{
    const struct kn_identity_place place = own("data/identity.key");
    struct kn_identity identity = { 0 };
    struct kn_error err = { 0 };

    (void)state;
    kn_home_write(&home, "f", SECRET, sizeof(SECRET), 0600);
    CHECK_EQ("garbage", kn_identity_import(&place, at("f"), &replacing, &identity, &err),
             KN_E_SYNTAX);
    CHECK_HAS("garbage", err.text, "/f: the private key is no protobuf");
    CHECK_HAS("garbage", err.hint, "hivemind");
    CHECK_EQ("missing", kn_identity_import(&place, at("none"), &plain, &identity, &err),
             KN_E_NOT_FOUND);
    CHECK_HAS("missing", err.text, "/none: does not exist");
    CHECK_EQ("nothing", kn_home_count(&home, ""), 1);
}

static void short_memory_leaves_no_half_key(void **state)
{
    const struct kn_identity_place place = own("identity.key");
    enum kn_code rc = KN_E_NO_MEMORY;

    (void)state;
    write_key("A", "a", 0600);
    for (long n = 0; rc == KN_E_NO_MEMORY; n++) {
        struct kn_identity identity = { 0 };
        struct kn_error err = { 0 };

        kn_fuse = n;
        rc = kn_identity_import(&place, at("a"), &plain, &identity, &err);
        kn_fuse = -1;
        if (rc == KN_E_NO_MEMORY)
            CHECK_EQ("nothing there", kn_home_count(&home, ""), 1);
        kn_identity_done(&identity);
    }
    CHECK_EQ("in the end", rc, KN_OK);
    check_same_bytes("in the end", place.path, at("a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_home, remove_home)
        TEST(the_place_says_whether_somebody_named_it),
        TEST(keys_of_all_peers_are_loaded_and_taken_over),
        TEST(a_new_key_is_private_and_read_back),
        TEST(a_folder_that_somebody_named_is_not_made),
        TEST(a_start_makes_the_key_of_the_data_folder_only),
        TEST(first_starts_at_once_end_with_one_key),
        TEST(what_is_no_key_is_refused_and_not_repeated),
        TEST(a_file_of_the_longest_key_is_read_and_no_longer_one),
        TEST(an_open_file_of_the_data_folder_is_shut_with_a_warning),
        TEST(an_open_file_that_was_configured_is_refused),
        TEST(somebody_elses_key_is_refused),
        TEST(a_key_that_is_there_is_kept),
        TEST(what_is_no_key_is_kept_too),
        TEST(the_date_is_that_of_the_calendar),
        TEST(an_import_refuses_another_key_and_takes_the_same_twice),
        TEST(an_import_of_no_key_writes_nothing),
        TEST(short_memory_leaves_no_half_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
