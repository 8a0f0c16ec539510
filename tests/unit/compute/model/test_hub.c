#include "compute/model/hub.h"

#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "support/check.h"
#include "support/home.h"

#define ONE "1111111111111111111111111111111111111111"
#define TWO "2222222222222222222222222222222222222222"

static struct kn_home home;
static struct kn_arena *arena;

static int make_home(void **state)
{
    (void)state;
    kn_home_make(&home);
    arena = kn_arena_new();
    return 0;
}

static int remove_home(void **state)
{
    (void)state;
    kn_arena_free(arena);
    kn_home_remove(&home);
    return 0;
}

/* Make a folder of the cache with those above it. */
static void folder(const char *name)
{
    char part[256];

    for (size_t i = 0; i <= strlen(name); i++) {
        if (name[i] != '/' && name[i] != '\0')
            continue;
        (void)snprintf(part, sizeof(part), "%.*s", (int)i, name);
        (void)mkdir(kn_home_path(&home, part), 0700);
    }
}

static void file(const char *name, const char *text)
{
    kn_home_write(&home, name, text, strlen(text), 0600);
}

/* What is found, from the cache on; "" when nothing is, and `err` says why. */
static const char *found(const char *repository, const char *revision, struct kn_error *err)
{
    const char *path = NULL;

    *err = (struct kn_error){ 0 };
    if (kn_hub_find(home.path, repository, revision, arena, &path, err) != KN_OK)
        return "";
    return path + strlen(home.path) + 1;
}

static void names_cannot_lead_out_of_the_cache(void **state)
{
    static const struct {
        const char *text;
        bool repository, revision;
    } rows[] = {
        { "meta-llama/Llama-3.1-8B", true, true },
        { "gpt2", true, true },
        { "a/b_c.d-e", true, true },
        { "refs/pr/1", false, true },
        { "v1.0+cu", false, true },
        { "", false, false },
        { "..", false, false },
        { "a/..", false, false },
        { "../a", false, false },
        { "/a", false, false },
        { "a/", false, false },
        { "a//b", false, false },
        { "a/.b", false, false },
        { ".a/b", false, false },
        { "a--b/c", false, true },
        { "a b", false, false },
        { "a\\b", false, false },
        { "a/b\n", false, false },
        { "-a", false, true },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        CHECK_EQ(rows[i].text, kn_hub_is_repository(rows[i].text), rows[i].repository);
        CHECK_EQ(rows[i].text, kn_hub_is_revision(rows[i].text), rows[i].revision);
    }
    CHECK("commit", kn_hub_is_commit(ONE) && !kn_hub_is_commit(ONE "1"));
    CHECK("capitals are none", !kn_hub_is_commit("ABCDEF1111111111111111111111111111111111"));
}

static void a_revision_leads_to_its_snapshot(void **state)
{
    struct kn_error err;

    (void)state;
    folder("models--org--name/snapshots/" ONE);
    folder("models--org--name/snapshots/" TWO);
    folder("models--org--name/refs/refs/pr");
    file("models--org--name/snapshots/" ONE "/config.json", "{}");
    file("models--org--name/refs/main", ONE);
    file("models--org--name/refs/refs/pr/1", TWO "\n");
    file("models--org--name/refs/odd", "../../..");
    CHECK_STR("main", found("org/name", NULL, &err), "models--org--name/snapshots/" ONE);
    CHECK_STR("by name", found("org/name", "main", &err), "models--org--name/snapshots/" ONE);
    CHECK_STR("by commit", found("org/name", ONE, &err), "models--org--name/snapshots/" ONE);
    CHECK_STR("without config.json", found("org/name", "refs/pr/1", &err), "");
    CHECK_EQ("without config.json", err.code, KN_E_NOT_FOUND);
    CHECK_HAS("without config.json", err.text, TWO "/config.json is not there");
    CHECK_STR("no such branch", found("org/name", "dev", &err), "");
    CHECK_HAS("no such branch", err.text, "refs/dev is not there");
    CHECK_STR("a word that is no commit", found("org/name", "odd", &err), "");
    CHECK_EQ("a word that is no commit", err.code, KN_E_SYNTAX);
    CHECK_STR("no such model", found("org/other", NULL, &err), "");
    CHECK_EQ("no such model", err.code, KN_E_NOT_FOUND);
    CHECK_STR("no model", found("org/../name", NULL, &err), "");
    CHECK_EQ("no model", err.code, KN_E_INVALID);
    CHECK_HAS("no model", err.hint, "ORGANISATION/MODEL");
    CHECK_STR("no revision", found("org/name", "../x", &err), "");
    CHECK_EQ("no revision", err.code, KN_E_INVALID);
}

/* As KwaaiNet's node leaves them: real files, and no word which is main. */
static void the_only_snapshot_needs_no_word(void **state)
{
    struct kn_error err;

    (void)state;
    folder("models--name/snapshots");
    CHECK_STR("none", found("name", NULL, &err), "");
    CHECK_EQ("none", err.code, KN_E_NOT_FOUND);
    folder("models--name/snapshots/" TWO);
    file("models--name/snapshots/" TWO "/config.json", "{}");
    CHECK_STR("one", found("name", NULL, &err), "models--name/snapshots/" TWO);
    folder("models--name/snapshots/" ONE);
    CHECK_STR("two", found("name", NULL, &err), "");
    CHECK_EQ("two", err.code, KN_E_INVALID);
    CHECK_HAS("two", err.text, "has 2 snapshots, and nothing says which is main");
    CHECK_HAS("two", err.hint, "model.path");
}

static void the_first_root_that_has_it_counts(void **state)
{
    struct kn_hub_roots roots = { .n = 2 };
    const char *path = NULL;
    struct kn_error err = { 0 };

    (void)state;
    roots.at[0] = kn_arena_dup(arena, kn_home_path(&home, "first"));
    roots.at[1] = kn_arena_dup(arena, kn_home_path(&home, "second"));
    folder("second/models--name/snapshots/" TWO);
    file("second/models--name/snapshots/" TWO "/config.json", "{}");
    CHECK_EQ("second", kn_hub_find_any(&roots, "name", NULL, arena, &path, &err), KN_OK);
    CHECK_HAS("second", path, "/second/models--name/snapshots/" TWO);
    folder("first/models--name/snapshots/" ONE);
    folder("first/models--name/snapshots/" TWO);
    CHECK_EQ("none in either", kn_hub_find_any(&roots, "other", NULL, arena, &path, &err),
             KN_E_NOT_FOUND);
    CHECK_HAS("the first is told", err.text, "/first/models--other is not there");
    CHECK_EQ("undecided in the first", kn_hub_find_any(&roots, "name", NULL, arena, &path, &err),
             KN_OK);
    CHECK_EQ("gone",
             unlink(kn_home_path(&home, "second/models--name/snapshots/" TWO "/config.json")), 0);
    CHECK_EQ("what can be mended", kn_hub_find_any(&roots, "name", NULL, arena, &path, &err),
             KN_E_INVALID);
}

static const char *lookup(void *arg, const char *name)
{
    for (const char *const *at = arg; *at != NULL; at++) {
        size_t n = strlen(name);

        if (strncmp(*at, name, n) == 0 && (*at)[n] == '=')
            return *at + n + 1;
    }
    return NULL;
}

static void roots_come_from_the_environment(void **state)
{
    static const struct {
        const char *row, *own;
        const char *variables[6];
        const char *want[KN_HUB_ROOTS_MAX + 1];
    } rows[] = {
        { "nothing", NULL, { "HOME=/h" }, { "/h/.cache/huggingface/hub", "/h/.cache/petals" } },
        { "the setting is enough", "/mine", { "HOME=/h", "HF_HOME=/f" }, { "/mine" } },
        { "the library's home",
          NULL,
          { "HOME=/h", "HF_HOME=/f" },
          { "/f/hub", "/h/.cache/petals", "/f" } },
        { "its cache",
          NULL,
          { "HOME=/h", "HF_HOME=/f", "HF_HUB_CACHE=/c" },
          { "/c", "/h/.cache/petals", "/f" } },
        { "the desktop's cache",
          NULL,
          { "HOME=/h", "XDG_CACHE_HOME=/x" },
          { "/x/huggingface/hub", "/h/.cache/petals" } },
        { "empty is not set",
          NULL,
          { "HOME=/h", "HF_HOME=", "PETALS_CACHE=" },
          { "/h/.cache/huggingface/hub", "/h/.cache/petals" } },
        { "each once", NULL, { "HOME=/h", "HF_HUB_CACHE=/c", "PETALS_CACHE=/c" }, { "/c" } },
        { "no home", NULL, { "PETALS_CACHE=/p" }, { "/p" } },
        { "nowhere", NULL, { NULL }, { NULL } },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        const char *variables[KN_COUNT(rows[0].variables)];
        struct kn_hub_roots roots = { 0 };
        struct kn_error err = { 0 };
        size_t n = 0;

        memcpy(variables, rows[i].variables, sizeof(variables));
        CHECK_EQ(rows[i].row, kn_hub_roots(rows[i].own, lookup, variables, arena, &roots, &err),
                 rows[i].want[0] != NULL ? KN_OK : KN_E_NOT_FOUND);
        CHECK_EQ("what is not set leaves no error", err.code,
                 rows[i].want[0] != NULL ? KN_OK : KN_E_NOT_FOUND);
        for (; rows[i].want[n] != NULL; n++)
            CHECK_STR(rows[i].row, n < roots.n ? roots.at[n] : NULL, rows[i].want[n]);
        CHECK_EQ(rows[i].row, roots.n, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_cannot_lead_out_of_the_cache),
        cmocka_unit_test_setup_teardown(a_revision_leads_to_its_snapshot, make_home, remove_home),
        cmocka_unit_test_setup_teardown(the_only_snapshot_needs_no_word, make_home, remove_home),
        cmocka_unit_test_setup_teardown(the_first_root_that_has_it_counts, make_home, remove_home),
        cmocka_unit_test_setup_teardown(roots_come_from_the_environment, make_home, remove_home),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
