#!/usr/bin/env python3
"""What the kernel holds a node to, and what the node makes of memory that it is refused.

usage: limits.py PROGRAM [TEST…]
"""
import contextlib
import ctypes
import json
import os
import resource
import sys
import unittest
from pathlib import Path

import program
from pause import MNT_DETACH, MS_BIND, MS_PRIVATE, MS_REC, NEW_MOUNTS, window
from program import DONE
from started import Node, first_of_a_swarm, own_network
from tiny_case import TinyCase

ALONE = __name__ == "__main__" and own_network()
SANITIZED = __name__ == "__main__" and b"__asan_init" in Path(sys.argv[1]).read_bytes()
MIB = 1 << 20
BESIDE = 128 * MIB  # what is no part of a plan
NAMES = {"Max data size": "memory", "Max open files": "open_files"}


class Case(TinyCase):
    def start(self, *words, **options):
        node = first_of_a_swarm(self.h, "--no-save", "--set", f"model.path={self.model}", "--set",
                                "model.repository=someone/tiny", *words, **options)
        self.addCleanup(node.__exit__)
        return node

    @staticmethod
    def held(node):
        """Soft limits, as the kernel tells them; None: none."""
        found = {}
        for line in Path(f"/proc/{node.process.pid}/limits").read_text().splitlines():
            if line[:26].strip() in NAMES:
                soft = line[26:].split()[0]
                found[NAMES[line[:26].strip()]] = None if soft == "unlimited" else int(soft)
        return found

    def blocks(self, node):
        return [block["online"] for block in self.coverage(node)]


class OpenFiles(Case):
    def test_the_node_asks_for_as_many_as_its_settings_say(self):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        for words, want in (((), 4096), (("--set", "resources.max_open_files=700"), 700),
                            (("--set", "resources.max_open_files=0"), 300)):
            with self.subTest(words):
                node = self.start(*words, before=lambda: resource.setrlimit(
                    resource.RLIMIT_NOFILE, (300, hard)))
                self.assertEqual(self.held(node)["open_files"], want)
                self.assertEqual(self.status()["limits"]["open_files"],
                                 {"files": want, "error": None})
                node.end()

    def test_what_others_forbid_is_said(self):
        node = self.start("--set", "resources.max_open_files=700", before=lambda: (
            resource.setrlimit(resource.RLIMIT_NOFILE, (300, 400))))
        self.assertEqual(self.held(node)["open_files"], 400)
        self.assertIn("400", self.status()["limits"]["open_files"]["error"])


@unittest.skipIf(SANITIZED, "a sanitizer takes more memory than any limit")
class Memory(Case):
    # proves: FR-2/resources.max_memory_gb
    def test_the_kernel_holds_the_node_to_its_memory_and_follows_a_reload(self):
        self.h.config.write_text("resources:\n  max_memory_gb: 1GiB\n")
        node = self.start()
        node.wait("state", state="ONLINE")
        self.assertEqual(self.held(node)["memory"], 1024 * MIB + BESIDE)
        for size in (512, 2048):
            self.h.config.write_text(f"resources:\n  max_memory_gb: {size}MiB\n")
            self.expect(self.h.run("reload"), DONE)
            self.until(lambda want=size: self.held(node)["memory"] == want * MIB + BESIDE)
            self.assertEqual(self.status()["limits"]["memory"], {
                "bytes": size * MIB + BESIDE, "by": "rlimit", "error": None})
        self.h.config.write_text("node: {}\n")
        self.expect(self.h.run("reload"), DONE)
        self.assertIsNone(self.held(node)["memory"])
        self.assertEqual(self.status()["limits"]["memory"],
                         {"bytes": None, "by": None, "error": None})

    def test_a_node_that_serves_nothing_is_held_too(self):
        self.h.config.write_text("resources:\n  max_memory_gb: 1GiB\n")
        node = Node(self.h, "--no-save", "--set", "network.new_swarm=true", "--model",
                    "Llama-3.3-70B-Instruct")
        self.addCleanup(node.__exit__)
        node.wait("planned")
        self.until(lambda: self.held(node)["memory"] == 1024 * MIB + BESIDE)

    def test_a_limit_that_no_block_fits_is_taken_and_told(self):
        other = self.start("--set", "performance.cache_tokens=8192")
        other.wait("state", state="ONLINE")
        home = program.Home()
        self.addCleanup(home._folder.cleanup)
        joined = Node(home, "--no-save", "--bootstrap", other.address, "--set",
                      f"model.path={self.model}", "--set", "model.repository=someone/tiny",
                      "--set", "performance.cache_tokens=8192")
        self.addCleanup(joined.__exit__)
        joined.wait("state", state="ONLINE")
        for node, its in ((other, self.h), (joined, home)):
            its.config.write_text("resources:\n  max_memory_gb: 1MiB\n")
            self.expect(its.run("reload"), DONE)
            node.wait("state", state="JOINING")
            told = json.loads(self.expect(its.run("status --json"), DONE)[1])
            self.assertIn("not one block fits: it needs 2 MiB", told["silence"])
            self.assertIn("resources.max_memory_gb is 1 MiB", told["silence"])
            node.wait("health", verdict="degraded")
            its.config.write_text("node: {}\n")
            self.expect(its.run("reload"), DONE)
            node.wait("state", state="ONLINE")
            self.assertEqual(node.end(), DONE, node.err)

    def test_a_node_that_begins_anew_is_not_bound_by_what_it_was_held_to(self):
        self.h.config.write_text("resources:\n  max_memory_gb: 1GiB\n")
        node = self.start()
        node.wait("state", state="ONLINE")
        self.h.config.write_text("resources:\n  max_memory_gb: 3GiB\n")
        self.expect(self.h.run("restart"), DONE)
        self.until(lambda: self.held(node)["memory"] == 3072 * MIB + BESIDE)

    def test_the_limit_of_an_open_window_holds_until_it_closes(self):
        self.h.config.write_text("resources:\n  max_memory_gb: 1GiB\n")
        node = self.start("--set", window({"max_memory_gb": 0.5}, 8))
        self.until(lambda: self.held(node)["memory"] == 512 * MIB + BESIDE)
        self.assertEqual(self.status()["limits"]["memory"]["bytes"], 512 * MIB + BESIDE)
        self.until(lambda: self.held(node)["memory"] == 1024 * MIB + BESIDE)


class Processors(Case):
    """Those that the kernel lets the node run on."""

    def setUp(self):
        super().setUp()
        self.all = sorted(os.sched_getaffinity(0))
        if len(self.all) < 2:
            self.skipTest("one processor cannot be divided")

    def used(self, node):
        """Of all its threads, some of which may end meanwhile."""
        found = set()
        for task in Path(f"/proc/{node.process.pid}/task").iterdir():
            with contextlib.suppress(ProcessLookupError):
                found.add(tuple(sorted(os.sched_getaffinity(int(task.name)))))
        return found

    def half(self, percent):
        self.h.config.write_text(f"resources:\n  max_cpu_percent: {percent}\n")

    # proves: FR-2/resources.max_cpu_percent
    def test_a_share_is_held_to_so_many_and_follows_a_reload(self):
        self.half(50)
        node = self.start()
        node.wait("state", state="ONLINE")
        n = len(self.all)
        want = tuple(self.all[-((n + 1) // 2):])
        self.until(lambda: self.used(node) == {want})
        self.assertEqual(self.status()["limits"]["processors"],
                         {"cores": n / 2, "by": "affinity", "error": None})
        self.expect(self.h.run("status"), DONE, f"processors up to {n / 2:g} by affinity")
        self.half(100)
        self.expect(self.h.run("reload"), DONE)
        self.until(lambda: self.used(node) == {tuple(self.all)})
        self.assertEqual(self.status()["limits"]["processors"],
                         {"cores": None, "by": None, "error": None})
        node.wait("state", state="ONLINE")  # with as many threads
        self.half(50)
        self.expect(self.h.run("reload"), DONE)  # which rest: on one they would disturb each other
        self.until(lambda: self.status()["limits"]["processors"]["by"] == "itself")
        self.assertEqual(self.used(node), {tuple(self.all)})

    def test_less_than_one_of_them_the_node_keeps_itself(self):
        n = len(self.all)
        self.half(100 - 100 // n // 2)
        node = self.start()
        node.wait("state", state="ONLINE")
        self.assertEqual(self.used(node), {tuple(self.all)})
        self.assertEqual(self.status()["limits"]["processors"]["by"], "itself")

    def test_a_node_that_begins_anew_has_them_all_again(self):
        self.half(50)
        node = self.start()
        node.wait("state", state="ONLINE")
        self.until(lambda: self.used(node) != {tuple(self.all)})
        self.h.config.write_text("node: {}\n")
        self.expect(self.h.run("restart"), DONE)
        self.until(lambda: self.used(node) == {tuple(self.all)})


@unittest.skipIf(os.geteuid(), "only root can show a node other control groups")
class Group(Case):
    """A control group that systemd has handed down, made of plain files, in a view of the files
    that this process alone has; the node is in one of that name as the kernel tells it."""

    def setUp(self):
        super().setUp()
        self.seen = self.h.root / "cgroup"
        name = f"kwaainet-e2e-{os.getpid()}.service"
        self.real = next((Path(line.split()[4]) for line in
                          Path("/proc/self/mountinfo").read_text().splitlines()
                          if " - cgroup2 " in line), Path("/nowhere")) / name
        own = Path("/proc/self/cgroup").read_text()
        if "0::/\n" not in own:
            self.skipTest("this test needs the top group of version 2")
        try:
            self.real.mkdir()
        except OSError as err:
            self.skipTest(f"no group can be made here: {err}")
        self.addCleanup(self.real.rmdir)
        self.service = self.seen / name
        self.group = self.service / "kwaainet"
        self.group.mkdir(parents=True)
        for file, text in (("cgroup.controllers", "cpu io memory pids\n"),
                           ("cgroup.subtree_control", ""), ("cgroup.procs", "")):
            (self.service / file).write_text(text)
        with contextlib.suppress(OSError):  # where files can be marked, groups are
            os.setxattr(self.service, "user.delegate", b"1")
        for file in ("cgroup.procs", "memory.high", "memory.max", "cpu.max", "memory.stat"):
            (self.group / file).write_text("")

    def enter(self):
        """In the node's process, before it is one."""
        (self.real / "cgroup.procs").write_text("0")
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.unshare(NEW_MOUNTS) == 0
        assert libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) == 0
        assert libc.umount2(b"/sys/fs/cgroup", MNT_DETACH) == 0
        assert libc.mount(bytes(self.seen), b"/sys/fs/cgroup", None, MS_BIND, None) == 0
        (self.service / "cgroup.procs").write_text(f"{os.getpid()}\n")

    def told(self, name):
        return (self.group / name).read_text()

    def limits(self, memory, percent):
        self.h.config.write_text("resources:\n"
                                 f"  max_memory_gb: {memory}\n  max_cpu_percent: {percent}\n")

    def test_the_group_keeps_memory_and_processors_and_follows_a_reload(self):
        n = len(os.sched_getaffinity(0))
        self.limits("1GiB", 50)
        node = self.start(before=self.enter)
        node.wait("state", state="ONLINE")
        self.assertEqual((self.service / "cgroup.subtree_control").read_text(), "+memory +cpu")
        self.assertEqual(self.told("cgroup.procs"), str(node.process.pid))
        for memory, percent in ((1024, 50), (512, 25), (2048, 75)):
            self.limits(f"{memory}MiB", percent)
            self.expect(self.h.run("reload"), DONE)
            high = memory * MIB + BESIDE
            self.until(lambda want=high: self.told("memory.high") == str(want))
            self.assertEqual(self.told("memory.max"), str(high + 64 * MIB))
            self.assertEqual(self.told("cpu.max"), f"{int(n * percent * 1000)} 100000")
            told = self.status()["limits"]
            self.assertEqual((told["memory"]["by"], told["memory"]["bytes"]), ("cgroup", high))
            self.assertEqual(told["processors"],
                             {"cores": n * percent / 100, "by": "cgroup", "error": None})
            self.assertEqual(len(os.sched_getaffinity(node.process.pid)), n)
        self.assertEqual(told["cgroup"]["error"], None)
        (self.group / "memory.stat").write_text(f"anon {4096 * MIB}\nfile 0\n")
        self.limits("1GiB", 75)
        self.expect(self.h.run("reload"), DONE)  # what it holds now does not kill it
        self.until(lambda: self.told("memory.max") == str(4160 * MIB))
        self.h.config.write_text("node: {}\n")
        self.expect(self.h.run("reload"), DONE)
        self.assertEqual([self.told(name) for name in ("memory.high", "memory.max", "cpu.max")],
                         ["max", "max", "max 100000"])

    def test_what_a_node_set_is_taken_back_at_its_end(self):
        self.limits("1GiB", 50)
        node = self.start(before=self.enter)
        node.wait("state", state="ONLINE")
        self.until(lambda: self.told("memory.max") != "")
        self.assertEqual(node.end(), DONE)
        self.assertEqual([self.told(name) for name in ("memory.high", "memory.max", "cpu.max")],
                         ["max", "max", "max 100000"])

    def test_what_was_not_handed_down_is_said(self):
        def busy():
            self.enter()
            (self.service / "cgroup.procs").write_text(f"1\n{os.getpid()}\n")

        def empty():
            self.enter()
            (self.service / "cgroup.controllers").write_text("pids\n")

        for before, want in ((busy, "other processes"), (empty, "neither memory nor processors"),
                             (None, "not a service's")):
            with self.subTest(want):
                node = self.start(before=before)
                told = self.status()["limits"]["cgroup"]
                self.assertIsNone(told["folder"])
                self.assertIn(want, told["error"])
                self.assertEqual(self.told("cgroup.procs"), "")
                node.end()


if __name__ == "__main__":
    program.main()
