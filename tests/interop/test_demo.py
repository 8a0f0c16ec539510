#!/usr/bin/env python3
"""The swarm of `kwaainet demo`, read by an unmodified hivemind node.

usage: test_demo.py PROGRAM [TEST…]
"""
import sys
from pathlib import Path

import peers

if __name__ == "__main__":
    peers.require("hivemind")
    peers.as_hivemind()

# pylint: disable=wrong-import-position
import records

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
import program
from started import Node

JOINING, ONLINE = 1, 2
PREFIX = "Llama-3-3-70B-Instruct-hf"
WELL_FORMED = 15  # providers of block 68
MALFORMED = 5     # and what is no word of a provider


class Demo(Node):
    """`kwaainet demo`, its node's events read."""

    command = "demo"

    @property
    def bootstraps(self):
        pid = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        argv = Path(f"/proc/{pid.strip()}/cmdline").read_text().split("\0")
        return [argv[i + 1] for i, word in enumerate(argv) if word == "--bootstrap"]


class Reading(program.Case):
    def setUp(self):
        super().setUp()
        self.demo = Demo(self.h, "--yes")
        self.addCleanup(self.demo.__exit__)
        self.demo.wait("visible", visible_on=3)
        self.reader = self.enterContext(peers.start("swarm", "--nodes", 0))
        self.reader.ask("join", name="reader", peer=self.demo.bootstraps, client=True)

    def read(self, key):
        found = self.reader.ask("get", name="reader", key=key)
        return {entry["subkey"]: records.from_plain(entry["value"]) for entry in found["entries"]}

    def test_hivemind_finds_what_a_swarm_would_hold(self):
        models = self.read(records.REGISTRY)
        self.assertEqual({prefix: info["num_blocks"] for prefix, info in models.items()}, {
            PREFIX: 80, "Llama-3-1-8B-Instruct-hf": 32, "Qwen2-5-72B-Instruct": 80,
            "DeepSeek-V3": 61})
        block = self.read(f"{PREFIX}.68")
        names = [value[2].get("public_name") for value in block.values()
                 if isinstance(value, (tuple, list)) and len(value[2]) > 0]
        self.assertEqual(len(block), WELL_FORMED + MALFORMED)
        self.assertEqual(sum(name.startswith("volunteer-") for name in names), WELL_FORMED + 1)
        own = self.read(f"{PREFIX}.{self.demo.plan['model.start_block']}")
        mine = own[self.demo.told("listening")["peer_id"]]
        self.assertEqual((mine[0], mine[1], mine[2]["public_name"]),
                         (JOINING, 0.0, "alice-C-laptop"))
        last = [value[0] for value in self.read(f"{PREFIX}.79").values()]
        self.assertEqual(last.count(ONLINE), 2)  # those that ended are gone
        self.assertEqual(self.demo.end(), program.DONE)


if __name__ == "__main__":
    program.main()
