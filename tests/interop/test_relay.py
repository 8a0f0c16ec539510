#!/usr/bin/env python3
"""Being reached, and reaching others, through relays: p2pd is the relay and the other side.

usage: test_relay.py NODE [TEST…]
"""
import sys
import unittest

import peers

NODE = ""
KAD = "-dhtServer=1"
LIMIT = {"seconds": 120, "bytes": 128 * 1024}  # that p2pd grants


class Relay(unittest.TestCase):
    def peer(self, kind, *words):
        made = peers.start(kind, *words)
        self.addCleanup(made.stop)
        return made

    def node(self, *words):
        made = peers.Peer(NODE, *words)
        self.addCleanup(made.stop)
        return made

    def relays(self, count):
        return [self.peer("p2pd", KAD) for _ in range(count)]

    def held(self, node, count):
        """What the node holds, once it is that many."""
        def ask():
            found = node.ask("held")
            return found if len(found["relays"]) == count else None
        found = peers.eventually(ask)
        self.assertTrue(found, f"no {count} places are held")
        return found

    def way(self, relay, node):
        return f"{relay.addr}/p2p-circuit/p2p/{node.id}"

    def test_a_place_is_held_and_announced(self):
        relay, = self.relays(1)
        node = self.node("--relay", relay.addr)
        found = self.held(node, 1)
        self.assertEqual([{"id": relay.id, **LIMIT}], found["relays"])
        self.assertIn(f"{relay.addr}/p2p-circuit", found["announced"])

    def test_a_hidden_node_is_found_and_reached_by_its_id_alone(self):
        relay, = self.relays(1)
        node = self.node("--relay", relay.addr, "--hidden")
        self.held(node, 1)
        caller = self.peer("p2pd", KAD, "-noListenAddrs=1", "-b=1",
                           f"-bootstrapPeers={relay.addr}")
        self.assertTrue(peers.eventually(lambda: self.connects(caller, node.id)))
        caller.ask("echo", peer=node.id, bytes=5000)
        self.assertEqual([relay.id], self.brought_by(node, caller))
        ours = self.node("--hidden")
        ours.ask("connect", peer=relay.addr)
        ours.ask("echo", peer=node.id, bytes=5000)
        self.assertEqual([relay.id], self.brought_by(node, ours))

    def test_p2pd_reaches_us_through_a_relay(self):
        relay, = self.relays(1)
        node = self.node("--relay", relay.addr)
        self.held(node, 1)
        caller = self.peer("p2pd", KAD)
        caller.ask("connect", peer=self.way(relay, node))
        self.assertIn("/ipfs/ping/1.0.0", caller.ask("identify", peer=node.id)["protocols"])
        caller.ask("ping", peer=node.id)
        caller.ask("echo", peer=node.id, bytes=50000)
        self.assertIn(relay.id, self.brought_by(node, caller))

    @staticmethod
    def brought_by(node, caller):
        return [peer["relay"] and peer["relay"]["id"] for peer in node.ask("peers")["peers"]
                if peer["id"] == caller.id]

    def test_calls_of_hivemind_reach_us_through_a_relay(self):
        relay, = self.relays(1)
        node = self.node("--relay", relay.addr)
        self.held(node, 1)
        swarm = self.peer("swarm", "--nodes", "0", "--models", "none")
        way = self.way(relay, node)
        # hivemind takes the first id of an address for the peer's: it asks the relay, and goes on
        swarm.ask("join", name="caller", peer=way, client=True, strict=False)
        self.assertTrue(swarm.ask("ping", name="caller", peer=way)["node_id"])

    def test_our_calls_reach_a_node_through_a_relay(self):
        relay, = self.relays(1)
        hidden, caller = self.node("--relay", relay.addr), self.node()
        self.held(hidden, 1)
        found = caller.ask("join", addrs=[self.way(relay, hidden)])
        self.assertEqual(["KN_OK"], [one["code"] for one in found["bootstraps"]])

    def test_several_callers_come_at_once(self):
        relay, = self.relays(1)
        node = self.node("--relay", relay.addr)
        self.held(node, 1)
        callers = [self.peer("p2pd") for _ in range(3)]
        for caller in callers:
            caller.ask("connect", peer=self.way(relay, node))
        for caller in callers:
            caller.ask("echo", peer=node.id, bytes=3000)

    def test_we_reach_a_hidden_peer(self):
        relays = self.relays(4)
        hidden = self.peer("p2pd", "--hidden", ",".join(relay.addr for relay in relays))
        node = self.node()
        ways = [self.way(relay, hidden) for relay in relays]
        self.assertTrue(peers.eventually(lambda: any(self.connects(node, way) for way in ways)))
        node.ask("ping", peer=hidden.id)
        self.assertIn("/ipfs/kad/1.0.0", node.ask("identify", peer=hidden.id)["protocols"])
        node.ask("echo", peer=hidden.id, bytes=50000)
        relayed = [peer["relay"] for peer in node.ask("peers")["peers"] if peer["id"] == hidden.id]
        self.assertEqual([LIMIT], [{key: one[key] for key in LIMIT} for one in relayed])

    @staticmethod
    def connects(node, way):
        try:
            return node.ask("connect", peer=way)["ok"]
        except peers.Refused:
            return False

    def test_two_nodes_of_ours_meet_through_a_relay(self):
        relay, = self.relays(1)
        hidden, caller = self.node("--relay", relay.addr), self.node()
        self.held(hidden, 1)
        caller.ask("connect", peer=self.way(relay, hidden))
        caller.ask("echo", peer=hidden.id, bytes=60000)
        self.assertEqual([relay.id], self.brought_by(hidden, caller))

    def test_a_direct_connection_is_preferred(self):
        relay, = self.relays(1)
        hidden, caller = self.node("--relay", relay.addr), self.node()
        self.held(hidden, 1)
        caller.ask("connect", peer=hidden.addr)
        caller.ask("connect", peer=self.way(relay, hidden))
        self.assertEqual([None], self.brought_by(hidden, caller))

    def test_a_peer_without_a_place_is_told_apart(self):
        relay, = self.relays(1)
        node = self.node()
        with self.assertRaisesRegex(peers.Refused, "no reservation"):
            node.ask("ping", peer=f"{relay.addr}/p2p-circuit/p2p/{peers.KEYS['A']['id']}")

    def test_another_relay_is_found_when_one_is_lost(self):
        first, second = self.relays(2)
        node = self.node("--relay", first.addr)
        self.held(node, 1)
        node.ask("connect", peer=second.addr)
        first.stop()
        self.assertTrue(peers.eventually(
            lambda: [one["id"] for one in node.ask("held")["relays"]] == [second.id]))
        self.assertNotIn(f"{first.addr}/p2p-circuit", node.ask("held")["announced"])


if __name__ == "__main__":
    peers.require("hivemind")
    NODE = sys.argv.pop(1)
    sys.stdout.reconfigure(line_buffering=True)
    unittest.main(verbosity=0)
