#!/usr/bin/env python3
"""Petals', the monitor's and KwaaiNet's readers accept every record of `kwaainet start`.

usage: test_readers.py PROGRAM [TEST…]
"""
import json
import sys
import unittest
from pathlib import Path

import peers

if __name__ == "__main__":
    peers.require("hivemind")
    peers.as_hivemind()

# pylint: disable=wrong-import-position
import msgpack

import readers
import records
from readers import Rejected

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
import program
from started import Node

VECTORS = Path(__file__).resolve().parent.parent / "vectors" / "serverinfo.json"
OFFLINE, JOINING, ONLINE = readers.ServerState
SMALL = "--model=TinyLlama-1.1B-Chat-v1.0"
FEW = ("--max-memory", "512MiB")
NODES = 5


class Rules(unittest.TestCase):
    """The readers here are as strict as the real ones: their own verdicts, recorded."""

    def setUp(self):
        self.vectors = json.loads(VECTORS.read_text())

    def judge(self, rows, reader):
        for row in rows:
            with self.subTest(row["name"]):
                if "rejected" in row:
                    with self.assertRaises(Rejected):
                        reader(bytes.fromhex(row["hex"]))
                else:
                    reader(bytes.fromhex(row["hex"]))

    def test_servers_are_judged_as_petals_does(self):
        self.judge(self.vectors["read"], readers.petals_value)

    def test_models_are_judged_as_petals_does(self):
        self.judge(self.vectors["models"], readers.petals_model_value)

    def test_petals_own_records_come_out_as_they_went_in(self):
        for row in self.vectors["write"]:
            with self.subTest(row["name"]):
                data = bytes.fromhex(row["hex"])
                self.assertEqual(readers.petals_value(data).written(), data)

    def test_versions_are_read_as_kwaainet_does(self):
        for text, want in (("1.0.0", (1, 0, 0)), ("kwaai-0.6.2", (0, 6, 2)), ("2.2.0", (2, 2, 0)),
                           ("0.3.15-rc", (0, 3, 15)), ("2.3.0.dev2", None), ("1.0", None),
                           ("", None), (None, None)):
            with self.subTest(text):
                if want:
                    self.assertEqual(readers.version_of(text), want)
                else:
                    self.assertRaises(Rejected, readers.version_of, text)


class Case(program.Case):
    models = "none"

    @classmethod
    def setUpClass(cls):
        cls.swarm = cls.enterClassContext(peers.start(
            "swarm", "--nodes", NODES, "--models", cls.models, *(
                ("--online", 12) if cls.models != "none" else ())))
        cls.swarm.ask("join", name="reader", peer=cls.swarm.addrs, client=True)

    def start(self, *words):
        # Where a first run can be agreed to without a terminal, it is one.
        yes = ["--yes"] if "--yes" in self.h.run("start --help")[1] else []
        node = Node(self.h, "--bootstrap", self.swarm.addr, *yes, *words)
        self.addCleanup(node.__exit__)
        return node

    def end(self, node):
        self.assertEqual(node.end(), program.DONE, node.err)
        self.assertNotRegex(node.err, "Sanitizer|runtime error")

    def stored(self, key):
        """{subkey: bytes} at the bootstrap, which the map asks and nobody else."""
        result = self.swarm.ask("raw_find", name="reader", peer=self.swarm.addr,
                                keys=[key])["results"][0]
        outer = msgpack.unpackb(bytes.fromhex(result["value"]))
        return {subkey: value for subkey, value, _ in msgpack.unpackb(outer.data, raw=False)[2]}

    def read(self, key):
        """{subkey: value} as hivemind's own API gives it to Petals."""
        found = self.swarm.ask("get", name="reader", key=key)
        return {entry["subkey"]: records.from_plain(entry["value"]) for entry in found["entries"]}

    def check_all(self, node, state):
        """Every record of the node, with every reader."""
        plan, peer = node.plan, node.told("listening")["peer_id"]
        prefix, num_blocks = plan["model.dht_prefix"], int(plan["model.total_blocks"])
        begin, end = int(plan["model.start_block"]), int(plan["model.end_block"])
        for block in range(begin, end):
            key = f"{prefix}.{block}"
            data = self.stored(key)[peer]
            info = readers.monitor(key, peer, data, num_blocks)
            self.assertEqual(info.written(), data, "not the bytes that Petals would write")
            self.assertEqual((info.state, info.throughput), (state, 0.0))
            self.assertEqual((info.start_block, info.end_block), (begin, end))
            self.assertEqual(readers.kwaainet(peer, data)[0], state.value)
            self.assertEqual(readers.MSGPackSerializer.dumps(self.read(key)[peer]), data)
        data = self.stored(records.REGISTRY)[prefix]
        model = readers.monitor_model(prefix, data)
        self.assertEqual(model.written(), data)
        self.assertEqual(model.num_blocks, num_blocks)
        readers.kwaainet_model(prefix, data)
        self.assertEqual(self.read(records.REGISTRY)[prefix]["num_blocks"], num_blocks)
        return begin, end


class Empty(Case):
    """A swarm without models."""

    def test_every_reader_takes_every_record(self):
        node = self.start(SMALL, *FEW, "--name", "ada-C-box")
        node.wait("visible", visible_on=1)
        self.check_all(node, JOINING)
        self.end(node)
        self.check_all(node, OFFLINE)

    def test_a_whole_model_is_taken_too(self):
        node = self.start(SMALL)
        node.wait("visible", visible_on=1)
        self.assertEqual(self.check_all(node, JOINING), (0, 22))


class Lived(Case):
    """A swarm that others have used, and a node that is told nothing."""

    models = "builtin"

    # proves: FR-0/0.1.3, P2/3, P1/6
    def test_a_first_run_with_no_arguments_is_read_by_all(self):
        node = self.start()
        node.wait("visible", visible_on=1)
        models = {model["prefix"]: model["online"] for model in self.swarm.ready["models"]}
        self.assertEqual(models[node.plan["model.dht_prefix"]], max(models.values()))
        self.check_all(node, JOINING)
        self.end(node)
        self.check_all(node, OFFLINE)


if __name__ == "__main__":
    program.main()
