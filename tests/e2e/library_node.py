#!/usr/bin/env python3
"""libkwaainet installed, and examples/petals_visible.c as others compile it, among nodes of ours.

usage: library_node.py SOURCE BUILD CMAKE [TEST…]

BUILD gets a plain build of program and libraries; it is installed into a private prefix.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

import program
from installed import FLAGS, compile_with, imported, install, need, one, visible
from program import CONFIGURATION, DONE
from started import SOON, first_of_a_swarm, own_network

ALONE = __name__ == "__main__" and own_network()
TRY_AGAIN = 75
SMALL = {"KWAAINET_MODEL": "TinyLlama-1.1B-Chat-v1.0", "KWAAINET_MAX_MEMORY": "512MiB",
         "KWAAINET_DHT_ANNOUNCE_INTERVAL": "1s"}
PREFIX = None
EXAMPLE = None


def library():
    return one(PREFIX, "libkwaainet.so.*.*.*")


class Example:
    """petals_visible in that home; killed when the block ends."""

    def __init__(self, home, *words, env=None):
        self.lines = []
        self.process = subprocess.Popen(
            [str(EXAMPLE), *words], cwd=home.work, stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=home.environment({"LD_LIBRARY_PATH": str(library().parent), **SMALL,
                                  **(env or {})}))

    def wait(self, pattern):
        """Read on until a line matches."""
        watch = threading.Timer(SOON, self.process.kill)  # the reading ends with the process
        watch.start()
        try:
            for line in self.process.stdout:
                self.lines.append(line.rstrip("\n"))
                if found := re.search(pattern, line):
                    return found
        finally:
            watch.cancel()
        raise AssertionError(f"ended without {pattern}: {self.lines} {self.process.stderr.read()}")

    def end(self, number=signal.SIGINT):
        """The exit status and what stands on standard error."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=SOON)
        self.lines += out.splitlines()
        return self.process.returncode, err

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


class Library(unittest.TestCase):
    def test_only_the_public_names_are_visible(self):
        names = visible(library())
        self.assertEqual({name for name in names if not name.startswith("kwaai_node_")}, set())
        self.assertEqual(len(names), 8, names)

    def test_what_belongs_to_the_process_is_not_imported(self):
        wrong = imported(library()) & {
            "exit", "_exit", "fork", "execve", "system", "popen", "setlocale", "signal", "chdir",
            "umask", "setenv", "putenv", "printf", "puts", "putchar", "stdout", "stdin", "atexit"}
        self.assertEqual(wrong, set())

    # proves: TR-2/library
    def test_it_needs_the_libraries_that_its_file_names(self):
        found = re.findall(r"NEEDED.*\[([^.\]]+)", need("readelf", "-d", library()))
        named = re.search(r"Requires.private: (.*)", one(PREFIX, "kwaainet.pc").read_text())[1]
        self.assertEqual(set(found) - {"libc", "libm", "libresolv"},
                         {"libyaml-0", "libjansson", "libcrypto", "libuv"})
        self.assertEqual(named.split(), ["yaml-0.1", "jansson", "libcrypto", "libuv"])

    def test_the_headers_are_c_and_cpp(self):
        with tempfile.TemporaryDirectory(prefix="e2e-") as name:
            source = Path(name) / "all.c"
            source.write_text("#include <kwaainet/node.h>\n"
                              "struct kwaai_node_options options = KWAAI_NODE_OPTIONS;\n"
                              "struct kwaai_event event = KWAAI_EVENT;\n")
            need("cc", *FLAGS, "-fsyntax-only", f"-I{PREFIX}/include", source)
            if shutil.which("c++") is None:
                self.skipTest("no compiler for C++")
            need("c++", "-x", "c++", "-std=c++11", "-Wall", "-Werror", "-fsyntax-only",
                 f"-I{PREFIX}/include", source)


class Visible(program.Case):
    def setUp(self):
        super().setUp()
        self.second = program.Home()
        self.addCleanup(self.second._folder.cleanup)

    def first(self):
        node = first_of_a_swarm(self.second, "--set", "dht.announce_interval=1s",
                                "--model=TinyLlama-1.1B-Chat-v1.0", "--max-memory", "512MiB")
        self.addCleanup(node.__exit__)
        return node

    def start(self, *words, home=None, env=None):
        example = Example(home or self.h, *words, env=env)
        self.addCleanup(example.__exit__)
        return example

    def joining(self, address):
        """How many nodes the swarm shows as JOINING."""
        out = self.expect(self.second.run("network", "models", "--json", "--bootstrap", address),
                          DONE)[1]
        return [model["providers_joining"] for model in json.loads(out)["models"]]

    # proves: TR-2/example, MS-1/6, P1/1
    def test_without_arguments_it_discovers_joins_announces_and_stays(self):
        first = self.first()
        example = self.start(env={"INITIAL_PEERS": first.address})
        example.wait(r"^visible on 1 of 1 bootstrap$")
        for pattern in (r"^configuration: /.*/node_config\.yaml",
                        r"^Using port \d+.*, peer 12D3Koo",
                        r"^connected to /ip4/127\.0\.0\.1/tcp/\d+/p2p/", r"^state: JOINING$",
                        r"^discovered 1 model, selected TinyLlama", r"^calibrated: \d+ blocks",
                        r"^assigned blocks \d+-\d+ ", r"^node name: .*-C-",
                        r"^announced \d+ blocks?: (\d+) of \1 records acknowledged; as JOINING"):
            self.assertTrue(any(re.search(pattern, line) for line in example.lines),
                            (pattern, example.lines))
        self.assertEqual(self.joining(first.address), [2])
        self.assertEqual(example.end(), (DONE, ""))
        self.assertEqual(example.lines[-2:], ["state: DRAINING", "ended"])
        self.assertEqual(self.joining(first.address), [1])
        self.assertFalse(self.h.config.exists())

    def test_a_later_start_announces_the_same_blocks(self):
        first = self.first()
        found = []
        for _ in range(2):
            example = self.start("--bootstrap", first.address)
            example.wait(r"^visible on 1 of 1 bootstrap$")
            found.append({line for line in example.lines
                          if line.startswith(("Using port", "assigned", "node name"))})
            self.assertEqual(example.end()[0], DONE)
        first_run, later_run = ({re.split(r"[(,]", line)[0].strip() for line in lines}
                                for lines in found)
        self.assertEqual(first_run, later_run)
        self.assertFalse(any("nobody" in line for line in example.lines), example.lines)

    def test_it_stays_while_others_come_and_go(self):
        first = self.first()
        example = self.start("--bootstrap", first.address)
        example.wait(r"^visible on 1 ")
        first.process.kill()
        first.process.wait()
        example.wait(r": 0 of \d+ records acknowledged|nobody else yet")
        self.assertIsNone(example.process.poll())
        self.assertEqual(example.end(signal.SIGTERM)[0], DONE)

    def test_commands_find_the_node_of_the_library(self):
        example = self.start("--set", "network.new_swarm=true")
        example.wait(r"^there is nobody else yet")
        told = json.loads(self.expect(self.h.run("status", "--json"), DONE)[1])
        self.assertEqual((told["pid"], told["state"]), (example.process.pid, "JOINING"))
        self.expect(self.h.run("stop"), DONE)
        example.wait(r"^ended$")
        self.assertEqual(example.process.wait(SOON), DONE)

    def test_a_folder_that_another_node_has_is_said(self):
        example = self.start("--set", "network.new_swarm=true")
        example.wait(r"^there is nobody else yet")
        other = self.start("--set", "network.new_swarm=true")
        other.wait(r"^ended: ")
        self.assertIn(str(example.process.pid), other.lines[-1])
        self.assertEqual(other.process.wait(SOON), TRY_AGAIN)

    # proves: TR-4/ValidationError
    def test_every_mistake_of_the_configuration_is_shown(self):
        self.h.config.write_text("node: {port: 0}\nmodel: {dtype: flaot16}\n")
        example = self.start()
        self.assertEqual(example.process.wait(SOON), CONFIGURATION)
        err = example.process.stderr.read()
        for part in ("node_config.yaml:1:14: node.port: ", "node_config.yaml:2:16: model.dtype: "):
            self.assertIn(part, err)


def main():
    global PREFIX, EXAMPLE
    if len(sys.argv) < 4:
        sys.exit(__doc__.strip())
    source, build, cmake = Path(sys.argv[1]).resolve(), Path(sys.argv[2]), sys.argv[3]
    del sys.argv[1:4]
    with tempfile.TemporaryDirectory(prefix="e2e-") as name:
        folder = Path(name).resolve()
        PREFIX, EXAMPLE = folder / "prefix", folder / "petals_visible"
        install(source, build, cmake, PREFIX)
        program.PROGRAM = PREFIX / "bin/kwaainet"
        compile_with(["kwaainet", "kwaai-config"], source / "examples/petals_visible.c", PREFIX,
                     EXAMPLE)
        os.chmod(folder, 0o755)
        done = unittest.main(module="__main__", verbosity=0, exit=False)
    sys.exit(not done.result.wasSuccessful())


if __name__ == "__main__":
    main()
