#!/usr/bin/env python3
"""`kwaainet start` among nodes of ours, on loopback and in private homes.

usage: start.py PROGRAM [TEST…]
"""
import contextlib
import json
import os
import pty
import random
import re
import select
import signal
import socket
import struct
import sys
import termios
import fcntl
import time
import unittest
from pathlib import Path

import program
from program import CONFIGURATION, DONE, FAILED
from started import SOON, Node, first_of_a_swarm, own_network

ALONE = __name__ == "__main__" and own_network()
TRY_AGAIN = 75
FIRST, LAST = 8080, 8100
SMALL = "--model=TinyLlama-1.1B-Chat-v1.0"  # its blocks fit every machine that runs tests
FEW = ("--max-memory", "512MiB")  # some of its blocks, not all
OFTEN = ("--set", "dht.announce_interval=1s")
KILLS = 30


@contextlib.contextmanager
def held(*ports):
    """Somebody else listens there."""
    with contextlib.ExitStack() as stack:
        for port in ports:
            door = stack.enter_context(socket.create_server(("0.0.0.0", port)))
            assert door
        yield


@contextlib.contextmanager
def free_port():
    """One outside the range, which stays ours until somebody listens there."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def alone(case):
    """Only where this process has loopback for itself."""
    return unittest.skipUnless(ALONE, "no network of our own: the ports are shared")(case)


class Case(program.Case):
    def setUp(self):
        super().setUp()
        self.second = program.Home()
        self.addCleanup(self.second._folder.cleanup)

    def keep(self, node):
        self.addCleanup(node.__exit__)
        return node

    def start(self, *words, home=None, **options):
        return self.keep(Node(home or self.h, *words, **options))

    def first(self, *words, home=None):
        return self.keep(first_of_a_swarm(home or self.h, SMALL, *words))

    def assert_clean(self, node, status=DONE):
        self.assertEqual(node.ended(), status, node.err)
        self.assertNotRegex(node.err, "Sanitizer|runtime error")

    def interrupt(self, node, status=DONE):
        node.process.send_signal(signal.SIGINT)
        self.assert_clean(node, status)

    def data(self, name, home=None):
        return (home or self.h).home / ".kwaainet" / name


class Two(Case):
    def test_two_nodes_are_a_swarm_and_see_each_other(self):
        first = self.first(*OFTEN)
        self.assertEqual(first.told("announced")["acknowledged"], 0)
        second = self.start("--bootstrap", first.address, SMALL, *OFTEN, home=self.second)
        seen = second.wait("visible")
        self.assertEqual((seen["visible_on"], seen["bootstraps"]), (1, 1))
        self.assertEqual(seen["acknowledged"], seen["records"])
        plan = second.plan
        self.assertEqual(seen["records"],
                         int(plan["model.end_block"]) - int(plan["model.start_block"]) + 1)
        first.wait("announced", acknowledged=first.told("announced")["records"])
        self.assertEqual(second.told("discovery")["models"], 1)
        status, out, err = self.second.run(
            "network", "peers", "--json", "--bootstrap", first.address, "--set",
            "dht.discovery_timeout=1s")
        self.assertEqual(status, DONE, err)
        for node in (first, second):
            self.assertIn(node.told("listening")["peer_id"], out)
        for node in (second, first):
            self.interrupt(node)

    def test_who_is_visible_is_known_to_its_bootstrap(self):
        first = self.first()
        second = self.start("--bootstrap", first.address, SMALL, *OFTEN, home=self.second)
        for _ in range(3):  # reading back must not look like the call of a client
            second.wait("visible")
            status, out, err = self.h.run("network", "peers", "--json", "--bootstrap",
                                          first.address)
            self.assertEqual(status, DONE, err)
            self.assertIn(second.told("listening")["peer_id"], out)

    def test_events_come_in_their_order(self):
        first = self.first()
        second = self.start("--bootstrap", first.address, SMALL, home=self.second)
        second.wait("visible")
        self.assertEqual(second.names(), [
            "listening", "bootstrap", "state", "joined", "discovery", "calibration", "port",
            "name", "blocks", "planned", "announced", "visible"])
        self.interrupt(second)
        self.assertEqual(second.names()[12:], ["state", "ended"])
        self.assertEqual([told["state"] for told in second.events if told["event"] == "state"],
                         ["JOINING", "DRAINING"])
        times = [told["time"] for told in second.events]
        self.assertEqual(times, sorted(times))

    # proves: FR-0/0.4.5, FR-0/0.4.6
    def test_the_second_of_a_name_gets_a_number(self):
        first = self.first()
        name = first.plan["node.name"]
        second = self.start("--bootstrap", first.address, SMALL, home=self.second)
        self.assertEqual(second.wait("planned")["values"]["node.name"], f"{name}-2")

    # proves: FR-0/0.5.2.1, FR-0/0.5.2.3, FR-0/0.5.3, MS-2.3/4
    def test_the_second_takes_blocks_that_the_first_has_not(self):
        first = self.first("--set", "model.blocks=4")
        second = self.start("--bootstrap", first.address, SMALL, "--set", "model.blocks=4",
                            home=self.second)
        second.wait("planned")
        self.assertEqual((first.plan["model.start_block"], first.plan["model.end_block"]),
                         ("0", "4"))
        self.assertEqual((second.plan["model.start_block"], second.plan["model.end_block"]),
                         ("4", "8"))

    def test_two_data_folders_on_one_machine_are_two_nodes(self):
        first = self.first("--home", self.h.root / "a")
        second = self.keep(first_of_a_swarm(self.h, SMALL, "--home", self.h.root / "b"))
        for key in ("port", "peer_id"):
            self.assertNotEqual(first.told("listening")[key], second.told("listening")[key])
        for node in (first, second):
            self.interrupt(node)

    def test_one_data_folder_is_one_node(self):
        first = self.first()
        self.expect(self.h.run("start", "--set", "network.new_swarm=true"), TRY_AGAIN,
                    str(first.process.pid))
        self.assertIsNone(first.process.poll())
        self.interrupt(first)
        self.interrupt(self.first())

    def test_a_folder_is_free_again_after_its_node_was_killed(self):
        first = self.first()
        first.process.kill()
        first.process.wait()
        self.interrupt(self.first())


class Ports(Case):
    # proves: FR-0/0.3.1
    @alone
    def test_the_first_port_is_8080(self):
        self.assertEqual(self.first().told("listening")["text"], "Using port 8080")

    # proves: FR-0/0.3.3, FR-0/0.3.5
    @alone
    def test_ports_in_use_are_passed_over_and_named(self):
        with held(FIRST):
            told = self.first().told("listening")
            self.assertEqual(told["text"], "Using port 8081 (8080 was in use)")

    # proves: FR-0/0.3.3, FR-0/0.3.5, MS-2.2/2
    @alone
    def test_several_ports_in_use_are_told_as_a_range(self):
        with held(FIRST, FIRST + 1):
            told = self.first().told("listening")
        self.assertEqual(told["port"], 8082)
        self.assertEqual(told["text"], "Using port 8082 (8080-8081 were in use)")

    # proves: FR-0/0.3.2, TR-1/tcp_listener, MS-2.2/1
    @alone
    def test_a_port_that_is_taken_on_ipv6_alone_is_passed_over(self):
        with socket.socket(socket.AF_INET6) as door:
            door.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            door.bind(("::", FIRST))
            door.listen()
            self.assertEqual(self.first().told("listening")["port"], FIRST + 1)

    # proves: FR-0/0.3.4, P2/9.3, P2/10.3, MS-2.2/2
    @alone
    def test_a_full_range_is_said(self):
        with held(*range(FIRST, LAST + 1)):
            self.expect(self.h.run("start", "--set", "network.new_swarm=true"), TRY_AGAIN,
                        "Could not find available port in range 8080-8100", "--port N")

    # proves: MS-2.2/2
    @alone
    def test_the_last_port_of_the_range_is_taken(self):
        with held(*range(FIRST, LAST)):
            self.assertEqual(self.first().told("listening")["text"],
                             "Using port 8100 (8080-8099 were in use)")

    # proves: FR-0/0.3.7
    def test_a_port_that_was_asked_for_is_the_only_one(self):
        with socket.create_server(("0.0.0.0", 0)) as door:
            port = door.getsockname()[1]
            self.expect(self.h.run("start", "--set", "network.new_swarm=true", "--port", str(port)),
                        TRY_AGAIN, f"port {port} is in use")

    # proves: FR-0/0.3.6
    @alone
    def test_the_port_is_kept_for_the_next_start(self):
        other = self.first(home=self.second)
        node = self.start("--bootstrap", other.address, SMALL)
        node.wait("visible")
        self.assertEqual(node.told("listening")["port"], FIRST + 1)
        self.interrupt(node)
        self.interrupt(other)
        again = self.start("--bootstrap", other.address, SMALL)
        self.assertEqual(again.wait("listening")["text"], "Using port 8081")
        again.wait("planned")
        self.interrupt(again)
        with held(FIRST + 1):
            moved = self.start("--bootstrap", other.address, SMALL)
            self.assertEqual(moved.wait("listening")["text"],
                             "Using port 8080 (8081 was in use)")


class Nobody(Case):
    def bootstrap(self, port):
        """The address of a node that is not there yet."""
        status, out, err = self.second.run("identity", "new", "--json")
        self.assertEqual(status, DONE, err)
        return f"/ip4/127.0.0.1/tcp/{port}/p2p/{json.loads(out)['peer_id']}"

    # proves: FR-0/0.1.6, FR-0/0.5.4, NFR-1/1.3, P2/9, P2/9.1, P2/9.4
    def test_the_node_starts_with_the_fallback_and_keeps_trying(self):
        with free_port() as port:
            node = self.start("--bootstrap", self.bootstrap(port))
            planned = node.wait("planned")
            self.assertEqual(planned["values"]["model.name"], "Llama-3.3-70B-Instruct")
            self.assertIn(planned["values"].get("model.start_block"), ("0", None))
            self.assertFalse(node.told("discovery")["known"])
            for _ in range(3):
                node.wait("bootstrap", ok=False)
            self.assertNotIn("announced", node.names())
            self.interrupt(node)
        self.assertFalse(self.data("discovery_cache.yaml").exists())

    def test_a_bootstrap_that_comes_late_is_met_within_two_seconds(self):
        with free_port() as port:
            address = self.bootstrap(port)
            node = self.start("--bootstrap", address, SMALL)
            for _ in range(6):  # some 5 s, and each time it was really tried
                told = node.wait("bootstrap", ok=False)
                self.assertIn("nothing listens", told["error"])
            late = self.start("--set", "network.new_swarm=true", "--port", port, SMALL,
                              home=self.second)
        appeared = late.wait("listening")["time"]
        seen = node.wait("visible")
        self.assertEqual(seen["visible_on"], 1)
        self.assertLess(seen["time"] - appeared, 2)
        self.assertEqual([told["state"] for told in node.events if told["event"] == "state"],
                         ["JOINING"])
        self.assertEqual(node.names().count("joined"), 1)
        # What was guessed while nobody answered gives way to what the swarm has.
        self.assertEqual([told["known"] for told in node.events if told["event"] == "discovery"],
                         [False, True])
        self.interrupt(node)

    def test_a_bootstrap_that_comes_back_sees_the_node_again(self):
        with free_port() as port:
            address = self.bootstrap(port)
        first = self.keep(first_of_a_swarm(self.second, "--port", port, SMALL))
        node = self.start("--bootstrap", address, SMALL, *OFTEN)
        node.wait("visible", visible_on=1)
        first.process.kill()
        first.process.wait()
        node.wait("announced", acknowledged=0)
        first = self.keep(first_of_a_swarm(self.second, "--port", port, SMALL))
        node.wait("visible", visible_on=1)

    def test_somebody_who_is_silent_does_not_stop_the_start(self):
        with socket.create_server(("127.0.0.1", 0)) as door:
            node = self.start("--bootstrap", self.bootstrap(door.getsockname()[1]), SMALL,
                              "--set", "dht.discovery_timeout=1s")
            node.wait("planned", deadline=10)
            self.interrupt(node)

    def test_the_text_says_that_nobody_answered_once(self):
        with free_port() as port:
            node = self.start("--bootstrap", self.bootstrap(port), SMALL, json_lines=False)
            text, end = "", time.monotonic() + 4
            with contextlib.suppress(TimeoutError):
                while time.monotonic() < end:
                    text += node.line(end - time.monotonic())
        flat = " ".join(text.split())
        self.assertIn("Nobody answered", flat)
        self.assertEqual(flat.count(f"/tcp/{port}/p2p/"), 1, text)


class Refusals(Case):
    def refused(self, words, *parts, home=None):
        self.expect((home or self.h).run("start", "--quiet", "--set", "network.new_swarm=true",
                                         *words), CONFIGURATION, *parts)

    def test_a_model_that_nobody_knows(self):
        self.refused(["--model", "Llama-3.3-70B-Instrukt"], '"Llama-3.3-70B-Instrukt"',
                     "Did you mean Llama-3.3-70B-Instruct or")

    # proves: FR-0/0.5.5
    def test_a_range_outside_the_model(self):
        self.refused([SMALL, "--start-block", "500"], "start_block 500", "0-21")
        self.refused([SMALL, "--start-block", "3", "--end-block", "23"], "23", "22")

    # proves: FR-0/0.5.6
    def test_a_range_that_does_not_fit_names_both_numbers(self):
        self.refused(["--model", "Llama-3.1-405B", "--start-block", "0", "--end-block", "120"],
                     "120 blocks", "at most")

    def test_a_configuration_that_is_wrong(self):
        self.expect(self.h.run("start", "--set", "dht.announce_interval=no"), program.USAGE,
                    "dht.announce_interval")
        self.h.config.write_text("node:\n  port: 0\n")
        self.refused([], "node_config.yaml:2:9", "node.port")

    def test_a_configuration_that_is_missing(self):
        got = self.h.run("start", "--config", "missing.yaml")
        self.assertNotEqual(got[0], DONE)
        self.assertIn("missing.yaml", got[2])

    def test_a_refused_start_leaves_the_folder_usable(self):
        self.refused([SMALL, "--start-block", "500"])
        self.interrupt(self.first())

    # proves: FR-0/0.5.5
    def test_pinned_blocks_are_announced(self):
        first = self.first("--start-block", "3", "--end-block", "5")
        self.assertEqual(first.told("announced")["records"], 3)
        self.assertEqual((first.plan["model.start_block"], first.plan["model.end_block"]),
                         ("3", "5"))

    # proves: FR-0/0.4.8
    def test_a_given_name_is_the_name(self):
        first = self.first("--name", "ada-7")
        second = self.start("--bootstrap", first.address, SMALL, "--name", "ada-7",
                            home=self.second)
        second.wait("visible")


class DryRun(Case):
    def test_it_shows_the_plan_and_tells_the_swarm_nothing(self):
        first = self.first(*OFTEN)
        node = self.start("--bootstrap", first.address, SMALL, "--dry-run", home=self.second)
        node.wait("ended", ok=True)
        self.assert_clean(node)
        self.assertIn("planned", node.names())
        self.assertNotIn("announced", node.names())
        status, out, err = self.h.run("network", "models", "--json", "--bootstrap", first.address)
        self.assertEqual(status, DONE, err)
        self.assertEqual([model["providers_joining"] for model in json.loads(out)["models"]], [1])

    def test_the_text_has_the_plan(self):
        out = self.expect(self.h.run("start", "--dry-run", "--set", "network.new_swarm=true",
                                     SMALL, "--set", "model.blocks=4"), DONE,
                          "Selected: Blocks 0-3", "Blocks: 0-3 (4 blocks", "Node name:",
                          "Port: ")[1]
        self.assertNotIn("Announced", out)


class Homes(Case):
    def denied(self, *words, **options):
        return self.h.run("start", "--set", "network.new_swarm=true", *words, **options)

    @unittest.skipIf(os.geteuid(), "only root can become nobody")
    def test_a_home_that_cannot_be_written_is_named(self):
        for folder in (self.h.home, self.h.root):
            folder.chmod(0o755)
        got = self.denied(user=program.NOBODY, group=program.NOBODY, extra_groups=[])
        self.expect(got, FAILED, str(self.h.home), "ermission")

    def test_a_file_where_the_data_folder_should_be(self):
        (self.h.home / ".kwaainet").write_text("mine")
        self.expect(self.denied(), FAILED, ".kwaainet")
        self.assertEqual((self.h.home / ".kwaainet").read_text(), "mine")

    def test_caches_that_cannot_be_written_do_not_end_the_node(self):
        first = self.first(home=self.second)
        self.data(".").mkdir(mode=0o700)
        self.data("discovery_cache.yaml").mkdir()
        node = self.start("--bootstrap", first.address, SMALL, *OFTEN)
        node.wait("cache-failed")
        node.wait("visible", visible_on=1)
        self.interrupt(node)


class Caches(Case):
    """What lies in the folder never stops a start."""

    def setUp(self):
        super().setUp()
        self.swarm = self.first(home=self.second)

    def one(self, *words):
        node = self.start("--bootstrap", self.swarm.address, *words)
        node.wait("visible")
        self.interrupt(node)
        return node

    def move(self):
        """Pretend that an earlier start chose the blocks from 1."""
        path = self.data("discovery_cache.yaml")
        text = path.read_text()
        length = int(re.search("end_block: ([0-9]+)", text)[1]) - int(
            re.search("start_block: ([0-9]+)", text)[1])
        self.assertNotIn("start_block: 1\n", text)
        path.write_text(re.sub("end_block: [0-9]+", f"end_block: {1 + length}",
                               re.sub("start_block: [0-9]+", "start_block: 1", text)))

    # proves: FR-0/0.1.4, FR-5/5.1.3, MS-2.3/5
    def test_the_assignment_is_kept(self):
        first = self.one(*FEW)
        self.move()
        second = self.one(*FEW)
        for key in ("node.name", "node.port", "model.name", "model.dht_prefix"):
            self.assertEqual(first.plan[key], second.plan[key], key)
        self.assertEqual(second.plan["model.start_block"], "1")
        self.assertEqual(first.told("listening")["peer_id"], second.told("listening")["peer_id"])

    def grow_old(self):
        """Pretend that the facts about the swarm are of another day."""
        path = self.data("discovery_cache.yaml")
        path.write_text(re.sub('timestamp: "[^"]+"', 'timestamp: "2020-01-01T00:00:00Z"',
                               path.read_text()))

    # proves: FR-5/5.1.3, NFR-1/1.3
    def test_a_later_start_needs_nobody_to_know_what_to_serve(self):
        first = self.one(*FEW)
        self.interrupt(self.swarm)
        later = self.start("--bootstrap", self.swarm.address, *FEW)
        planned = later.wait("planned")
        self.assertEqual(planned["values"], first.plan)
        later.wait("bootstrap", ok=False)
        self.assertNotIn("announced", later.names())
        self.assertNotIn("refreshed", later.names())
        self.interrupt(later)

    # proves: FR-5/5.3.2, P2/8
    def test_old_facts_are_used_at_once_and_found_out_anew_afterwards(self):
        first = self.one(*FEW)
        self.grow_old()
        later = self.start("--bootstrap", self.swarm.address, *FEW)
        later.wait("refreshed")
        self.assertEqual(later.plan, first.plan)
        self.assertLess(later.names().index("announced"), later.names().index("refreshed"))
        self.assertNotIn("2020", self.data("discovery_cache.yaml").read_text())
        self.interrupt(later)
        self.assertEqual(self.one(*FEW).plan, first.plan)

    def test_fresh_facts_are_not_found_out_anew(self):
        self.one(*FEW)
        later = self.one(*FEW)
        self.assertEqual(len([told for told in later.events if told["event"] == "bootstrap"]), 1)
        self.assertNotIn("refreshed", later.names())

    # proves: FR-0/0.1.5
    def test_rediscover_finds_everything_out_anew(self):
        first = self.one(*FEW)
        self.move()
        anew = self.one(*FEW, "--rediscover")
        self.assertEqual(anew.plan["model.start_block"], first.plan["model.start_block"])
        self.assertNotIn("start_block: 1\n", self.data("discovery_cache.yaml").read_text())

    def test_a_kept_assignment_that_no_longer_fits_is_made_anew(self):
        self.one()
        few = self.one(*FEW)
        self.assertLess(int(few.plan["model.end_block"]) - int(few.plan["model.start_block"]), 22)

    # proves: SM/3
    def test_caches_that_are_cut_at_any_byte(self):
        self.one()
        whole = {name: self.data(name).read_bytes()
                 for name in ("discovery_cache.yaml", "calibration.yaml")}
        choose = random.Random(5)
        for name, text in whole.items():
            for at in (0, 1, *choose.sample(range(2, len(text)), 4), len(text) - 1):
                with self.subTest(name=name, at=at):
                    self.data(name).write_bytes(text[:at])
                    self.one()
                    self.data(name).write_bytes(text)

    # proves: SM/3
    def test_caches_of_others(self):
        self.one()
        text = self.data("discovery_cache.yaml").read_text()
        other = "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUBj2vj6vnc6iDp"
        stories = {
            "another swarm": text.replace(self.swarm.told("listening")["peer_id"], other).replace(
                "TinyLlama-1.1B-Chat-v1.0", "nobody/knows-it"),
            "another program": '{"models": {"x": 1}, "updated_at": 5}\n',
            "no text": "\x00\x01\x02",
            "nothing that is YAML": "discovery: [",
            "a model that nobody knows": text.replace("TinyLlama-1.1B-Chat-v1.0", "no-such-7x"),
            "blocks outside the model": text.replace("end_block: ", "end_block: 9")
                                            .replace("start_block: ", "start_block: 9"),
            "a port that is none": re.sub("port: [0-9]+", "port: 99999", text),
        }
        for story, content in stories.items():
            with self.subTest(story):
                self.data("discovery_cache.yaml").write_text(content)
                self.one()


class Ends(Case):
    def test_an_interrupt_at_any_moment_ends_it(self):
        first = self.first(home=self.second)
        for story in ("", "listening", "bootstrap", "planned", "announced", "visible"):
            with self.subTest(story):
                node = self.start("--bootstrap", first.address, SMALL)
                if story:
                    node.wait(story)
                node.process.send_signal(signal.SIGINT)
                status = node.ended()
                # Before there is a node, an interrupt is what it is to every program.
                self.assertIn(status, (DONE,) if story else (DONE, -signal.SIGINT), node.err)
                self.assertNotRegex(node.err, "Sanitizer|runtime error")

    def test_a_polite_request_ends_it_too(self):
        first = self.first()
        first.process.send_signal(signal.SIGTERM)
        self.assert_clean(first)
        self.assertIn("ended", first.names())

    def test_a_second_interrupt_does_not_wait(self):
        first = self.first(home=self.second)
        node = self.start("--bootstrap", first.address, SMALL)
        node.wait("visible")
        first.process.send_signal(signal.SIGSTOP)
        try:
            for _ in range(2):
                node.process.send_signal(signal.SIGINT)
            self.assert_clean(node)
        finally:
            first.process.send_signal(signal.SIGCONT)

    def test_a_swarm_that_does_not_answer_is_left_in_time(self):
        first = self.first(home=self.second)
        node = self.start("--bootstrap", first.address, SMALL)
        node.wait("visible")
        first.process.send_signal(signal.SIGSTOP)
        try:
            begin = time.monotonic()
            self.interrupt(node)
            self.assertLess(time.monotonic() - begin, 4.5)
        finally:
            first.process.send_signal(signal.SIGCONT)

    # proves: NFR-1/1.2
    def test_a_start_after_a_kill_at_any_moment_works(self):
        first = self.first(home=self.second)
        words = ("--bootstrap", first.address, SMALL)
        node, begin = self.start(*words), time.monotonic()
        node.wait("visible")
        life = (time.monotonic() - begin) * 1.1
        node.process.kill()
        node.process.wait()
        seed = random.SystemRandom().randrange(2 ** 32)
        choose = random.Random(seed)
        for number in range(KILLS):
            with self.subTest(seed=seed, number=number):
                with Node(self.h, *words) as node:
                    moment = time.monotonic() + choose.uniform(0, life)
                    with contextlib.suppress(TimeoutError):
                        while left := max(0, moment - time.monotonic()):
                            node.line(left)
                    node.process.kill()
                    node.process.wait()
                node = self.start(*words)
                node.wait("visible", visible_on=1)
                self.interrupt(node)
        for name in ("discovery_cache.yaml", "calibration.yaml", "identity.key"):
            self.assertTrue(self.data(name).exists())


def in_terminal(home, columns, *words, until):
    """What a terminal of that width shows of a start, which is interrupted after `until`."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    child = home.start("start", *words, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown, end = b"", time.monotonic() + SOON
    try:
        while time.monotonic() < end:
            if not select.select([ours], [], [], max(0, end - time.monotonic()))[0]:
                break
            try:
                shown += os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if until.encode() in b" ".join(shown.split()) and child.poll() is None:
                child.send_signal(signal.SIGINT)
                until = "\0"
        return child.wait(SOON), shown.decode().replace("\r\n", "\n")
    finally:
        child.kill()
        child.wait()
        os.close(ours)


class Output(Case):
    def test_no_line_is_longer_than_the_terminal(self):
        first = self.first(home=self.second)
        for columns in (60, 80):
            with self.subTest(columns):
                status, text = in_terminal(self.h, columns, "--bootstrap", first.address, SMALL,
                                           until="Visible on 1 of 1")
                self.assertEqual(status, DONE, text)
                self.assertIn("Visible on 1 of 1", " ".join(text.split()))
                plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)
                for line in plain.split("\n"):
                    if not re.fullmatch(r"\s*\S+", line):  # an address cannot be folded
                        self.assertLessEqual(len(line), columns, line)

    def test_plain_text_for_those_who_want_it(self):
        first = self.first(home=self.second)
        with Node(self.h, "--bootstrap", first.address, SMALL, *FEW, json_lines=False,
                  env={"LC_ALL": "C", "TERM": "dumb"}) as node:
            text = ""
            while "Visible on" not in text:
                line = node.line()
                self.assertTrue(line, text + node.err)
                text += line
            node.process.send_signal(signal.SIGINT)
            text += node.rest()
            self.assert_clean(node)
        self.assertTrue(text.isascii(), text)
        self.assertNotIn("\x1b", text)
        flat = " ".join(text.split())
        # proves: FR-0/0.1.7, FR-0/0.2.7, FR-0/0.5.7
        for part in ("Connected to 127.0.0.1:", "Found: TinyLlama", "Selected: TinyLlama",
                     "Calibration complete!", "RAM: ", "Balanced (recommended): ",
                     "Selected: Blocks ", "least served on", "Node name: ", "records acknowledged",
                     "Shown as JOINING with throughput 0", "Visible on 1 of 1 bootstrap",
                     "Telling the swarm that this node leaves"):
            self.assertIn(part, flat)

    def test_quiet_says_nothing(self):
        first = self.first(home=self.second)
        child = self.h.start("start", "--quiet", "--bootstrap", first.address, SMALL)
        try:
            end = time.monotonic() + SOON
            while not self.data("discovery_cache.yaml").exists():
                self.assertLess(time.monotonic(), end)
                self.assertIsNone(child.poll())
                select.select([child.stdout], [], [], 0.02)
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=SOON)
        finally:
            child.kill()
            child.wait()
        self.assertEqual((child.returncode, out, err), (DONE, b"", b""))

    def test_nobody_who_reads_is_no_reason_to_end(self):
        for where in ("", "planned"):
            with self.subTest(where):
                home = program.Home()
                self.addCleanup(home._folder.cleanup)
                first = self.first(*OFTEN, home=home)
                child = self.h.start("start", "--json", "--bootstrap", first.address, SMALL, *OFTEN)
                try:
                    while where and where.encode() not in child.stdout.readline():
                        pass
                    child.stdout.close()
                    # The first hears of it after its reader has gone.
                    for _ in range(2):
                        first.wait("announced", acknowledged=first.told("announced")["records"])
                    self.assertIsNone(child.poll())
                    child.send_signal(signal.SIGINT)
                    self.assertEqual(child.wait(SOON), DONE)
                    self.assertEqual(child.stderr.read(), b"")
                finally:
                    child.kill()
                    child.wait()
                    child.stderr.close()


if __name__ == "__main__":
    program.main()
