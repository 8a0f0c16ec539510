#!/usr/bin/env python3
"""A node that looks after itself: a bootstrap goes and comes back, and what the node says of it.

usage: health.py PROGRAM [TEST…]
"""
import json
import signal
import time
import unittest

import program
from program import DONE
from started import Node, first_of_a_swarm, own_network

ALONE = __name__ == "__main__" and own_network()
SMALL = "--model=TinyLlama-1.1B-Chat-v1.0"
FEW = ("--max-memory", "2GiB")
NOBODY = "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUBj2vj6vnc6iDp"
SECONDS = 8  # "said within seconds", on a machine that is busy with other tests


def settings(**values):
    """health_check_interval="1s" and so on, as flags."""
    words = []
    for key, value in values.items():
        words += ["--set", f"{key.replace('__', '.')}={value}"]
    return words


QUICK = settings(health__check_interval="300ms", health__timeout="1s",
                 health__failure_threshold="2")
# Nothing but what the test is about brings the node back.
PATIENT = settings(dht__announce_interval="10m", health__check_interval="10m",
                   health__failure_threshold="1", health__timeout="1s")


class Case(program.Case):
    def setUp(self):
        super().setUp()
        self.homes = []
        for _ in range(2):
            home = program.Home()
            self.addCleanup(home._folder.cleanup)
            self.homes.append(home)

    def keep(self, node):
        self.addCleanup(node.__exit__)
        return node

    def first(self, *words, home=0):
        return self.keep(first_of_a_swarm(self.homes[home], SMALL, *FEW, *words))

    def start(self, *words, home=None):
        return self.keep(Node(home or self.h, SMALL, *FEW, *words))

    def again(self, node, home=0):
        """The same bootstrap, at the same place."""
        return self.first("--port", node.told("listening")["port"], home=home)

    def leave(self, node):
        self.assertEqual(node.end(), DONE, node.err)
        self.assertNotRegex(node.err, "Sanitizer|runtime error")

    def health(self):
        return json.loads(self.expect(self.h.run("status --json"), DONE)[1])["health"]

    def check(self, name):
        return next(one for one in self.health()["checks"] if one["name"] == name)

    def eventually(self, true):
        end = time.monotonic() + SECONDS
        while not true():
            self.assertLess(time.monotonic(), end, self.health())

    def stop(self, node):
        """It is gone without a word, as when a machine loses its power."""
        node.process.send_signal(signal.SIGKILL)
        node.ended()


class Bootstraps(Case):
    # proves: FR-2/health.check_interval, FR-2/health.timeout, FR-2/health.failure_threshold
    def test_row_8_a_bootstrap_that_goes_is_said_within_seconds(self):
        """The other node goes on saying that it is connected."""
        first = self.first()
        node = self.start("--bootstrap", first.address, *QUICK)
        node.wait("health", verdict="healthy")
        self.stop(first)
        told = node.wait("health", deadline=SECONDS, verdict="failing")
        self.assertIn("bootstraps: cut off", told["reason"])
        self.assertIn(first.address, told["reason"])
        self.assertIn("ask who runs the bootstraps", told["hint"])
        text = " ".join(self.expect(self.h.run("status"), DONE)[1].split())
        self.assertIn("health failing: bootstraps: cut off", text)
        found = self.check("bootstraps")
        self.assertEqual(found["verdict"], "failing")
        self.again(first)
        node.wait("health", deadline=SECONDS, verdict="healthy")
        self.assertIsNone(self.health()["reconnect"])
        self.leave(node)

    def test_row_8_by_default_it_is_said_within_seconds_too(self):
        """Nobody waits for the next minute: the lost connection is a hint."""
        first = self.first()
        node = self.start("--bootstrap", first.address)
        node.wait("visible", visible_on=1)
        self.stop(first)
        told = node.wait("health", deadline=25, verdict="failing")
        self.assertIn("cut off", told["reason"])
        self.leave(node)

    def test_one_of_two_bootstraps_goes(self):
        first, second = self.first(), self.first(home=1)
        node = self.start("--bootstrap", first.address, "--bootstrap", second.address, *QUICK)
        node.wait("health", verdict="healthy")
        self.stop(second)
        told = node.wait("health", deadline=SECONDS, verdict="degraded")
        self.assertIn("bootstraps: 1 of 2 bootstraps answers", told["reason"])
        self.assertIn(second.address, told["reason"])
        self.again(second, home=1)
        node.wait("health", deadline=SECONDS, verdict="healthy")
        self.leave(node)

    def test_a_bootstrap_that_comes_late_is_met(self):
        """It was not there at the start: only who looks again ever stores records at it."""
        first, second = self.first(), self.first(home=1)
        self.leave(second)
        node = self.start("--bootstrap", first.address, "--bootstrap", second.address, *QUICK,
                          "--port", "8099", *settings(dht__announce_interval="2s"))
        node.wait("visible", visible_on=1)
        self.again(second, home=1)
        node.wait("visible", visible_on=2)
        self.leave(node)

    def test_row_8_a_bootstrap_that_was_never_there(self):
        node = self.start("--bootstrap", f"/ip4/127.0.0.1/tcp/1/p2p/{NOBODY}", *QUICK)
        told = node.wait("health", deadline=SECONDS, verdict="failing")
        self.assertIn("nothing listens at 127.0.0.1:1", told["reason"])
        self.leave(node)

    def test_other_peers_are_there_still(self):
        first = self.first()
        other = self.start("--bootstrap", first.address, home=self.homes[1])
        other.wait("visible", visible_on=1)
        node = self.start("--bootstrap", first.address, *QUICK,
                          *settings(dht__announce_interval="1s"))
        node.wait("health", verdict="healthy")
        self.eventually(lambda: json.loads(self.h.run("status --json")[1])["peers"] == 2)
        self.stop(first)
        told = node.wait("health", deadline=SECONDS, verdict="degraded")
        self.assertIn("no bootstrap answers, 1 other peer does", told["reason"])
        self.leave(node)


class Status(Case):
    # proves: FR-2/health.check_interval
    def test_row_31_health_of_a_running_node_is_shown(self):
        """The other node answers: start the node first."""
        node = self.start("--set", "network.new_swarm=true", *QUICK)
        node.wait("health", verdict="healthy")
        health = self.health()
        self.assertEqual([one["name"] for one in health["checks"]],
                         ["event loop", "bootstraps", "visibility", "clock", "reachability",
                          "memory", "disk", "announcements", "blocks"])
        verdicts = {one["name"]: one["verdict"] for one in health["checks"]}
        for name in ("event loop", "memory", "disk"):
            self.assertEqual(verdicts[name], "healthy")
        for name in ("bootstraps", "clock", "announcements"):  # nobody is there to ask
            self.assertEqual(verdicts[name], "unknown")
        self.assertIn("healthy", self.expect(self.h.run("status"), DONE)[1])
        self.leave(node)

    def test_a_node_that_does_not_look(self):
        node = self.start("--set", "network.new_swarm=true",
                          *settings(health__enabled="false", health__check_interval="100ms"))
        node.wait("state", state="JOINING")
        health = self.health()
        self.assertEqual(health["verdict"], "unknown")
        self.assertIn("health.enabled is false", health["reason"])
        self.assertEqual(health["checks"], [])
        self.leave(node)
        self.assertNotIn("health", node.names())

    def test_memory_beyond_the_bound_is_failing(self):
        node = self.start("--set", "network.new_swarm=true", "--max-memory", "2MiB", *QUICK)
        told = node.wait("health", verdict="failing")
        self.assertIn("memory: ", told["reason"])
        self.assertIn("2 MiB of resources.max_memory_gb", told["reason"])
        self.leave(node)


class Reconnect(Case):
    def lost(self, **reconnect):
        """(a bootstrap that is down, a node that knows it)"""
        first = self.first()
        words = {f"health__reconnect__{key}": value for key, value in reconnect.items()}
        node = self.start("--bootstrap", first.address, *PATIENT, *settings(**words))
        node.wait("visible", visible_on=1)
        self.eventually(lambda: self.health()["verdict"] == "healthy")
        self.stop(first)
        node.wait("health", deadline=SECONDS, verdict="failing")
        return first, node

    def test_it_comes_back_without_a_restart(self):
        first, node = self.lost(strategy="fixed", initial_delay="200ms", jitter="false",
                                max_attempts="0")
        self.eventually(lambda: self.health()["reconnect"]["attempts"] >= 2)
        self.again(first)
        node.wait("announced", deadline=SECONDS)
        node.wait("health", verdict="healthy")
        self.leave(node)

    def test_it_stays_away_when_reconnecting_is_off(self):
        """Then the rule of before holds: the next announcement brings it back."""
        first, node = self.lost(enabled="false", strategy="fixed", initial_delay="100ms")
        self.again(first)
        self.assertFalse(self.health()["reconnect"]["enabled"])
        self.assertIsNone(self.health()["reconnect"]["again_s"])
        with self.assertRaises(TimeoutError):
            node.wait("announced", deadline=1.5)
        self.assertEqual(self.health()["reconnect"]["attempts"], 0)
        self.leave(node)

    def test_it_gives_up_and_says_so(self):
        _, node = self.lost(strategy="exponential", initial_delay="50ms", max_delay="200ms",
                            multiplier="2", max_attempts="3")
        node.wait("health", deadline=SECONDS, gave_up=True)
        reconnect = self.health()["reconnect"]
        self.assertEqual((reconnect["attempts"], reconnect["gave_up"]), (3, True))
        self.assertIn("3 attempts to reconnect, given up",
                      self.expect(self.h.run("status"), DONE)[1])
        self.leave(node)


class Live(Case):
    """health.* of the file, changed while the node runs: seen in what it does."""

    def write(self, **values):
        self.h.config.write_text("health:\n" + "".join(
            f"  {key}: {json.dumps(value)}\n" for key, value in values.items()))

    def change(self, **values):
        self.write(**values)
        self.expect(self.h.run("reload"), DONE)

    def test_looking_is_switched_on_and_off(self):
        self.write(enabled=False, check_interval="100ms")
        node = self.start("--set", "network.new_swarm=true")
        node.wait("state", state="JOINING")
        self.assertEqual(self.health()["checks"], [])
        self.change(enabled=True, check_interval="100ms")
        node.wait("health", verdict="healthy")
        self.change(enabled=False, check_interval="100ms")
        self.assertEqual(self.health()["verdict"], "unknown")
        self.leave(node)

    def test_how_often_and_how_many(self):
        """Ten minutes until the next look become an instant, a thousand failures one."""
        first = self.first()
        self.write(check_interval="10m", failure_threshold=1000, timeout="10s")
        node = self.start("--bootstrap", first.address, *settings(dht__announce_interval="10m"))
        node.wait("visible", visible_on=1)
        self.eventually(lambda: self.health()["verdict"] == "healthy")
        self.stop(first)
        self.eventually(lambda: self.check("bootstraps")["doubts"] > 0)
        self.assertEqual(self.health()["verdict"], "healthy")
        self.change(check_interval="100ms", failure_threshold=1, timeout="200ms")
        node.wait("health", deadline=SECONDS, verdict="failing")
        self.leave(node)

    def test_how_it_reconnects(self):
        first = self.first()
        usual = {"check_interval": "10m", "failure_threshold": 1, "timeout": "1s"}
        self.write(**usual, reconnect={"enabled": False})
        node = self.start("--bootstrap", first.address, *settings(dht__announce_interval="10m"))
        node.wait("visible", visible_on=1)
        self.eventually(lambda: self.health()["verdict"] == "healthy")
        self.stop(first)
        node.wait("health", deadline=SECONDS, verdict="failing")
        self.change(**usual, reconnect={"initial_delay": "1ms", "strategy": "fixed",
                                        "max_attempts": 2})
        node.wait("health", deadline=SECONDS, gave_up=True)
        self.assertEqual(self.health()["reconnect"]["attempts"], 2)
        for values in ({"max_delay": "20m", "initial_delay": "20m", "strategy": "fixed"},
                       {"max_delay": "20m", "initial_delay": "10m", "strategy": "linear"},
                       {"max_delay": "20m", "initial_delay": "5m", "multiplier": 3}):
            self.change(**usual, reconnect={**values, "jitter": False, "max_attempts": 0})
            self.assertGreater(self.health()["reconnect"]["again_s"], 19 * 60, values)
        self.change(**usual, reconnect={"initial_delay": "100ms", "max_delay": "100ms",
                                        "max_attempts": 0})
        self.again(first)
        node.wait("health", deadline=SECONDS, verdict="healthy")
        self.leave(node)

    def test_other_bootstraps_are_asked(self):
        first, second = self.first(), self.first(home=1)
        text = "health: {{check_interval: 100ms}}\nnetwork: {{bootstrap_peers: [{}]}}\n"
        self.h.config.write_text(text.format(first.address))
        node = self.start()
        node.wait("health", verdict="healthy")
        self.h.config.write_text(text.format(second.address))
        self.expect(self.h.run("reload"), DONE)
        self.stop(first)
        self.eventually(lambda: "1 of 1" in self.check("bootstraps")["reason"])
        self.stop(second)
        self.assertIn(second.address, node.wait("health", verdict="failing")["reason"])
        self.leave(node)


class Screen(Case):
    def test_a_person_reads_it(self):
        first = self.first()
        node = self.keep(Node(self.h, SMALL, *FEW, "--bootstrap", first.address, *QUICK,
                              json_lines=False))
        text = ""
        while "Visible" not in text:
            text += node.line()
        self.eventually(lambda: self.health()["verdict"] == "healthy")
        self.stop(first)
        while "Health: failing: bootstraps: cut off" not in " ".join(text.split()):
            text += node.line()
        self.again(first)
        while "Health: healthy again." not in text:
            text += node.line()
        self.leave(node)


if __name__ == "__main__":
    program.main()
