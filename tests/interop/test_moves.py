#!/usr/bin/env python3
"""What clients of a node see that goes to other blocks of the model.

usage: test_moves.py PROGRAM [TEST…]
"""
import unittest

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

HALF = tiny.BLOCKS // 2
LOWER, UPPER = (0, HALF), (HALF, tiny.BLOCKS)
LENGTH = 16  # tokens of a session
GOES = 40  # seconds until a gap must have been seen and filled


class Case(unittest.TestCase):
    """A node that serves the lower half, as another one does, and what it does once nobody serves
    the upper one."""

    def setUp(self):
        self.ends = tiny.Ends()
        known = tiny.recorded("block_float32")
        self.hidden = self.ends.embed(known["token_ids"])
        self.logits = tiny.numbers(known["logits"], 1, len(known["token_ids"]), -1)
        self.swarm = self.enterContext(peers.start("swarm", "--nodes", 1, "--models", "none"))
        self.caller = self.enterContext(P2pd())
        self.fixed = self.serve(LOWER)
        self.others = [self.serve(UPPER), self.serve(UPPER)]

    def serve(self, span, *words):
        server = served.Ours(self.swarm.addr, span, "float32", "NONE", "--set",
                             "model.repository=someone/tiny", *words)
        self.addCleanup(server.stop)
        self.caller.connect(server.addr)
        return server

    def moving(self, interval):
        words = {"model.start_block": "auto", "model.end_block": "auto", "model.blocks": HALF,
                 "model.rebalance.enabled": "true", "model.rebalance.interval": interval}
        node = self.serve(LOWER, *(word for key, value in words.items()
                                   for word in ("--set", f"{key}={value}")))
        self.assertEqual(self.span(node), LOWER)
        return node

    @staticmethod
    def span(server):
        told = next(told for told in reversed(server.node.events)
                    if told["event"] == "serving" and told["stage"] == "serving")
        return told["start_block"], told["end_block"]

    def stream(self, server):
        stream = Stream(self.caller, server.id)
        self.addCleanup(stream.close)
        return stream

    def step(self, stream, span, hidden, at=0):
        return stream.run(blocks.step(tiny.uids(*span), hidden, max_length=LENGTH,
                                      start_from_position=at))

    def leave_a_gap(self):
        for other in self.others:
            self.assertEqual(other.node.end(), 0, other.node.err)

    def through_both(self, lower, upper):
        """The last hidden states, of two sessions in a row."""
        half = self.step(self.stream(lower), LOWER, self.hidden)
        return self.step(self.stream(upper), UPPER, half)


class Moving(Case):
    def test_an_open_session_is_finished_before_the_node_goes(self):
        server = self.moving("8s")
        session = self.stream(server)
        first = self.step(session, LOWER, self.hidden[:, :2])
        self.leave_a_gap()
        server.node.wait("serving", GOES, stage="draining")
        with self.assertRaisesRegex(Failed, "leaving"):
            self.step(self.stream(server), LOWER, self.hidden)
        second = self.step(session, LOWER, self.hidden[:, 2:3], at=2)
        self.assertTrue(session.end())
        server.node.wait("state", GOES, state="ONLINE")
        self.assertEqual(self.span(server), UPPER)
        again = self.stream(self.fixed)
        for got, begin, end in ((first, 0, 2), (second, 2, 3)):
            want = self.step(again, LOWER, self.hidden[:, begin:end], at=begin)
            self.assertLess(abs(got - want).max(), 1e-5 * abs(want).max())
        got = self.ends.logits(self.through_both(self.fixed, server))
        self.assertLess(abs(got - self.logits).max(), 1e-3)
        with self.assertRaises(Failed):
            self.step(self.stream(server), LOWER, self.hidden)
        self.assertIsNone(server.fault())

    def test_a_session_that_does_not_end_is_ended_with_a_text(self):
        server = self.moving("1s")
        session = self.stream(server)
        self.step(session, LOWER, self.hidden[:, :2])
        self.leave_a_gap()
        with self.assertRaisesRegex(Failed, "going away"):
            session.channel.settimeout(GOES)
            session.answer()
        server.node.wait("state", GOES, state="ONLINE")
        self.assertEqual(self.span(server), UPPER)
        self.assertIsNone(server.fault())


if __name__ == "__main__":
    served.main()
