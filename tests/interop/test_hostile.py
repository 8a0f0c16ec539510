#!/usr/bin/env python3
"""Our node before those who break a rule: every case of tests/vectors/negative.json, and floods.

usage: test_hostile.py PROGRAM [TEST…]       PROGRAM: the built node.c
"""
import json
import os
import random
import sys
import unittest
from pathlib import Path

import peers

if __name__ == "__main__":
    peers.require("hivemind")
    peers.as_hivemind()

# pylint: disable=wrong-import-position
import raw
from raw import FIN, RST, SYN, WINDOW, Connection, Identity, yamux_frame
from wire import message

VECTORS = Path(__file__).resolve().parent.parent / "vectors"
CASES = json.loads((VECTORS / "negative.json").read_text())["cases"]
KAD, IDENTIFY, PUSH = b"/ipfs/kad/1.0.0", b"/ipfs/id/1.0.0", b"/ipfs/id/push/1.0.0"
EARLY = (4, message((2, raw.YAMUX)))
UPGRADE = 15  # seconds for the way up to yamux
SHORT = 0.5  # seconds in which an answer comes, or none
STREAMS, RANDOM, SEED = 3000, 60, 20
FIRST = "132f6d756c746973747265616d2f312e302e300a"

# What is said in the handshake, by the notes of the cases.
PAYLOADS = {
    "signature over another static key": lambda me, static: message(
        (1, me.public), (2, me.key.sign(raw.SIGNED + bytes(32)))),
    "signature without the prefix": lambda me, static: message(
        (1, me.public), (2, me.key.sign(static))),
    "no signature": lambda me, static: message((1, me.public)),
    "no identity key": lambda me, static: message((2, me.key.sign(raw.SIGNED + static))),
    "empty payload": lambda me, static: b"",
    "garbage payload": lambda me, static: b"\xff\xff\xff",
    "signature by another key": lambda me, static: message(
        (1, Identity().public), (2, me.key.sign(raw.SIGNED + static))),
    "unknown fields in the payload": lambda me, static: me.payload(
        static, (3, b"zz"), (15, 1), EARLY),
    "muxers: only /mplex/6.7.0 listed (falls back to multistream)": lambda me, static:
        me.payload(static, (4, message((2, b"/mplex/6.7.0")))),
}
SPOILT = {"message 3: one bit flipped": lambda third: third[:-1] + bytes([third[-1] ^ 1]),
          "message 3 truncated by one byte": lambda third: third[:-1]}
PROTOCOLS = {"stream": None, "ping": raw.PING, "identify": IDENTIFY, "kad": KAD}

# Where we do otherwise than p2pd: an answer is one per stream, and a push is not waited out.
ENDS = {"wrong header on a stream": RST, "FIND_NODE with a key that is no peer id": FIN,
        "push of garbage": FIN, "push over 8192 B": FIN}


def content(case):
    """The bytes of a case; long ones end as they begin, but for the end of a name."""
    known = case["bytes"]
    if isinstance(known, str):
        return bytes.fromhex(known)
    head = bytes.fromhex(known["head"])
    return head + head[-1:] * (known["length"] - len(head) - 1) + (
        b"\n" if case["layer"] == "multistream" else head[-1:])


def cases(*layers):
    return [case for case in CASES if case["layer"] in layers]


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = peers.Peer(PROGRAM, "--key", peers.KEYS["B"]["private"])
        # What takes too long goes on beside the other tests.
        cls.slow = [Connection(cls.node.addr) for _ in range(4)]
        cls.slow[1].send(bytes.fromhex(FIRST)[:7])
        cls.slow[2].choose(raw.NOISE)
        cls.slow[3].choose(raw.NOISE)
        cls.slow[3].send(b"\x00\x20")

    @classmethod
    def tearDownClass(cls):
        assert cls.node.stop() == 0, "a sanitizer ended our node"

    def tearDown(self):
        """Whatever was done to it, it serves the next one and has forgotten the last."""
        with self.connect().secure() as connection:
            self.assertTrue(connection.is_alive())
        self.assertTrue(peers.eventually(
            lambda: self.node.ask("counters")["connections"] == 0))

    def connect(self):
        return Connection(self.node.addr)

    def outcome(self, connection, seconds=SHORT):
        """What comes on TCP until it ends: (the bytes, whether it ended)."""
        connection.socket.settimeout(seconds)
        got = b""
        try:
            while part := connection.socket.recv(4096):
                got += part
        except TimeoutError:
            return got, False
        except ConnectionError:
            pass
        return got, True

    # -- on the way up

    def check_answer(self, connection, case):
        """Closed, or the same answer as p2pd's."""
        got, ended = self.outcome(connection)
        told = case["p2pd"]
        if told.endswith(" B"):
            self.assertEqual((f"sends {len(got)} B", ended), (told, False))
        elif told.startswith("sends"):
            self.assertEqual((got.hex(), ended), (FIRST + told.split()[1], False))
        else:
            self.assertTrue(ended)

    def test_multistream(self):
        for case in cases("multistream"):
            if "then silence" in case["note"]:
                continue  # one of the slow
            with self.subTest(note=case["note"]), self.connect() as connection:
                connection.send(content(case))
                self.check_answer(connection, case)

    def test_messages_of_the_handshake(self):
        for case in cases("noise"):
            if not case["bytes"] or "transport" in case["note"]:
                continue
            with self.subTest(note=case["note"]), self.connect() as connection:
                connection.choose(raw.NOISE)
                connection.send(content(case))
                self.check_answer(connection, case)

    def test_payloads_of_the_handshake(self):
        me, itself = Identity(), Identity(bytes.fromhex(peers.KEYS["B"]["private"])[4:36])
        for case in cases("noise"):
            note = case["note"]
            if case["bytes"]:
                continue
            who = itself if "same identity" in note else me
            say = PAYLOADS.get(note, lambda me, static: me.payload(static, EARLY))
            with self.subTest(note=note), self.connect() as connection:
                connection.choose(raw.NOISE)
                connection.shake_hands(lambda static: say(who, static), SPOILT.get(note))
                if "accepted" not in case["p2pd"] or who is itself:  # we do not talk to ourselves
                    self.assertTrue(self.outcome(connection)[1])
                    continue
                if "multistream" in note:
                    connection.agree_on_yamux()
                self.assertTrue(connection.is_alive())

    def test_the_slow_are_given_up(self):
        for connection in self.slow:
            with connection:
                self.assertTrue(self.outcome(connection, UPGRADE + 5)[1])

    # -- after it

    def test_frames(self):
        for case in cases("noise", "yamux"):
            if case["layer"] == "noise" and "transport" not in case["note"]:
                continue
            with self.subTest(note=case["note"]), self.connect().secure() as connection:
                if case["layer"] == "noise":
                    connection.send(content(case))
                else:
                    connection.write(content(case))
                self.assertEqual(connection.is_alive(), "session lives" in case["p2pd"])

    def test_streams(self):
        for case in cases("stream", "ping", "identify", "kad"):
            note = case["note"]
            with self.subTest(note=note), self.connect().secure() as connection:
                name = PUSH if "push" in note else PROTOCOLS[case["layer"]]
                connection.open_stream(1, name, content(case))
                if "FIN" in note or "push" in note:
                    connection.write(yamux_frame(WINDOW, FIN, 1, 0))
                got, end = connection.listen_to(1)
                self.assertEqual(end, ENDS.get(note) or (RST if "RST" in case["p2pd"] else FIN))
                if "no peer id" in note:
                    self.assertEqual(got[-5:].hex(), case["p2pd"].split()[1].strip(","))
                self.assertTrue(connection.is_alive())

    def test_a_flood_of_streams(self):
        for name in (None, raw.PING, IDENTIFY, KAD, b"/nothing"):
            with self.subTest(name=name), self.connect().secure() as connection:
                for number in range(1, 2 * STREAMS, 2):
                    if name:
                        connection.open_stream(number, name)
                    else:
                        connection.write(yamux_frame(WINDOW, SYN, number, 0))
        with self.connect().secure() as connection:
            self.assertTrue(connection.is_alive())

    def test_random_bytes_at_every_layer(self):
        rnd = random.Random(SEED)
        for number in range(RANDOM):
            data = rnd.randbytes(rnd.randrange(1, 400))
            for layer in ("tcp", "noise", "transport", "yamux", "stream", "kad", "push"):
                with self.subTest(seed=SEED, number=number, layer=layer):
                    self.send_at(layer, data)
            for method in ("ping", "store", "find"):
                with self.subTest(seed=SEED, number=number, method=method):
                    self.send_at(f"DHTProtocol.rpc_{method}", data)

    def send_at(self, layer, data):
        with self.connect() as connection:
            if layer == "noise":
                connection.choose(raw.NOISE)
            if layer in ("tcp", "noise"):
                connection.send(data)
                return
            connection.secure(muxer=len(data) % 2 == 0)
            if layer == "transport":
                connection.send(data)
            elif layer == "yamux":
                connection.write(bytes([0, data[0] % 4, 0]) + data)
            else:
                name = {"stream": None, "kad": KAD, "push": PUSH}.get(layer, layer.encode())
                connection.open_stream(1, name, data)
                connection.write(yamux_frame(WINDOW, FIN, 1, 0))
                self.assertTrue(connection.is_alive())


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    sys.stdout.reconfigure(line_buffering=True)
    unittest.main(verbosity=1)
