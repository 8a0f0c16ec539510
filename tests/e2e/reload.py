#!/usr/bin/env python3
"""`kwaainet reload` and SIGHUP: what a running node makes of a configuration that has changed.

usage: reload.py PROGRAM [TEST…]

Every effect is looked at from outside of the node.
"""
import json
import os
import signal
import time
from pathlib import Path

import program
from program import CONFIGURATION, DONE
from started import SOON, Node, first_of_a_swarm, own_network
from tiny_case import TinyCase

ALONE = __name__ == "__main__" and own_network()
LONG = "--set", "performance.cache_tokens=8192"  # 2 MiB of cache a block
STORM, HANGUPS = 1000, 5
GROWTH = 24 << 20  # bytes: a sanitizer keeps what was freed


class Case(TinyCase):
    def write(self, **sections):
        """The configuration file: sections of settings."""
        self.h.config.write_text("".join(
            f"{section}:\n" + "".join(f"  {key}: {value}\n" for key, value in settings.items())
            for section, settings in sections.items()))

    def start(self, *words, **options):
        node = first_of_a_swarm(self.h, "--no-save", *words, **options)
        self.addCleanup(node.__exit__)
        return node

    def serve(self, *words):
        node = self.start("--set", f"model.path={self.model}", "--set",
                          "model.repository=someone/tiny", *words)
        node.wait("state", state="ONLINE")
        return node

    def reload(self, status=DONE):
        got = self.expect(self.h.run("reload --json"), status)
        return json.loads(got[1])

    def changed(self):
        """{key: (from, to)} of a reload that holds."""
        told = self.reload()
        self.assertTrue(told["ok"])
        return {one["key"]: (one["from"], one["to"]) for one in told["changed"]}


class Live(Case):
    def test_a_file_that_is_as_it_was_changes_nothing(self):
        self.write(node={"name": "alice"})
        node = self.start()
        told = self.reload()
        self.assertEqual((told["ok"], told["changed"], told["pending_restart"]), (True, [], []))
        self.expect(self.h.run("reload"), DONE, "nothing has changed")
        self.assertTrue(node.wait("reload")["ok"])
        self.assertEqual(node.end(), DONE, node.err)

    def test_the_file_that_was_read_is_named_whatever_lies_in_the_folder_of_the_command(self):
        self.start()
        told = self.reload()
        self.assertEqual((told["path"], told["exists"]), (str(self.h.config), False))
        self.write(node={"name": "alice"})
        elsewhere = self.h.root / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "node_config.yaml").write_text("node: {name: berta}\n")
        script = f'cd "{elsewhere}" && exec "$@" '
        told = json.loads(self.h.shell(script, "reload", "--json")[1])
        self.assertEqual((told["path"], told["exists"]), (str(self.h.config), True))
        _, out, _ = self.h.shell(script, "reload")
        self.assertEqual(" ".join(out.split()),
                         f"the node has read {self.h.config} again: nothing has changed")
        self.write(node={"name": "-"})
        _, _, err = self.h.shell(script, "reload")
        self.assertIn(f"that it had, and reads {self.h.config} ", " ".join(err.split()))

    def test_records_are_renewed_as_often_as_the_file_says_now(self):
        self.write(dht={"announce_interval": "3600s"})
        node = self.serve()
        self.write(dht={"announce_interval": "1s"})
        self.assertEqual(self.changed(), {"dht.announce_interval": (3600, 1)})
        for _ in range(3):
            node.wait("announced")

    def test_a_node_that_may_not_announce_any_more_takes_its_records_back(self):
        self.write(dht={"announce": "true"})
        node = self.serve()
        self.assertEqual([block["online"] for block in self.coverage(node)], [1] * 4)
        self.write(dht={"announce": "false"})
        self.assertIn("dht.announce", self.changed())
        self.until(lambda: [b["online"] for b in self.coverage(node)] in ([], [0] * 4))
        self.write(dht={"announce": "true"})
        self.changed()
        self.until(lambda: [b["online"] for b in self.coverage(node)] == [1] * 4)

    def test_speeds_that_somebody_writes_are_announced_at_once(self):
        self.write(performance={"throughput": 12.5})
        node = self.serve()
        self.until(lambda: {b["throughput"] for b in self.coverage(node)} == {12.5})
        self.write(performance={"throughput": 77})
        self.assertEqual(self.changed(), {"performance.throughput": (12.5, 77)})
        self.until(lambda: {b["throughput"] for b in self.coverage(node)} == {77})

    def test_the_name_is_another_for_others_too(self):
        self.write(node={"name": "alice"})
        node = self.serve()
        self.write(node={"name": "berta"})
        self.assertEqual(self.changed(), {"node.name": ("alice", "berta")})
        self.assertEqual(self.status()["name"], "berta")
        node.wait("announced")

    def test_a_limit_of_connections_closes_what_is_idle_above_it(self):
        # Whoever asks whether it can be reached has a stream open for long.
        still = {"enable_nat_traversal": "false"}
        self.write(network={"max_connections": 100, **still})
        node = self.start()
        others = [program.Home() for _ in range(3)]
        for other in others:
            self.addCleanup(other._folder.cleanup)
            one = Node(other, "--no-save", "--bootstrap", node.address, "--set",
                       "dht.announce=false", "--set", "network.enable_nat_traversal=false")
            self.addCleanup(one.__exit__)
            one.wait("joined")
        self.until(lambda: self.status()["peers"] == 3)
        self.write(network={"max_connections": 1, **still})
        self.changed()
        self.until(lambda: self.status()["peers"] <= 1)

    def test_other_bootstraps_lead_into_another_swarm(self):
        third = program.Home()
        self.addCleanup(third._folder.cleanup)
        one = first_of_a_swarm(self.second)
        self.addCleanup(one.__exit__)
        two = first_of_a_swarm(third)
        self.addCleanup(two.__exit__)
        self.write(network={"bootstrap_peers": [one.address]})
        node = Node(self.h, "--no-save")
        self.addCleanup(node.__exit__)
        self.assertEqual(node.wait("bootstrap")["address"], one.address)
        node.wait("joined")
        self.write(network={"bootstrap_peers": [two.address]})
        self.assertIn("network.bootstrap_peers", self.changed())
        told = node.wait("bootstrap")
        self.assertEqual((told["address"], told["ok"]), (two.address, True))

    def test_a_swarm_of_its_own_knocks_at_nobody_whom_the_file_names_later(self):
        one = first_of_a_swarm(self.second)
        self.addCleanup(one.__exit__)
        self.write(dht={"announce_interval": "1s"})
        node = self.start()
        self.write(dht={"announce_interval": "1s"},
                   network={"bootstrap_peers": [one.address]})
        self.assertIn("network.bootstrap_peers", self.changed())
        node.wait("reload")
        for _ in range(3):
            node.wait("announced")
        self.assertEqual(self.status()["peers"], 0)
        self.assertNotIn("bootstrap", node.names())
        self.assertEqual(node.end(), DONE, node.err)

    def test_other_addresses_are_told_to_others(self):
        self.write(network={"announce_addrs": "[/ip4/10.1.2.3/tcp/4001]"})
        self.start()
        self.assertEqual(self.status()["addresses"], ["/ip4/10.1.2.3/tcp/4001"])
        self.write(network={"announce_addrs": "[/ip4/10.9.9.9/tcp/4002]"})
        self.changed()
        self.assertEqual(self.status()["addresses"], ["/ip4/10.9.9.9/tcp/4002"])

    def test_the_public_address_is_told_in_place_of_what_is_listened_on(self):
        for given, want in (({"public_ip": "198.51.100.7", "public_port": 4001},
                             "/ip4/198.51.100.7/tcp/4001"),
                            ({"public_ip": '"2001:db8::7"'}, "/ip6/2001:db8::7/tcp/{port}"),
                            ({"public_ip": "198.51.100.8"}, "/ip4/198.51.100.8/tcp/{port}")):
            self.write(network=given)
            if not hasattr(self, "node"):
                self.node = self.start()
            else:
                self.changed()
            port = self.node.told("listening")["port"]
            self.assertEqual(self.status()["addresses"], [want.format(port=port)])
        self.write(network={"max_connections": 100})
        self.changed()
        self.assertIn(f"/ip4/127.0.0.1/tcp/{port}", self.status()["addresses"])

    def test_whether_to_move_is_another_at_once(self):
        self.write(model={"path": self.model, "repository": "someone/tiny", "blocks": 2},
                   network={"new_swarm": "true"})
        node = self.start()
        node.wait("state", state="ONLINE")
        self.assertIsNone(self.status()["rebalance"])
        self.write(model={"path": self.model, "repository": "someone/tiny", "blocks": 2,
                          "rebalance": "{enabled: true, interval: 1s}"},
                   network={"new_swarm": "true"})
        self.assertEqual(set(self.changed()), {"model.rebalance.enabled",
                                               "model.rebalance.interval"})
        node.wait("rebalanced")
        self.assertEqual(self.status()["rebalance"]["phase"], "rests")


class Logs(Case):
    def test_the_log_follows_the_file(self):
        one, two = self.h.home / "one.log", self.h.home / "two.log"
        self.write(logging={"file_path": one, "level": "error"})
        self.start()
        self.assertEqual(one.read_text(), "")
        self.write(logging={"file_path": one, "level": "debug"})
        self.changed()
        self.status()
        self.assertIn("debug", one.read_text())
        self.write(logging={"file_path": two, "level": "debug", "format": "json"})
        self.changed()
        size = one.stat().st_size
        self.status()
        self.assertEqual(one.stat().st_size, size)
        for line in two.read_text().splitlines():
            json.loads(line)
        self.assertTrue(two.read_text())

    def test_a_log_that_cannot_be_opened_is_said_and_the_old_one_goes_on(self):
        one = self.h.home / "one.log"
        self.write(logging={"file_path": one, "level": "debug"})
        self.start()
        self.write(logging={"file_path": self.h.home / "tiny" / "config.json" / "x.log",
                            "level": "debug"})
        told = self.reload()
        self.assertIn("the log goes on where it went", told["problems"][0]["message"])
        size = one.stat().st_size
        self.status()
        self.assertGreater(one.stat().st_size, size)


class Limits(Case):
    def test_less_memory_is_a_shorter_range_that_others_see(self):
        self.write(resources={"max_memory_gb": "8GiB"})
        node = self.serve(*LONG)
        self.assertEqual(self.status()["end_block"], 4)
        self.write(resources={"max_memory_gb": "6MiB"})
        self.changed()
        moved = node.wait("moved")
        length = moved["end_block"] - moved["start_block"]
        self.assertTrue(0 < length < 4, moved)
        node.wait("state", state="ONLINE")
        self.until(lambda: sum(b["online"] for b in self.coverage(node)) == length)
        self.write(resources={"max_memory_gb": "8GiB"})
        self.changed()
        node.wait("state", state="ONLINE")
        self.until(lambda: sum(b["online"] for b in self.coverage(node)) == 4)
        self.assertEqual(node.end(), DONE, node.err)


class Pausing(Case):
    def test_a_reload_while_a_pause_is_taken_back_leaves_the_node_serving(self):
        one = first_of_a_swarm(self.second)
        self.addCleanup(one.__exit__)
        self.write(node={"name": "alice"})
        node = Node(self.h, "--no-save", "--bootstrap", one.address, "--set",
                    f"model.path={self.model}", "--set", "model.repository=someone/tiny")
        self.addCleanup(node.__exit__)
        node.wait("state", state="ONLINE")
        one.process.send_signal(signal.SIGSTOP)  # nobody hears that the records are taken back
        self.expect(self.h.run("pause"), DONE)
        node.wait("serving", stage="none")
        self.expect(self.h.run("resume"), DONE)
        self.write(node={"name": "berta"})
        self.changed()
        node.wait("state", state="OFFLINE")
        one.process.send_signal(signal.SIGCONT)
        node.wait("state", state="ONLINE")
        self.assertEqual(node.end(), DONE, node.err)


class Restart(Case):
    def test_what_waits_for_a_restart_is_named_until_it_is_as_it_was(self):
        self.write(model={"dtype": "float32"}, dht={"announce_interval": "60s"})
        self.start()
        self.write(model={"dtype": "bfloat16"}, dht={"announce_interval": "61s"})
        told = self.reload()
        self.assertEqual(told["pending_restart"], ["model.dtype"])
        self.assertEqual([one["key"] for one in told["changed"]], ["dht.announce_interval"])
        self.assertEqual(self.status()["config"]["pending_restart"], ["model.dtype"])
        self.expect(self.h.run("status"), DONE, "model.dtype take")
        self.write(model={"dtype": "float32"}, dht={"announce_interval": "61s"})
        self.assertEqual(self.reload()["pending_restart"], [])
        self.assertEqual(self.status()["config"]["pending_restart"], [])

    def test_what_was_typed_stays_whatever_the_file_says(self):
        self.write(dht={"announce_interval": "60s"})
        self.start("--set", "dht.announce_interval=90s")
        self.write(dht={"announce_interval": "30s"})
        self.assertEqual(self.changed(), {})

    def test_a_move_does_not_read_a_file_that_nobody_asked_to_reload(self):
        self.write(resources={"max_memory_gb": "8GiB"}, node={"name": "alice"})
        self.serve()
        self.h.config.write_text("node: [")
        self.h.config.unlink()
        self.assertEqual(self.status()["name"], "alice")


class Wrong(Case):
    """Rows 9 to 11 and 23 of the node that lost its users' configurations."""

    def check_kept(self, node, *parts):
        before = self.status()
        got = self.expect(self.h.run("reload"), CONFIGURATION,
                          "the node goes on with the configuration that it had", *parts)
        self.assertEqual(got[1], "")
        told = node.wait("reload")
        self.assertEqual((told["ok"], told["changed"]), (False, []))
        now = self.status()
        for key in ("name", "start_block", "end_block", "port", "state"):
            self.assertEqual(now[key], before[key])
        self.assertFalse(now["config"]["reload_ok"])
        self.assertTrue(now["problems"])
        self.expect(self.h.run("status"), DONE, "problems", "and refused", *parts)

    def test_a_broken_file_changes_nothing_and_is_said_until_it_is_mended(self):
        self.write(node={"name": "alice"})
        node = self.serve()
        self.h.config.write_text("node:\n  name: berta\ndht:\n  announce_interval: soon\n")
        self.check_kept(node, "node_config.yaml:4:22", '"soon" is not a duration')
        self.write(node={"name": "berta"})
        self.assertEqual(self.changed(), {"node.name": ("alice", "berta")})
        now = self.status()
        self.assertEqual((now["problems"], now["config"]["reload_ok"]), ([], True))

    def test_every_problem_is_told_at_once(self):
        self.write(node={"name": "alice"})
        node = self.start()
        self.h.config.write_text("node:\n  port: 0\n  nmae: x\nlogging:\n  level: banana\n")
        self.check_kept(node, "node.port", "nmae", "logging.level")

    def test_a_file_that_is_gone_is_not_taken_for_an_empty_one(self):
        self.write(resources={"max_memory_gb": "8GiB"})
        node = self.serve()
        self.h.config.unlink()
        self.check_kept(node, "does not exist")
        self.assertFalse(self.h.config.exists())  # nor is another one written

    def test_a_file_that_may_not_be_read_changes_nothing(self):
        if os.geteuid() == 0:
            self.skipTest("root reads everything")
        self.write(node={"name": "alice"})
        node = self.start()
        self.h.config.chmod(0)
        self.check_kept(node, "node_config.yaml")

    def test_a_limit_below_what_is_asked_for_changes_nothing(self):
        self.write(model={"blocks": 4}, resources={"max_memory_gb": "8GiB"})
        node = self.serve(*LONG)
        self.write(model={"blocks": 4}, resources={"max_memory_gb": "6MiB"})
        self.check_kept(node, "4 are asked for")


class Signals(Case):
    # proves: MS-4/4
    def test_a_hangup_reads_the_file_again(self):
        self.write(node={"name": "alice"})
        node = self.start()
        self.write(node={"name": "berta"})
        node.process.send_signal(signal.SIGHUP)
        self.assertEqual(node.wait("reload")["changed"][0]["to"], "berta")

    def test_a_hangup_while_the_node_begins_ends_nothing(self):
        """Whoever starts a service and changes its file sends one as soon as there is a process."""
        lock = self.h.home / ".kwaainet/run/node.lock"
        for i in range(HANGUPS):
            lock.unlink(missing_ok=True)
            self.write(node={"name": f"node-{i}"})
            node = Node(self.h, "--set", "network.new_swarm=true", "--no-save")
            self.addCleanup(node.__exit__)
            end = time.monotonic() + SOON
            while not lock.exists() and time.monotonic() < end:
                pass
            node.process.send_signal(signal.SIGHUP)
            node.wait("announced")
            self.assertEqual(self.h.run("status --json")[0], DONE)
            self.assertEqual(node.end(), DONE, node.err)

    def memory(self, node):
        pages = Path(f"/proc/{node.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGESIZE")

    def descriptors(self, node):
        return len(os.listdir(f"/proc/{node.process.pid}/fd"))

    def test_a_storm_of_reloads_loses_and_leaks_nothing(self):
        self.write(performance={"throughput": 1})
        node = self.serve()
        self.changed()
        memory, descriptors = self.memory(node), self.descriptors(node)
        for i in range(STORM):
            self.write(performance={"throughput": i + 1})
            node.process.send_signal(signal.SIGHUP)
        self.until(lambda: {b["throughput"] for b in self.coverage(node)} == {STORM})
        self.assertLess(self.memory(node) - memory, GROWTH)
        # A peer may have been on the line at the first count: fewer is no leak.
        self.until(lambda: self.descriptors(node) <= descriptors)
        self.assertEqual(node.end(), DONE, node.err)

    def test_a_closed_terminal_ends_its_node(self):
        controller, terminal = os.openpty()
        self.addCleanup(os.close, controller)
        node = self.h.start("start", "--no-save", "--quiet", "--set", "network.new_swarm=true",
                            stdout=terminal, stderr=terminal, preexec_fn=os.setsid)
        self.addCleanup(node.kill)
        os.close(terminal)
        self.until(lambda: self.h.run("status --json")[0] == DONE)
        os.close(os.dup(controller))
        self.hang_up(controller)
        node.send_signal(signal.SIGHUP)
        self.assertEqual(node.wait(SOON), DONE)

    @staticmethod
    def hang_up(controller):
        """The other side of a terminal goes, the number of the descriptor stays."""
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, controller)
        os.close(null)


if __name__ == "__main__":
    program.main()
