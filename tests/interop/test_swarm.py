#!/usr/bin/env python3
"""The swarm of unmodified hivemind nodes holds what its ready line says.

usage: test_swarm.py [TEST…]
"""
import json
import subprocess
import tempfile
import unittest

import peers
import records


class Swarm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dump = cls.enterClassContext(tempfile.NamedTemporaryFile())
        cls.swarm = cls.enterClassContext(
            peers.start("swarm", "--nodes", 12, "--dump", cls.dump.name))
        cls.models = {model["prefix"]: model for model in cls.swarm.ready["models"]}
        cls.swarm.ask("join", name="reader", peer=cls.swarm.addrs, client=True)

    def entries(self, key):
        return self.swarm.ask("get", name="reader", key=key)["entries"]

    def test_it_is_made_as_described(self):
        self.assertEqual([model["online"] for model in self.models.values()], [127, 89, 45, 23, 5])
        self.assertEqual(len(self.swarm.ready["nodes"]), 12)
        self.assertEqual(self.swarm.id, peers.KEYS["R"]["id"])

    def test_the_registry_lists_both_spellings(self):
        found = {entry["subkey"]: entry["value"] for entry in self.entries(records.REGISTRY)}
        self.assertEqual(set(found), set(self.models))
        for prefix, model in self.models.items():
            self.assertEqual(found[prefix], {"num_blocks": model["blocks"],
                                             "repository": model["repository"]})

    def test_every_record_is_found(self):
        stored = {}
        with open(self.dump.name, encoding="utf-8") as file:
            for key, subkey, value, _ in json.load(file):
                stored.setdefault(key, {})[subkey] = value
        for model in self.models.values():
            for block in (0, 3, model["blocks"] - 1):
                key = f"{model['prefix']}.{block}"
                if key in stored:
                    found = {entry["subkey"]: entry["value"] for entry in self.entries(key)}
                    self.assertEqual(found, stored[key])

    def test_a_stored_value_is_read_by_another_node(self):
        for name in ("writer", "third"):
            self.swarm.ask("join", name=name, peer=self.swarm.addr)
        large = {"hex": "5a" * (1 << 20)}
        self.swarm.ask("store", name="writer", key="mine.0", subkey="a", value=large)
        found = self.swarm.ask("get", name="third", key="mine.0")
        self.assertEqual(found["entries"][0]["value"], large)
        self.assertTrue(self.swarm.ask("table", name="third")["known"])

    def test_a_key_that_nobody_stored_is_not_found(self):
        self.assertFalse(self.swarm.ask("get", name="reader", key="nobody.0")["found"])

    def test_it_answers_from_the_command_line(self):
        for words, part in ((("ping", self.swarm.addr), '"available": true'),
                            (("get", records.REGISTRY, "--peer", self.swarm.addr), "Mixtral")):
            done = subprocess.run([*peers.command("swarm"), *words], stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, check=True, timeout=60)
            self.assertIn(part, done.stdout)


if __name__ == "__main__":
    peers.require("hivemind")
    unittest.main(verbosity=0)
