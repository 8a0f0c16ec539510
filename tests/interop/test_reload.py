#!/usr/bin/env python3
"""What clients of a node and readers of the swarm see when its limits become others.

usage: test_reload.py PROGRAM [TEST…]
"""
import json
import resource
import time
import unittest
from pathlib import Path

import peers

if __name__ == "__main__":
    peers.require_server()
    peers.as_hivemind()

# pylint: disable=wrong-import-position
import blocks
import served
import tiny
from blocks import Failed, Stream
from p2pd import P2pd
import program
from program import Home
from started import Node

MIB = 1 << 20
LENGTH, CACHE = 16, 64  # tokens of a session, and of the whole cache
WHOLE = tiny.uids(0, tiny.BLOCKS)
STEPS = 40  # forwards, one behind the other
LATER = 20  # seconds until something must be so
LONG, SHORT = 500, 200  # seconds that a record holds


class Reload(unittest.TestCase):
    def setUp(self):
        self.hidden = tiny.Ends().embed(tiny.recorded("block_float32")["token_ids"])
        self.swarm = self.enterContext(peers.start("swarm", "--nodes", 1, "--models", "none"))
        self.caller = self.enterContext(P2pd())
        self.home = Home()
        self.addCleanup(self.home._folder.cleanup)

    length, cache = LENGTH, CACHE

    def serve(self, section="performance", **settings):
        given = {"model.path": tiny.FOLDER, "model.name": "tiny", "model.dtype": "float32",
                 "model.dht_prefix": tiny.PREFIX, "performance.cache_tokens": self.cache,
                 "performance.max_sequence_tokens": self.length}
        flags = [word for key, value in given.items() for word in ("--set", f"{key}={value}")]
        self.write(section, settings)
        self.node = Node(self.home, "--bootstrap", self.swarm.addr, *flags)
        self.addCleanup(self.node.__exit__)
        self.node.wait("state", served.STARTS, state="ONLINE")
        self.id = self.node.address.rsplit("/", 1)[1]
        self.caller.connect(self.node.address)

    def write(self, section, settings):
        self.home.config.write_text(f"{section}:\n" + "".join(
            f"  {key}: {value}\n" for key, value in settings.items()))

    def reload(self, section="performance", **settings):
        self.write(section, settings)
        status, out, err = self.home.run("reload --json")
        self.assertEqual(status, 0, err)
        self.assertEqual({one["key"] for one in json.loads(out)["changed"]},
                         {f"{section}.{key}" for key in settings})

    def status(self):
        status, out, err = self.home.run("status --json")
        self.assertEqual(status, 0, err)
        return json.loads(out)

    def session(self, **metadata):
        stream = Stream(self.caller, self.id)
        self.addCleanup(stream.close)
        stream.channel.settimeout(LATER)
        stream.ask(blocks.step(WHOLE, self.hidden, max_length=self.length, **metadata))
        return stream

    def refused(self, stream, text):
        with self.assertRaisesRegex(Failed, text):
            stream.answer()

    def forward(self):
        asked = blocks.request(WHOLE, (blocks.tensor(self.hidden), blocks.NO_FLOATS))
        return blocks.unary(self.caller, self.id, "rpc_forward", asked)

    def test_who_asks_nothing_is_ended_as_soon_as_the_file_says_now(self):
        self.serve(step_timeout="300s")
        self.reload(step_timeout="1s")
        stream = self.session()
        stream.answer()
        self.refused(stream, "nothing was asked for 1 s")

    def test_new_sessions_last_as_long_as_the_file_says_now(self):
        self.serve(session_timeout="1800s")
        old = self.session()
        old.answer()
        self.reload(session_timeout="1s")
        new = self.session()
        new.answer()
        self.refused(new, "at most 1 s")
        old.ask(blocks.step(WHOLE, self.hidden[:, :1], max_length=LENGTH))
        old.answer()

    def test_nobody_waits_for_room_longer_than_the_file_says_now(self):
        self.serve(cache_wait_timeout="600s")
        with self.assertRaisesRegex(Failed, "no room"):
            for _ in range(CACHE // LENGTH + 1):
                self.session().answer()
        self.reload(cache_wait_timeout="1s")
        self.refused(self.session(alloc_timeout=600.0), "no room in the cache")

    def test_replies_are_packed_as_the_file_says_now(self):
        self.serve(compression="none")
        self.assertFalse(blocks.tensors_of(self.session().answer())[0].is_16_bit())
        self.reload(compression="float16")
        self.assertTrue(blocks.tensors_of(self.session().answer())[0].is_16_bit())

    def test_a_batch_is_as_large_as_the_file_says_now(self):
        self.serve(max_batch_tokens=16)
        self.forward()
        self.reload(max_batch_tokens=1)
        self.assertRaises(Failed, self.forward)

    def share_of_time(self):
        """That passes take while they are asked for without a pause."""
        before, began = self.status()["serving"]["busy_s"], time.monotonic()
        for _ in range(STEPS):
            self.forward()
        took = time.monotonic() - began
        return (self.status()["serving"]["busy_s"] - before) / took

    def test_passes_rest_as_long_as_the_file_says_now(self):
        self.serve("resources", max_cpu_percent=100)
        before = self.share_of_time()
        self.reload("resources", max_cpu_percent=1)
        self.assertLess(self.share_of_time(), before / 2)

    def used(self):
        """Bytes of memory of its own."""
        pages = Path(f"/proc/{self.node.process.pid}/statm").read_text().split()[5]
        return int(pages) * resource.getpagesize()

    def test_memory_that_is_refused_is_a_shorter_range_that_others_see(self):
        if b"__asan_init" in program.PROGRAM.read_bytes():
            self.skipTest("a sanitizer ends where it is refused memory")
        self.length, self.cache = 8192, 65536  # 8 MiB for a session
        self.serve(step_timeout="300s")
        self.session().answer()
        most = self.used() + MIB
        resource.prlimit(self.node.process.pid, resource.RLIMIT_DATA, (most, most))
        with self.assertRaisesRegex(Failed, "memory is short"):
            for _ in range(self.cache // self.length):
                self.session().answer()
        moved = self.node.wait("moved", LATER)
        self.assertIn("memory was refused", moved["reason"])
        self.assertLess(moved["end_block"] - moved["start_block"], tiny.BLOCKS)

    def test_records_hold_as_long_as_the_file_says_now(self):
        """For longer: nobody takes a record that ends before the one that it has."""
        self.serve("dht", expiration=f"{SHORT}s")
        self.swarm.ask("join", name="reader", peer=self.swarm.addrs, client=True)
        self.assertLess(self.holds(), SHORT)
        self.reload("dht", expiration=f"{LONG}s")
        until = time.monotonic() + LATER
        while self.holds() < LONG / 2:
            self.assertLess(time.monotonic(), until)

    def holds(self):
        """Seconds from now to the end of the record of the first block."""
        found = self.swarm.ask("get", name="reader", key=tiny.uids(0, 1))
        return found["entries"][0]["expiration"] - time.time()


if __name__ == "__main__":
    served.main()
