#!/usr/bin/env python3
"""Our node in swarms of real hivemind nodes: as their only bootstrap, and as one of many.

usage: test_dht.py PROGRAM [TEST…]       PROGRAM: the built node.c
"""
import collections
import contextlib
import json
import os
import sys
import tempfile
import time
import unittest

import peers

if __name__ == "__main__":
    peers.require("hivemind")
    peers.as_hivemind()

# pylint: disable=wrong-import-position
import msgpack

import records

TUPLE, DICTIONARY = 0x40, 0x50  # hivemind's extensions of MessagePack
REGULAR_TAG, DICTIONARY_TAG = "c0", ""  # in the place of a subkey
NOT_FOUND, FOUND_REGULAR, FOUND_DICTIONARY = range(3)
LARGE = 1 << 20
SOON = 1.5  # seconds: a lifetime whose end a test waits for
GARBAGE = ("", "c1", "91", "a5616263", "0100", "ff" * 3 + "d9", "91" * 4000)


def extension(code, data):
    return tuple(unpack(data)) if code == TUPLE else msgpack.ExtType(code, data)


def unpack(data):
    return msgpack.unpackb(data, ext_hook=extension, raw=False, strict_map_key=False)


def pack(value):
    """In hex; a tuple as hivemind writes it."""
    def other(value):
        return msgpack.ExtType(TUPLE, msgpack.packb(list(value), default=other, strict_types=True))
    return msgpack.packb(value, default=other, strict_types=True).hex()


def entries(answer):
    """{subkey: value} of a dictionary that our node found."""
    outer = unpack(bytes.fromhex(answer["hex"]))
    assert outer.code == DICTIONARY
    return {subkey: unpack(value) for subkey, value, _ in unpack(outer.data)[2]}


def dictionary(*found):
    """In hex, of (subkey, value as bytes, expiration)."""
    until = max(one[2] for one in found)
    inner = msgpack.packb([float("inf"), until, [list(one) for one in found]])
    return msgpack.packb(msgpack.ExtType(DICTIONARY, inner)).hex()


class Case(unittest.TestCase):
    """One process has all the nodes of hivemind; `grown` are twelve of them with records."""

    @classmethod
    def setUpClass(cls):
        cls.dump = cls.enterClassContext(tempfile.NamedTemporaryFile())
        cls.swarm = cls.enterClassContext(
            peers.start("swarm", "--nodes", 12, "--dump", cls.dump.name))
        cls.numbers = iter(range(1 << 20))
        cls.grown = cls.node()
        cls.joined = cls.grown.ask("join", addrs=cls.swarm.addrs)

    @classmethod
    def tearDownClass(cls):
        assert cls.grown.stop() == 0, "a sanitizer ended our node"

    @staticmethod
    def node(*words, key=None):
        if key:
            words = ("--key", peers.KEYS[key]["private"], *words)
        return peers.Peer(PROGRAM, *words)

    def own_node(self, *words, **options):
        made = self.node(*words, **options)
        self.addCleanup(lambda: self.assertEqual(made.stop(), 0))
        return made

    def new(self, what):
        return f"{what} {next(self.numbers)}"

    def hive(self, peer, **options):
        """The name of a new hivemind node that knows only `peer`."""
        name = self.new("node")
        self.told = self.swarm.ask("join", name=name, peer=peer, **options)
        self.addCleanup(self.leave, name)
        return name

    def leave(self, name):
        with contextlib.suppress(peers.Refused):
            self.swarm.ask("leave", name=name)

    def read(self, name, key):
        found = self.swarm.ask("get", name=name, key=key)
        if "entries" in found:
            return {entry["subkey"]: entry["value"] for entry in found["entries"]}
        return found.get("value")

    def ours(self, node, key, **options):
        found = node.ask("get", key=key, **options)
        if not found["found"]:
            return None
        if found["dictionary"]:
            return records.plain(entries(found))
        return records.plain(unpack(bytes.fromhex(found["hex"])))


class OnlyBootstrap(Case):
    def test_hivemind_boots_with_us_as_its_only_peer(self):
        for our_key in ("A", "R"):
            node = self.own_node(key=our_key)
            for key in ("B", "R" if our_key == "A" else "A", None):
                with self.subTest(ours=our_key, its=key):
                    name = self.hive(node.addr, key=key and peers.KEYS[key]["private"])
                    if key:
                        self.assertEqual(self.told["id"], peers.KEYS[key]["id"])
                    known = self.swarm.ask("table", name=name)["known"]
                    self.assertIn(node.id, known.values())
                    told = self.swarm.ask("ping", name=name, peer=node.addr)
                    self.assertTrue(told["available"])
                    self.assertLess(abs(told["clock_offset"]), 3)
                    self.assertEqual(known[told["node_id"]], node.id)
                    self.assertIsNone(self.read(name, self.new("nothing")))

    def test_it_calls_us_back(self):
        node = self.own_node()
        self.hive(node.addr)
        told = node.ask("dht_ping", peer=self.told["addrs"][0])
        self.assertTrue(told["available"])
        self.assertLess(abs(told["ahead_s"]), 3)

    def test_nodes_find_each_others_records_through_us(self):
        node = self.own_node()
        first, second, third = (self.hive(node.addr) for _ in range(3))
        for number, name in enumerate((first, second, third)):
            regular, large, block = self.new("regular"), self.new("large"), self.new("block")
            others = {first, second, third} - {name}
            value = {"tuple": [2, 1.5, {"start_block": number}]}
            self.swarm.ask("store", name=name, key=regular, value=number)
            self.swarm.ask("store", name=name, key=large, value={"hex": "5a" * LARGE})
            self.swarm.ask("store", name=name, key=block, subkey="a", value=value)
            self.swarm.ask("store", name=name, key=block, subkey="b", value=value, lifetime=100)
            for other in others:
                with self.subTest(stored=name, read=other):
                    self.assertEqual(self.read(other, regular), number)
                    self.assertEqual(self.read(other, large), {"hex": "5a" * LARGE})
                    self.assertEqual(self.read(other, block), {"a": value, "b": value})

    def test_what_a_node_stored_outlives_it_with_us(self):
        node = self.own_node(key="R")
        writer = self.hive(node.addr)
        keys = [self.new("left") for _ in range(3)]
        self.swarm.ask("store", name=writer, key=keys[0], value="here")
        self.swarm.ask("store", name=writer, key=keys[1], subkey="a", value=[1, 2])
        self.swarm.ask("store", name=writer, key=keys[2], value={"hex": "a5" * LARGE})
        self.swarm.ask("leave", name=writer)
        self.assertEqual(node.ask("counters")["records"], 3)
        for client in (True, False):
            reader = self.hive(node.addr, client=client)
            self.assertEqual(self.read(reader, keys[0]), "here")
            self.assertEqual(self.read(reader, keys[1]), {"a": [1, 2]})
            self.assertEqual(self.read(reader, keys[2]), {"hex": "a5" * LARGE})

    def test_what_we_have_is_given_to_a_new_node(self):
        node = self.own_node()
        writer = self.hive(node.addr, client=True)  # so that we know nobody nearer to the keys
        key, block = self.new("given"), self.new("given")
        self.swarm.ask("store", name=writer, key=key, value=7)
        self.swarm.ask("store", name=writer, key=block, subkey="a", value=8)
        self.swarm.ask("leave", name=writer)
        looker = self.hive(node.addr, client=True)
        self.hive(node.addr)
        heir = self.told["addrs"][0]
        self.assertTrue(peers.eventually(lambda: all(
            one["type"] != NOT_FOUND for one in self.swarm.ask(
                "raw_find", name=looker, peer=heir, keys=[key, block])["results"])))

    def test_clients_and_lenient_nodes_boot_too(self):
        node = self.own_node()
        for options in ({"client": True}, {"strict": False}):
            with self.subTest(options=options):
                name = self.hive(node.addr, **options)
                key = self.new("by a client")
                self.swarm.ask("store", name=name, key=key, value=1)
                self.assertEqual(self.ours(node, key), 1)

    def test_a_node_that_is_a_client_is_no_bootstrap(self):
        node = self.own_node("--no-dht")
        with self.assertRaises(peers.Refused) as refusal:
            self.hive(node.addr)
        self.assertIn("none of the initial_peers responded", str(refusal.exception))

    # -- what our server must not do: each of these makes a hivemind client fail or hang

    def test_an_answer_has_what_hivemind_needs(self):
        node = self.own_node()
        names = [self.hive(node.addr) for _ in range(3)]
        key = self.new("known")
        self.swarm.ask("store", name=names[0], key=key, value=1)
        asked = [key, self.new("unknown"), key, *(self.new("more") for _ in range(14))]
        told = self.swarm.ask("raw_find", name=names[0], peer=node.addr, keys=asked)
        self.assertEqual(len(bytes.fromhex(told["node_id"])), 20)
        self.assertEqual([one["type"] for one in told["results"]],
                         [FOUND_REGULAR, NOT_FOUND, FOUND_REGULAR] + [NOT_FOUND] * 14)
        for one in told["results"]:
            self.assertEqual({len(node_id) for node_id in one["node_ids"]}, {40})
            self.assertEqual(len(one["node_ids"]), len(one["peer_ids"]))
            self.assertEqual(len(set(one["peer_ids"])), 2)  # not itself, not the one who asks
            self.assertNotIn(node.id, one["peer_ids"])

    def test_an_answer_is_never_too_long_for_hivemind(self):
        node = self.own_node()
        name = self.hive(node.addr, client=True)
        keys = [self.new("large") for _ in range(5)]
        for key in keys:
            self.swarm.ask("store", name=name, key=key, value={"hex": "5a" * LARGE})
        for count, most in ((1, 1), (3, 3), (5, 3)):
            told = self.swarm.ask("raw_find", name=name, peer=node.addr, keys=keys[:count])
            found = [one for one in told["results"] if one["type"] == FOUND_REGULAR]
            self.assertEqual((len(told["results"]), len(found)), (count, most))
            self.assertEqual({len(one["value"]) for one in found}, {2 * (LARGE + 5)})

    def test_a_key_of_another_length_is_refused_without_harm(self):
        node = self.own_node()
        name = self.hive(node.addr)
        for key in ("00" * 21, "00" * 38):
            with self.assertRaises(peers.Refused):
                self.swarm.ask("raw_find", name=name, peer=node.addr, keys=[{"hex": key}])
        self.assertTrue(self.swarm.ask("ping", name=name, peer=node.addr)["available"])

    def test_malformed_values_are_refused_and_never_handed_out(self):
        node = self.own_node()
        name = self.hive(node.addr)
        for garbage in GARBAGE:
            with self.subTest(garbage=garbage[:20]):
                key = self.new("garbage")
                self.assertEqual(self.plant(name, node, key, (REGULAR_TAG, garbage)), [False])
                self.assertEqual(self.plant(name, node, key, (pack("a"), garbage)), [False])
                self.assertIsNone(self.read(name, key))
                self.assertIsNone(self.ours(node, key))
        self.assertEqual(node.ask("counters")["records"], 0)

    def plant(self, name, node, key, *values, **options):
        return self.swarm.ask("raw_store", name=name, peer=node.addr, key=key, values=values,
                              **options)["stored"]

    def test_malformed_dictionaries_and_subkeys_are_refused(self):
        node = self.own_node()
        name = self.hive(node.addr)
        soon = time.time() + 100
        key = self.new("dictionary")
        for value in (*GARBAGE, pack(5), pack({"a": 1}), dictionary(("a", b"\xc1", soon)),
                      dictionary(("a", b"\x01", float("nan"))), "c70350c1c1c1", "c70050"):
            with self.subTest(value=value[:60]):
                self.assertEqual(self.plant(name, node, key, (DICTIONARY_TAG, value)), [False])
        for tag in ("c1", "91", "a5616263", "0100"):
            with self.subTest(tag=tag):
                self.assertEqual(self.plant(name, node, key, (tag, "01")), [False])
        self.assertIsNone(self.read(name, key))

    def test_the_good_part_of_a_dictionary_is_kept(self):
        node = self.own_node()
        name = self.hive(node.addr)
        soon, key = time.time() + 100, self.new("mixed")
        mixed = dictionary(("bad", b"\xc1", soon), ("good", b"\x01", soon))
        self.assertEqual(self.plant(name, node, key, (DICTIONARY_TAG, mixed)), [False])
        self.assertEqual(self.read(name, key), {"good": 1})

    def test_an_absurd_expiration_is_refused_or_cut(self):
        node = self.own_node()
        name = self.hive(node.addr)
        for lifetime, kept in (("nan", False), ("inf", False), ("-inf", False), (-1, False),
                               (1e12, True)):
            with self.subTest(lifetime=lifetime):
                key = self.new("forever")
                self.assertEqual(
                    self.plant(name, node, key, (REGULAR_TAG, "01"), lifetime=lifetime), [kept])
                self.assertEqual(self.read(name, key), 1 if kept else None)
                if kept:
                    until = self.swarm.ask("get", name=name, key=key)["expiration"]
                    self.assertLess(until, time.time() + 366 * 24 * 3600)

    def test_subkeys_of_different_types_live_beside_each_other(self):
        node = self.own_node()
        name, other = self.hive(node.addr), self.hive(node.addr, client=True)
        key = self.new("types")
        tags = [pack("a"), pack(5), pack(b"a"), pack((1, "a"))]
        for number, tag in enumerate(tags):
            self.plant(name, node, key, (tag, pack(number)), lifetime=100 + number)
        found = self.swarm.ask("get", name=other, key=key)["entries"]
        self.assertEqual([entry["value"] for entry in found], [0, 1, 2, 3])


class OneOfMany(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.swarm.ask("join", name="reader", peer=cls.swarm.addrs, client=True)
        cls.swarm.ask("join", name="writer", peer=cls.swarm.addrs)
        cls.stored = collections.defaultdict(dict)
        with open(cls.dump.name, encoding="utf-8") as file:
            for key, subkey, value, _ in json.load(file):
                cls.stored[key][subkey] = value

    def test_we_joined(self):
        self.assertEqual([one["code"] for one in self.joined["bootstraps"]],
                         ["KN_OK"] * len(self.swarm.addrs))
        for one in self.joined["bootstraps"]:
            self.assertLess(abs(one["ahead_s"]), 3)
        self.assertGreaterEqual(self.joined["near"], 11)

    def test_we_read_the_registry(self):
        self.assertEqual(self.ours(self.grown, records.REGISTRY), self.stored[records.REGISTRY])

    def test_we_read_blocks(self):
        for model in self.swarm.ready["models"]:
            for block in (0, 3, model["blocks"] // 2, model["blocks"] - 1):
                key = f"{model['prefix']}.{block}"
                with self.subTest(key=key):
                    self.assertEqual(self.ours(self.grown, key) or {}, self.stored.get(key, {}))

    def test_hivemind_reads_what_we_store(self):
        value = (2, 1.5, {"start_block": 0, "end_block": 4, "x": [None, True, -3, "ø", b"\0"]})
        wanted = json.loads(json.dumps(records.plain(value)))
        regular, large, block = self.new("ours"), self.new("ours"), self.new("ours")
        done = self.grown.ask("store", key=regular, subkey="", hex=pack(value))
        self.assertGreaterEqual(done["acknowledged"] + done["kept"], 5)
        self.assertEqual(done["refused"], 0)
        self.grown.ask("store", key=large, subkey="", size=LARGE)
        self.grown.ask("store", key=block, subkey="a", hex=pack(value))
        self.grown.ask("store", key=block, subkey="b", hex=pack(5))
        self.grown.ask("store", key=block, subkey="large", size=LARGE)
        for name in ("reader", "5"):
            with self.subTest(name=name):
                self.assertEqual(self.read(name, regular), wanted)
                self.assertEqual(self.read(name, large), {"hex": "00" * LARGE})
                self.assertEqual(self.read(name, block),
                                 {"a": wanted, "b": 5, "large": {"hex": "00" * LARGE}})

    def test_we_read_what_hivemind_stores(self):
        large = {"hex": "c3" * LARGE}
        regular, big, block = self.new("theirs"), self.new("theirs"), self.new("theirs")
        self.swarm.ask("store", name="3", key=regular, value={"tuple": [2, 1.5, {"a": [1]}]})
        self.swarm.ask("store", name="3", key=big, value=large)
        self.swarm.ask("store", name="3", key=block, subkey="a", value=1)
        self.swarm.ask("store", name="4", key=block, subkey="b", value=large)
        for node in (self.grown, self.newcomer()):
            self.assertEqual(self.ours(node, regular), {"tuple": [2, 1.5, {"a": [1]}]})
            self.assertEqual(self.ours(node, regular, first=True), {"tuple": [2, 1.5, {"a": [1]}]})
            self.assertEqual(self.ours(node, big), large)
            self.assertEqual(self.ours(node, block), {"a": 1, "b": large})

    def newcomer(self):
        """A client of ours that has stored nothing."""
        node = self.own_node("--client")
        node.ask("join", addrs=self.swarm.addrs[:1])
        return node

    def test_a_client_of_ours_stores_and_reads(self):
        node, key = self.newcomer(), self.new("client's")
        done = node.ask("store", key=key, subkey="", hex=pack(5))
        self.assertEqual((done["acknowledged"], done["kept"]), (5, False))
        self.assertEqual(self.read("reader", key), 5)
        self.assertEqual(self.ours(node, key), 5)

    def test_subkeys_of_both_are_merged(self):
        key = self.new("merged")
        self.grown.ask("store", key=key, subkey="ours", hex=pack(1))
        self.swarm.ask("store", name="writer", key=key, subkey="theirs", value=2)
        for answer in (self.ours(self.grown, key), self.read("reader", key)):
            self.assertEqual(answer, {"ours": 1, "theirs": 2})

    def test_the_later_end_wins_whoever_stores(self):
        for subkey in (None, "a"):
            with self.subTest(subkey=subkey):
                key = self.new("later")
                self.assertTrue(self.theirs_stores(key, subkey, 1, 100))
                self.assertFalse(self.ours_stores(key, subkey, 2, 90))
                self.check_both(key, subkey, 1)
                self.assertTrue(self.ours_stores(key, subkey, 3, 150))
                self.check_both(key, subkey, 3)
                self.assertFalse(self.theirs_stores(key, subkey, 4, 120))
                self.check_both(key, subkey, 3)
                self.assertTrue(self.theirs_stores(key, subkey, 5, 200))
                self.check_both(key, subkey, 5)

    def theirs_stores(self, key, subkey, value, lifetime):
        return self.swarm.ask("store", name="writer", key=key, subkey=subkey, value=value,
                              lifetime=lifetime)["stored"]

    def ours_stores(self, key, subkey, value, lifetime):
        done = self.grown.ask("store", key=key, subkey=subkey or "", hex=pack(value),
                              lifetime=lifetime)
        return done["refused"] == 0 and done["acknowledged"] > 0

    def check_both(self, key, subkey, value):
        value = {subkey: value} if subkey else value
        self.assertEqual(self.ours(self.grown, key), value)
        self.assertEqual(self.read("reader", key), value)

    def test_a_regular_value_and_a_dictionary_replace_each_other(self):
        key = self.new("kinds")
        self.assertTrue(self.theirs_stores(key, None, 1, 50))
        self.assertTrue(self.ours_stores(key, "a", 2, 100))
        self.check_both(key, "a", 2)
        self.assertTrue(self.theirs_stores(key, None, 3, 150))
        self.check_both(key, None, 3)

    def test_a_record_ends_for_all(self):
        ours, theirs, block = self.new("ends"), self.new("ends"), self.new("ends")
        self.ours_stores(ours, None, 1, SOON)
        self.theirs_stores(theirs, None, 1, SOON)
        self.ours_stores(block, "short", 1, SOON)
        self.theirs_stores(block, "long", 2, 100)
        self.assertEqual(self.ours(self.grown, block), {"short": 1, "long": 2})
        for key in (ours, theirs):
            self.await_end(key)
            self.assertIsNone(self.read("reader", key))
            self.assertIsNone(self.ours(self.newcomer(), key))
        self.check_both(block, "long", 2)
        self.assertFalse(self.ours_stores(ours, None, 1, -1))

    def await_end(self, key):
        self.assertTrue(peers.eventually(lambda: self.ours(self.grown, key) is None))

    def test_what_hivemind_keeps_malformed_does_not_hurt_us(self):
        key = self.new("rotten")
        for peer in self.swarm.ready["nodes"][1:]:
            self.swarm.ask("raw_store", name="0", peer=peer["addrs"][0], key=key,
                           values=[[REGULAR_TAG, "c1"]])
        found = self.grown.ask("get", key=key)
        self.assertFalse(found["found"])
        self.assertGreater(found["malformed"], 0)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    sys.stdout.reconfigure(line_buffering=True)
    del Case
    unittest.main(verbosity=1)
