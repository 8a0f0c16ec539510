#!/usr/bin/env python3
"""Every family and every format of weights, through a whole node, beside a plain computation.

usage: test_families.py PROGRAM [TEST…]
"""
import tempfile
from pathlib import Path

import peers

if __name__ == "__main__":
    peers.require_server()
    peers.as_hivemind()

# pylint: disable=wrong-import-position
import unittest

import numpy

import blocks
import families
import served
import tiny
from blocks import NO_FLOATS, request, step, tensor
from p2pd import P2pd

WHOLE = tiny.uids(0, families.BLOCKS)
TOKENS, FIRST = 60, 53  # more than a panel; the first step takes so many, the others one each
# What a node may differ from the plain computation with the same weights, of the largest number:
# float32 in another order, or what it sends being rounded to 16 bits.
DIFFERS = {"float32": 2e-5, "float16": 1e-3, "bfloat16": 2e-2, "int8": 2e-5, "nf4": 2e-5}


def settings_of(kind):
    """The words that choose a format of weights."""
    if kind in ("int8", "nf4"):
        return "float32", ("--set", f"model.quant_type={kind}")
    return kind, ("--set", "model.quant_type=none")


class Families(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.swarm = cls.enterClassContext(peers.start("swarm", "--nodes", 1, "--models", "none"))
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        made = numpy.random.default_rng(1)
        cls.hidden = made.standard_normal((2, TOKENS, families.HIDDEN), "f4")

    def check(self, family, kind):
        """A session of many steps, and a forward of two sequences."""
        config, weights = families.write(self.folder / f"{family}-{kind}", family)
        reference = families.Reference(config, families.formatted(weights, kind))
        want = numpy.stack([reference.run(one) for one in self.hidden])
        dtype, words = settings_of(kind)
        server = served.Ours(self.swarm.addr, (0, families.BLOCKS), dtype, "NONE", *words,
                             folder=self.folder / f"{family}-{kind}")
        try:
            with P2pd() as caller:
                caller.connect(server.addr)
                self.check_session(caller, server, want[:1], DIFFERS[kind])
                self.check_forward(caller, server, want, DIFFERS[kind])
            self.assertIsNone(server.fault())
        finally:
            server.stop()

    def check_session(self, caller, server, want, differs):
        got, at = [], 0
        with blocks.Stream(caller, server.id) as stream:
            while at < TOKENS:
                end = at + 1 if at else FIRST
                got.append(stream.run(step(WHOLE, self.hidden[:1, at:end], max_length=TOKENS)))
                at = end
            self.assertTrue(stream.end())
        self.assert_close(numpy.concatenate(got, 1), want, differs)

    def check_forward(self, caller, server, want, differs):
        asked = request(WHOLE, (tensor(self.hidden), NO_FLOATS))
        answer = blocks.unary(caller, server.id, "rpc_forward", asked)
        self.assert_close(blocks.tensors_of(answer)[0].array, want, differs)

    def assert_close(self, got, want, differs):
        self.assertEqual(got.shape, want.shape)
        self.assertLessEqual(numpy.abs(got - want).max() / numpy.abs(want).max(), differs)

    def test_every_family_in_float32(self):
        for family in families.FAMILIES:
            with self.subTest(family):
                self.check(family, "float32")

    def test_every_format_of_weights(self):
        for kind in ("float16", "bfloat16", "int8", "nf4"):
            with self.subTest(kind):
                self.check("llama", kind)

    def test_experts_in_the_formats_with_scales(self):
        for kind in ("int8", "nf4"):
            with self.subTest(kind):
                self.check("mixtral", kind)

    def test_the_reference_is_not_further_off_than_its_formats_are_said_to_be(self):
        for name, numbers in families.weights_of(families.config_of("mistral")).items():
            for change, most in families.WEIGHT_OFF.items():
                if numbers.ndim != 2:
                    continue
                group = numbers.shape[1] if change is families.as_int8 else families.GROUP
                for at in range(0, numbers.shape[1], group):
                    part = numbers[:, at:at + group]
                    off = numpy.abs(change(part) - part).max(-1) / numpy.abs(part).max(-1)
                    self.assertLessEqual(off.max(), most * (1 + 1e-5), name)


class Files(unittest.TestCase):
    """What happens to the files of a model while they are served."""

    def setUp(self):
        self.swarm = self.enterContext(peers.start("swarm", "--nodes", 1, "--models", "none"))
        folder = Path(self.enterContext(tempfile.TemporaryDirectory())) / "model"
        families.write(folder, "llama")
        self.weights = folder / "model.safetensors"
        self.server = served.Ours(self.swarm.addr, (0, families.BLOCKS), folder=folder)
        self.addCleanup(self.server.stop)
        self.caller = self.enterContext(P2pd())
        self.caller.connect(self.server.addr)
        self.hidden = numpy.ones((1, 2, families.HIDDEN), "f4")

    def stream(self):
        stream = blocks.Stream(self.caller, self.server.id)
        self.addCleanup(stream.close)
        return stream

    def assert_withdrawn(self, stream):
        """Who asks hears why not, and the node goes on, but announces no block as served."""
        with self.assertRaises(blocks.Failed) as caught:
            stream.run(step(WHOLE, self.hidden, max_length=TOKENS))
        self.assertIn("were changed", str(caught.exception))
        told = self.server.node.wait("serving", stage="failed")
        self.assertIn("model.safetensors was changed", told["error"])
        self.server.node.wait("state", state="JOINING")
        self.assertIsNone(self.server.fault())
        again = self.stream()
        again.ask(step(WHOLE, self.hidden, max_length=TOKENS))
        self.assertIsNone(again.read())

    def test_a_file_that_is_cut_ends_no_process(self):
        stream = self.stream()
        stream.run(step(WHOLE, self.hidden, max_length=TOKENS, step_id="a"))
        with self.weights.open("r+b") as file:
            file.truncate(4096)
        self.assert_withdrawn(stream)

    def test_what_is_written_into_a_file_is_not_computed_with(self):
        with self.weights.open("r+b") as file:
            file.seek(-1000, 2)
            file.write(bytes(1000))
        self.assert_withdrawn(self.stream())

    def test_a_file_that_others_replace_stays_what_it_was(self):
        stream = self.stream()
        before = stream.run(step(WHOLE, self.hidden, max_length=TOKENS, step_id="a"))
        other = self.weights.with_name("other")
        other.write_bytes(bytes(100))
        other.replace(self.weights)
        after = stream.run(step(WHOLE, self.hidden, start_from_position=0, step_id="b"))
        self.assertTrue((before == after).all())
        self.assertTrue(stream.end())


if __name__ == "__main__":
    served.main()
