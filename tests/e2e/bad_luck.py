#!/usr/bin/env python3
"""Bad input and bad luck: a sentence with what to do, and a node that starts where it can.

usage: bad_luck.py PROGRAM NODE [TEST…]       NODE: the built tests/interop/node.c
"""
import contextlib
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
import unittest
from pathlib import Path

import program
from network import HUB, REGISTRY, listener, pack, provider
from program import CONFIGURATION, DONE, FAILED
from started import SOON, Node, own_network
import peers

ALONE = __name__ == "__main__" and own_network()
NODE = None
OFFLINE, JOINING, ONLINE = range(3)
SMALL = "--model=TinyLlama-1.1B-Chat-v1.0"
FEW = ("--max-memory", "512MiB")
SHORT = ("--set", "dht.discovery_timeout=1s")
SOMEBODY = ("12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUBj2vj6vnc6iDp",
            "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA")
LLAMA = "Llama-3-1-8B-Instruct-hf", HUB + "meta-llama/Llama-3.1-8B-Instruct", 32
DECIDED = 15  # seconds, whatever the network does, on a machine that is busy with other tests


def may(*words):
    """Is that allowed here?"""
    try:
        return subprocess.run(words, check=False, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, timeout=program.DEADLINE).returncode == 0
    except FileNotFoundError:
        return False


def free_port():
    """Nobody listens there, for now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Case(program.Case):
    def peer(self, *words):
        """A node of ours that the test drives, with no data folder."""
        peer = peers.Peer(NODE, *words)
        self.addCleanup(peer.stop)
        return peer

    def swarm(self, *records, lifetime=300):
        """The bootstrap of a swarm of two that holds these: (key, subkey, value)."""
        first, second = self.peer(), self.peer()
        second.ask("join", addrs=[first.addr])
        for key, subkey, value in records:
            second.ask("store", key=key, subkey=subkey, hex=pack(value).hex(), lifetime=lifetime)
        self.second = second
        return first

    def start(self, *words, **options):
        node = Node(self.h, *words, **options)
        self.addCleanup(node.__exit__)
        return node

    def leave(self, node):
        self.assertEqual(node.end(), DONE, node.err)
        self.assertNotRegex(node.err, "Sanitizer|runtime error")

    def planned(self, node):
        """It decides in time."""
        began = node.wait("listening")["time"]
        self.assertLess(node.wait("planned")["time"] - began, DECIDED)
        return node.plan

    def reads(self, *parts, words):
        """A person reads these sentences while the node starts; then it is ended."""
        node = Node(self.h, *words, json_lines=False)
        text, end = "", time.monotonic() + SOON
        try:
            while not all(part in " ".join(text.split()) for part in parts):
                line = node.line(end - time.monotonic())
                self.assertTrue(line, text + node.err)
                text += line
            self.leave(node)
        except TimeoutError:
            self.fail(f"{parts} is not all in\n{text}")
        finally:
            node.__exit__()
        return " ".join(text.split())

    def wrap(self, script):
        """From now on the program runs in what that script makes, which ends with exec "$@"."""
        real = self.h.root / "real"
        self.h.program.rename(real)
        self.h.program.write_text(
            "#!/bin/sh\nset -e\n" + script.replace('"$@"', f'{shlex.quote(str(real))} "$@"') + "\n")
        self.h.program.chmod(0o755)


class Departed(Case):
    def test_many_that_have_gone_do_not_hide_the_blocks(self):
        """Each of them is waited for; what the others told is shown all the same."""
        name, server = "Grey-7B-hf", (ONLINE, 10.0, {"start_block": 0, "end_block": 2})
        first = self.swarm((REGISTRY, name, {"num_blocks": 2, "repository": HUB + "lab/Grey-7B"}),
                           *((f"{name}.{block}", provider(1), server) for block in range(2)))
        gone = [self.peer() for _ in range(16)]
        for peer in gone:
            peer.ask("join", addrs=[first.addr])
        for peer in gone:
            peer.stop()
        out = self.expect(self.h.run("network", "coverage", name, "--json", "--bootstrap",
                                     first.addr), DONE)[1]
        self.assertEqual([block["online"] for block in json.loads(out)["blocks"]], [1, 1], out)


class NoNetwork(Case):
    # proves: NFR-1/1.3, P2/9.1, P2/9.4
    @unittest.skipUnless(ALONE, "the network that is here would be asked")
    def test_no_network(self):
        node = self.start(*FEW)
        plan = self.planned(node)
        told = node.told("discovery")
        self.assertFalse(told["known"])
        self.assertEqual(plan["model.name"], "Llama-3.3-70B-Instruct")
        self.assertIn("Connect this machine to the network", told["hint"])
        for failed in (told for told in node.events if told["event"] == "bootstrap"):
            self.assertIn("no address is known for bootstrap-", failed["error"])
        node.wait("bootstrap", ok=False)  # it goes on trying
        self.leave(node)
        self.reads("Nobody answered", "Connect this machine to the network: no bootstrap can be "
                   "reached from here. The node goes on trying and joins by itself.", words=FEW)

    # proves: NFR-1/1.3, FR-5/5.3.4, P2/2, P2/9.4, SM/1
    def test_a_later_start_without_a_network(self):
        """It knows what it served; within two seconds it is ready to serve it again."""
        port, key = free_port(), peers.KEYS["A"]
        words = ("--bootstrap", f"/ip4/127.0.0.1/tcp/{port}/p2p/{key['id']}", SMALL)
        bootstrap = self.peer("--key", key["private"], "--port", str(port))
        node = self.start(*words)
        node.wait("visible", visible_on=1)
        self.leave(node)
        bootstrap.stop()
        begin = time.monotonic()
        later = self.start(*words)
        later.wait("planned")
        self.assertLess(time.monotonic() - begin, 2)
        for name in ("node.name", "model.name", "model.start_block", "model.end_block"):
            self.assertEqual(later.plan[name], node.plan[name], name)
        later.wait("bootstrap", ok=False)
        self.leave(later)

    # proves: NFR-1/1.3, P2/9.4
    def test_all_bootstraps_are_silent(self):
        with contextlib.ExitStack() as stack:
            words = [SMALL, *SHORT]
            for somebody in SOMEBODY:
                words += ["--bootstrap", f"{stack.enter_context(listener())}/p2p/{somebody}"]
            node = self.start(*words)
            self.assertEqual(self.planned(node)["model.name"], "TinyLlama-1.1B-Chat-v1.0")
            for told in (told for told in node.events if told["event"] == "bootstrap"):
                self.assertIn("stays silent", told["error"])
            self.assertIn("firewall", node.told("discovery")["hint"])
            self.leave(node)
            self.reads("stays silent", "Nobody answered", "--bootstrap",
                       "Ask who runs the bootstraps whether they are up", words=words)

    # proves: NFR-1/1.3
    def test_a_bootstrap_of_another_kind_is_told_from_a_silent_one(self):
        with listener(b"HTTP/1.1 400 Bad Request\r\n\r\n") as at:
            node = self.start(SMALL, *SHORT, "--bootstrap", f"{at}/p2p/{SOMEBODY[0]}")
            self.planned(node)
            self.assertIn("does not speak libp2p", node.told("bootstrap")["error"])
            self.leave(node)

    def test_a_bootstrap_that_never_answers_does_not_hold_who_leaves(self):
        """Two in a row: of one that is silent from the start nothing is to be told."""
        with listener() as at:
            node = self.start(SMALL, "--bootstrap", f"{at}/p2p/{SOMEBODY[0]}")
            node.wait("listening")
            begin = time.monotonic()
            self.leave(node)
            self.assertLess(time.monotonic() - begin, 2)


class Lies(Case):
    def test_one_bootstrap_is_not_who_it_should_be(self):
        good = self.peer()
        lying = self.peer().addr.rsplit("/", 1)[0] + "/" + SOMEBODY[0]
        node = self.start(SMALL, "--bootstrap", lying, "--bootstrap", good.addr)
        self.planned(node)
        told = node.heard("bootstrap", address=lying)
        self.assertIn("another peer answers there", told["error"])
        self.assertIn("Ask who runs it", told["hint"])
        self.assertEqual(node.heard("visible")["visible_on"], 1)
        self.leave(node)
        self.reads("another peer answers there", "Ask who runs it for its present address",
                   words=(SMALL, "--bootstrap", lying, "--bootstrap", good.addr))

    def test_one_bootstrap_is_none(self):
        good, other = self.peer(), self.peer("--no-dht")
        node = self.start(SMALL, "--bootstrap", other.addr, "--bootstrap", good.addr)
        self.planned(node)
        told = node.heard("bootstrap", address=other.addr)
        self.assertIn("not the DHT of hivemind", told["error"])
        self.assertIn("Take it out of network.bootstrap_peers", told["hint"])
        self.assertEqual(node.heard("visible")["visible_on"], 1)
        self.leave(node)

    # proves: SM/3
    def test_one_bootstrap_tells_nonsense(self):
        """A registry and records that no honest node writes; the honest model is chosen."""
        prefix, repository, blocks = LLAMA
        bootstrap = self.swarm(
            (REGISTRY, prefix, {"num_blocks": blocks, "repository": repository}),
            (REGISTRY, "Llama-3-3-70B-Instruct-hf",
             {"num_blocks": 96, "repository": HUB + "meta-llama/Llama-3.3-70B-Instruct"}),
            (REGISTRY, "Blue-1B-hf", {"num_blocks": -1, "repository": HUB + "lab/Blue-1B"}),
            (REGISTRY, "a prefix with spaces", {"num_blocks": 3, "repository": None}),
            (REGISTRY, "Grey-7B-hf", None),
            (f"{prefix}.0", provider(1), (ONLINE, float("nan"), {})),
            (f"{prefix}.0", provider(2), (7, 1.0, {})),
            (f"{prefix}.0", "not a peer id", (ONLINE, 1.0, {})),
            (f"{prefix}.1", provider(3),
             (ONLINE, 1e300, {"start_block": 0, "end_block": 2**31 - 1})),
            *((f"Llama-3-3-70B-Instruct-hf.{i}", provider(10 + i),
               (ONLINE, 1e9, {"start_block": 0, "end_block": 80})) for i in range(4)))
        node = self.start("--bootstrap", bootstrap.addr, *FEW, "--quant-type", "nf4")
        plan = self.planned(node)
        self.assertEqual(plan["model.dht_prefix"], prefix)
        node.wait("visible", visible_on=1)
        self.assertLessEqual(int(plan["model.end_block"]), blocks)
        self.leave(node)
        self.reads("the registry says 96 blocks, the model has 80",
                   words=("--bootstrap", bootstrap.addr, *FEW, "--quant-type", "nf4",
                          "--rediscover"))


class Registry(Case):
    def test_an_empty_registry(self):
        bootstrap = self.peer()
        node = self.start("--bootstrap", bootstrap.addr)
        plan, told = self.planned(node), node.told("calibration")
        self.assertTrue(node.told("discovery")["known"])
        self.assertNotIn("model.start_block", plan)
        self.assertEqual(told["reason"], "the network has no model yet")
        self.assertIn("Name the first model with --model", told["hint"])
        out = json.loads(self.expect(self.h.run("status --json"), DONE)[1])
        self.assertIn("JOINING", json.dumps(out))
        self.assertNotIn("announced", node.names())
        self.leave(node)
        self.reads("Blocks: none (the network has no model yet)",
                   "Name the first model with --model.", words=("--bootstrap", bootstrap.addr))
        named = self.start("--bootstrap", bootstrap.addr, SMALL)
        named.wait("visible", visible_on=1)
        self.leave(named)

    # proves: SM/3
    def test_a_registry_with_10_000_entries(self):
        prefix, repository, blocks = LLAMA
        bootstrap = self.swarm(
            *((f"{prefix}.{i}", provider(1), (ONLINE, 5.0, {"start_block": 0, "end_block": 20}))
              for i in range(20)))
        junk = pack({"num_blocks": 32, "repository": HUB + "junk/Junk-7B"}).hex()
        for name in ("A-junk", "Z-junk"):  # before and behind it, were it by name
            self.second.ask("store", key=REGISTRY, subkey=name, count=5000, hex=junk)
        self.second.ask("store", key=REGISTRY, subkey=prefix,
                        hex=pack({"num_blocks": blocks, "repository": repository}).hex())
        words = "--bootstrap", bootstrap.addr, *FEW, "--quant-type", "nf4"
        node = self.start(*words)
        plan = self.planned(node)
        self.assertEqual(plan["model.dht_prefix"], prefix)
        # All its blocks were read, not only the first of each model.
        self.assertGreaterEqual(int(plan["model.start_block"]), 20)
        node.wait("visible", visible_on=1)
        self.leave(node)

    def test_a_registry_with_10_000_models_that_nobody_knows(self):
        bootstrap = self.swarm()
        junk = pack({"num_blocks": 32, "repository": HUB + "junk/Junk-7B"}).hex()
        for name in ("A-junk", "Z-junk"):
            self.second.ask("store", key=REGISTRY, subkey=name, count=5000, hex=junk)
        flat = self.reads("none of the network's 1024 models is for this machine",
                          "kwaainet network models lists them", "No block is served",
                          "Name a model with --model", words=("--bootstrap", bootstrap.addr))
        self.assertLessEqual(flat.count("passed over"), 5)

    def test_all_providers_are_expired(self):
        prefix, repository, blocks = LLAMA
        bootstrap = self.swarm(
            (REGISTRY, prefix, {"num_blocks": blocks, "repository": repository}))
        record = pack((ONLINE, 5.0, {"start_block": 0, "end_block": 4})).hex()
        for block in range(4):
            self.second.ask("store", key=f"{prefix}.{block}", subkey=provider(1), hex=record,
                            lifetime=1)
        self.assertTrue(peers.eventually(
            lambda: not bootstrap.ask("get", key=f"{prefix}.3")["found"]))
        node = self.start("--bootstrap", bootstrap.addr, *FEW, "--quant-type", "nf4")
        plan = self.planned(node)
        self.assertEqual(plan["model.dht_prefix"], prefix)
        self.assertIn("nobody serves it yet", node.told("discovery")["reason"])
        self.assertIn("no providers", node.told("planned")["reasons"]["model.start_block"])
        node.wait("visible", visible_on=1)
        self.leave(node)


class Clock(Case):
    def test_a_clock_ten_seconds_off_is_said(self):
        for ahead, word in ((10, "ahead of"), (-10, "behind")):
            with self.subTest(ahead=ahead):
                bootstrap = self.peer("--ahead", str(ahead))
                node = self.start("--bootstrap", bootstrap.addr, SMALL)
                self.assertAlmostEqual(node.wait("bootstrap", ok=True)["ahead_s"], ahead, delta=1)
                node.wait("visible", visible_on=1)
                self.leave(node)
                self.reads(f"its clock is 10 s {word} ours", "set the clock of this machine",
                           words=("--bootstrap", bootstrap.addr, SMALL))

    def test_a_clock_two_seconds_off_is_none_of_our_business(self):
        bootstrap = self.peer("--ahead", "2")
        flat = self.reads("Visible on 1 of 1", words=("--bootstrap", bootstrap.addr, SMALL))
        self.assertNotIn("clock", flat)


class Names(Case):
    # proves: FR-0/0.4.3.1, FR-0/0.4.3.2
    @unittest.skipUnless(may("unshare", "-u", "true"), "the host name is not ours to change")
    def test_a_host_called_localhost(self):
        self.wrap("exec unshare -u sh -c 'hostname \"$HOST\" && exec \"$0\" \"${@}\"' \"$@\"")
        for host, middle in (("localhost", None), ("ada-box", "ada-box")):
            node = self.start("--set", "network.new_swarm=true", SMALL, env={"HOST": host})
            plan = node.wait("planned")["values"]
            port = node.told("listening")["port"]
            self.assertRegex(plan["node.name"], f"-C-{middle or port}$")
            self.leave(node)


class Homes(Case):
    ALONE_IN_IT = ("start", "--set", "network.new_swarm=true", SMALL)

    def other(self):
        """A folder that every user may write to."""
        folder = self.h.root / "other"
        folder.mkdir(exist_ok=True)
        folder.chmod(0o777)
        return str(folder)

    def begins_in(self, folder, **options):
        """With another data folder it starts."""
        got = self.h.run(*self.ALONE_IN_IT, "--dry-run", "--home", folder, **options)
        self.expect(got, DONE, "Node name")

    @unittest.skipIf(os.geteuid(), "only root can become somebody whom nobody knows")
    def test_no_home_directory(self):
        self.wrap('unset HOME; exec "$@"')
        who = {"user": 54321, "group": 54321, "extra_groups": []}
        self.expect(self.h.run(*self.ALONE_IN_IT, **who), FAILED,
                    "HOME is not set, and the system knows no home for user 54321",
                    "Set HOME, or name a folder with --home.")
        self.begins_in(self.other() + "/data", **who)

    @unittest.skipUnless(may("unshare", "-m", "true"), "no mounts of our own here")
    def test_a_read_only_home(self):
        self.wrap(f'exec unshare -m sh -c \'mount -t tmpfs -o ro none {self.h.home} && '
                  'exec "$0" "${@}"\' "$@"')
        self.expect(self.h.run(*self.ALONE_IN_IT), FAILED, f"{self.h.home}/.kwaainet",
                    "the file system is read-only",
                    "Name a folder that you may write to: --home FOLDER.")
        self.begins_in(self.other() + "/data")

    @unittest.skipIf(os.geteuid(), "only root can become nobody")
    def test_a_home_of_somebody_else(self):
        self.h.home.chmod(0o755)
        who = {"user": program.NOBODY, "group": program.NOBODY, "extra_groups": []}
        self.expect(self.h.run(*self.ALONE_IN_IT, **who), FAILED, "permission denied",
                    "Name a folder that you may write to: --home FOLDER.")
        self.begins_in(self.other() + "/data", **who)

    @unittest.skipUnless(may("unshare", "-m", "true"), "no mounts of our own here")
    def test_a_full_disk(self):
        self.wrap(f'exec unshare -m sh -c \'mount -t tmpfs -o size=8k none {self.h.home}; '
                  f'cat /dev/zero > {self.h.home}/fill 2> /dev/null; exec "$0" "${{@}}"\' "$@"')
        self.expect(self.h.run(*self.ALONE_IN_IT), FAILED, "the disk is full",
                    "Make room there, or name a data folder on another disk: --home FOLDER.")
        self.begins_in(self.other() + "/data")

    @unittest.skipUnless(may("unshare", "-m", "true"), "no mounts of our own here")
    def test_a_disk_that_fills_up_while_the_node_runs(self):
        """Nothing of what it found out can be kept: it says so and goes on."""
        self.wrap(f'exec unshare -m sh -c \'mount -t tmpfs -o size=256k none {self.h.home} && '
                  'exec "$0" "${@}"\' "$@"')
        port, key = free_port(), peers.KEYS["A"]
        node = self.start("--bootstrap", f"/ip4/127.0.0.1/tcp/{port}/p2p/{key['id']}", SMALL)
        node.wait("planned")
        inside = Path(f"/proc/{node.process.pid}/root") / self.h.home.relative_to("/") / "fill"
        with contextlib.suppress(OSError), open(inside, "wb", buffering=0) as fill:
            while True:
                fill.write(bytes(4096))
        self.peer("--key", key["private"], "--port", str(port))
        node.wait("cache-failed")
        node.wait("visible", visible_on=1)
        self.leave(node)


class Memory(Case):
    def test_a_model_that_fits_nowhere(self):
        bootstrap = self.peer()
        words = ("--bootstrap", bootstrap.addr, "--model", "Llama-3.1-405B",
                 "--max-memory", "64MiB")
        node = self.start(*words)
        plan, told = self.planned(node), node.told("calibration")
        self.assertNotIn("model.start_block", plan)
        self.assertIn("not one block fits", told["reason"])
        self.assertIn("resources.max_memory_gb is 64 MiB", told["reason"])
        self.assertIn("Choose a smaller model with --model", told["hint"])
        self.assertIn('"JOINING"', self.expect(self.h.run("status --json"), DONE)[1])
        self.assertNotIn("announced", node.names())
        self.leave(node)
        self.reads("Blocks: none (not one block fits", "Choose a smaller model with --model",
                   "Until then the node joins", words=words)

    # proves: FR-0/0.5.5, FR-0/0.5.6, P2/10.3
    def test_a_start_block_of_500(self):
        self.expect(self.h.run("start", "--set", "network.new_swarm=true", SMALL, "--start-block",
                               "500"), CONFIGURATION,
                    "start_block 500 is outside the model, which has blocks 0-21",
                    "Choose a start_block of 0 to 21, or leave it automatic.")


class OtherMachine(Case):
    """A home that was copied: the caches of another machine."""

    def copied(self, keeps_range):
        """As if the calibration came from elsewhere, where one block was planned."""
        path = self.h.home / ".kwaainet" / "calibration.yaml"
        text = path.read_text()
        changed = re.sub("fingerprint: .*", 'fingerprint: "' + "0" * 16 + '"',
                         re.sub("blocks: [0-9]+,", "blocks: 1,", text))
        self.assertNotEqual(changed, text)
        path.write_text(changed)
        if not keeps_range:
            (path.parent / "discovery_cache.yaml").unlink()

    def test_a_calibration_of_another_machine_decides_nothing(self):
        if "--calibrate" not in self.h.run("start --help")[1]:
            self.skipTest("this program does not calibrate again")
        bootstrap = self.peer()
        words = ("--bootstrap", bootstrap.addr, SMALL)
        for keeps_range in (None, False, True):
            if keeps_range is not None:
                self.copied(keeps_range)
            node = self.start(*words)
            node.wait("visible", visible_on=1)
            self.assertEqual((node.plan["model.start_block"], node.plan["model.end_block"]),
                             ("0", "22"))
            self.leave(node)
        self.copied(True)
        self.reads("this is not the machine that was calibrated", words=words)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    NODE = os.path.abspath(sys.argv.pop(2))
    program.main()
