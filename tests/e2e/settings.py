#!/usr/bin/env python3
"""Settings, each by what it does to a node that runs, as it is seen from outside.

usage: settings.py PROGRAM [TEST…]
"""
import contextlib
import json
import re
import signal
import socket
import threading
import time

import program
from program import CONFIGURATION, DONE, FAILED
from started import Node, first_of_a_swarm, own_network
from tiny_case import TinyCase

ALONE = __name__ == "__main__" and own_network()
DHT_WAITS = 3  # seconds for an answer, where nothing says less
UNREACHABLE = 69
SOONER = 8  # seconds: longer than what a test sets, shorter than what stands there unset


class Case(TinyCase):
    def write(self, **sections):
        """The configuration file: sections of settings."""
        self.h.config.write_text("".join(
            f"{section}:\n" + "".join(f"  {key}: {value}\n" for key, value in settings.items())
            for section, settings in sections.items()))

    def keep(self, node):
        self.addCleanup(node.__exit__)
        return node

    def home(self):
        home = program.Home()
        self.addCleanup(home._folder.cleanup)
        return home

    def start(self, *words):
        return self.keep(first_of_a_swarm(self.h, "--no-save", *words))

    def serve(self, *words):
        node = self.start("--set", f"model.path={self.model}", "--set",
                          "model.repository=someone/tiny", *words)
        node.wait("state", state="ONLINE")
        return node

    def changed(self):
        """The keys that a reload has applied."""
        told = json.loads(self.expect(self.h.run("reload --json"), DONE)[1])
        self.assertTrue(told["ok"])
        return [one["key"] for one in told["changed"]]


class Network(Case):
    def silent(self, node):
        """Seconds until a caller that says nothing is sent away."""
        with socket.create_connection(("127.0.0.1", node.told("listening")["port"])) as caller:
            caller.settimeout(SOONER)
            began = time.monotonic()
            while caller.recv(4096):  # what it greets with
                pass
            return time.monotonic() - began

    # proves: FR-2/network.connection_timeout
    def test_a_connection_that_does_not_come_about_is_given_up_in_time(self):
        self.write(network={"connection_timeout": "30s"})
        node = self.start()
        self.write(network={"connection_timeout": "300ms"})
        self.assertEqual(self.changed(), ["network.connection_timeout"])
        self.assertGreaterEqual(self.silent(node), 0.25)

    def test_a_bootstrap_that_stays_silent_costs_no_more_than_that(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            address = (f"/ip4/127.0.0.1/tcp/{silent.getsockname()[1]}/p2p/"
                       "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUBj2vj6vnc6iDp")
            node = self.keep(Node(self.h, "--no-save", "--bootstrap", address, "--set",
                                  "network.connection_timeout=300ms"))
            told = node.wait("bootstrap")
        self.assertFalse(told["ok"])
        self.assertIn("the peer did not finish the handshake within 0.", told["error"])

    # proves: FR-2/network.request_timeout
    def test_a_request_that_is_not_answered_is_given_up_in_time(self):
        first = self.keep(first_of_a_swarm(self.home(), "--no-save"))
        self.write(network={"request_timeout": "60s"}, dht={"announce_interval": "1s"},
                   model={"path": self.model, "repository": "someone/tiny"})
        node = self.keep(Node(self.h, "--no-save", "--bootstrap", first.address))
        node.wait("announced")
        self.write(network={"request_timeout": "100ms"}, dht={"announce_interval": "1s"},
                   model={"path": self.model, "repository": "someone/tiny"})
        self.assertEqual(self.changed(), ["network.request_timeout"])
        first.process.send_signal(signal.SIGSTOP)
        stopped = time.time()
        told = node.wait("announced", acknowledged=0)
        self.assertLess(told["time"] - stopped, DHT_WAITS)
        first.process.send_signal(signal.SIGCONT)

    def join(self, **settings):
        """A node that serves the tiny model, in a swarm of two."""
        first = self.keep(first_of_a_swarm(self.home(), "--no-save"))
        self.write(model={"path": self.model, "repository": "someone/tiny"}, **settings)
        node = self.keep(Node(self.h, "--no-save", "--bootstrap", first.address))
        node.wait("joined")
        return first, node

    def test_nothing_is_announced_before_others_were_asked_whether_they_reach_it(self):
        reach = {"check_reachability": "true", "address_timeout": "1h"}
        first, node = self.join(network=reach)
        node.wait("serving", stage="serving")
        told = self.status()
        self.assertEqual((told["announced"], told["silence"], told["reach"]["verdict"]),
                         (None, "others are asked first whether they reach this node", "unknown"))
        self.assertNotIn("announced", node.names())
        self.expect(self.second.run("network", "coverage", "tiny-hf", "--bootstrap", first.address),
                    FAILED, 'no model in the swarm is called "tiny-hf"')
        self.write(model={"path": self.model, "repository": "someone/tiny"},
                   network={**reach, "address_timeout": "10ms"})
        self.assertEqual(self.changed(), ["network.address_timeout"])
        node.wait("visible", visible_on=1)  # nobody could tell
        self.assertEqual([block["online"] for block in self.coverage(first)], [1] * 4)
        self.assertIsNone(self.status()["silence"])

    def test_who_does_not_want_to_know_any_more_is_announced_at_once(self):
        _, node = self.join(network={"check_reachability": "true", "address_timeout": "1h"})
        self.write(model={"path": self.model, "repository": "someone/tiny"},
                   network={"check_reachability": "false", "address_timeout": "1h"})
        self.assertEqual(self.changed(), ["network.check_reachability"])
        node.wait("visible", visible_on=1)

    def test_a_map_is_a_link_in_the_status_as_long_as_there_is_one(self):
        self.write(network={"map_endpoint": "https://map.example.org"})
        node = self.start()
        self.assertEqual(self.status()["map"], "https://map.example.org")
        self.expect(self.h.run("status"), DONE, "map https://map.example.org")
        self.write(network={"map_endpoint": "https://other.example.org"})
        self.assertEqual(self.changed(), ["network.map_endpoint"])
        self.assertEqual(self.status()["map"], "https://other.example.org")
        self.write(network={"map_endpoint": "off"})
        self.changed()
        self.assertIsNone(self.status()["map"])
        self.assertEqual(node.end(), DONE, node.err)

    # proves: FR-2/state.using_relay
    def test_a_relay_that_somebody_claims_is_held_against_what_is_measured(self):
        self.write(state={"using_relay": "true"})
        node = self.start()
        told = self.status()
        self.assertFalse(told["reach"]["using_relay"])
        problem, = told["problems"]
        self.assertEqual((problem["key"], problem["line"]), ("state.using_relay", 2))
        self.assertIn("do not come through a relay", problem["message"])
        self.expect(self.h.run("status"), DONE, "do not come through a relay")
        self.write(state={"using_relay": "false"})
        self.assertEqual(self.changed(), ["state.using_relay"])
        self.assertEqual(self.status()["problems"], [])
        self.assertEqual(node.end(), DONE, node.err)


class SlowDoor:
    """A port that passes on what comes, each piece later by so many seconds."""

    def __init__(self, port, late):
        self.late, self.target = late, port
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                ends = [self.server.accept()[0],
                        socket.create_connection(("127.0.0.1", self.target))]
            except OSError:
                return
            for one, other in (ends, reversed(ends)):
                threading.Thread(target=self.carry, args=(one, other), daemon=True).start()

    def carry(self, source, sink):
        with contextlib.suppress(OSError), source:
            while piece := source.recv(65536):
                time.sleep(self.late)  # it is what is tested
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)


class Joining(Case):
    # proves: FR-2/dht.bootstrap_timeout
    def test_a_slow_bootstrap_is_joined_by_who_may_wait_for_it(self):
        first = self.keep(first_of_a_swarm(self.home(), "--no-save"))
        door = SlowDoor(first.told("listening")["port"], late=0.3)
        self.addCleanup(door.server.close)
        address = first.address.replace(f"/tcp/{door.target}/", f"/tcp/{door.port}/")
        short = {"discovery_timeout": "200ms", "bootstrap_timeout": "200ms"}
        self.write(dht=short)
        node = self.keep(Node(self.h, "--no-save", "--bootstrap", address))
        node.wait("planned")
        node.wait("bootstrap", ok=False)
        self.write(dht={**short, "bootstrap_timeout": "20s"})
        self.assertEqual(self.changed(), ["dht.bootstrap_timeout"])
        node.wait("joined")
        node.wait("announced")


class Dht(Case):
    def records(self, home):
        """That a node keeps."""
        out = self.expect(home.run("status --metrics"), DONE)[1]
        return int(re.search(r"^kwaainet_dht_records (\d+)$", out, re.M).group(1))

    # proves: FR-2/network.enable_dht
    def test_who_takes_no_part_in_the_dht_is_seen_and_lets_nobody_in(self):
        first = self.keep(first_of_a_swarm(self.home(), "--no-save"))
        words = ("--no-save", "--bootstrap", first.address, "--set", f"model.path={self.model}",
                 "--set", "model.repository=someone/tiny")
        for serves, home in ((False, self.h), (True, self.home())):
            node = self.keep(Node(home, *words, "--set", f"network.enable_dht={serves}".lower()))
            node.wait("visible", visible_on=1)
            got = self.second.run("network", "models", "--json", "--bootstrap", node.address)
            told = json.loads(got[1])
            self.assertEqual([one["ok"] for one in told["bootstraps"]], [serves])
            self.assertEqual(got[0], DONE if serves else UNREACHABLE)
            self.assertEqual(self.records(home) > 0, serves)
        self.until(lambda: [block["online"] for block in self.coverage(first)] == [2] * 4)

    # proves: FR-2/network.dht_replication
    def test_a_record_is_stored_on_so_many_nodes_and_on_the_bootstrap(self):
        quiet = ("--no-save", "--set", "dht.announce=false")
        first = self.keep(Node(self.home(), *quiet, "--set", "network.new_swarm=true"))
        first.wait("joined")
        others = [self.home() for _ in range(3)]
        for home in others:
            self.keep(Node(home, *quiet, "--bootstrap", first.address)).wait("joined")
        kept = {}
        for copies in (1, 5):
            home = self.home()
            node = self.keep(Node(home, "--no-save", "--bootstrap", first.address, "--set",
                                  f"network.dht_replication={copies}", "--set",
                                  f"model.path={self.model}", "--set",
                                  "model.repository=someone/tiny"))
            told = node.wait("visible", visible_on=1)
            kept[copies] = sum(self.records(home) for home in others)
            self.assertEqual(node.end(), DONE, node.err)
        self.assertLessEqual(kept[1], told["records"])
        self.assertGreaterEqual(kept[5], 2 * told["records"])


class Plan(Case):
    def test_a_model_has_as_many_blocks_as_was_written_or_is_not_served(self):
        words = ("start", "--dry-run", "--set", "network.new_swarm=true", "--set",
                 f"model.path={self.model}", "--set", "model.repository=someone/tiny", "--set")
        self.expect(self.h.run(*words, "model.total_blocks=4"), DONE)
        self.expect(self.h.run(*words, "model.total_blocks=5"), CONFIGURATION,
                    "model.total_blocks: 5, but", "has 4 blocks", "Leave it out")


if __name__ == "__main__":
    program.main()
