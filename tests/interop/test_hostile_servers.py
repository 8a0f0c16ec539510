#!/usr/bin/env python3
"""Our node asks those who answer badly: every case of tests/vectors/negative_client.json.

Each is met beside a good server, which nothing may happen to.

usage: test_hostile_servers.py PROGRAM [TEST…]       PROGRAM: the built node.c
"""
import json
import os
import sys
import threading
import time
import unittest
from pathlib import Path

import peers

if __name__ == "__main__":
    peers.require("hivemind")
    peers.as_hivemind()

# pylint: disable=wrong-import-position
import msgpack

import answering
from answering import FIND, IDENTIFY, KAD, PING, SILENT, Server, Unfinished, double
from wire import fields, first, from_base58, message

VECTORS = Path(__file__).resolve().parent.parent / "vectors"
CASES = json.loads((VECTORS / "negative_client.json").read_text())["cases"]
DICTIONARY = 0x50  # hivemind's extension of MessagePack
REGULAR, DICTIONARY_FOUND = 1, 2
LONG_ID = b"\xff" * 21
STRANGER = from_base58(peers.KEYS["S"]["id"])
FIVE = msgpack.packb(5)
ANSWER_MS = 3000  # that a call may take
SLOW = 4  # seconds


def until():
    return time.time() + 300


def dictionary():
    inner = msgpack.packb([float("inf"), until(), [["a", FIVE, until()]]])
    return msgpack.packb(msgpack.ExtType(DICTIONARY, inner))


# -- what a server is changed to

def pong(node=None, ahead=0.0, available=1):
    """Another answer to a ping; `ahead` None: it does not tell the time."""
    def change(server):
        def answer(_):
            who = server.node if node is None else node
            when = None if ahead is None else time.time() + ahead
            return message((2, who)) + double(4, when) + message((5, available))
        server.protocols[PING] = server.unary(answer)
    return change


def without(name):
    return lambda server: server.protocols.pop(name)


def silent_ping(server):
    server.protocols[PING] = server.unary(lambda _: SILENT)


def slow_identify(server):
    def answer(_):
        threading.Event().wait(SLOW)
        return b""
    server.protocols[IDENTIFY] = answer


def finds(kind, value, *, until_when=until, node_ids=(), peer_ids=(), named=True):
    """Each key that is asked for is found like this."""
    def change(server):
        def find(request):
            when = until_when()
            result = (message((1, kind), (2, value() if callable(value) else value)) +
                      double(3, when) + message(*((4, one) for one in node_ids),
                                                *((5, one) for one in peer_ids)))
            return message(*((2, result) for _ in fields(request).get(2, ())),
                           *([(3, server.node)] * named))
        server.find = find
    return change


def find_is(answer):
    def change(server):
        server.find = lambda request: answer(server)
    return change


def refuse(_):
    raise ValueError("capacity")


def other_call_id(server):
    server.envelope = lambda _, kind, data: message((1, bytes(16)), (4, message((kind, data))))


def older_shape(server):
    server.envelope = lambda call_id, kind, data: message((1, call_id), (2, message((kind, data))))


def never_ended(server):
    sealed = server.envelope
    server.envelope = lambda *parts: Unfinished(sealed(*parts))


class Met:  # pylint: disable=too-few-public-methods
    """What we make of a server: how joining goes, what is found, and what is counted."""

    def __init__(self, change, join="KN_OK", why="", ahead=0.0, found=None, counts=()):
        self.change, self.join, self.why = change, join, why
        self.ahead, self.found, self.counts = ahead, found, counts


NONSENSE = "its answer as a DHT node makes no sense"
MET = {
    "good server": Met(lambda server: None),
    "dht_time off by +2 s": Met(pong(ahead=2.0), ahead=2.0),
    "dht_time off by -2 s": Met(pong(ahead=-2.0), ahead=-2.0),
    # A clock that is off is a warning of the node's, with both numbers: it is no reason to leave.
    "dht_time off by +4 s": Met(pong(ahead=4.0), ahead=4.0),
    "dht_time off by -4 s": Met(pong(ahead=-4.0), ahead=-4.0),
    "dht_time absent": Met(pong(ahead=None)),
    # Whether we can be dialled is found out by AutoNAT, not by one peer's word.
    "available = false": Met(pong(available=None)),
    "available = false, node in client mode": Met(pong(available=None)),
    "available = false, strict=False": Met(pong(available=None)),
    "no node_id in the ping reply": Met(
        pong(node=b""), "KN_E_INVALID", "it takes part in the DHT as a client only"),
    "node_id of 21 B in the ping reply": Met(
        pong(node=message((1, LONG_ID))), "KN_E_PROTOCOL", NONSENSE, counts=("malformed",)),
    "rpc_ping never answers": Met(
        silent_ping, "KN_E_TIMEOUT", "it does not answer as a DHT node in time",
        counts=("timeouts",)),
    "rpc_ping not served": Met(
        without(PING), "KN_E_UNSUPPORTED", "it speaks libp2p, but not the DHT of hivemind",
        counts=("failures",)),
    "identify answered na": Met(without(IDENTIFY)),
    "identify answered only after 4 s": Met(slow_identify),
    "kad not served": Met(without(KAD)),
    "find: dictionary, good": Met(finds(DICTIONARY_FOUND, dictionary), found={"a": 5}),
    "find: regular, good": Met(finds(REGULAR, FIVE), found=5),
    "find: FOUND_DICTIONARY with garbage": Met(
        finds(DICTIONARY_FOUND, b"\xc1"), counts=("malformed_records",)),
    "find: FOUND_DICTIONARY whose value is no dictionary": Met(
        finds(DICTIONARY_FOUND, FIVE), counts=("malformed_records",)),
    "find: FOUND_REGULAR with a value that is not msgpack": Met(
        finds(REGULAR, b"\xc1"), counts=("malformed_records",)),
    "find: type 7": Met(finds(7, FIVE), counts=("malformed",)),
    "find: neighbour node_id of 21 B": Met(
        finds(REGULAR, FIVE, node_ids=[LONG_ID], peer_ids=[STRANGER]), found=5,
        counts=("nonsense_neighbours",)),
    "find: neighbour peer_id garbage": Met(
        finds(REGULAR, FIVE, node_ids=[b"\1" * 20], peer_ids=[b"zz"]), found=5,
        counts=("nonsense_neighbours",)),
    "find: neighbour that does not exist": Met(
        finds(REGULAR, FIVE, node_ids=[b"\1" * 20], peer_ids=[STRANGER]), found=5,
        counts=("failures",)),
    "find: more node ids than peer ids": Met(
        finds(REGULAR, FIVE, node_ids=[b"\1" * 20, b"\2" * 20]), found=5),
    "find: no result at all": Met(
        find_is(lambda server: message((3, server.node))), counts=("malformed",)),
    # A record that has ended is none, whoever hands it out.
    "find: expired value": Met(finds(REGULAR, FIVE, until_when=lambda: 5.0)),
    "find: expiration 0 / absent": Met(finds(REGULAR, FIVE, until_when=lambda: None)),
    # Who names no id in an answer is a client from then on: it is asked when joining, and no more.
    "find: no peer in the reply": Met(finds(REGULAR, FIVE, named=False)),
    "find: undecodable protobuf": Met(find_is(lambda _: b"\xff\xff"), counts=("malformed",)),
    "find: error reply": Met(find_is(refuse), counts=("failures",)),
    # One call a stream: the id says nothing more, and old nodes of ours write the older shape.
    "reply with another callId": Met(other_call_id),
    "reply in field 2 (the PersistentConnectionResponse shape)": Met(older_shape),
    "server never closes the stream after the reply": Met(never_ended),
}


class HostileServers(unittest.TestCase):
    def server(self, change=None):
        made = Server()
        self.addCleanup(made.close)
        if change:
            change(made)
        return made

    def value(self, answer):
        if not answer["found"]:
            return None
        value = msgpack.unpackb(bytes.fromhex(answer["hex"]))
        if not answer["dictionary"]:
            return value
        return {key: msgpack.unpackb(one) for key, one, _ in msgpack.unpackb(value.data)[2]}

    def check(self, met):
        good, server = self.server(), self.server(met.change)
        with peers.Peer(PROGRAM) as node:
            told = node.ask("join", addrs=[good.addr, server.addr])["bootstraps"]
            mine = next(one for one in told if one["address"] == server.addr)
            self.assertEqual((mine["code"], mine["error"]), (met.join, met.why))
            self.assertAlmostEqual(mine["ahead_s"], met.ahead, delta=0.5)
            self.assertEqual([one["code"] for one in told if one is not mine], ["KN_OK"])
            began = time.monotonic()
            self.assertEqual(self.value(node.ask("get", key="k")), met.found)
            self.assertLess(time.monotonic() - began, ANSWER_MS / 1000 + 1)
            counted = node.ask("counters")
            for name in ("timeouts", "failures", "malformed", "malformed_records",
                         "nonsense_neighbours"):
                self.assertEqual(counted[name] > 0, name in met.counts, (name, counted))
            self.assertTrue(node.ask("dht_ping", peer=good.addr)["available"])
            self.assertIn(good.id, [one["id"] for one in node.ask("peers")["peers"]])
            self.assertEqual(node.stop(), 0, "a sanitizer ended our node")

    def test_each_case(self):
        for case in CASES:
            with self.subTest(note=case["note"]):
                self.check(MET[case["note"]])

    def test_no_case_is_left_out(self):
        self.assertEqual({case["note"] for case in CASES}, set(MET))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    sys.stdout.reconfigure(line_buffering=True)
    unittest.main(verbosity=1)
