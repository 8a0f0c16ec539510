#!/usr/bin/env python3
"""Our node among real libp2p peers: dialled and dialling, known and found.

usage: test_node.py PROGRAM [TEST…]       PROGRAM: the built node.c
"""
import os
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor

import p2pd
import peers

WINDOW = 256 * 1024  # of a yamux stream before it is updated
SIZES = (1, WINDOW, WINDOW + 1, 5 << 20)
KAD = "-dhtServer=1"
# Of an older daemon everything is asked, of the others nothing again.
KINDS = ("p2pd",) if peers.HIVEMIND == peers.OLDER else (
    "p2pd", "js", *filter(peers.installed, peers.OTHERS))
NO_ECHO = TELLS_SLASHES_ONLY = ("rust",)
OURS = {"/ipfs/id/1.0.0", "/ipfs/id/push/1.0.0", "/ipfs/ping/1.0.0", "/ipfs/kad/1.0.0", peers.ECHO,
        "/libp2p/circuit/relay/0.2.0/stop"}
HIVEMIND = {f"DHTProtocol.rpc_{name}" for name in ("ping", "store", "find")}
# At once; Go and JavaScript take no more of one protocol from one peer.
STREAMS = {"p2pd": 200, "go": 64, "js": 32}
CONNECTIONS = 40


def transport(addr):
    return addr.split("/p2p/")[0]


def loopback(addr):
    return transport(addr).startswith("/ip4/127.0.0.1/tcp/")


class Node(unittest.TestCase):
    def peer(self, kind, *words, **options):
        if kind == "p2pd":
            words = (KAD, *words)
        made = peers.start(kind, *words, **options)
        made.kind = kind
        self.addCleanup(made.stop)
        return made

    def node(self, *words, key=None):
        if key:
            words = ("--key", peers.KEYS[key]["private"], *words)
        made = peers.Peer(PROGRAM, *words)
        made.kind = "ours"
        self.addCleanup(self.check_end, made)
        return made

    def check_end(self, node):
        """A sanitizer that found something ends it with another status."""
        self.assertEqual(node.stop(), 0)

    def connected(self, peer):
        return {other["id"] for other in peer.ask("peers")["peers"]}

    def ask(self, asker, do, asked):
        """js-libp2p has one ping and one identify at a time, and begins with its own."""
        refusal = []

        def answer():
            try:
                return asker.ask(do, peer=asked.addr)
            except peers.Refused as error:
                refusal[:] = [error]
                return None

        found = peers.eventually(answer, 5 if "js" in (asker.kind, asked.kind) else 0)
        if not found:
            raise refusal[0]
        return found

    # -- one connection, either side the dialler

    def check_what_we_know(self, node, peer):
        found = self.ask(node, "identify", peer)
        self.assertTrue(found["agent"])
        self.assertIn("/ipfs/ping/1.0.0", found["protocols"])
        self.assertIn(transport(peer.addr), map(transport, found["addrs"]))
        self.assertTrue(loopback(found["observed"]), found)

    def check_what_it_knows(self, peer, node, kind):
        found = self.ask(peer, "identify", node)
        self.assertEqual(found["agent"], "kwaainet/1.0.0")
        wanted = OURS if kind in TELLS_SLASHES_ONLY else OURS | HIVEMIND
        self.assertEqual(set(found["protocols"]), wanted)
        self.assertEqual(list(map(transport, found["addrs"])), [transport(node.addr)])
        if "observed" in found:  # Go's new interface does not hand it out
            self.assertTrue(loopback(found["observed"]), found)

    def check_echoes(self, asker, asked):
        for size in SIZES:
            asker.ask("echo", peer=asked.addr, bytes=size)

    def check_pair(self, kind, node, peer):
        """Every protocol in both directions, over whatever connection there is."""
        for asker, asked in ((node, peer), (peer, node)):
            self.ask(asker, "ping", asked)
            if kind not in NO_ECHO:
                self.check_echoes(asker, asked)
            self.assertIn(asked.id, self.connected(asker))
        self.check_what_we_know(node, peer)
        self.check_what_it_knows(peer, node, kind)

    def test_we_dial_each_kind(self):
        for kind in KINDS:
            with self.subTest(kind=kind):
                node, peer = self.node(), self.peer(kind)
                node.ask("connect", peer=peer.addr)
                self.check_pair(kind, node, peer)

    def test_each_kind_dials_us(self):
        for kind in KINDS:
            with self.subTest(kind=kind):
                node, peer = self.node(), self.peer(kind)
                peer.ask("connect", peer=node.addr)
                self.check_pair(kind, node, peer)

    def test_both_dial_at_the_same_time(self):
        for kind in KINDS:
            with self.subTest(kind=kind):
                node, peer = self.node(), self.peer(kind)
                with ThreadPoolExecutor() as pool:
                    other = pool.submit(self.ask, peer, "ping", node)
                    self.ask(node, "ping", peer)
                other.result()
                self.check_pair(kind, node, peer)

    # -- identities

    def test_each_type_of_key_is_theirs(self):
        node = self.node()
        for kind in KINDS:
            for name, key in peers.KEYS.items():
                if kind == "js" and key["type"] == "ECDSA":
                    continue  # js-libp2p knows no such identity
                with self.subTest(kind=kind, key=key["type"], name=name):
                    peer = self.peer(kind, "--key", name)
                    self.assertEqual(peer.id, key["id"])
                    self.ask(node, "ping", peer)
                    self.ask(peer, "ping", node)
                    self.assertIn(key["id"], self.connected(node))
                    self.assertEqual(peer.stop(), 0)

    def test_ours_is_ed25519_or_rsa(self):
        for kind in KINDS:
            peer = self.peer(kind)
            for name in ("A", "R"):
                with self.subTest(kind=kind, key=name):
                    dialled, dialling = self.node(key=name), self.node(key=name)
                    self.assertEqual(dialled.id, peers.KEYS[name]["id"])
                    self.ask(peer, "ping", dialled)
                    self.assertEqual(dialled.stop(), 0)
                    self.ask(dialling, "ping", peer)
                    self.assertIn(dialled.id, self.connected(peer))
                    dialling.stop()
                    self.assertTrue(peers.eventually(
                        lambda: dialled.id not in self.connected(peer)))

    def test_a_wrong_peer_id_is_refused(self):
        other = peers.KEYS["B"]["id"]
        for kind in KINDS:
            with self.subTest(kind=kind):
                node, peer = self.node(), self.peer(kind)
                for asker, asked in ((node, peer), (peer, node)):
                    with self.assertRaises(peers.Refused) as refusal:
                        asker.ask("ping", peer=asked.addr.replace(asked.id, other))
                    if asker is node:
                        self.assertIn(asked.id, str(refusal.exception))
                        self.assertEqual(node.ask("counters")["wrong_identities"], 1)
                    self.assertEqual(self.connected(asker), set())
                self.ask(peer, "ping", node)  # and it is still there

    # -- kad

    def finds(self, asker, sought):
        try:
            return asker.ask("find", peer=sought.id)["addrs"]
        except peers.Refused:
            return []

    def check_found(self, asker, sought):
        found = peers.eventually(lambda: self.finds(asker, sought))
        self.assertIn(transport(sought.addr), list(map(transport, found)))

    def test_we_find_a_third_peer_through_another(self):
        for kind in KINDS:
            if kind == "go":
                continue  # kad is no part of its packages
            with self.subTest(kind=kind):
                middle, sought, node = self.peer(kind), self.peer("p2pd"), self.node()
                sought.ask("connect", peer=middle.addr)
                node.ask("connect", peer=middle.addr)
                self.check_found(node, sought)
                node.ask("ping", peer=sought.id)

    def test_others_find_a_third_peer_through_us_alone(self):
        for kind in KINDS:
            if kind == "go":
                continue
            with self.subTest(kind=kind):
                node, sought, asker = self.node(), self.peer("p2pd"), self.peer(kind)
                sought.ask("connect", peer=node.addr)
                asker.ask("connect", peer=node.addr)
                self.check_found(asker, sought)

    def test_a_third_peer_finds_us_through_another(self):
        node, middle, asker = self.node(), self.peer("p2pd"), self.peer("p2pd")
        node.ask("connect", peer=middle.addr)
        asker.ask("connect", peer=middle.addr)
        self.check_found(asker, node)

    # -- many of them

    def test_many_streams_at_once(self):
        for kind in KINDS:
            if kind in NO_ECHO:
                continue
            with self.subTest(kind=kind):
                node, peer = self.node(), self.peer(kind)
                self.ask(node, "identify", peer)  # so that the connection is at rest
                node.ask("echo", peer=peer.addr, bytes=1000, count=STREAMS[kind])
                node.ask("echo", peer=peer.addr, bytes=WINDOW + 1, count=20)

    def test_many_streams_at_once_to_us(self):
        node = self.node()
        with p2pd.P2pd() as daemon:
            daemon.connect(node.addr)
            streams = [daemon.stream(node.id, peers.ECHO) for _ in range(STREAMS["p2pd"])]
            for i, stream in enumerate(streams):
                stream.sendall(i.to_bytes(2, "big") * 500)
            for i, stream in enumerate(streams):
                self.assertEqual(p2pd.read_exactly(stream, 1000), i.to_bytes(2, "big") * 500)
                stream.close()
            daemon.ping(node.id)

    def test_many_large_echoes_to_us(self):
        node = self.node()
        with p2pd.P2pd() as daemon, ThreadPoolExecutor(20) as pool:
            daemon.connect(node.addr)
            for echo in [pool.submit(daemon.echo, node.id, WINDOW + 1) for _ in range(20)]:
                echo.result()

    def test_many_connections(self):
        node = self.node()
        others = [self.node() for _ in range(CONNECTIONS)]
        real = [self.peer(kind) for kind in KINDS]
        for other in others + real:
            other.ask("connect", peer=node.addr)
        everybody = {other.id for other in others + real}  # who dials is through a moment earlier
        self.assertTrue(peers.eventually(lambda: self.connected(node) == everybody))
        for other in real:
            self.ask(other, "ping", node)
        for other in others:
            other.stop()
        self.assertTrue(peers.eventually(
            lambda: self.connected(node) == {other.id for other in real}))

    def test_a_peer_that_dies_is_lost_and_can_come_back(self):
        for kind in KINDS:
            with self.subTest(kind=kind):
                node, peer = self.node(), self.peer(kind, "--key", "B")
                self.ask(peer, "ping", node)
                peer.process.kill()
                self.assertTrue(peers.eventually(lambda: not self.connected(node)))
                peer = self.peer(kind, "--key", "B")
                self.ask(peer, "ping", node)
                self.ask(node, "ping", peer)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    peers.require("hivemind", *(("js",) if "js" in KINDS else ()))
    sys.stdout.reconfigure(line_buffering=True)
    unittest.main(verbosity=1)
