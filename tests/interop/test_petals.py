#!/usr/bin/env python3
"""An unmodified Petals client on our node, alone and in a chain with a Petals server.

usage: test_petals.py PROGRAM [TEST…]       PROGRAM: the built kwaainet, or the word petals
"""
import unittest

import peers

if __name__ == "__main__":
    peers.require("hivemind", "petals")
    peers.as_hivemind()

# pylint: disable=wrong-import-position
import served
import tiny

STEPS = [8, 1, 1, 2]  # tokens
EXACT, ROUNDED = 1e-3, 0.5  # of the logits, which are up to 8
STARTS, ANSWERS = 120, 60  # seconds


class Chain:
    """Servers one after the other in `parts`: (which, first, end)."""

    dtype, limit = "float32", EXACT

    @classmethod
    def setUpClass(cls):
        cls.swarm = cls.enterClassContext(peers.start("swarm", "--nodes", 1, "--models", "none"))
        cls.servers = []
        for start, *span in cls.parts:
            cls.servers.append(start(cls.swarm.addr, span, cls.dtype))
            cls.addClassCleanup(cls.servers[-1].stop)
        cls.client = cls.enterClassContext(
            peers.start("petals-client", "--peer", cls.swarm.addr, deadline=ANSWERS))

    def tearDown(self):
        for server in self.servers:
            self.assertIsNone(server.fault())

    def close(self, do, **fields):
        self.assertLess(self.client.ask(do, **fields)["difference"], self.limit)

    def test_the_client_goes_to_these_servers(self):
        self.assertEqual(self.client.ask("route")["spans"], [
            [server.id, *span] for server, (_, *span) in zip(self.servers, self.parts)])

    def test_a_session_gives_the_logits(self):
        self.close("session", steps=STEPS)

    def test_a_session_token_by_token_gives_the_logits(self):
        self.close("session", steps=[1] * sum(STEPS))

    def test_the_expected_tokens_are_generated(self):
        self.assertEqual(self.client.ask("generate")["tokens"],
                         tiny.recorded("generate")["generated"])

    def test_a_session_goes_back(self):
        self.close("rollback")

    def test_rows_of_a_batch_are_reordered(self):
        self.close("reorder")

    def test_forward_gives_the_logits(self):
        self.close("forward")


class Alone(Chain, unittest.TestCase):
    parts = ((served.start, 0, tiny.BLOCKS),)


class AloneBfloat16(Alone):
    dtype, limit = "bfloat16", ROUNDED


class BehindPetals(Chain, unittest.TestCase):
    parts = ((served.Theirs, 0, 2), (served.start, 2, tiny.BLOCKS))


class BeforePetals(Chain, unittest.TestCase):
    parts = ((served.start, 0, 2), (served.Theirs, 2, tiny.BLOCKS))


class BehindPetalsBfloat16(BehindPetals):
    dtype, limit = "bfloat16", ROUNDED


class BeforePetalsBfloat16(BeforePetals):
    dtype, limit = "bfloat16", ROUNDED


if __name__ == "__main__":
    served.main()
