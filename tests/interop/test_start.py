#!/usr/bin/env python3
"""`kwaainet start` in a swarm of unmodified hivemind nodes: what they read of it.

usage: test_start.py PROGRAM [TEST…]
"""
import contextlib
import json
import socket
import sys
import time
import unittest
from pathlib import Path

import peers

if __name__ == "__main__":
    peers.require("hivemind")
    peers.as_hivemind()

# pylint: disable=wrong-import-position
import msgpack

import records

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
import program
from started import Node

TUPLE = 0x40  # hivemind's extension of MessagePack
OFFLINE, JOINING, ONLINE = range(3)
NODES = 5
INTERVAL = 2  # seconds
OFTEN = ("--set", f"dht.announce_interval={INTERVAL}s")
SMALL = "--model=TinyLlama-1.1B-Chat-v1.0"
FEW = ("--max-memory", "512MiB")
FIELDS = ["start_block", "end_block", "public_name", "version", "network_rps", "forward_rps",
          "inference_rps", "adapters", "torch_dtype", "quant_type", "using_relay",
          "cache_tokens_left", "next_pings"]  # petals/data_structures.py, ServerInfo


def pack(value):
    """A tuple as hivemind writes it."""
    def other(value):
        return msgpack.ExtType(TUPLE, msgpack.packb(list(value), default=other, strict_types=True))
    return msgpack.packb(value, default=other, strict_types=True)


def entry_bytes(dictionary, subkey):
    """The value of a subkey as it was stored, from what rpc_find answers."""
    inner = msgpack.unpackb(msgpack.unpackb(dictionary).data, raw=False)
    return next(value for key, value, _ in inner[2] if key == subkey)


class Case(program.Case):
    """A swarm of real nodes for each class, and a home for each test."""

    models, online = "none", 0

    @classmethod
    def setUpClass(cls):
        cls.swarm = cls.enterClassContext(peers.start(
            "swarm", "--nodes", NODES, "--models", cls.models, *(
                ("--online", cls.online) if cls.online else ())))
        cls.swarm.ask("join", name="reader", peer=cls.swarm.addrs, client=True)

    def start(self, *words, home=None):
        node = Node(home or self.h, "--bootstrap", self.swarm.addr, *words)
        self.addCleanup(node.__exit__)
        return node

    def read(self, key):
        """{subkey: (value, expiration)} as hivemind's own API finds it."""
        found = self.swarm.ask("get", name="reader", key=key)
        return {entry["subkey"]: (entry["value"], entry["expiration"])
                for entry in found.get("entries", ())}

    def records_of(self, node):
        """What the swarm has of that node under each of its keys."""
        prefix, peer = node.plan["model.dht_prefix"], node.told("listening")["peer_id"]
        return [self.read(f"{prefix}.{block}").get(peer)
                for block in range(int(node.plan["model.start_block"]),
                                   int(node.plan["model.end_block"]))]

    def interrupt(self, node):
        self.assertEqual(node.end(), program.DONE, node.err)
        self.assertNotRegex(node.err, "Sanitizer|runtime error")


class Records(Case):
    """A swarm without models."""

    def test_hivemind_reads_each_record_as_petals_writes_it(self):
        node = self.start(SMALL, *FEW, *OFTEN, "--name", "ada-C-box")
        seen = node.wait("visible", visible_on=1)
        found, plan = self.records_of(node), node.plan
        self.assertEqual(len(found), seen["records"] - 1)
        begin, end = int(plan["model.start_block"]), int(plan["model.end_block"])
        for value, expiration in found:
            state, throughput, info = records.from_plain(value)
            self.assertEqual((state, throughput), (JOINING, 0.0))
            self.assertIsInstance(throughput, float)
            self.assertEqual(list(info), FIELDS)
            self.assertEqual(info, {
                "start_block": begin, "end_block": end, "public_name": "ada-C-box",
                "version": "1.0.0", "network_rps": None, "forward_rps": None,
                "inference_rps": None, "adapters": (), "torch_dtype": plan["model.dtype"],
                "quant_type": None, "using_relay": False,
                "cache_tokens_left": info["cache_tokens_left"], "next_pings": info["next_pings"]})
            self.assertAlmostEqual(expiration, seen["time"] + 3 * INTERVAL, delta=INTERVAL * 1.2)

    def test_a_quantisation_is_announced_where_somebody_asks_for_it(self):
        node = self.start(SMALL, *FEW, "--quant-type", "int8", "--dtype", "float16")
        node.wait("visible", visible_on=1)
        for value, _ in self.records_of(node):
            info = records.from_plain(value)[2]
            self.assertEqual((info["quant_type"], info["torch_dtype"]), ("int8", "float16"))

    def test_the_bytes_are_those_that_hivemind_would_write(self):
        node = self.start(SMALL, *FEW)
        node.wait("visible", visible_on=1)
        peer = node.told("listening")["peer_id"]
        key = f"{node.plan['model.dht_prefix']}.{node.plan['model.start_block']}"
        result = self.swarm.ask("raw_find", name="reader", peer=self.swarm.addr,
                                keys=[key])["results"][0]
        (value, _), stored = self.read(key)[peer], entry_bytes(bytes.fromhex(result["value"]), peer)
        self.assertEqual(stored, pack(records.from_plain(value)))

    def test_a_model_is_entered_into_the_registry(self):
        node = self.start(SMALL, *FEW)
        node.wait("visible", visible_on=1)
        self.assertEqual(self.read(records.REGISTRY)[node.plan["model.dht_prefix"]][0], {
            "num_blocks": 22, "repository": records.HUB + "TinyLlama/TinyLlama-1.1B-Chat-v1.0"})

    def test_each_round_lasts_longer_than_the_one_before(self):
        node = self.start(SMALL, *FEW, *OFTEN)
        last = 0
        for _ in range(3):
            node.wait("visible", visible_on=1)
            now = min(expiration for _, expiration in self.records_of(node))
            self.assertGreater(now, last)
            last = now

    def leaves(self, end):
        node = self.start(SMALL, *FEW)
        node.wait("visible", visible_on=1)
        before = self.records_of(node)
        end(node)
        after = self.records_of(node)
        self.assertEqual(len(after), len(before))
        for (value, expiration), (_, was) in zip(after, before):
            state, throughput, info = records.from_plain(value)
            self.assertEqual((state, throughput, info["next_pings"]), (OFFLINE, 0.0, None))
            self.assertEqual(list(info), FIELDS)
            self.assertGreater(expiration, was)

    def test_an_interrupt_tells_the_swarm(self):
        self.leaves(self.interrupt)

    def test_stop_tells_the_swarm(self):
        def stop(node):
            self.expect(self.h.run("stop"), program.DONE)
            self.assertEqual(node.ended(), program.DONE)
        self.leaves(stop)

    def test_status_says_what_hivemind_sees(self):
        node = self.start(SMALL, *FEW)
        seen = node.wait("visible", visible_on=1)
        out = self.expect(self.h.run("status --json"), program.DONE)[1]
        for part in (node.told("listening")["peer_id"], '"JOINING"',
                     f'"acknowledged": {seen["records"]}'):
            self.assertIn(part, out)

    def test_a_dry_run_tells_nothing(self):
        node = self.start(SMALL, *FEW, "--dry-run")
        node.wait("planned")
        self.assertEqual(node.ended(), program.DONE)
        self.assertEqual(set(self.records_of(node)), {None})

    # proves: FR-0/0.1.4, FR-0/0.3.6, FR-5/5.1.3
    def test_the_second_start_keeps_the_assignment_and_is_later(self):
        nodes, found = [], []
        for _ in range(2):
            node = self.start(*(() if nodes else (SMALL,)), *FEW, *OFTEN)
            node.wait("visible", visible_on=1)
            nodes.append(node)
            found.append(self.records_of(node))
            self.interrupt(node)
        first, second = (node.plan for node in nodes)
        for key in ("node.name", "node.port", "model.name", "model.dht_prefix",
                    "model.start_block", "model.end_block"):
            self.assertEqual(first[key], second[key], key)
        for (_, before), (_, after) in zip(*found):
            self.assertGreater(after, before)


class Lived(Case):
    """A swarm that others have used."""

    models, online = "builtin", 12

    def setUp(self):
        super().setUp()
        self.model = self.swarm.ready["models"][0]

    # proves: FR-0/0.1.1, FR-0/0.1.2, FR-0/0.1.3, FR-0/0.5.1, MS-2.3/1, MS-2.3/2
    def test_the_choice_is_of_what_the_swarm_serves(self):
        node = self.start()
        planned, told = node.wait("planned"), node.told("discovery")
        self.assertTrue(told["known"])
        self.assertGreaterEqual(told["models"], 4)
        prefixes = {model["prefix"]: model for model in self.swarm.ready["models"]}
        chosen = prefixes[planned["values"]["model.dht_prefix"]]
        self.assertEqual(int(planned["values"]["model.total_blocks"]), chosen["blocks"])
        self.assertEqual(chosen["online"], self.online)

    def test_the_registry_stays_right(self):
        before = self.read(records.REGISTRY)
        node = self.start("--model", "Llama-3.1-8B-Instruct", "--max-memory", "2GiB")
        node.wait("visible", visible_on=1)
        after = self.read(records.REGISTRY)
        self.assertEqual({key: value for key, (value, _) in before.items()},
                         {key: value for key, (value, _) in after.items()})
        self.assertEqual(node.plan["model.dht_prefix"], "Llama-3-1-8B-Instruct-hf")

    def test_records_of_others_are_left_alone(self):
        node = self.start("--model", "Llama-3.1-8B-Instruct", "--max-memory", "2GiB")
        node.wait("visible", visible_on=1)
        key = f"{node.plan['model.dht_prefix']}.{node.plan['model.start_block']}"
        others = set(self.read(key)) - {node.told("listening")["peer_id"]}
        self.interrupt(node)
        self.assertEqual(set(self.read(key)) - {node.told("listening")["peer_id"]}, others)

    # proves: FR-0/0.5.2.2, FR-0/0.5.2.3, FR-0/0.5.3, MS-2.3/3, MS-2.3/4
    def test_the_blocks_are_where_nobody_serves(self):
        node = self.start("--model", "Meta-Llama-3.1-405B-Instruct", "--max-memory", "4GiB",
                          "--quant-type", "nf4")
        with contextlib.suppress(EOFError):
            node.wait("planned")
        if "planned" not in node.names() or "model.start_block" not in node.plan:
            self.skipTest("no block of so large a model fits here")
        start = int(node.plan["model.start_block"])
        model = next(one for one in self.swarm.ready["models"] if one["blocks"] == 126)
        self.assertTrue(any(begin <= start < end for begin, end in model["gaps"]), start)

    def test_a_provider_of_another_program_counts_by_its_state(self):
        prefix, keys = "TinyLlama-1-1B-Chat-v1-0-hf", range(4)
        info = {"start_block": 0, "end_block": 4, "public_name": "kwaai-1",
                "version": "kwaai-0.6.2", "torch_dtype": "float16", "using_relay": False,
                "cache_tokens_left": 0, "adapters": [], "next_pings": {}, "lease_v1": True}
        states = {"gone": -1, "joining": 0, "online": ONLINE}
        self.swarm.ask("store", name="0", key=records.REGISTRY, subkey=prefix, value={
            "num_blocks": 22, "repository": records.HUB + "TinyLlama/TinyLlama-1.1B-Chat-v1.0"})
        for label, state in states.items():
            for block in keys:
                self.swarm.ask("store", name="0", key=f"{prefix}.{block}",
                               subkey=records.peer_id(f"kwaai {label}"),
                               value={"tuple": [state, 1.5, info]})
        out = self.expect(self.h.run("network", "models", "--json", "--bootstrap",
                                     self.swarm.addr), program.DONE)[1]
        model = next(one for one in json.loads(out)["models"] if one["prefix"] == prefix)
        self.assertEqual((model["providers_online"], model["providers_joining"]), (1, 1))
        node = self.start(SMALL, *FEW)
        node.wait("planned")
        self.assertGreaterEqual(int(node.plan["model.start_block"]), 4)


class Relayed(Case):
    """Who is told to act as if nobody could reach it asks the relays that it knows."""

    def setUp(self):
        super().setUp()
        if peers.HIVEMIND == peers.OLDER:
            self.skipTest("its daemon knows relays of the first kind only")

    def test_relays_are_found_announced_and_told(self):
        relay = self.enterContext(peers.start("p2pd", "-dhtServer=1"))
        node = self.start(SMALL, *FEW, "--set", "network.force_private=true", "--set",
                          f"network.trusted_relays={relay.addr}", "--set",
                          "network.max_relay_reservations=1")
        node.wait("announced")
        self.assertTrue(peers.eventually(lambda: self.is_told(node)))
        addresses = json.loads(self.expect(self.h.run("status --json"), program.DONE)[1])[
            "addresses"]
        self.assertEqual(addresses, [f"{relay.addr}/p2p-circuit"])
        caller = self.enterContext(peers.start("p2pd", "-dhtServer=1"))
        peer = node.told("listening")["peer_id"]
        caller.ask("connect", peer=f"{relay.addr}/p2p-circuit/p2p/{peer}")
        told = caller.ask("identify", peer=peer)
        self.assertNotIn("/ipfs/kad/1.0.0", told["protocols"])
        self.assertIn("DHTProtocol.rpc_find", told["protocols"])
        self.interrupt(node)

    def is_told(self, node):
        """Do the records of all its blocks say that it is behind a relay?"""
        found = self.records_of(node)
        return all(one and records.from_plain(one[0])[2]["using_relay"] is True for one in found)

    def test_a_node_that_is_not_hidden_uses_none_at_first(self):
        relay = self.enterContext(peers.start("p2pd", "-dhtServer=1"))
        node = self.start(SMALL, *FEW, *OFTEN, "--set", f"network.trusted_relays={relay.addr}")
        for _ in range(2):
            node.wait("visible", visible_on=1)
        self.assertFalse(self.is_told(node))
        out = self.expect(self.h.run("status --json"), program.DONE)[1]
        self.assertNotIn("p2p-circuit", out)
        self.interrupt(node)


class Late(Case):
    def test_a_bootstrap_that_appears_late_sees_the_node_soon(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
        key = peers.KEYS["A"]
        node = Node(self.h, "--bootstrap", f"/ip4/127.0.0.1/tcp/{port}/p2p/{key['id']}", SMALL,
                    *FEW)
        self.addCleanup(node.__exit__)
        for _ in range(6):  # some 5 s
            told = node.wait("bootstrap", ok=False)
            self.assertIn("nothing listens", told["error"])
        self.swarm.ask("join", name="late", key=key["private"], port=port)
        appeared = time.time()
        seen = node.wait("visible", visible_on=1)
        self.assertLess(seen["time"] - appeared, 1.5)
        self.assertEqual(records.from_plain(self.swarm.ask(
            "get", name="late", key=f"{node.plan['model.dht_prefix']}."
            f"{node.plan['model.start_block']}")["entries"][0]["value"])[0], JOINING)
        self.interrupt(node)


if __name__ == "__main__":
    program.main()
