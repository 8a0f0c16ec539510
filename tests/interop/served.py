"""A server of the tiny model in a swarm of one hivemind node: ours, or Petals' own.

`served.main()` takes the built program as the first argument, or the word `petals`: then the tests
are judged by the original.
"""
import re
import sys
import unittest
from pathlib import Path

import numpy

import blocks
import peers
import tiny
from blocks import Failed, Stream
from p2pd import P2pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
import program  # pylint: disable=wrong-import-position
from started import Node  # pylint: disable=wrong-import-position

ORIGINAL = "petals"
LONGEST, CACHE = 8192, 16384  # tokens, as Petals falls back to for such a model
STARTS = 120  # seconds
TOLERANCE = {"float32": 2e-5, "bfloat16": 2e-2}  # of the largest number
ON_THE_WIRE = 1e-3  # where float16 travels


class Ours:
    """`kwaainet start` with those blocks, when it is ONLINE."""

    def __init__(self, peer, span, dtype="float32", compression="NONE", *words,
                 folder=tiny.FOLDER):
        self.home = program.Home()
        settings = {"model.path": folder, "model.name": "tiny",
                    "model.dht_prefix": tiny.PREFIX, "model.start_block": span[0],
                    "model.end_block": span[1], "model.dtype": dtype,
                    "performance.compression": compression.lower(),
                    "performance.cache_tokens": CACHE,
                    "performance.max_sequence_tokens": LONGEST}
        flags = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
        self.node = Node(self.home, "--bootstrap", peer, *flags, *words)
        try:
            self.node.wait("state", STARTS, state="ONLINE")
        except BaseException:
            self.stop()
            raise
        self.addr, self.pid = self.node.address, self.node.process.pid
        self.id = self.addr.rsplit("/", 1)[1]

    def fault(self):
        """What is wrong with the process, or None."""
        if self.node.process.poll() is not None:
            return f"it ended with {self.node.process.returncode}: {self.node.err}"
        found = re.search("Sanitizer.*|.*runtime error.*", self.node.err)
        return found and self.node.err

    def stop(self):
        self.node.__exit__()
        self.home._folder.cleanup()


class Theirs:
    def __init__(self, peer, span, dtype="float32", compression="NONE", *words):
        self.peer = peers.start("petals", "--peer", peer, "--blocks", f"{span[0]}:{span[1]}",
                                "--dtype", dtype, "--compression", compression, *words,
                                deadline=STARTS)
        self.id, self.addr, self.pid = self.peer.id, self.peer.addr, None

    @staticmethod
    def fault():
        return None

    def stop(self):
        self.peer.stop()


def is_original():
    return program.PROGRAM.name == ORIGINAL


def start(*words):
    return (Theirs if is_original() else Ours)(*words)


class Case(unittest.TestCase):
    """A server of all four blocks, and a client."""

    dtype, compression = "float32", "NONE"
    ended_it = None  # the test after which it served nobody

    @classmethod
    def setUpClass(cls):
        cls.ends = tiny.Ends()
        cls.swarm = cls.enterClassContext(peers.start("swarm", "--nodes", 1, "--models", "none"))
        cls.server = start(cls.swarm.addr, (0, tiny.BLOCKS), cls.dtype, cls.compression)
        cls.addClassCleanup(cls.server.stop)
        cls.caller = cls.enterClassContext(P2pd())
        cls.caller.connect(cls.server.addr)
        known = tiny.recorded("block_float32")
        cls.ids = known["token_ids"]
        cls.hidden = cls.ends.embed(cls.ids)
        cls.logits = tiny.numbers(known["logits"], 1, len(cls.ids), -1)

    def setUp(self):
        self.assertIsNone(self.ended_it, "it serves nobody since that test")

    def tearDown(self):
        """Whatever was done to it, it serves the next one."""
        kind, kind.ended_it = type(self), self.id()
        self.assertIsNone(self.server.fault())
        self.check_serving()
        kind.ended_it = None

    def stream(self, method="rpc_inference", caller=None):
        stream = Stream(caller or self.caller, self.server.id, method)
        self.addCleanup(stream.close)
        return stream

    def call(self, method, asked):
        return blocks.unary(self.caller, self.server.id, method, asked)

    def check_serving(self):
        with self.stream() as stream:
            got = stream.run(blocks.step(tiny.uids(0, tiny.BLOCKS), self.hidden, max_length=16))
            self.check_logits(got)
            self.assertTrue(stream.end())

    def check_logits(self, hidden):
        got, limit = self.ends.logits(hidden), 0.5 if self.is_16_bit() else 1e-3
        self.assertLess(numpy.abs(got - self.logits).max(), limit)

    def is_16_bit(self):
        return self.dtype != "float32" or self.compression != "NONE"

    def tolerance(self):
        return TOLERANCE[self.dtype] if self.compression == "NONE" else ON_THE_WIRE

    def assert_close(self, got, want, part=None):
        """Arrays; `part` of the largest number may be the difference."""
        self.assertEqual(got.shape, want.shape)
        if want.size:
            limit = (part or self.tolerance()) * numpy.abs(want).max()
            self.assertLessEqual(numpy.abs(got - want).max(), limit)

    def check_response(self, got, want):
        """The bytes that Petals sent, but for the numbers, which are close to its own."""
        self.assertEqual(len(blocks.tensors_of(got)), len(blocks.tensors_of(want)))
        for mine, theirs in zip(blocks.tensors_of(got), blocks.tensors_of(want)):
            self.assertEqual((mine.size, mine.dtype, mine.compression, len(mine.buffer)),
                             (theirs.size, theirs.dtype, theirs.compression, len(theirs.buffer)))
            part = ON_THE_WIRE if theirs.compression == blocks.FLOAT16 else None
            self.assert_close(mine.array, theirs.array, part)
            if theirs.buffer:
                want = want.replace(theirs.buffer, mine.buffer, 1)
        self.assertEqual(got.hex(), want.hex())

    def cache_room(self):
        """What rpc_info says of it, in tokens."""
        told = blocks.fields(self.call("rpc_info", blocks.message((1, b""))))
        return blocks.unpack(told[1][0])["cache_tokens_available"]

    def refused(self, stream):
        """The text of the error that ends the stream."""
        with self.assertRaises(Failed) as caught:
            stream.answer()
        self.assertIsNone(stream.read(), "more after an error")
        return str(caught.exception)


def main():
    program.main()
