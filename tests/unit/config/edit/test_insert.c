/* A key that is missing: its place, its indentation, the sections above it. */
#include "table.h"

static const struct row places[] = {
    { "after the one before it in the table", "node:\n  name: a # n\n  identity_key: k\n",
      "node.port", "1", KN_EDIT_INSERTED, "node:\n  name: a # n\n  port: 1\n  identity_key: k\n" },
    { "after the last one before it", "node:\n  version: 1.0.0\n  name: a\n", "node.port", "1",
      KN_EDIT_INSERTED, "node:\n  version: 1.0.0\n  port: 1\n  name: a\n" },
    { "before the first", "node: # n\n  # of port\n  port: 1\n", "node.name", "a", KN_EDIT_INSERTED,
      "node: # n\n  name: a\n  # of port\n  port: 1\n" },
    { "comments above the next stay with it", "node:\n  name: a\n\n  # of port\n  port: 1\n",
      "node.version", "1.2.3", KN_EDIT_INSERTED,
      "node:\n  name: a\n  version: 1.2.3\n\n  # of port\n  port: 1\n" },
    { "deeper comments stay above", "node:\n  name: a\n    # of name\n  # of port\n  port: 1\n",
      "node.version", "1.2.3", KN_EDIT_INSERTED,
      "node:\n  name: a\n    # of name\n  version: 1.2.3\n  # of port\n  port: 1\n" },
    { "odd indentation", "node:\n       name: a\n", "node.port", "1", KN_EDIT_INSERTED,
      "node:\n       name: a\n       port: 1\n" },
    { "one space", "node:\n name: a\nmodel:\n name: b\n", "node.port", "1", KN_EDIT_INSERTED,
      "node:\n name: a\n port: 1\nmodel:\n name: b\n" },
    { "a file that is indented", "  node:\n     name: a\n", "alerts.enabled", "true",
      KN_EDIT_INSERTED, "  node:\n     name: a\n  alerts:\n     enabled: true\n" },
    { "no last break", "node:\n  name: a", "node.port", "1", KN_EDIT_INSERTED,
      "node:\n  name: a\n  port: 1" },
    { "no last break behind a comment", "node:\n  name: a # n", "node.port", "1", KN_EDIT_INSERTED,
      "node:\n  name: a # n\n  port: 1" },
    { "CR LF", "node:\r\n  name: a\r\n", "node.port", "1", KN_EDIT_INSERTED,
      "node:\r\n  name: a\r\n  port: 1\r\n" },
    { "CR", "node:\r  name: a\r", "node.port", "1", KN_EDIT_INSERTED,
      "node:\r  name: a\r  port: 1\r" },
    { "line breaks of both kinds", "node:\n  name: a\r\n  identity_key: k\n", "node.port", "1",
      KN_EDIT_INSERTED, "node:\n  name: a\r\n  port: 1\r\n  identity_key: k\n" },
    { "quoted neighbours", "'node':\n  'name': a\n", "node.port", "1", KN_EDIT_INSERTED,
      "'node':\n  'name': a\n  'port': 1\n" },
    { "after an absent value", "node:\n  name: # n\n", "node.port", "1", KN_EDIT_INSERTED,
      "node:\n  name: # n\n  port: 1\n" },
    { "after a block scalar", "alerts:\n  email: |\n    a\n\n\n  # c\n  x: 1\n", "alerts.command",
      "b", KN_EDIT_INSERTED, "alerts:\n  email: |\n    a\n  command: b\n\n\n  # c\n  x: 1\n" },
    { "after one that keeps its blank lines", "alerts:\n  email: |+\n    a\n\n\nnode: {}\n",
      "alerts.command", "b", KN_EDIT_INSERTED,
      "alerts:\n  email: |+\n    a\n\n\n  command: b\nnode: {}\n" },
    { "after a list in dashes", "network:\n  bootstrap_peers:\n  - a\n  - b # c\n",
      "network.new_swarm", "true", KN_EDIT_INSERTED,
      "network:\n  bootstrap_peers:\n  - a\n  - b # c\n  new_swarm: true\n" },
    { "after brackets over lines", "network:\n  bootstrap_peers: [a,\n b] # c\n",
      "network.new_swarm", "true", KN_EDIT_INSERTED,
      "network:\n  bootstrap_peers: [a,\n b] # c\n  new_swarm: true\n" },
    { "a list", "state:\n    initial: ONLINE\n", "state.adapters", "a,b", KN_EDIT_INSERTED,
      "state:\n    initial: ONLINE\n    adapters:\n      - a\n      - b\n" },
    { "an empty list", "state:\n  initial: ONLINE\n", "state.adapters", "[]", KN_EDIT_INSERTED,
      "state:\n  initial: ONLINE\n  adapters: []\n" },
    { "a schedule", "resources:\n  max_models: 1\n", "resources.schedules", "[{name: a, cron: b}]",
      KN_EDIT_INSERTED, "resources:\n  max_models: 1\n  schedules:\n    - {name: a, cron: b}\n" },
    { "beside explicit keys", "node:\n  ? name\n  : a # n\n  ? identity_key\n", "node.port", "1",
      KN_EDIT_INSERTED, "node:\n  ? name\n  : a # n\n  port: 1\n  ? identity_key\n" },
    { "unknown keys", "node:\n  name: a\n  a.b: 1\n  x-port: 2\nnode.port: 3\n", "node.port", "1",
      KN_EDIT_INSERTED, "node:\n  name: a\n  port: 1\n  a.b: 1\n  x-port: 2\nnode.port: 3\n" },
};

static void a_key_comes_where_the_table_has_it(void **state)
{
    (void)state;
    CHECK_ROWS(places, KN_EDIT_SET);
}

static const struct row sections[] = {
    { "between others", "node:\n   name: a\n\n# of network\nnetwork:\n   new_swarm: true\n",
      "model.name", "m", KN_EDIT_INSERTED,
      "node:\n   name: a\nmodel:\n   name: m\n\n# of network\nnetwork:\n   new_swarm: true\n" },
    { "before an explicit key", "? x-a\n: 1\n", "node.port", "1", KN_EDIT_INSERTED,
      "node:\n  port: 1\n? x-a\n: 1\n" },
    { "behind what is commented out", "node:\n  name: a\n  # port: 1\n# model\nx-a: 1\n",
      "model.name", "m", KN_EDIT_INSERTED,
      "node:\n  name: a\n  # port: 1\nmodel:\n  name: m\n# model\nx-a: 1\n" },
    { "in front", "# of model\nmodel: {}\n", "schema_version", "1.0.0", KN_EDIT_INSERTED,
      "schema_version: 1.0.0\n# of model\nmodel: {}\n" },
    { "in front, behind the head of the file", "# head\n\n# of model\nmodel: {}\n", "node.port",
      "1", KN_EDIT_INSERTED, "# head\n\nnode:\n  port: 1\n# of model\nmodel: {}\n" },
    { "in front, behind a byte order mark", "\xef\xbb\xbfmodel: {}\r\n", "node.port", "1",
      KN_EDIT_INSERTED, "\xef\xbb\xbfnode:\r\n  port: 1\r\nmodel: {}\r\n" },
    { "in front, behind a header", "%YAML 1.2\n--- # h\nmodel: {}\n...\n", "node.port", "1",
      KN_EDIT_INSERTED, "%YAML 1.2\n--- # h\nnode:\n  port: 1\nmodel: {}\n...\n" },
    { "at the end, before a footer", "---\nnode: {}\n...\n# end", "alerts.enabled", "true",
      KN_EDIT_INSERTED, "---\nnode: {}\nalerts:\n  enabled: true\n...\n# end" },
    { "two at once", "node:\n    name: a\n", "health.reconnect.jitter", "true", KN_EDIT_INSERTED,
      "node:\n    name: a\nhealth:\n    reconnect:\n        jitter: true\n" },
    { "the inner one", "health:\n  enabled: true\n", "health.reconnect.jitter", "true",
      KN_EDIT_INSERTED, "health:\n  enabled: true\n  reconnect:\n    jitter: true\n" },
    { "in the inner one", "model:\n  rebalance:\n     enabled: true\n  # r\n",
      "model.rebalance.quality", "0.5", KN_EDIT_INSERTED,
      "model:\n  rebalance:\n     enabled: true\n     quality: 0.5\n  # r\n" },
    { "one that says nothing", "node: # n\n# m\nmodel: {}\n", "node.port", "1", KN_EDIT_INSERTED,
      "node: # n\n  port: 1\n# m\nmodel: {}\n" },
    { "one that says nothing at the end", "node:", "node.port", "1", KN_EDIT_INSERTED,
      "node:\n  port: 1" },
    { "one that is null", "node: null # n\nmodel:\n    name: m\n", "node.port", "1",
      KN_EDIT_INSERTED, "node: # n\n    port: 1\nmodel:\n    name: m\n" },
    { "one that is a tilde", "\"node\": ~  \r\n", "node.port", "1", KN_EDIT_INSERTED,
      "\"node\":\r\n  \"port\": 1\r\n" },
    { "one that is null below", "node:\n   null # n\n", "node.port", "1", KN_EDIT_INSERTED,
      "node:\n   port: 1 # n\n" },
    { "an inner one that is null", "health:\n  reconnect:\n  timeout: 5s\n",
      "health.reconnect.jitter", "true", KN_EDIT_INSERTED,
      "health:\n  reconnect:\n    jitter: true\n  timeout: 5s\n" },
};

static void a_section_comes_where_the_table_has_it(void **state)
{
    (void)state;
    CHECK_ROWS(sections, KN_EDIT_SET);
}

static const struct row files[] = {
    { "nothing", "", "node.port", "1", KN_EDIT_INSERTED, "node:\n  port: 1\n" },
    { "a byte order mark", "\xef\xbb\xbf", "node.port", "1", KN_EDIT_INSERTED,
      "\xef\xbb\xbfnode:\n  port: 1\n" },
    { "blank lines", "\n\n", "node.port", "1", KN_EDIT_INSERTED, "\n\nnode:\n  port: 1\n" },
    { "a comment", "# c\r\n", "node.port", "1", KN_EDIT_INSERTED, "# c\r\nnode:\r\n  port: 1\r\n" },
    { "a comment without a break", "# a\n# c", "node.port", "1", KN_EDIT_INSERTED,
      "# a\n# c\nnode:\n  port: 1" },
    { "a header", "---\n", "node.port", "1", KN_EDIT_INSERTED, "---\nnode:\n  port: 1\n" },
    { "a header without a break", "---", "node.port", "1", KN_EDIT_INSERTED,
      "---\nnode:\n  port: 1" },
    { "header and footer", "--- # h\n# c\n...\n", "node.port", "1", KN_EDIT_INSERTED,
      "--- # h\n# c\nnode:\n  port: 1\n...\n" },
    { "braces", "{}\n", "node.port", "1", KN_EDIT_INSERTED, "{\"node\": {\"port\": 1}}\n" },
};

static void a_file_without_values_gets_one(void **state)
{
    (void)state;
    CHECK_ROWS(files, KN_EDIT_SET);
}

static const struct row flows[] = {
    { "behind", "node: {name: a}\n", "node.port", "1", KN_EDIT_INSERTED,
      "node: {name: a, port: 1}\n" },
    { "between", "node: { name: a, identity_key: k } # n\n", "node.port", "1", KN_EDIT_INSERTED,
      "node: { name: a, port: 1, identity_key: k } # n\n" },
    { "in front", "node: {port: 1}\n", "node.name", "a", KN_EDIT_INSERTED,
      "node: {name: a, port: 1}\n" },
    { "behind a last comma", "node: {name: a,}\n", "node.port", "1", KN_EDIT_INSERTED,
      "node: {name: a, port: 1,}\n" },
    { "empty", "node: {}\n", "node.port", "1", KN_EDIT_INSERTED, "node: {port: 1}\n" },
    { "empty with a space", "node: { }\n", "node.port", "1", KN_EDIT_INSERTED,
      "node: { port: 1 }\n" },
    { "after an absent value", "node: {name: }\n", "node.port", "1", KN_EDIT_INSERTED,
      "node: {name: , port: 1}\n" },
    { "after a key alone", "node: {name}\n", "node.port", "1", KN_EDIT_INSERTED,
      "node: {name, port: 1}\n" },
    { "a null section", "{node: null, model: {}}\n", "node.port", "1", KN_EDIT_INSERTED,
      "{node: {port: 1}, model: {}}\n" },
    { "a section that says nothing", "{node: }\n", "node.port", "1", KN_EDIT_INSERTED,
      "{node: {port: 1} }\n" },
    { "a section that is a key alone", "{node}\n", "node.port", "1", KN_EDIT_INSERTED,
      "{node: {port: 1}}\n" },
    { "a section", "{node: {port: 1}}\n", "health.reconnect.jitter", "true", KN_EDIT_INSERTED,
      "{node: {port: 1}, health: {reconnect: {jitter: true}}}\n" },
    { "a list", "state: {initial: ONLINE}\n", "state.adapters", "a,b", KN_EDIT_INSERTED,
      "state: {initial: ONLINE, adapters: [a, b]}\n" },
    { "a text with a comma", "alerts: {email: a@b}\n", "alerts.command", "a,b", KN_EDIT_INSERTED,
      "alerts: {email: a@b, command: \"a,b\"}\n" },
    { "lines", "node: {\n  name: a, # n\n  identity_key: k\n}\n", "node.port", "1",
      KN_EDIT_INSERTED, "node: {\n  name: a, # n\n  port: 1,\n  identity_key: k\n}\n" },
    { "lines, behind the last", "node: {\n  name: a # n\n}\n", "node.port", "1", KN_EDIT_INSERTED,
      "node: {\n  name: a, # n\n  port: 1\n}\n" },
    { "lines, behind a last comma", "node: {\n  name: a, # n\n}\n", "node.port", "1",
      KN_EDIT_INSERTED, "node: {\n  name: a, # n\n  port: 1,\n}\n" },
    { "lines, in front", "node: { # n\n  # of port\n  port: 1\n}\n", "node.name", "a",
      KN_EDIT_INSERTED, "node: { # n\n  name: a,\n  # of port\n  port: 1\n}\n" },
    { "lines that begin with a comma", "node: {\n    name: a # n\n  , identity_key: k\n}\n",
      "node.port", "1", KN_EDIT_INSERTED,
      "node: {\n    name: a, port: 1 # n\n  , identity_key: k\n}\n" },
    { "lines of several keys", "node: {\n  name: a, version: 1.0.0,\n  identity_key: k }\n",
      "node.port", "1", KN_EDIT_INSERTED,
      "node: {\n  name: a, version: 1.0.0, port: 1,\n  identity_key: k }\n" },
    { "empty on two lines", "node: { # n\n  # c\n}\n", "node.port", "1", KN_EDIT_INSERTED,
      "node: { # n\n  # c\n  port: 1\n}\n" },
};

static void braces_get_a_pair(void **state)
{
    (void)state;
    CHECK_ROWS(flows, KN_EDIT_SET);
}

static const struct row json[] = {
    { "dense", "{\"node\":{\"name\":\"a\"},\"x-a\":[1,2]}", "node.port", "1", KN_EDIT_INSERTED,
      "{\"node\":{\"name\":\"a\",\"port\":1},\"x-a\":[1,2]}" },
    { "dense, a section in front", "{\"model\":{\"name\":\"a\"}}", "node.name", "b",
      KN_EDIT_INSERTED, "{\"node\":{\"name\":\"b\"},\"model\":{\"name\":\"a\"}}" },
    { "loose", "{\"node\": {\"name\": \"a\"}}", "node.port", "auto", KN_EDIT_INSERTED,
      "{\"node\": {\"name\": \"a\", \"port\": \"auto\"}}" },
    { "lines", "{\n    \"node\": {\n        \"name\": \"a\"\n    }\n}\n", "node.port", "1",
      KN_EDIT_INSERTED,
      "{\n    \"node\": {\n        \"name\": \"a\",\n        \"port\": 1\n    }\n}\n" },
    { "lines, a section", "{\r\n    \"node\": {\r\n        \"name\": \"a\"\r\n    }\r\n}\r\n",
      "health.reconnect.jitter", "true", KN_EDIT_INSERTED,
      "{\r\n    \"node\": {\r\n        \"name\": \"a\"\r\n    },\r\n    \"health\": {\r\n        "
      "\"reconnect\": {\r\n            \"jitter\": true\r\n        }\r\n    }\r\n}\r\n" },
    { "lines, in front", "{\n\t\"model\": {}\n}\n", "schema_version", "1.0.0", KN_EDIT_INSERTED,
      "{\n\t\"schema_version\": \"1.0.0\",\n\t\"model\": {}\n}\n" },
    { "empty on two lines", "{\n}\n", "node.port", "1", KN_EDIT_INSERTED,
      "{\n  \"node\": {\n    \"port\": 1\n  }\n}\n" },
    { "an empty section on two lines", "{\n   \"node\": {\n   }\n}\n", "node.port", "1",
      KN_EDIT_INSERTED, "{\n   \"node\": {\n      \"port\": 1\n   }\n}\n" },
    { "a null section", "{\"node\": null}", "node.port", "1", KN_EDIT_INSERTED,
      "{\"node\": {\"port\": 1}}" },
};

static void json_stays_json(void **state)
{
    (void)state;
    CHECK_ROWS(json, KN_EDIT_SET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_comes_where_the_table_has_it),
        cmocka_unit_test(a_section_comes_where_the_table_has_it),
        cmocka_unit_test(a_file_without_values_gets_one),
        cmocka_unit_test(braces_get_a_pair),
        cmocka_unit_test(json_stays_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
