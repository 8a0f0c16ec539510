#!/usr/bin/env python3
"""What the kernel holds a node to, and what the node makes of memory that it is refused.

usage: limits.py PROGRAM [TEST…]
"""
import resource
import sys
import unittest
from pathlib import Path

import program
from program import DONE
from started import first_of_a_swarm, own_network
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
    def test_the_kernel_holds_the_node_to_its_memory_and_follows_a_reload(self):
        self.h.config.write_text("resources:\n  max_memory_gb: 1GiB\n")
        node = self.start()
        node.wait("state", state="ONLINE")
        self.assertEqual(self.held(node)["memory"], 1024 * MIB + BESIDE)
        for size in (512, 2048):
            self.h.config.write_text(f"resources:\n  max_memory_gb: {size}MiB\n")
            self.expect(self.h.run("reload"), DONE)
            self.until(lambda want=size: self.held(node)["memory"] == want * MIB + BESIDE)
        self.h.config.write_text("node: {}\n")
        self.expect(self.h.run("reload"), DONE)
        self.assertIsNone(self.held(node)["memory"])
        self.assertEqual(self.status()["limits"]["memory"], {"bytes": None, "error": None})

    def test_a_node_that_begins_anew_is_not_bound_by_what_it_was_held_to(self):
        self.h.config.write_text("resources:\n  max_memory_gb: 1GiB\n")
        node = self.start()
        node.wait("state", state="ONLINE")
        self.h.config.write_text("resources:\n  max_memory_gb: 3GiB\n")
        self.expect(self.h.run("restart"), DONE)
        self.until(lambda: self.held(node)["memory"] == 3072 * MIB + BESIDE)


if __name__ == "__main__":
    program.main()
