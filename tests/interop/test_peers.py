#!/usr/bin/env python3
"""The real peers talk to each other: what the tests of our own node build on.

usage: test_peers.py [TEST…]
"""
import itertools
import os
import signal
import sys
import tempfile
import unittest

import peers

WINDOW = 256 * 1024  # of a yamux stream before it is updated
KAD = "-dhtServer=1"
KINDS = [("p2pd", KAD), ("js",),
         *((kind,) for kind in peers.OTHERS if peers.installed(kind))]
NO_ECHO = ("rust",)


class Peers(unittest.TestCase):
    def peer(self, kind, *words, **options):
        made = peers.start(kind, *words, **options)
        self.addCleanup(made.stop)
        return made

    @staticmethod
    def ping(asker, asked):
        """Once more where it fails: js-libp2p now and then loses its first one to rust-libp2p."""
        try:
            asker.ask("ping", peer=asked.addr)
        except peers.Refused:
            asker.ask("ping", peer=asked.addr)

    def check_pair(self, asker, asked, echo):
        self.ping(asker, asked)
        found = asker.ask("identify", peer=asked.addr)
        self.assertIn("/ipfs/ping/1.0.0", found["protocols"])
        self.assertIn(asked.addr.split("/p2p/")[0], [a.split("/p2p/")[0] for a in found["addrs"]])
        for size in (1, WINDOW, WINDOW + 1, 4 * WINDOW) if echo else ():
            asker.ask("echo", peer=asked.addr, bytes=size)
        self.assertIn(asked.id, [peer["id"] for peer in asker.ask("peers")["peers"]])

    def test_each_kind_dials_each(self):
        for one, other in itertools.product(KINDS, KINDS):
            with self.subTest(asker=one[0], asked=other[0]):
                echo = one[0] not in NO_ECHO and other[0] not in NO_ECHO
                self.check_pair(self.peer(*one), self.peer(*other), echo)

    def test_each_type_of_key_is_accepted(self):
        js, daemon = self.peer("js"), self.peer("p2pd", KAD)
        for (name, key), kind in itertools.product(peers.KEYS.items(), KINDS):
            kind = kind[0]
            if key["type"] == "ECDSA" and kind == "js":
                continue  # js-libp2p knows no such identity, neither its own nor another's
            with self.subTest(key=key["type"], kind=kind):
                keyed = self.peer(kind, "--key", name)
                self.assertEqual(keyed.id, key["id"])
                self.ping(daemon, keyed)
                if key["type"] != "ECDSA":
                    self.ping(js, keyed)
                keyed.stop()

    def test_kad_finds_a_third_peer(self):
        for kind in KINDS:
            if kind[0] == "go":
                continue  # kad is no part of its packages
            with self.subTest(kind=kind[0]):
                middle = self.peer("p2pd", KAD)
                sought = self.peer("p2pd", KAD, "-b=1", f"-bootstrapPeers={middle.addr}")
                asker = self.peer(*kind)
                asker.ask("connect", peer=middle.addr)
                self.assertTrue(peers.eventually(lambda: self.finds(asker, sought)))

    @staticmethod
    def finds(asker, sought):
        try:
            return asker.ask("find", peer=sought.id)["addrs"]
        except peers.Refused:
            return False

    def test_a_hidden_peer_is_reached_through_a_relay(self):
        relays = [self.peer("p2pd", KAD) for _ in range(4)]
        hidden = self.peer("p2pd", "--hidden", ",".join(relay.addr for relay in relays))
        asker = self.peer("p2pd")
        ways = [f"{relay.addr}/p2p-circuit/p2p/{hidden.id}" for relay in relays]
        self.assertTrue(peers.eventually(lambda: any(self.connects(asker, way) for way in ways)))
        self.assertIn(hidden.id, [peer["id"] for peer in asker.ask("peers")["peers"]])

    @staticmethod
    def connects(asker, way):
        try:
            return asker.ask("connect", peer=way)["ok"]
        except peers.Refused:
            return False

    def test_a_wrong_peer_id_is_refused(self):
        asked = self.peer("p2pd")
        wrong = asked.addr.replace(asked.id, peers.KEYS["A"]["id"])
        for kind in KINDS:
            with self.subTest(kind=kind[0]), self.assertRaises(peers.Refused):
                self.peer(*kind).ask("ping", peer=wrong)

    def test_a_daemon_dies_with_its_driver(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())  # for what it cannot tidy up
        driver = self.peer("p2pd", env={**os.environ, "TMPDIR": folder})
        daemon = f"/proc/{driver.ready['daemon']}"
        self.assertTrue(os.path.exists(daemon))
        driver.process.send_signal(signal.SIGKILL)
        self.assertTrue(peers.eventually(lambda: not os.path.exists(daemon)))


if __name__ == "__main__":
    peers.require("hivemind", "js")
    sys.stdout.reconfigure(line_buffering=True)
    unittest.main(verbosity=0)
