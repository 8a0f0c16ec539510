#!/usr/bin/env python3
"""`kwaainet calibrate` and `start --calibrate`: what is found out, kept, and really fits.

usage: calibrate.py PROGRAM FILL [TEST…]

FILL is tests/support/fill.c. Memory groups are made where that is permitted, of either version.
"""
import contextlib
import errno
import json
import os
import re
import socket
import subprocess
import sys
import time
import unittest
from pathlib import Path

import program
from program import CONFIGURATION, DONE, FAILED, NOBODY, USAGE
from started import Node, first_of_a_swarm, own_network

if __name__ == "__main__":
    FILL = Path(sys.argv.pop(2)).resolve() if len(sys.argv) > 2 else None
    own_network()
MIB = 1 << 20
SMALL = "--model=TinyLlama-1.1B-Chat-v1.0"
QUICK = 10  # seconds that the requirements give it
# Models of which not all blocks fit, with their data type named: every machine plans the same.
FILLING = {512 * MIB: "SmolLM2-135M", 1024 * MIB: "SmolLM2-360M",
           4096 * MIB: "TinyLlama-1.1B-Chat-v1.0"}


class Case(program.Case):
    def data(self, name):
        return self.h.home / ".kwaainet" / name

    def calibrate(self, *words, **options):
        """The document."""
        status, out, err = self.h.run("calibrate", "--json", *words, **options)
        self.assertEqual(status, DONE, err)
        return json.loads(out)["calibration"]


class Command(Case):
    # proves: FR-0/0.2.1, FR-0/0.2.3, NFR-1/1.1.calibration, P2/1.2, MS-2.1/2, MS-2.1/3
    def test_the_machine_is_measured_in_time_and_the_profiles_are_kept(self):
        begin = time.monotonic()
        self.expect(self.h.run("calibrate"), DONE, "RAM: ", "Estimated: ~",
                    "Conservative (min): ", "Balanced (recommended): ", "Aggressive (max): ",
                    "SELECTED", "estimate", "~/.kwaainet/calibration.yaml".replace(
                        "~", str(self.h.home)))
        self.assertLess(time.monotonic() - begin, QUICK)
        text = self.data("calibration.yaml").read_text()
        for word in ("min: { blocks: ", "recommended: { blocks: ", "max: { blocks: "):
            self.assertIn(word, text)
        self.assertEqual(self.data("calibration.yaml").stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.data(".").stat().st_mode & 0o777, 0o700)
        self.assertFalse(self.h.config.exists())

    def test_json_is_the_tree_of_the_file(self):
        document = self.calibrate(SMALL)
        text = self.data("calibration.yaml").read_text()
        self.assertEqual(list(document), re.findall(r"^  (\w+):", text, re.M))
        self.assertEqual(document["model"], "TinyLlama-1.1B-Chat-v1.0")
        self.assertEqual(document["total_blocks"], 22)
        for preset, profile in document["profiles"].items():
            self.assertIn(f"    {preset}: {{ blocks: {profile['blocks']}, "
                          f"memory: {profile['memory']} }}\n", text)
            self.assertEqual(profile["memory"], profile["blocks"] * document["memory_per_block"])
        self.assertEqual(document["settings"]["resources.max_memory_gb"], "auto")
        self.assertRegex(document["fingerprint"], "^[0-9a-f]{16}$")

    # proves: FR-0/0.2.3.3, FR-0/0.2.4
    def test_settings_from_everywhere_count(self):
        self.h.config.write_text("resources:\n  max_memory_gb: 1GiB\n")
        document = self.calibrate(SMALL, "--dtype", "float16", "--preset", "max",
                                  env={"KWAAINET_MODEL_QUANT_TYPE": "int8"})
        self.assertEqual((document["dtype"], document["quant_type"], document["preset"]),
                         ("float16", "int8", "max"))
        self.assertLessEqual(document["profiles"]["max"]["memory"], 0.9 * 1024 * MIB)
        self.assertEqual(document["settings"], {
            "model.dtype": "float16", "model.quant_type": "int8", "performance.device": "auto",
            "resources.max_memory_gb": "1GiB", "resources.max_gpu_memory_gb": "auto"})

    def test_the_next_start_shows_what_was_calibrated(self):
        document = self.calibrate(SMALL, "--max-memory", "512MiB")
        status, out, err = self.h.run("config", "explain", "model.blocks", "--json", SMALL,
                                      "--max-memory", "512MiB")
        self.assertEqual(status, DONE, err)
        told = json.loads(out)
        self.assertEqual(told["value"], document["profiles"]["recommended"]["blocks"])
        self.assertEqual(told["origin"]["layer"], "cache")

    def test_the_network_is_not_touched(self):
        with socket.create_server(("127.0.0.1", 0)) as door:
            port = door.getsockname()[1]
            peer = program.PEER[program.PEER.index("/p2p/"):]
            self.calibrate("--bootstrap", f"/ip4/127.0.0.1/tcp/{port}{peer}")
            door.setblocking(False)
            with self.assertRaises(BlockingIOError):
                door.accept()
        self.assertFalse(self.data("identity.key").exists())

    def test_a_wrong_configuration_is_refused(self):
        self.h.config.write_text("node:\n  port: 0\n")
        self.expect(self.h.run("calibrate"), CONFIGURATION, "node_config.yaml:2:9")
        self.assertFalse(self.data("calibration.yaml").exists())

    @unittest.skipIf(os.geteuid(), "only root can become nobody")
    def test_a_home_that_cannot_be_written_is_named(self):
        for folder in (self.h.home, self.h.root):
            folder.chmod(0o755)
        self.expect(self.h.run("calibrate", user=NOBODY, group=NOBODY, extra_groups=[]), FAILED,
                    str(self.h.home), "ermission")

    def test_a_file_that_cannot_be_replaced_is_named(self):
        self.data("calibration.yaml").mkdir(parents=True)
        self.expect(self.h.run("calibrate"), FAILED, "calibration.yaml")


class Start(Case):
    """--calibrate, and plans of earlier starts."""

    def setUp(self):
        super().setUp()
        self.second = program.Home()
        self.addCleanup(self.second._folder.cleanup)
        self.swarm = first_of_a_swarm(self.second, SMALL)
        self.addCleanup(self.swarm.__exit__)

    def one(self, *words):
        node = Node(self.h, "--bootstrap", self.swarm.address, *words)
        self.addCleanup(node.__exit__)
        node.wait("visible")
        self.assertEqual(node.end(), DONE, node.err)
        return node

    @staticmethod
    def blocks(node):
        return int(node.plan["model.end_block"]) - int(node.plan["model.start_block"])

    # proves: FR-0/0.2.6, MS-2.1/4
    def test_it_plans_anew_and_then_starts(self):
        few = self.one("--max-memory", "1GiB")
        self.assertIsNone(few.told("calibration")["changed"])
        again = self.one("--max-memory", "1GiB", "--calibrate", "quick")
        self.assertIn("--calibrate asks for it", again.told("calibration")["changed"])
        self.assertEqual(self.blocks(again), self.blocks(few))
        self.assertEqual(again.plan["model.start_block"], few.plan["model.start_block"])

    def test_a_plan_that_fits_no_longer_shrinks_and_that_is_said(self):
        many = self.one()
        few = self.one("--max-memory", "512MiB")
        self.assertLess(self.blocks(few), self.blocks(many))
        self.assertEqual(few.plan["model.start_block"], many.plan["model.start_block"])
        self.assertIn("Calibrated again: the settings are others",
                      few.told("calibration")["changed"])
        text = self.h.run("start", "--dry-run", "--bootstrap", self.swarm.address)[1]
        self.assertIn("Calibrated again: the settings are others", " ".join(text.split()))

    def test_a_saved_auto_is_no_other_setting(self):
        self.one("--yes")
        self.assertIn("dtype: auto", self.h.config.read_text())
        self.one("--calibrate", "quick")
        again = self.one()
        self.assertIsNone(again.told("calibration")["changed"])
        self.assertNotIn("other settings", again.err)

    def test_another_machine_is_noticed(self):
        node = self.one()
        path = self.data("calibration.yaml")
        text = re.sub('fingerprint: "[0-9a-f]*"', 'fingerprint: "0123456789abcdef"',
                      path.read_text())
        path.write_text(text)
        again = self.one()
        self.assertEqual(again.told("calibration")["changed"],
                         "Calibrated again: this is not the machine that was calibrated")
        self.assertEqual(self.blocks(again), self.blocks(node))
        self.assertNotIn("0123456789abcdef", path.read_text())
        self.assertIsNone(self.one().told("calibration")["changed"])

    def test_a_plan_that_cannot_hold_is_made_anew_and_that_is_said(self):
        self.one()
        path = self.data("discovery_cache.yaml")
        text = re.sub("start_block: [0-9]+", "start_block: 900", path.read_text())
        path.write_text(re.sub("end_block: [0-9]+", "end_block: 902",
                               re.sub("total_blocks: [0-9]+", "total_blocks: 999", text)))
        node = self.one()
        self.assertEqual(node.told("calibration")["changed"],
                         "Planned anew: start_block 900 is outside the model, which has blocks "
                         "0-21")

    # proves: FR-0/0.6.1, FR-0/0.6.2
    def test_what_performs_how_is_told_with_its_reason(self):
        node = self.one()
        reasons = node.told("planned")["reasons"]
        self.assertGreater(float(node.plan["performance.throughput"]), 0)
        self.assertRegex(reasons["performance.throughput"], "^estimate .*until it is measured$")
        self.assertIn("a fifth of the memory", reasons["performance.cache_tokens"])
        out = self.expect(self.h.run("start", "--dry-run", "--set", "network.new_swarm=true",
                                     "--model", "Qwen2.5-0.5B"), DONE,
                          "Attention cache: ")[1]
        self.assertRegex(" ".join(out.split()), r"Throughput: [0-9]+-[0-9]+ tokens/s \(estimate")


class Group:
    """A memory group below our own with a limit, for programs that are started in it."""

    def __init__(self, limit):
        self.folder = None
        for version in (self._first, self._second):
            with contextlib.suppress(OSError, StopIteration):
                self.folder = version()
                self.procs = self.folder / "cgroup.procs"
                name = "memory.max" if (self.folder / "memory.max").exists() else \
                    "memory.limit_in_bytes"
                (self.folder / name).write_text(str(limit))
                with contextlib.suppress(OSError):
                    (self.folder / "memory.swap.max").write_text("0")
                with contextlib.suppress(OSError):
                    (self.folder / "memory.memsw.limit_in_bytes").write_text(str(limit))
                self.run(["true"])
                return
            self.close()
        print("skipped: no memory group may be made here", file=sys.stderr)
        raise unittest.SkipTest("no memory group may be made here")

    @staticmethod
    def _own(number, controller):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            parts = line.split(":", 2)
            if (number is None or parts[0] == number) and controller in parts[1].split(","):
                return parts[2]
        raise StopIteration

    @staticmethod
    def _mount(kind, controller, group):
        """Where that group is seen."""
        for line in Path("/proc/self/mountinfo").read_text().splitlines():
            place, _, rest = line.partition(" - ")
            root, at = place.split()[3:5]
            fields = rest.split()
            if fields[0] != kind or (controller and controller not in fields[2].split(",")):
                continue
            if group == root or root == "/" or group.startswith(root + "/"):
                return Path(at) / group[len(root):].lstrip("/") if root != "/" else \
                    Path(at) / group.lstrip("/")
        raise StopIteration

    def _first(self):
        folder = self._mount("cgroup", "memory", self._own(None, "memory"))
        folder /= f"kwaainet-e2e-{os.getpid()}"
        folder.mkdir()
        return folder

    def _second(self):
        """Groups of version 2 hold programs or groups: ours hangs where memory is handed down."""
        own = self._mount("cgroup2", None, self._own("0", ""))
        for above in (own, *own.parents):
            control = above / "cgroup.subtree_control"
            with contextlib.suppress(OSError):
                if "memory" not in control.read_text().split():
                    control.write_text("+memory")
                folder = above / f"kwaainet-e2e-{os.getpid()}"
                folder.mkdir()
                return folder
        raise StopIteration

    def run(self, words, timeout=program.DEADLINE * 2, **options):
        """(exit status, standard output); below 0: the signal that ended it."""
        done = subprocess.run(["sh", "-c", 'echo $$ > "$0" && exec "$@"', self.procs, *words],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False,
                              stderr=subprocess.PIPE, timeout=timeout, **options)
        if b"cannot create" in done.stderr or b"Permission" in done.stderr:
            raise PermissionError(done.stderr)
        return done.returncode, done.stdout.decode()

    def close(self):
        """Who was in it may be ending still."""
        until = time.monotonic() + program.DEADLINE
        while self.folder is not None:
            try:
                self.folder.rmdir()
                self.folder = None
            except OSError as error:
                if error.errno != errno.EBUSY or time.monotonic() > until:
                    raise
                time.sleep(0.05)


class Groups(Case):
    """What is planned in a memory group is really taken there."""

    def in_group(self, group, *words):
        status, out = group.run([self.h.program, *words], cwd=self.h.work,
                                env=self.h.environment())
        self.assertEqual(status, DONE, out)
        return out

    def planned(self, group, model):
        """(blocks of max, bytes of each), as calibrate and start tell them."""
        words = ("--json", "--model", model, "--dtype", "float32")
        document = json.loads(self.in_group(group, "calibrate", *words))["calibration"]
        self.assertIn("memory_limit", document["hardware"])
        most, size = document["profiles"]["max"]["blocks"], document["memory_per_block"]
        lines = self.in_group(group, "start", "--dry-run", "--set", "network.new_swarm=true",
                              "--preset", "max", *words)
        told = {line["event"]: line for line in map(json.loads, lines.splitlines())}
        self.assertEqual(told["calibration"]["block_bytes"], size)
        self.assertLessEqual(told["calibration"]["blocks"], most + 1)
        return max(most, told["calibration"]["blocks"]), size

    # proves: P2/4.1, P2/4.3
    def test_the_plan_fits_and_is_near_the_best(self):
        for limit, model in FILLING.items():
            with self.subTest(limit=limit // MIB, model=model):
                group = Group(limit)
                self.addCleanup(group.close)
                most, size = self.planned(group, model)
                self.assertGreater(most, 0)
                status, out = group.run([FILL, str(most), str(size)])
                self.assertEqual((status, out.split()[-1]), (DONE, str(most)))
                status, out = group.run([FILL, "0", str(size)])
                self.assertNotEqual(status, DONE)
                best = len(out.split())
                print(f"limit {limit // MIB} MiB: {most} blocks of {size} bytes planned, "
                      f"{best} fit", file=sys.stderr)
                self.assertLessEqual(most, best)
                self.assertGreaterEqual(most, 0.8 * best)
                group.close()

    def test_a_group_in_which_nothing_fits_is_said(self):
        group = Group(512 * MIB)
        self.addCleanup(group.close)
        out = self.in_group(group, "calibrate", "--model", "Llama-3.3-70B-Instruct")
        self.assertRegex(" ".join(out.split()),
                         "not one block fits: it needs .* within 90 %, and cgroup .* leaves")


if __name__ == "__main__":
    program.main()
