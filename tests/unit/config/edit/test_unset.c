/* A key goes, with its line and the sections that it leaves empty. */
#include "table.h"

#define REMOVED NULL, KN_EDIT_REMOVED

static const struct row blocks[] = {
    { "its line and its comment", "node:\n  # of port\n  port: 1 # p\n  name: a\n", "node.port",
      REMOVED, "node:\n  # of port\n  name: a\n" },
    { "the last line", "node:\n  name: a\n  port: 1", "node.port", REMOVED, "node:\n  name: a\n" },
    { "the first line", "\xef\xbb\xbfschema_version: 1.0.0\r\nnode: {}\r\n", "schema_version",
      REMOVED, "\xef\xbb\xbfnode: {}\r\n" },
    { "an absent value", "node:\n  port:\n  name: a\n", "node.port", REMOVED,
      "node:\n  name: a\n" },
    { "a list",
      "state:\n  adapters: # all\n    - a # 1\n    # of b\n    - b # 2\n  # end\n"
      "  initial: ONLINE\n",
      "state.adapters", REMOVED, "state:\n  # end\n  initial: ONLINE\n" },
    { "dashes below the key", "state:\n  adapters:\n  - a\n  - b\n  initial: ONLINE\n",
      "state.adapters", REMOVED, "state:\n  initial: ONLINE\n" },
    { "a block scalar", "alerts:\n  command: |\n    a\n\n    b\n\n  # c\n  email: e@f\n",
      "alerts.command", REMOVED, "alerts:\n\n  # c\n  email: e@f\n" },
    { "brackets over lines", "state:\n  adapters: [a, # 1\n b] # 2\n  initial: ONLINE\n",
      "state.adapters", REMOVED, "state:\n  initial: ONLINE\n" },
    { "CR", "node:\r  port: 1\r  name: a\r", "node.port", REMOVED, "node:\r  name: a\r" },
    { "a section of one key", "node: # n\n  port: 1 # p\n# m\nmodel: {}\n", "node.port", REMOVED,
      "# m\nmodel: {}\n" },
    { "two sections of one key", "health:\n  reconnect:\n    jitter: true\nmodel: {}\n",
      "health.reconnect.jitter", REMOVED, "model: {}\n" },
    { "the inner section", "health:\n  reconnect:\n    jitter: true\n  timeout: 5s\n",
      "health.reconnect.jitter", REMOVED, "health:\n  timeout: 5s\n" },
    { "a section with comments stays", "node: # n\n  # of port\n  port: 1 # p\nmodel: {}\n",
      "node.port", REMOVED, "node: # n\n  # of port\nmodel: {}\n" },
    { "a section with comments behind stays", "node:\n  port: 1\n\n  # name: a\nmodel: {}\n",
      "node.port", REMOVED, "node:\n\n  # name: a\nmodel: {}\n" },
    { "the inner section with comments stays",
      "health:\n  reconnect:\n    # j\n    jitter: true\nmodel: {}\n", "health.reconnect.jitter",
      REMOVED, "health:\n  reconnect:\n    # j\nmodel: {}\n" },
    { "everything", "# a\nnode:\n  port: 1\n# b", "node.port", REMOVED, "# a\n# b" },
    { "everything but the header", "---\nnode: {port: 1}\n...\n", "node.port", REMOVED,
      "---\n...\n" },
    { "an explicit key", "node:\n  ? name # a\n  : a # b\n  ? port\n", "node.name", REMOVED,
      "node:\n  ? port\n" },
    { "a whole section", "node:\n  port: 1\n  name: a\nmodel: {}\n", "node", REMOVED,
      "model: {}\n" },
};

static void a_line_goes(void **state)
{
    (void)state;
    CHECK_ROWS(blocks, KN_EDIT_UNSET);
}

static const struct row flows[] = {
    { "the first", "node: {port: 1, name: a}\n", "node.port", REMOVED, "node: {name: a}\n" },
    { "the middle", "{\"schema_version\":\"1.0.0\",\"node\":{\"port\":1},\"model\":{}}",
      "node.port", REMOVED, "{\"schema_version\":\"1.0.0\",\"model\":{}}" },
    { "the last", "node: { port: 1, name: a }\n", "node.name", REMOVED, "node: { port: 1 }\n" },
    { "the last with a comma", "node: {port: 1, name: a,}\n", "node.name", REMOVED,
      "node: {port: 1,}\n" },
    { "the only one", "node: {port: 1} # n\nmodel: {}\n", "node.port", REMOVED, "model: {}\n" },
    { "the only one of the file", "{node: {port: 1,},}\n", "node.port", REMOVED, "{}\n" },
    { "an absent value", "node: {port: , name: a}\n", "node.port", REMOVED, "node: {name: a}\n" },
    { "a key alone", "node: {name: a, port}\n", "node.port", REMOVED, "node: {name: a}\n" },
    { "a line", "node: {\n  port: 1, # p\n  name: a # n\n}\n", "node.port", REMOVED,
      "node: {\n  name: a # n\n}\n" },
    { "the last line",
      "{\n  \"schema_version\": \"1.0.0\", # s\n  # of node\n  \"node\": {\n    "
      "\"port\": 1\n  }\n}\n",
      "node.port", REMOVED, "{\n  \"schema_version\": \"1.0.0\" # s\n  # of node\n}\n" },
    { "the last line with a comma", "node: {\n  port: 1,\n  name: a,\n}\n", "node.name", REMOVED,
      "node: {\n  port: 1,\n}\n" },
    { "the only line", "{\n  \"node\": {\"port\": 1}\n}\n", "node.port", REMOVED, "{\n}\n" },
    { "braces with comments stay", "node: {\n  # of port\n  port: 1 # p\n}\n", "node.port", REMOVED,
      "node: {\n  # of port\n}\n" },
    { "a comma on the next line", "node: {\n    name: a # n\n  , port: 1\n}\n", "node.port",
      REMOVED, "node: {\n    name: a # n\n  \n}\n" },
    { "a comment before the last", "node: {name: a, # n\n  port: 1 }\n", "node.port", REMOVED,
      "node: {name: a # n\n   }\n" },
};

static void a_pair_goes_with_the_right_comma(void **state)
{
    (void)state;
    CHECK_ROWS(flows, KN_EDIT_UNSET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_goes),
        cmocka_unit_test(a_pair_goes_with_the_right_comma),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
