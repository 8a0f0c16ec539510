#!/usr/bin/env python3
"""What hivemind's own readers, and clients with a session, see of a node that pauses.

usage: test_pause.py PROGRAM [TEST…]
"""
import sys
import time
import unittest

import peers

if __name__ == "__main__":
    peers.require("hivemind")
    peers.as_hivemind()

# pylint: disable=wrong-import-position
import msgpack

import blocks
import readers
import records
import served
import tiny
from blocks import Failed, Stream
from p2pd import P2pd

OFFLINE, JOINING, ONLINE = readers.ServerState
ALL = (0, tiny.BLOCKS)
LENGTH = 16  # tokens of a session
SOON = 30  # seconds


class Case(unittest.TestCase):
    def setUp(self):
        self.swarm = self.enterContext(peers.start("swarm", "--nodes", 1, "--models", "none"))
        self.swarm.ask("join", name="reader", peer=self.swarm.addrs, client=True)

    def serve(self, *words):
        server = served.Ours(self.swarm.addr, ALL, "float32", "NONE", "--set",
                             "model.repository=someone/tiny", *words)
        self.addCleanup(server.stop)
        return server

    def control(self, server, *words):
        status, _, err = server.home.run(*words)
        self.assertEqual(status, 0, err)

    def records(self, server):
        """(state, expiration) under each key of a block, as the strictest reader takes it."""
        found = []
        for block in range(*ALL):
            key = f"{tiny.PREFIX}.{block}"
            result = self.swarm.ask("raw_find", name="reader", peer=self.swarm.addr,
                                    keys=[key])["results"][0]
            outer = msgpack.unpackb(bytes.fromhex(result["value"]))
            entries = {subkey: (value, expiration) for subkey, value, expiration in
                       msgpack.unpackb(outer.data, raw=False)[2]}
            value, expiration = entries[server.id]
            info = readers.monitor(key, server.id, value, tiny.BLOCKS)
            self.assertEqual(info.written(), value, "not the bytes that Petals would write")
            self.assertEqual((info.start_block, info.end_block), ALL)
            found.append((info.state, expiration))
        return found

    def wait_for(self, server, *wanted):
        """Until every record has the last of these states; only they are seen on the way."""
        until = time.monotonic() + SOON
        while True:
            found = self.records(server)
            if {state for state, _ in found} == {wanted[-1]}:
                return found
            self.assertLessEqual({state for state, _ in found}, set(wanted))
            self.assertLess(time.monotonic(), until, found)

    def seen(self, server):
        """As a client of Petals reads it through the DHT."""
        states = set()
        for block in range(*ALL):
            found = self.swarm.ask("get", name="reader", key=f"{tiny.PREFIX}.{block}")
            for entry in found["entries"]:
                if entry["subkey"] == server.id:
                    states.add(readers.ServerState(records.from_plain(entry["value"])[0]))
        return states


class Pausing(Case):
    # proves: MS-4/1
    def test_pause_is_read_as_offline_and_resume_as_online_again(self):
        server = self.serve()
        first = self.wait_for(server, JOINING, ONLINE)
        self.control(server, "pause", "1h")
        server.node.wait("state", SOON, state="OFFLINE")
        paused = self.wait_for(server, ONLINE, OFFLINE)
        self.assertEqual(self.seen(server), {OFFLINE})
        for before, after in zip(first, paused):
            self.assertGreater(after[1], before[1], "not newer than what it replaces")
        self.control(server, "resume")
        server.node.wait("state", SOON, state="ONLINE")
        again = self.wait_for(server, OFFLINE, JOINING, ONLINE)
        for before, after in zip(paused, again):
            self.assertGreater(after[1], before[1])
        self.assertEqual(self.seen(server), {ONLINE})
        self.assertIsNone(server.fault())

    def test_an_open_session_is_finished_and_no_new_one_is_taken(self):
        caller = self.enterContext(P2pd())
        server = self.serve()
        caller.connect(server.addr)
        ends = tiny.Ends()
        known = tiny.recorded("block_float32")
        hidden = ends.embed(known["token_ids"])
        session = Stream(caller, server.id)
        self.addCleanup(session.close)
        self.step(session, hidden[:, :2])
        self.control(server, "pause")
        server.node.wait("state", SOON, state="DRAINING")
        other = Stream(caller, server.id)
        self.addCleanup(other.close)
        with self.assertRaisesRegex(Failed, "leaving"):
            self.step(other, hidden)
        self.step(session, hidden[:, 2:3], at=2)
        self.assertTrue(session.end())
        server.node.wait("state", SOON, state="OFFLINE")
        self.control(server, "resume")
        server.node.wait("state", SOON, state="ONLINE")
        again = Stream(caller, server.id)
        self.addCleanup(again.close)
        self.step(again, hidden)
        self.assertIsNone(server.fault())

    @staticmethod
    def step(stream, hidden, at=0):
        return stream.run(blocks.step(tiny.uids(*ALL), hidden, max_length=LENGTH,
                                      start_from_position=at))

    def test_the_end_of_a_pause_is_read_as_online(self):
        server = self.serve()
        self.wait_for(server, JOINING, ONLINE)
        self.control(server, "pause", "3s")
        self.wait_for(server, ONLINE, OFFLINE)
        self.wait_for(server, OFFLINE, JOINING, ONLINE)
        self.assertIsNone(server.fault())


if __name__ == "__main__":
    served.main()
