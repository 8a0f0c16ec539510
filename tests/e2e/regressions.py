#!/usr/bin/env python3
"""What another node's program got wrong with its configuration, and this one must not.

Each test is named by what must not happen; the program runs as people run it.
"""
import json
import os

import program
from program import CONFIGURATION, DONE, FAILED, USAGE


class Regressions(program.Case):
    def put(self, content):
        self.h.config.write_bytes(content if isinstance(content, bytes) else content.encode())

    def problems(self, words, status=CONFIGURATION, **options):
        """The errors of a run, each "LINE:COLUMN KEY"."""
        got = self.expect(self.h.run(words + " --json", **options), status)
        return [f"{p['line']}:{p['column']} {p['key']}" for p in json.loads(got[1])["problems"]
                if p["severity"] == "error"]

    def value(self, key, **options):
        return self.expect(self.h.run(f"config get {key}", **options), DONE)[1].rstrip("\n")

    def refused(self, *words, status=CONFIGURATION):
        """A save that is refused, with nothing on its answer and the file as it was."""
        before = self.h.listing()
        got = self.expect(self.h.run("config", "set", *words), status)
        self.assertEqual(got[1], "")
        self.assertNotEqual(got[2], "")
        self.assertEqual(self.h.listing(), before)

    # proves: FR-4/4.1, P1/4
    def test_a_start_block_past_the_model_is_not_taken(self):
        self.put("model:\n  total_blocks: 32\n  start_block: 40\n")
        self.assertEqual(self.problems("config check"), ["3:16 model.start_block"])
        for key in ("model.start_block", "model.total_blocks"):  # both are doubtful
            for command in ("get", "explain"):
                self.expect(self.h.run(f"config {command} {key}"), CONFIGURATION,
                            "block 40 of a model with 32 blocks")
        self.expect(self.h.run("config get node.port"), DONE)
        self.put("model:\n  total_blocks: 32\n")
        self.refused("model.start_block", "40")

    def test_a_negative_number_of_blocks_is_not_announced(self):
        self.put("model:\n  start_block: 40\n  end_block: 32\n")
        self.assertEqual(self.problems("config check"), ["3:14 model.end_block"])
        self.assertEqual(self.problems("config show"), ["3:14 model.end_block"])

    def test_block_numbers_do_not_wrap(self):
        for value in ("4294967295", "4294967296", "18446744073709551616", "-1", "65536"):
            with self.subTest(value=value):
                self.put(f"model:\n  start_block: {value}\n  blocks: {value}\n")
                self.assertEqual(self.problems("config check"),
                                 ["2:16 model.start_block", "3:11 model.blocks"])
                self.put("")
                self.refused("model.start_block", value)
                self.refused("model.blocks", value)

    def test_an_empty_model_is_not_served(self):
        self.put("model:\n  name: ''\n  dht_prefix: ''\n")
        self.assertEqual(self.problems("config check"), ["2:9 model.name", "3:15 model.dht_prefix"])
        self.put("")
        self.refused("model.name", "", status=FAILED)
        self.refused("model.dht_prefix", "", status=FAILED)

    # proves: FR-4/4.1, FR-4/4.2, FR-4/4.3, P1/4
    def test_nonsense_is_not_set_with_a_tick(self):
        self.put("node:\n  port: 8080\n")
        for key, value in (("node.port", "0"), ("model.blocks", "0"),
                           ("model.blocks", "4000000000"), ("logging.level", "banana"),
                           ("network.announce_addrs", "not-a-multiaddr"),
                           ("network.public_ip", "999.1.1.1"), ("node.name", "-"),
                           ("network.bootstrap_peers", "/ip4/1.2.3.4/tcp/8000"),
                           ("state.initial", "AWAY"), ("model.dtype", "int4")):
            with self.subTest(key=key, value=value):
                self.refused(key, value)
        self.refused("node.name", "", status=FAILED)
        self.refused("port", "1", status=USAGE)

    def test_one_wrong_value_does_not_let_the_right_ones_through(self):
        self.put("node:\n  port: 8080\n")
        self.refused("node.name", "ada", "node.port", "0")

    # proves: NFR-3/3.2
    def test_comments_and_unknown_keys_are_not_gone_after_a_save(self):
        text = "# mine\nmodel:\n  blocks: 8 # half\nx-mine: {a: 1} # keep\n"
        self.put(text)
        self.expect(self.h.run("config set model.blocks 4"), DONE)
        self.assertEqual(self.h.config.read_text(), text.replace("8 #", "4 #"))

    def test_a_save_does_not_write_what_nobody_typed(self):
        self.expect(self.h.run("config set model.blocks 4", env={"KWAAINET_PORT": "9444"}), DONE)
        self.assertEqual(self.h.config.read_text().split("\n")[-3:], ["model:", "  blocks: 4", ""])
        self.assertNotIn("null", self.h.config.read_text())
        self.assertNotIn("9444", self.h.config.read_text())

    def test_a_file_without_a_name_does_not_share_one_with_all(self):
        self.put("node:\n  port: 9000\n")
        self.assertEqual(self.value("node.name"), "auto")
        self.put("")
        self.assertEqual(self.value("node.name"), "auto")

    def test_a_byte_order_mark_and_cr_lf_are_not_a_second_document(self):
        self.put(b"\xef\xbb\xbf# Notepad\r\nnode:\r\n  port: 9000\r\n  name: ada\r\n")
        self.expect(self.h.run("config check"), DONE)
        self.assertEqual((self.value("node.port"), self.value("node.name")), ("9000", "ada"))

    def test_a_file_that_cannot_be_parsed_is_not_passed_over_in_silence(self):
        self.put("node:\n  port: [80\n")
        for words in ("config check", "config show", "config get node.port",
                      "config explain node.port", "config diff", "config show --changed"):
            with self.subTest(words=words):
                self.expect(self.h.run(words), CONFIGURATION, "node_config.yaml:2:9")

    # proves: NFR-2/2.4
    def test_a_tilde_does_not_make_a_folder_called_tilde(self):
        home = str(self.h.home)
        for env, words, want in (({"KWAAINET_HOME": "~/kw"}, "", f"{home}/kw/identity.key"),
                                 ({}, " --home ~/kw", f"{home}/kw/identity.key"),
                                 ({}, " --set node.identity_key=~/id.key", f"{home}/id.key"),
                                 ({"KWAAINET_NODE_IDENTITY_KEY": "~/id.key"}, "",
                                  f"{home}/id.key")):
            with self.subTest(env=env, words=words):
                self.assertEqual(self.value("node.identity_key" + words, env=env), want)
        self.put("node:\n  identity_key: ~/id.key\n")
        self.assertEqual(self.value("node.identity_key"), f"{home}/id.key")
        self.expect(self.h.run("config set node.port 9000", env={"KWAAINET_HOME": "~/kw"}), DONE)
        self.assertEqual([p for p in self.h.root.rglob("*") if "~" in p.name], [])

    # proves: NFR-2/2.3
    def test_a_relative_path_does_not_depend_on_where_the_program_runs(self):
        (self.h.home / "c.yaml").write_text("node:\n  identity_key: keys/id.key\n")
        path = self.value("node.identity_key --config ../home/c.yaml")
        self.assertEqual(os.path.normpath(path), str(self.h.home / "keys/id.key"))
        self.assertEqual(self.value("node.identity_key --set node.identity_key=id.key"),
                         str(self.h.work / "id.key"))

    def test_a_wrong_variable_is_not_ignored(self):
        got = self.expect(self.h.run("config check", env={"KWAAINET_PORT": "abc"}), CONFIGURATION,
                          "KWAAINET_PORT=abc", '"abc" is not a whole number')
        self.assertIn("node.port", got[1])
        self.expect(self.h.run("config check", env={"KWAAINET_PROT": "1"}), DONE,
                    "KWAAINET_PROT", "Did you mean KWAAINET_PORT?")

    # proves: FR-5/5.1, FR-5/5.1.1, FR-5/5.1.2, FR-5/5.1.5, FR-3/order, P1/3
    def test_a_variable_is_not_weaker_than_the_file(self):
        self.assertEqual(self.value("node.port"), "auto")
        self.put("node:\n  port: 8080\n")
        self.assertEqual(self.value("node.port"), "8080")
        env = {"KWAAINET_PORT": "9444"}
        self.assertEqual(self.value("node.port", env=env), "9444")
        self.assertEqual(self.value("node.port --port 9500", env=env), "9500")

    def test_a_variable_is_not_frozen_into_the_file(self):
        env = {"KWAAINET_PORT": "9444", "KWAAINET_MODEL": "foo/Bar-70B"}
        for words in ("config check", "config show", "config get node.port", "config path"):
            self.expect(self.h.run(words, env=env), DONE)
        self.assertEqual(self.h.listing(), {})
        self.expect(self.h.run("config set logging.level debug", env=env), DONE)
        self.assertEqual(self.value("node.port"), "auto")

    def test_a_silly_preset_is_not_a_success(self):
        self.refused("calibration.preset", "silly")
        self.expect(self.h.run("config check --set calibration.preset=silly"), USAGE,
                    'unknown value "silly"', "It is one of min, recommended, max.")
        self.put("calibration:\n  preset: silly\n")
        self.assertEqual(self.problems("config check"), ["2:11 calibration.preset"])

    # proves: P2/10.3
    def test_the_first_mistake_does_not_hide_the_others(self):
        self.put("node:\n  port: abc\nmodel:\n  blocks: x\nlogging:\n  level: loud\n")
        self.assertEqual(self.problems("config check", env={"KWAAINET_MAX_MEMORY": "much"}),
                         ["None:None resources.max_memory_gb", "2:9 node.port", "4:11 model.blocks",
                          "6:10 logging.level"])

    def test_a_secret_is_not_shown(self):
        secret = "https://hooks.example.org/T0K3N"
        self.put(f"alerts:\n  webhook_url: {secret}\n  email: wrong@@T0K3N\n")
        for words in ("config show", "config check", "config explain alerts.webhook_url",
                      "config get alerts.webhook_url", "config diff",
                      f"config set alerts.webhook_url {secret}X"):
            for more in ("", " --json"):
                with self.subTest(words=words + more):
                    got = self.h.run(words + more)
                    text = (got[1] + got[2]).replace("wrong@@T0K3N", "")
                    self.assertNotIn("T0K3N", text)


if __name__ == "__main__":
    program.main()
