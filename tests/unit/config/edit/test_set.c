/* A value that is there becomes another one: quotes, block scalars, lists. */
#include "table.h"

static const struct row scalars[] = {
    { "a number", "node:\n  port: 1\n", "node.port", "8080", KN_EDIT_REPLACED,
      "node:\n  port: 8080\n" },
    { "a comment behind it stays", "node:\n  port: 1\t # why\n# end", "node.port", "auto",
      KN_EDIT_REPLACED, "node:\n  port: auto\t # why\n# end" },
    { "double quotes stay", "node: {name: \"abc\"}", "node.name", "new", KN_EDIT_REPLACED,
      "node: {name: \"new\"}" },
    { "single quotes stay", "alerts:\n  command: 'a'\n", "alerts.command", "it's", KN_EDIT_REPLACED,
      "alerts:\n  command: 'it''s'\n" },
    { "single quotes hold no line break", "alerts:\n  command: 'a'\n", "alerts.command", "a\tb\nc",
      KN_EDIT_REPLACED, "alerts:\n  command: \"a\\tb\\nc\"\n" },
    { "double quotes escape", "alerts:\n  command: \"a\"\n", "alerts.command", "\"\\\x01\x7f",
      KN_EDIT_REPLACED, "alerts:\n  command: \"\\\"\\\\\\u0001\\u007f\"\n" },
    { "breaks of other readers are escaped", "alerts:\n  command: a\n", "alerts.command",
      "a\xe2\x80\xa8"
      "b\xc2\x85"
      "c",
      KN_EDIT_REPLACED, "alerts:\n  command: \"a\\u2028b\\u0085c\"\n" },
    { "auto needs no quotes", "node:\n  name: \"abc\"\n", "node.name", "auto", KN_EDIT_REPLACED,
      "node:\n  name: auto\n" },
    { "a number needs no quotes", "node:\n  port: \"1\"\n", "node.port", "2", KN_EDIT_REPLACED,
      "node:\n  port: 2\n" },
    { "null needs none", "alerts:\n  email: 'a@b'\n", "alerts.email", "null", KN_EDIT_REPLACED,
      "alerts:\n  email: null\n" },
    { "a size with a unit is text", "resources: { max_memory_gb: 4 }\n", "resources.max_memory_gb",
      "16GiB", KN_EDIT_REPLACED, "resources: { max_memory_gb: 16GiB }\n" },
    { "a size without one is a number", "resources:\n  max_memory_gb: '16GiB'\n",
      "resources.max_memory_gb", "0.5", KN_EDIT_REPLACED, "resources:\n  max_memory_gb: 0.5\n" },
    { "an absent value", "node:\n  port:\n  name: a\n", "node.port", "1", KN_EDIT_REPLACED,
      "node:\n  port: 1\n  name: a\n" },
    { "an absent value with a comment", "node:\n  port:   # none\n", "node.port", "1",
      KN_EDIT_REPLACED, "node:\n  port: 1   # none\n" },
    { "an absent value at the end", "node:\n  port:", "node.port", "1", KN_EDIT_REPLACED,
      "node:\n  port: 1" },
    { "an absent value in braces", "{node: {port: }}", "node.port", "1", KN_EDIT_REPLACED,
      "{node: {port: 1 }}" },
    { "a key without a colon", "{node: {port}}", "node.port", "1", KN_EDIT_REPLACED,
      "{node: {port: 1}}" },
    { "a quoted key", "\"node\":\n  'port': 1\n", "node.port", "2", KN_EDIT_REPLACED,
      "\"node\":\n  'port': 2\n" },
    { "a value on the next line", "node:\n  name:\n    abc\n    def # x\n", "node.name", "xyz",
      KN_EDIT_REPLACED, "node:\n  name:\n    xyz # x\n" },
    { "quotes over two lines", "node:\n  name: \"abc\n    def\" # x\n", "node.name", "xyz",
      KN_EDIT_REPLACED, "node:\n  name: \"xyz\" # x\n" },
    { "CR LF", "node:\r\n  port: 1\r\n", "node.port", "2", KN_EDIT_REPLACED,
      "node:\r\n  port: 2\r\n" },
    { "CR", "node:\r  port: 1\r", "node.port", "2", KN_EDIT_REPLACED, "node:\r  port: 2\r" },
    { "a byte order mark", "\xef\xbb\xbfnode:\n  port: 1", "node.port", "2", KN_EDIT_REPLACED,
      "\xef\xbb\xbfnode:\n  port: 2" },
    { "wide characters before it", "x-\xe6\x97\xa5: \xf0\x9f\x90\x9d\nnode: {port: 1}\n",
      "node.port", "2", KN_EDIT_REPLACED, "x-\xe6\x97\xa5: \xf0\x9f\x90\x9d\nnode: {port: 2}\n" },
    { "JSON text", "{\"node\":{\"name\":\"a\"}}", "node.name", "a \"b\"", KN_EDIT_REPLACED,
      "{\"node\":{\"name\":\"a \\\"b\\\"\"}}" },
    { "JSON has no auto", "{\"node\": {\"port\": 1}}", "node.port", "auto", KN_EDIT_REPLACED,
      "{\"node\": {\"port\": \"auto\"}}" },
    { "JSON truth", "{\"alerts\": {\"enabled\": true}}", "alerts.enabled", "false",
      KN_EDIT_REPLACED, "{\"alerts\": {\"enabled\": false}}" },
    { "JSON null", "{\"alerts\": {\"email\": \"a@b\"}}", "alerts.email", "null", KN_EDIT_REPLACED,
      "{\"alerts\": {\"email\": null}}" },
    { "a map becomes a value", "node:\n  port: # p\n    # q\n    a: 1\n    b: 2 # r\n  name: a\n",
      "node.port", "1", KN_EDIT_REPLACED, "node:\n  port: 1 # p\n    # q\n  name: a\n" },
    { "braces become a value", "node:\n  port: {a: 1,\n    b: 2} # r\n", "node.port", "1",
      KN_EDIT_REPLACED, "node:\n  port: 1 # r\n" },
    { "an explicit key", "node:\n  ? port\n  : 1 # p\n", "node.port", "2", KN_EDIT_REPLACED,
      "node:\n  ? port\n  : 2 # p\n" },
};

static void a_value_is_replaced_and_no_other_byte(void **state)
{
    (void)state;
    CHECK_ROWS(scalars, KN_EDIT_SET);
}

/* alerts.command is any text. */
static const struct {
    const char *word, *block, *flow;
} texts[] = {
    { "word", "word", "word" },
    { "two words", "two words", "two words" },
    { "1.0.0", "1.0.0", "1.0.0" },
    { "10.0.0.1:80", "\"10.0.0.1:80\"", "\"10.0.0.1:80\"" },
    { "5m", "5m", "5m" },
    { "/ip4/1.2.3.4", "/ip4/1.2.3.4", "/ip4/1.2.3.4" },
    { "~/x", "~/x", "~/x" },
    { "http://a/b", "http://a/b", "http://a/b" },
    { "a,b", "a,b", "\"a,b\"" },
    { "a]", "a]", "\"a]\"" },
    { "a?", "a?", "\"a?\"" },
    { "a#b", "a#b", "a#b" },
    { "a #b", "\"a #b\"", "\"a #b\"" },
    { "a: b", "\"a: b\"", "\"a: b\"" },
    { "a:", "\"a:\"", "\"a:\"" },
    { " a", "\" a\"", "\" a\"" },
    { "a ", "\"a \"", "\"a \"" },
    { "true", "\"true\"", "\"true\"" },
    { "Yes", "\"Yes\"", "\"Yes\"" },
    { "off", "\"off\"", "\"off\"" },
    { "12", "\"12\"", "\"12\"" },
    { "-1.5e3", "\"-1.5e3\"", "\"-1.5e3\"" },
    { "0x1f", "\"0x1f\"", "\"0x1f\"" },
    { "1_000", "\"1_000\"", "\"1_000\"" },
    { "12:30", "\"12:30\"", "\"12:30\"" },
    { ".inf", "\".inf\"", "\".inf\"" },
    { "2024-01-31", "\"2024-01-31\"", "\"2024-01-31\"" },
    { "~", "\"~\"", "\"~\"" },
    { "NULL", "\"NULL\"", "\"NULL\"" },
    { "=", "\"=\"", "\"=\"" },
    { "<<", "\"<<\"", "\"<<\"" },
    { "- a", "\"- a\"", "\"- a\"" },
    { "-a", "\"-a\"", "\"-a\"" },
    { "? a", "\"? a\"", "\"? a\"" },
    { "*a", "\"*a\"", "\"*a\"" },
    { "&a", "\"&a\"", "\"&a\"" },
    { "!a", "\"!a\"", "\"!a\"" },
    { "|", "\"|\"", "\"|\"" },
    { ">", "\">\"", "\">\"" },
    { "%a", "\"%a\"", "\"%a\"" },
    { "@a", "\"@a\"", "\"@a\"" },
    { "`a", "\"`a\"", "\"`a\"" },
    { "{a", "\"{a\"", "\"{a\"" },
    { "[a", "\"[a\"", "\"[a\"" },
    { "#a", "\"#a\"", "\"#a\"" },
    { "'a", "\"'a\"", "\"'a\"" },
    { "...", "\"...\"", "\"...\"" },
    { "\"", "\"\\\"\"", "\"\\\"\"" },
    { "caf\xc3\xa9 \xe6\x97\xa5", "caf\xc3\xa9 \xe6\x97\xa5", "caf\xc3\xa9 \xe6\x97\xa5" },
};

static void a_text_is_quoted_where_it_would_read_as_something_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_COUNT(texts); i++) {
        char block[200], flow[200];
        struct row row = { texts[i].word,    "alerts:\n  command: x # c\n",
                           "alerts.command", texts[i].word,
                           KN_EDIT_REPLACED, block };

        (void)snprintf(block, sizeof(block), "alerts:\n  command: %s # c\n", texts[i].block);
        (void)snprintf(flow, sizeof(flow), "alerts: {command: %s}\n", texts[i].flow);
        check_row(&row, KN_EDIT_SET);
        row.before = "alerts: {command: x}\n";
        row.after = flow;
        check_row(&row, KN_EDIT_SET);
    }
}

static const struct row blocks[] = {
    { "a literal becomes plain", "alerts:\n  command: |\n    a\n    b\n\n  # c\n  email: e@f\n",
      "alerts.command", "x", KN_EDIT_REPLACED, "alerts:\n  command: x\n\n  # c\n  email: e@f\n" },
    { "a folded one becomes quoted", "alerts:\n  command: >-\n    a\n\n    b\n# c\n",
      "alerts.command", "x: y", KN_EDIT_REPLACED, "alerts:\n  command: \"x: y\"\n# c\n" },
    { "the comment of its header stays", "alerts:\n  command: |2- # why\n    a\n", "alerts.command",
      "x", KN_EDIT_REPLACED, "alerts:\n  command: x # why\n" },
    { "an empty one", "alerts:\n  command: |\n\nnode: {}\n", "alerts.command", "x",
      KN_EDIT_REPLACED, "alerts:\n  command: x\n\nnode: {}\n" },
    { "one that keeps its blank lines", "alerts:\n  command: |+\n    a\n\n\nnode: {}\n",
      "alerts.command", "x", KN_EDIT_REPLACED, "alerts:\n  command: x\nnode: {}\n" },
    { "at the end without a break", "alerts:\n  command: |\n    a", "alerts.command", "x",
      KN_EDIT_REPLACED, "alerts:\n  command: x" },
    { "CR LF", "alerts:\r\n  command: |\r\n    a\r\n  email: e@f\r\n", "alerts.command", "x",
      KN_EDIT_REPLACED, "alerts:\r\n  command: x\r\n  email: e@f\r\n" },
};

static void a_block_scalar_becomes_a_value_on_the_line_of_its_key(void **state)
{
    (void)state;
    CHECK_ROWS(blocks, KN_EDIT_SET);
}

#define DEVICES "performance.tensor_parallel_devices"

static const struct row lists[] = {
    { "brackets stay", "performance:\n  tensor_parallel_devices: [cpu]\n", DEVICES, "cuda:0,cuda:1",
      KN_EDIT_REPLACED, "performance:\n  tensor_parallel_devices: [cuda:0, cuda:1]\n" },
    { "quotes of items stay", "performance:\n  tensor_parallel_devices: ['cpu', mps]\n", DEVICES,
      "a b", KN_EDIT_REPLACED, "performance:\n  tensor_parallel_devices: ['a', 'b']\n" },
    { "from brackets on the command line", "state:\n  adapters: []\n", "state.adapters",
      "[a, \"12\", 'it''s']", KN_EDIT_REPLACED, "state:\n  adapters: [a, \"12\", it's]\n" },
    { "brackets over lines", "state:\n  adapters: [ # c\n    a,\n    b ] # d\n", "state.adapters",
      "x", KN_EDIT_REPLACED, "state:\n  adapters: [x] # d\n" },
    { "JSON", "{\"state\": {\"adapters\": []}}", "state.adapters", "a,b", KN_EDIT_REPLACED,
      "{\"state\": {\"adapters\": [\"a\", \"b\"]}}" },
    { "dashes stay", "state:\n   adapters:\n     - a\n     - b # old\n", "state.adapters", "p,q,r",
      KN_EDIT_REPLACED, "state:\n   adapters:\n     - p\n     - q\n     - r # old\n" },
    { "dashes below the key stay there", "state:\n  adapters:\n  - a\n  using_relay: auto\n",
      "state.adapters", "p,q", KN_EDIT_REPLACED,
      "state:\n  adapters:\n  - p\n  - q\n  using_relay: auto\n" },
    { "an item more", "state:\n  adapters:\n    - a # 1\n    # of b\n    - b # 2\n  # end\n",
      "state.adapters", "a,b,c", KN_EDIT_REPLACED,
      "state:\n  adapters:\n    - a # 1\n    # of b\n    - b # 2\n    - c\n  # end\n" },
    { "an item more in front", "state:\n  adapters: # all\n    # of b\n    - b # 2\n",
      "state.adapters", "a,b", KN_EDIT_REPLACED,
      "state:\n  adapters: # all\n    # of b\n    - a\n    - b # 2\n" },
    { "an item in between", "state:\n  adapters:\n    - a # 1\n    - b # 2\n", "state.adapters",
      "a,p,q,b", KN_EDIT_REPLACED,
      "state:\n  adapters:\n    - a # 1\n    - p\n    - q\n    - b # 2\n" },
    { "an item less", "state:\r\n  adapters:\r\n    - a # 1\r\n    - b # 2\r\n    - c # 3\r\n",
      "state.adapters", "a,c", KN_EDIT_REPLACED,
      "state:\r\n  adapters:\r\n    - a # 1\r\n    - c # 3\r\n" },
    { "another item in the middle", "state:\n  adapters:\n    - a # 1\n    - \"b\" # 2\n    - c\n",
      "state.adapters", "a,x,c", KN_EDIT_REPLACED,
      "state:\n  adapters:\n    - a # 1\n    - x # 2\n    - c\n" },
    { "an empty item", "state:\n  adapters:\n    - a # 1\n    -\n# c\n", "state.adapters", "x",
      KN_EDIT_REPLACED, "state:\n  adapters:\n    - x\n# c\n" },
    { "an item below its dash", "state:\n  adapters:\n    -\n      a # 1\n    - b\n",
      "state.adapters", "x,b", KN_EDIT_REPLACED, "state:\n  adapters:\n    - x\n    - b\n" },
    { "no item", "state:\n  adapters: # all\n    # a\n    - a\n    - b # 2\n  using_relay: auto\n",
      "state.adapters", "[]", KN_EDIT_REPLACED,
      "state:\n  adapters: [] # all\n    # a\n  using_relay: auto\n" },
    { "auto", "network:\n  announce_addrs:\n    - /ip4/1.2.3.4/tcp/1\n  x: 1\n",
      "network.announce_addrs", "auto", KN_EDIT_REPLACED,
      "network:\n  announce_addrs: auto\n  x: 1\n" },
    { "a list for auto", "network:\n  announce_addrs: auto # a\n", "network.announce_addrs",
      "/ip4/1.2.3.4/tcp/1", KN_EDIT_REPLACED,
      "network:\n  announce_addrs: [/ip4/1.2.3.4/tcp/1] # a\n" },
    { "a schedule", "resources:\n  schedules: []\n", "resources.schedules",
      "[{\"name\": \"n\", \"cron\": \"0 9 * * 1-5\", \"duration\": \"8h\", \"limits\": "
      "{\"max_models\": 1, \"max_memory_gb\": \"4GiB\"}}]",
      KN_EDIT_REPLACED,
      "resources:\n  schedules: [{name: \"n\", cron: 0 9 * * 1-5, duration: 8h, limits: "
      "{max_models: 1, max_memory_gb: 4GiB}}]\n" },
    { "a schedule in dashes",
      "resources:\n  schedules:\n    - name: a\n      cron: x\n    # b\n"
      "    - name: b\n",
      "resources.schedules", "[{name: a, cron: x}, {name: c}]", KN_EDIT_REPLACED,
      "resources:\n  schedules:\n    - name: a\n      cron: x\n    # b\n    - {name: c}\n" },
};

static void a_list_keeps_its_form(void **state)
{
    (void)state;
    CHECK_ROWS(lists, KN_EDIT_SET);
}

static const struct row equals[] = {
    { "a number", "node:\n  port:   1 # c", "node.port", "1", KN_EDIT_UNCHANGED, NULL },
    { "a quoted text", "node: {name: 'abc'}", "node.name", "abc", KN_EDIT_UNCHANGED, NULL },
    { "an escaped text", "node: {name: \"\\u0061bc\"}", "node.name", "abc", KN_EDIT_UNCHANGED,
      NULL },
    { "null", "alerts: {email: ~}", "alerts.email", "null", KN_EDIT_UNCHANGED, NULL },
    { "a list", "state: {adapters: [a,\n b]}", "state.adapters", "a,b", KN_EDIT_UNCHANGED, NULL },
    { "a list in dashes", "state:\n  adapters:\n  - a\n  - b\n", "state.adapters", "[a, b]",
      KN_EDIT_UNCHANGED, NULL },
    { "a folded text", "alerts:\n  command: >-\n    a\n    b\n", "alerts.command", "a b",
      KN_EDIT_UNCHANGED, NULL },
    { "nothing is not null", "alerts:\n  email:\n", "alerts.email", "null", KN_EDIT_REPLACED,
      "alerts:\n  email: null\n" },
    { "a number is no text", "model:\n  revision: 123\n", "model.revision", "123", KN_EDIT_REPLACED,
      "model:\n  revision: \"123\"\n" },
    { "a text is no number", "node:\n  port: '1'\n", "node.port", "1", KN_EDIT_REPLACED,
      "node:\n  port: 1\n" },
};

static void an_equal_value_changes_nothing(void **state)
{
    (void)state;
    CHECK_ROWS(equals, KN_EDIT_SET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_replaced_and_no_other_byte),
        cmocka_unit_test(a_text_is_quoted_where_it_would_read_as_something_else),
        cmocka_unit_test(a_block_scalar_becomes_a_value_on_the_line_of_its_key),
        cmocka_unit_test(a_list_keeps_its_form),
        cmocka_unit_test(an_equal_value_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
