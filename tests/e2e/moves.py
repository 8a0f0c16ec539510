#!/usr/bin/env python3
"""Nodes that serve a model together, and one that goes where it is needed more.

usage: moves.py PROGRAM [TEST…]
"""
import json
import shutil
import time

import program
from blocks import BLOCKS, tensors
from program import DONE
from started import SOON, Node, first_of_a_swarm, own_network
from tiny_case import TINY

ALONE = __name__ == "__main__" and own_network()
HALF = BLOCKS // 2
LOWER, UPPER = (0, HALF), (HALF, BLOCKS)
MOVES = ("--set", f"model.blocks={HALF}", "--set", "model.rebalance.enabled=true", "--set",
         "model.rebalance.interval=1s")


class Case(program.Case):
    """A swarm whose bootstrap serves the lower half of the tiny model."""

    first_words = None

    def setUp(self):
        super().setUp()
        words = self.first_words or self.at(LOWER)
        self.first = first_of_a_swarm(self.h, *self.words(self.h, *words))
        self.addCleanup(self.first.__exit__)
        self.served(self.first, LOWER)

    def home(self):
        home = program.Home()
        self.addCleanup(home._folder.cleanup)
        return home

    @staticmethod
    def at(span):
        return "--set", f"model.start_block={span[0]}", "--set", f"model.end_block={span[1]}"

    @staticmethod
    def words(home, *words):
        model = home.home / "tiny"
        if not model.exists():
            shutil.copytree(TINY, model)
            for file in model.iterdir():
                file.chmod(0o600)
        return ("--yes", "--set", f"model.path={model}", "--set", "model.repository=someone/tiny",
                *words)

    @staticmethod
    def served(node, span=None):
        """Wait until it serves, and those blocks."""
        told = node.wait("serving", stage="serving")
        node.wait("state", state="ONLINE")
        if span is not None:
            assert (told["start_block"], told["end_block"]) == span, told

    def start(self, *words, home=None):
        home = home or self.home()
        node = Node(home, *self.words(home, "--bootstrap", self.first.address, *words))
        self.addCleanup(node.__exit__)
        return node

    def fixed(self, span):
        node = self.start(*self.at(span))
        self.served(node, span)
        node.wait("visible")
        return node

    def coverage(self):
        status, out, err = self.looker.run("network", "coverage", "tiny-hf", "--json",
                                           "--bootstrap", self.first.address)
        self.assertEqual(status, DONE, err)
        return [(block["online"], block["joining"]) for block in json.loads(out)["blocks"]]

    def wait_coverage(self, want):
        """Others may hear of it a little later."""
        until = time.monotonic() + SOON
        self.looker = self.home()
        while (got := self.coverage()) != want:
            self.assertLess(time.monotonic(), until, got)

    def status(self, home):
        status, out, err = home.run("status", "--json")
        self.assertEqual(status, DONE, err)
        return json.loads(out)

    def problems(self, home, *words):
        """Of such a configuration, as the person reads them who starts again."""
        _, out, err = home.run("config", "check", *MOVES, *words)
        return out + err

    def end(self, *nodes):
        for node in nodes:
            self.assertEqual(node.end(), DONE, node.err)

    @staticmethod
    def between(node, first, last):
        """What was told from one event to another one."""
        return node.events[node.events.index(first):node.events.index(last) + 1]


class Moving(Case):
    # proves: FR-0/0.5.2, FR-0/0.5.3
    def test_a_node_moves_to_blocks_that_nobody_serves_any_more(self):
        others = [self.fixed(UPPER), self.fixed(UPPER)]
        home = self.home()
        node = self.start(*MOVES, home=home)
        self.served(node, LOWER)
        stays = node.wait("rebalanced")
        self.assertIn(stays["verdict"], ("best", "needed", "little"))
        self.end(*others)
        told = node.wait("moved")
        self.assertEqual((told["start_block"], told["end_block"]), UPPER)
        self.assertEqual(told["reason"], "nobody serves block 2")
        serving = node.wait("serving", stage="serving")
        self.assertEqual((serving["start_block"], serving["end_block"]), UPPER)
        online = node.wait("state", state="ONLINE")
        passed = self.between(node, told, online)
        self.assertEqual([one["state"] for one in passed if one["event"] == "state"],
                         ["DRAINING", "JOINING", "ONLINE"])
        self.assertEqual([one["stage"] for one in passed if one["event"] == "serving"],
                         ["draining", "loading", "serving"])
        self.wait_coverage([(1, 0)] * BLOCKS)
        rebalance = self.status(home)["rebalance"]
        self.assertEqual((rebalance["moves"], rebalance["failures"]), (1, 0))
        self.end(node)
        again = self.start(*MOVES, home=home)
        self.served(again, UPPER)
        self.assertNotIn("never moves", self.problems(home))
        self.end(again)

    def test_of_several_that_could_go_one_goes(self):
        others = [self.fixed(UPPER), self.fixed(UPPER), self.fixed(UPPER)]
        # Time enough for the others to hear of the one that goes, on a busy machine too.
        slowly = (*MOVES, "--set", "model.rebalance.interval=5s")
        nodes = [self.start(*slowly), self.start(*slowly)]
        for node in nodes:
            self.served(node, LOWER)
        self.end(*others)
        self.wait_coverage([(2, 0), (2, 0), (1, 0), (1, 0)])

    def test_a_node_stays_while_nobody_else_serves_its_blocks(self):
        others = [self.fixed(UPPER), self.fixed(UPPER)]
        node = self.start(*MOVES, "--set", "model.rebalance.min_redundancy=2")
        self.served(node, LOWER)
        self.end(*others)
        told = node.wait("rebalanced", verdict="needed")
        self.assertEqual(told["reason"], "block 0 has 1 other provider, and must keep 2")
        self.assertNotIn("moved", node.names())

    def test_blocks_that_cannot_be_served_are_given_up_for_the_old_ones(self):
        others = [self.fixed(UPPER), self.fixed(UPPER)]
        home = self.home()
        self.words(home)
        weights = home.home / "tiny" / "model.safetensors"
        end, header = tensors(weights)
        begin = header["model.layers.2.mlp.up_proj.weight"]["data_offsets"][0]
        with weights.open("r+b") as file:
            file.seek(end + begin)
            file.write(b"\xc0\x7f" * 64)  # not a number
        node = self.start(*MOVES, home=home)
        self.served(node, LOWER)
        self.end(*others)
        went = node.wait("moved", start_block=HALF)
        node.wait("serving", stage="failed")
        back = node.wait("moved", start_block=0)
        self.assertRegex(back["reason"], "^back from 2-3: .*block 2")
        self.served(node, LOWER)
        online = [one for one in self.between(node, went, node.events[-1])
                  if one.get("state") == "ONLINE"]
        self.assertEqual(len(online), 1)
        self.wait_coverage([(2, 0), (2, 0), (0, 0), (0, 0)])
        self.assertGreaterEqual(self.status(home)["rebalance"]["failures"], 1)

    def test_blocks_that_somebody_chose_stay(self):
        home = self.home()
        node = self.start(*self.at(LOWER), *MOVES, home=home)
        self.served(node, LOWER)
        node.wait("visible")
        self.assertIsNone(self.status(home)["rebalance"])
        self.assertNotIn("rebalanced", node.names())
        self.assertIn("never moves", self.problems(home, *self.at(LOWER)))


class Founding(Case):
    """The same of the first node of a swarm, which has no bootstrap to ask."""

    first_words = MOVES

    def test_the_first_node_makes_room_for_the_second(self):
        self.fixed(LOWER)
        self.first.wait("moved", start_block=HALF)
        self.served(self.first, UPPER)
        self.wait_coverage([(1, 0)] * BLOCKS)


if __name__ == "__main__":
    program.main()
