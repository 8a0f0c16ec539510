#!/usr/bin/env python3
"""Getting back into a swarm: without the bootstraps, after the network or an address came back.

usage: reach.py PROGRAM [TEST…]
"""
import fcntl
import json
import signal
import socket
import struct
import time
import unittest

import program
from program import DONE
from started import (IFF_UP, SIOCGIFFLAGS, SIOCSIFFLAGS, Node, first_of_a_swarm, own_network)
from peers import KEYS  # in the folder that `started` has found

ALONE = __name__ == "__main__" and own_network()
SMALL = "--model=TinyLlama-1.1B-Chat-v1.0"  # its blocks fit every machine that runs tests
FEW = ("--max-memory", "512MiB")
OFTEN = ("--set", "dht.announce_interval=1s")
SELDOM = ("--set", "dht.announce_interval=10m")
SIOCSIFADDR = 0x8916
SOON = 2  # seconds in which a node is back


def interface(request, name, rest):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = struct.pack("16s24s", name.encode(), rest)
        return fcntl.ioctl(any_socket, request, asked)[16:]


def set_loopback(is_up):
    flags = struct.unpack_from("H", interface(SIOCGIFFLAGS, "lo", b""))[0]
    flags = flags | IFF_UP if is_up else flags & ~IFF_UP
    interface(SIOCSIFFLAGS, "lo", struct.pack("H", flags))


def add_address(text):
    interface(SIOCSIFADDR, "lo:1", struct.pack("HH4s8x", socket.AF_INET, 0,
                                               socket.inet_aton(text)))


class Case(program.Case):
    def setUp(self):
        super().setUp()
        self.homes = [self.h]
        for _ in range(2):
            home = program.Home()
            self.addCleanup(home._folder.cleanup)
            self.homes.append(home)

    def keep(self, node):
        self.addCleanup(node.__exit__)
        return node

    def first(self, *words):
        return self.keep(first_of_a_swarm(self.homes[1], SMALL, *FEW, *words))

    def start(self, bootstrap, *words, home=None):
        return self.keep(Node(home or self.h, "--bootstrap", bootstrap, SMALL, *FEW, *words))

    def interrupt(self, node):
        self.assertEqual(node.end(signal.SIGINT), DONE, node.err)
        self.assertNotRegex(node.err, "Sanitizer|runtime error")

    def peers_file(self, home=None):
        return (home or self.h).home / ".kwaainet" / "known_peers.txt"


class KnownPeers(Case):
    """The bootstrap has gone; another node of its swarm is still there."""

    def swarm(self):
        """(the bootstrap, its neighbour), and our node has met both and left again."""
        first = self.first()
        other = self.start(first.address, *OFTEN, home=self.homes[2])
        other.wait("visible", visible_on=1)
        node = self.start(first.address)
        self.assertFalse(self.peers_file().exists())
        node.wait("visible", visible_on=1)
        self.interrupt(node)
        self.assertIn(other.told("listening")["peer_id"], self.peers_file().read_text())
        return first, other

    def test_a_later_start_gets_in_without_the_bootstrap(self):
        first, other = self.swarm()
        first.process.kill()
        first.process.wait()
        node = self.start(first.address)
        joined = node.wait("joined")
        self.assertLess(joined["time"] - node.told("listening")["time"], SOON)
        seen = node.wait("visible", visible_on=1)
        self.assertEqual(seen["acknowledged"], seen["records"])
        status, out, err = self.homes[0].run("network", "models", "--json", "--bootstrap",
                                             other.address)
        self.assertEqual(status, DONE, err)
        model, = json.loads(out)["models"]
        self.assertEqual(model["providers_joining"], 3)  # one of them is dead, and still listed
        self.interrupt(node)

    def test_a_person_reads_through_whom(self):
        first, _ = self.swarm()
        first.process.kill()
        first.process.wait()
        node = self.keep(Node(self.h, "--bootstrap", first.address, SMALL, *FEW,
                              json_lines=False))
        text = ""
        while "Connected to the DHT network" not in text:
            text += node.line()
            self.assertTrue(node.process.poll() is None, text)
        self.assertIn("through a node that an earlier start met", text)
        self.interrupt(node)

    def test_those_that_are_gone_or_silent_do_not_stand_in_the_way(self):
        first, other = self.swarm()
        first.process.kill()
        first.process.wait()
        head = self.peers_file().read_text().splitlines()[0]
        with socket.socket() as nobody, socket.create_server(("127.0.0.1", 0)) as silent:
            nobody.bind(("127.0.0.1", 0))  # and does not listen
            lines = [f"/ip4/127.0.0.1/tcp/{door.getsockname()[1]}/p2p/{KEYS[name]['id']}"
                     for name, door in zip("ABRS", (nobody, nobody, nobody, silent))]
            self.peers_file().write_text("\n".join([head, *(
                f"{line} {int(time.time())}" for line in (*lines, other.address)), ""]))
            node = self.start(first.address)
            joined = node.wait("joined")
            waited = joined["time"] - node.told("listening")["time"]
            self.assertLess(waited, SOON + 1)
            self.interrupt(node)

    def test_the_bootstrap_is_met_again_when_it_comes_back(self):
        first, _ = self.swarm()
        port = first.told("listening")["port"]
        first.process.kill()
        first.process.wait()
        node = self.start(first.address, *OFTEN)
        node.wait("visible", visible_on=1)
        again = self.keep(first_of_a_swarm(self.homes[1], SMALL, *FEW, "--port", port))
        node.wait("bootstrap", ok=True)
        node.wait("visible", visible_on=1)
        self.interrupt(node)
        self.interrupt(again)

    def test_another_set_of_bootstraps_is_another_swarm(self):
        first, other = self.swarm()
        kept = self.peers_file().read_bytes()
        first.process.kill()
        first.process.wait()
        stranger = first.address.replace(first.told("listening")["peer_id"],
                                         other.told("listening")["peer_id"])
        node = self.start(stranger)
        for _ in range(3):
            node.wait("bootstrap", ok=False)
        self.assertNotIn("joined", node.names())
        self.interrupt(node)
        self.assertEqual(self.peers_file().read_bytes(), kept)

    def test_a_file_that_makes_no_sense_is_set_aside(self):
        first = self.first()
        folder = self.peers_file().parent
        folder.mkdir(mode=0o700)
        for text in (b"peers:\n  - a\n", b"\0" * 9, b"kwaainet-peers 1\xff", b"x" * (1 << 21)):
            with self.subTest(text=text[:20]):
                self.peers_file().write_bytes(text)
                node = self.start(first.address)
                node.wait("visible", visible_on=1)
                self.interrupt(node)
                self.assertEqual((folder / "known_peers.txt.broken").read_bytes(), text)
                self.assertIn(first.told("listening")["peer_id"], self.peers_file().read_text())

    def test_a_dry_run_leaves_it_where_it_is(self):
        first = self.first()
        folder = self.peers_file().parent
        folder.mkdir(mode=0o700)
        self.peers_file().write_bytes(b"peers:\n  - a\n")
        node = self.start(first.address, "--dry-run")
        node.wait("ended", ok=True)
        self.assertEqual([one.name for one in folder.iterdir()], ["known_peers.txt"])


@unittest.skipUnless(ALONE, "no network of our own to take down")
class Changes(Case):
    def back(self, node, change):
        """The node announces at once after `change`, and is seen."""
        node.wait("visible", visible_on=1)
        began = time.time()
        change()
        announced = node.wait("announced", deadline=10)
        while announced["time"] < began or not announced["acknowledged"]:
            announced = node.wait("announced", deadline=10)
        self.assertLess(announced["time"] - began, SOON)
        node.wait("visible", visible_on=1)
        out = self.expect(self.h.run("status", "--json"), DONE)[1]
        self.assertEqual(json.loads(out)["state"], "JOINING")

    def test_a_new_address_is_told_at_once(self):
        first = self.first()
        node = self.start(first.address, *SELDOM)
        self.back(node, lambda: add_address("10.9.8.7"))
        out = self.expect(self.h.run("status", "--json"), DONE)[1]
        self.assertTrue(any("10.9.8.7" in one for one in json.loads(out)["addresses"]), out)
        self.interrupt(node)

    def test_a_network_that_was_gone_is_entered_again_at_once(self):
        first = self.first()
        node = self.start(first.address, *SELDOM)
        node.wait("visible", visible_on=1)
        set_loopback(False)
        self.addCleanup(set_loopback, True)
        with self.assertRaises(TimeoutError):
            node.wait("announced", deadline=1.5)
        began = time.time()
        set_loopback(True)
        announced = node.wait("announced", deadline=10)
        self.assertLess(announced["time"] - began, SOON)
        self.assertEqual(announced["acknowledged"], announced["records"])
        node.wait("visible", visible_on=1)
        self.interrupt(node)


if __name__ == "__main__":
    program.main()
