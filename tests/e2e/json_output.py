#!/usr/bin/env python3
"""With --json exactly one document on standard output, whatever happens; its shapes and types."""
import json

import program
from program import CONFIGURATION, DONE, FAILED, USAGE, PEER

PROBLEM = {"severity", "layer", "file", "line", "column", "key", "value", "message", "hint"}
ORIGIN = {"layer", "name", "file", "line", "column", "text", "age_s"}
LAYERS = {"cli", "env", "file", "cache", "discovery", "fallback"}
EXPLAINED = {"key", "value", "origin", "overridden", "fallback", "type", "unit", "min", "max",
             "choices", "apply", "effect", "brief", "detail", "cli", "env"}
RIGHT = f"""\
node:
  port: 8080
  name: ada-C-box
model: {{start_block: 68, end_block: 80}}
dht: {{announce_interval: 2m, expiration: 0.5h}}
performance: {{max_chunk_bytes: 16MiB, throughput: 1.5, device: cpu}}
resources: {{max_memory_gb: 16GiB}}
logging: {{max_file_size_mb: 100MiB, modules: [network=debug]}}
network: {{bootstrap_peers: [{PEER}]}}
alerts: {{webhook_url: "https://hooks.example.org/secret"}}
"""
WRONG = "node:\n  port: 0\n"
BROKEN = "node: [\n"

# Every command with words that succeed on a right file.
COMMANDS = ("config show", "config show --changed", "config explain node.port", "config check",
            "config get node.port", "config set node.port 9000", "config unset node.name",
            "config edit", "config diff", "config path", "config migrate", "config example",
            "config schema", "identity new --replace", "identity show", "docs settings",
            "docs commands", "docs errors", "docs states", "completion bash", "completion zsh",
            "completion fish", "man", "help", "help config", "help config check", "--help",
            "config --help", "config show -h")
WRONG_USAGE = ("zzz", "config", "config zzz", "config show extra", "config get", "config get zzz",
               "config explain node.prot", "config set node.port", "config set a b",
               "config check --prot 1", "config check --port", "config check --port 0",
               "config check --set node.prot=1", "config check --set", "completion tcsh",
               "config show --json=yes", "identity", "identity import", "help zzz",
               "config show --version", "--version --quiet")
# What needs the configuration, or the file at least.
READERS = ("config show", "config explain node.port", "config check", "config get node.port",
           "config diff", "config set node.port x", "config migrate")


def pairs_once(pairs):
    """A reader of objects that refuses a name that stands twice."""
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError(f"a name stands twice: {names}")
    return dict(pairs)


class JsonOutput(program.Case):
    def put(self, text):
        self.h.config.write_text(text)

    def document(self, words, status, **options):
        got = self.expect(self.h.run(f"{words} --json".strip(), env={"EDITOR": "true"}, **options),
                          status)
        self.assertTrue(got[1].endswith("\n"), words)
        document = json.loads(got[1], object_pairs_hook=pairs_once)  # refuses a second document
        self.assertIsInstance(document, dict, words)
        return document

    def refusal(self, words, status):
        document = self.document(words, status)
        if not words.startswith("config explain"):  # it explains as far as it can
            self.assertIs(document["ok"], False, words)
        self.assertTrue(document["problems"], words)
        for problem in document["problems"]:
            self.assertLessEqual(PROBLEM, problem.keys())
            self.assertIn(problem["severity"], ("error", "warning"))
            self.assertTrue(problem["message"])

    def test_every_command_that_succeeds_prints_one_document(self):
        for words in COMMANDS:
            with self.subTest(words=words):
                self.put(RIGHT)
                self.document(words, DONE)

    def test_wrong_usage_is_one_document(self):
        self.put(RIGHT)
        for words in WRONG_USAGE:
            with self.subTest(words=words):
                self.refusal(words, USAGE)

    def test_a_wrong_configuration_is_one_document(self):
        for text in (WRONG, BROKEN):
            self.put(text)
            for words in READERS:
                if text == WRONG and words in ("config migrate", "config explain node.port"):
                    continue
                with self.subTest(words=words, text=text):
                    self.refusal(words, CONFIGURATION)
        for words in READERS:
            with self.subTest(words=words):
                self.refusal(f"{words} --config none.yaml", CONFIGURATION)

    def test_a_failure_is_one_document(self):
        self.put(RIGHT)
        got = self.h.run("config edit --json", env={"EDITOR": "false"})
        self.assertEqual(got[0], FAILED)
        self.assertIs(json.loads(got[1])["ok"], False)
        (self.h.work / "editor").write_text('echo "x-a: 1" > node_config.yaml; echo > "$1"\n')
        got = self.h.run("config edit --json", env={"EDITOR": "sh editor"})
        self.assertEqual(got[0], 75)
        self.assertIs(json.loads(got[1])["ok"], False)

    def test_check_has_its_shape(self):
        self.put(RIGHT)
        document = self.document("config check", DONE)
        self.assertIs(document["ok"], True)
        self.assertEqual({p["severity"] for p in document["problems"]} - {"warning"}, set())
        self.put(WRONG)
        document = self.document("config check", CONFIGURATION)
        self.assertIs(document["ok"], False)
        problem = document["problems"][0]
        self.assertLessEqual(PROBLEM, problem.keys())
        self.assertEqual([problem[name] for name in ("severity", "layer", "file", "line", "column",
                                                     "key", "message")],
                         ["error", "file", "node_config.yaml", 2, 9, "node.port",
                          "0 is outside 1..65535"])

    # proves: FR-5/5.6
    def test_show_has_every_setting_with_its_origin(self):
        self.put(RIGHT)
        document = self.document("config show --port 9000", DONE)
        schema = self.document("config schema", DONE)
        settings = document["settings"]
        self.assertEqual(document["schema_version"], "1.0.0")
        for key, row in settings.items():
            self.assertEqual(row.keys() & {"value", "origin"}, {"value", "origin"}, key)
            self.assertLessEqual(ORIGIN, row["origin"].keys(), key)
            self.assertIn(row["origin"]["layer"], LAYERS, key)
        sections = {key.split(".")[0] for key in settings}
        self.assertLessEqual(set(schema["properties"]), sections)
        self.assertEqual(settings["node.port"]["origin"]["layer"], "cli")
        name = settings["node.name"]["origin"]
        self.assertEqual([name[part] for part in ("layer", "file", "line", "column", "age_s")],
                         ["file", "node_config.yaml", 3, 9, None])

    def test_values_are_typed_in_the_unit_of_their_key(self):
        self.put(RIGHT)
        settings = self.document("config show", DONE)["settings"]
        for key, want in (("node.port", 8080), ("node.name", "ada-C-box"),
                          ("model.start_block", 68), ("dht.announce_interval", 120),
                          ("dht.expiration", 1800), ("performance.max_chunk_bytes", 16 * 2**20),
                          ("performance.throughput", 1.5), ("performance.device", "cpu"),
                          ("resources.max_memory_gb", 16), ("logging.max_file_size_mb", 100),
                          ("logging.modules", ["network=debug"]),
                          ("network.bootstrap_peers", [PEER]), ("model.name", "auto"),
                          ("resources.max_cpu_percent", None), ("state.adapters", []),
                          ("model.rebalance.enabled", False), ("alerts.webhook_url", "********")):
            with self.subTest(key=key):
                value = settings[key]["value"]
                self.assertEqual((type(value), value), (type(want), want))
                self.assertEqual(self.document(f"config get {key}", DONE)["value"], want)

    # proves: NFR-3/3.2, TR-1/serde, MS-1/3, Q/1, P1/2
    def test_a_value_as_json_is_what_the_file_may_hold(self):
        self.put(RIGHT)
        tree = {}
        for key, row in self.document("config show", DONE)["settings"].items():
            *path, last = key.split(".")
            at = tree
            for name in path:
                at = at.setdefault(name, {})
            at[last] = row["value"]
        tree["alerts"]["webhook_url"] = "https://hooks.example.org/secret"
        before = self.document("config show", DONE)["settings"]
        self.put(json.dumps(tree))
        after = self.document("config show", DONE)["settings"]
        self.assertEqual({key: row["value"] for key, row in before.items()},
                         {key: row["value"] for key, row in after.items()})

    def test_explain_has_its_shape(self):
        self.put(RIGHT)
        document = self.document("config explain node.port --port 9000", DONE)
        self.assertLessEqual(EXPLAINED, document.keys())
        self.assertEqual((document["value"], document["origin"]["layer"]), (9000, "cli"))
        self.assertEqual([(o["value"], o["origin"]["layer"]) for o in document["overridden"]],
                         [(8080, "file"), ("auto", "fallback")])
        self.assertEqual([document[name] for name in ("min", "max", "choices", "cli", "env")],
                         [1, 65535, None, "--port", "KWAAINET_NODE_PORT"])

    # proves: Q/2
    def test_every_setting_says_how_a_running_node_applies_it(self):
        self.put(RIGHT)
        for key in self.document("config show", DONE)["settings"]:
            document = self.document(f"config explain {key}", DONE)
            self.assertLessEqual(EXPLAINED, document.keys())
            self.assertIn(document["apply"], ("live", "reconnect", "restart"))
            self.assertIn(document["effect"], ("now", "not yet"))


if __name__ == "__main__":
    program.main()
