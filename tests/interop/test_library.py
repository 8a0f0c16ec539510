#!/usr/bin/env python3
"""examples/petals_visible.c, a program on libkwaainet, in a swarm of unmodified hivemind nodes.

usage: test_library.py PROGRAM [TEST…], where PROGRAM is the example, built
"""
import re
import signal
import sys
import threading
from pathlib import Path

import peers

if __name__ == "__main__":
    peers.require("hivemind")
    peers.as_hivemind()

# pylint: disable=wrong-import-position
import records

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
import program
from started import SOON

OFFLINE, JOINING, _ = range(3)
NODES = 5


class Swarm(program.Case):
    @classmethod
    def setUpClass(cls):
        cls.swarm = cls.enterClassContext(
            peers.start("swarm", "--nodes", NODES, "--models", "none"))
        cls.swarm.ask("join", name="reader", peer=cls.swarm.addrs, client=True)

    def start(self):
        """No arguments: what to do stands in the environment, as in a container."""
        example = self.h.start(text=True, env={
            "INITIAL_PEERS": self.swarm.addr, "PUBLIC_NAME": "ada-C-box",
            "KWAAINET_MODEL": "TinyLlama-1.1B-Chat-v1.0", "KWAAINET_MAX_MEMORY": "512MiB"})
        self.addCleanup(example.communicate)
        self.addCleanup(example.kill)
        return example

    def told(self, example):
        """All lines until it is visible."""
        watch, text = threading.Timer(SOON, example.kill), ""
        watch.start()
        for line in example.stdout:
            text += line
            if line.startswith("visible on 1 of 1"):
                break
        else:
            self.fail(f"not visible: {text}")
        watch.cancel()
        return text

    def read(self, key, peer):
        found = self.swarm.ask("get", name="reader", key=key)
        return next(entry["value"] for entry in found["entries"] if entry["subkey"] == peer)

    # proves: TR-2/example
    def test_hivemind_reads_what_the_example_announces_and_that_it_left(self):
        example = self.start()
        text = self.told(example)
        peer = re.search(r"peer (\w+)", text)[1]
        begin, end = map(int, re.search(r"assigned blocks (\d+)-(\d+) ", text).groups())
        for want in (JOINING, OFFLINE):
            for block in range(begin, end + 1):
                state, throughput, info = records.from_plain(
                    self.read(f"TinyLlama-1-1B-Chat-v1-0-hf.{block}", peer))
                self.assertEqual((state, throughput), (want, 0.0))
                self.assertEqual((info["start_block"], info["end_block"], info["public_name"]),
                                 (begin, end + 1, "ada-C-box"))
            if want == JOINING:
                example.send_signal(signal.SIGINT)
                self.assertEqual(example.wait(SOON), program.DONE)
        self.assertEqual(example.stderr.read(), "")


if __name__ == "__main__":
    program.main()
