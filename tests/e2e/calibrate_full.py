#!/usr/bin/env python3
"""`kwaainet calibrate full` and `kwaainet bench`: what is measured, kept, and really runs.

usage: calibrate_full.py PROGRAM HOLD [TEST…]

HOLD is tests/support/hold.c. Memory groups are made where that is permitted, of either version.
"""
import json
import math
import os
import re
import signal
import struct
import subprocess
import sys
import time
import unittest
from pathlib import Path

import program
from calibrate import Group
from program import DONE, FAILED, USAGE
from started import first_of_a_swarm, own_network

if __name__ == "__main__":
    HOLD = Path(sys.argv.pop(2)).resolve() if len(sys.argv) > 2 else None
    own_network()
MIB, GIB = 1 << 20, 1 << 30
WITHIN = 0.95  # of the largest count that really runs
LONG = 300  # seconds until a run counts as hanging
FULL = 60  # seconds that the requirement gives to the medium model
# The medium model of the requirement, with more blocks than any memory here holds.
MEDIUM = {"model_type": "llama", "hidden_size": 2048, "intermediate_size": 5632,
          "num_attention_heads": 32, "num_key_value_heads": 4, "num_hidden_layers": 200,
          "max_position_embeddings": 2048, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
          "vocab_size": 32000, "hidden_act": "silu"}
LITTLE = dict(MEDIUM, hidden_size=1024, intermediate_size=2816, num_attention_heads=16)
TINY = dict(MEDIUM, hidden_size=256, intermediate_size=576, num_attention_heads=8,
            num_hidden_layers=12, max_position_embeddings=512)


def write_weights(folder, shape):
    """Every tensor of the blocks in one file, as bfloat16 of about 0.01 either way."""
    hidden, ffn = shape["hidden_size"], shape["intermediate_size"]
    keys = hidden // shape["num_attention_heads"] * shape["num_key_value_heads"]
    sides = {"self_attn.q_proj": (hidden, hidden), "self_attn.k_proj": (keys, hidden),
             "self_attn.v_proj": (keys, hidden), "self_attn.o_proj": (hidden, hidden),
             "mlp.gate_proj": (ffn, hidden), "mlp.up_proj": (ffn, hidden),
             "mlp.down_proj": (hidden, ffn), "input_layernorm": (hidden,),
             "post_attention_layernorm": (hidden,)}
    header, at = {}, 0
    for block in range(shape["num_hidden_layers"]):
        for name, side in sides.items():
            size = 2 * math.prod(side)
            header[f"model.layers.{block}.{name}.weight"] = {
                "dtype": "BF16", "shape": side, "data_offsets": [at, at + size]}
            at += size
    text = json.dumps(header).encode()
    with open(folder / "model.safetensors", "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for _ in range(0, at, MIB):
            out.write((b"\x23\x3c\x25\xbc" * (MIB // 4))[:min(MIB, at)])
            at -= MIB


class Case(program.Case):
    def model(self, shape):
        """A folder with the shape alone: its weights are made up."""
        folder = self.h.root / "model"
        folder.mkdir(exist_ok=True)
        (folder / "config.json").write_text(json.dumps(shape))
        return folder

    def kept(self):
        return self.h.home / ".kwaainet" / "calibration.yaml"

    def full(self, *words, shape=TINY):
        """The document."""
        status, out, err = self.h.run("calibrate", "full", "--json", "--set",
                                      f"model.path={self.model(shape)}", *words)
        self.assertEqual(status, DONE, err)
        return json.loads(out)["calibration"]


class Command(Case):
    # proves: FR-0/0.2.6, MS-3/1, MS-3/3, NFR-1/1.1.full
    def test_what_was_measured_is_told_and_kept(self):
        folder = self.model(TINY)
        out = self.expect(self.h.run("calibrate", "full", "--set", f"model.path={folder}"), DONE,
                          "Full calibration", "made up", "Chosen: ", "Maximum: 12 blocks ran a "
                          "session of ", "Kept in")[1]
        self.assertRegex(" ".join(out.split()), r"one session [0-9]+ tokens/s a block \([0-9]+ %")
        text = self.kept().read_text()
        for word in ("  mode: full\n", "  measured:\n", "    made_up: true", "    blocks: 12 "):
            self.assertIn(word, text)

    def test_json_is_the_tree_of_the_file(self):
        measured = self.full("--dtype", "float32")["measured"]
        self.assertEqual((measured["blocks"], measured["dtype"], measured["dtype_chosen"]),
                         (12, "float32", False))
        self.assertGreater(measured["decode"], 0)
        self.assertGreater(measured["read_bandwidth"], 0)
        self.assertGreaterEqual(measured["threads_gain"], 0.9)

    def test_the_files_of_a_model_are_what_is_measured(self):
        write_weights(self.model(TINY), TINY)
        measured = self.full("--dtype", "bfloat16")["measured"]
        self.assertEqual((measured["made_up"], measured["blocks"]), (False, 12))
        (self.model(TINY) / "model.safetensors").write_bytes(b"not what it should be")
        status, _, err = self.h.run("calibrate", "full", "--set", f"model.path={self.model(TINY)}")
        self.assertEqual(status, program.CONFIGURATION, err)
        self.assertIn("model.safetensors", err)

    # proves: MS-3/6
    def test_the_next_start_plans_by_it_until_the_settings_are_others(self):
        model = f"model.path={self.model(TINY)}"
        self.full("--preset", "max")
        def planned(*words):
            status, out, err = self.h.run("start", "--dry-run", "--json", "--preset", "max",
                                          "--set", "network.new_swarm=true", "--set", model, *words)
            self.assertEqual(status, DONE, err)
            return {line["event"]: line for line in map(json.loads, out.splitlines())}
        reasons = planned()["planned"]["reasons"]
        self.assertRegex(reasons["performance.throughput"], "^measured on [0-9-]{10}: ")
        self.assertRegex(reasons["performance.max_batch_tokens"], "^measured on ")
        reasons = planned("--max-memory", "100MiB")["planned"]["reasons"]
        self.assertRegex(reasons["performance.throughput"], "^estimate ")

    def test_an_interrupt_ends_it_and_nothing_is_written(self):
        child = subprocess.Popen(
            [self.h.program, "calibrate", "full", "--set", f"model.path={self.model(MEDIUM)}"],
            cwd=self.h.work, env=self.h.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertIn(b"Calibrating hardware...", child.stderr.readline())
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=program.DEADLINE)
        self.assertEqual(child.returncode, FAILED, err)
        self.assertIn(b"the calibration was ended", err)
        self.assertFalse(self.kept().exists())

    def test_a_model_whose_shape_nobody_knows_is_refused(self):
        self.expect(self.h.run("calibrate", "full", "--model", "Nobody-7B"), program.CONFIGURATION,
                    "nobody here knows the shape of Nobody-7B", "model.path")
        self.expect(self.h.run("start --dry-run --calibrate full"), USAGE, "--dry-run")

    # proves: P3/2
    def test_bench_measures_every_type_and_ends_by_itself(self):
        model = ("--set", f"model.path={self.model(TINY)}", "--for", "5")
        begin = time.monotonic()
        status, out, err = self.h.run("bench", "--json", *model)
        self.assertEqual(status, DONE, err)
        self.assertLess(time.monotonic() - begin, program.DEADLINE)
        told = json.loads(out)
        self.assertEqual([row["type"] for row in told["types"]],
                         ["float32", "bfloat16", "float16", "int8", "nf4"])
        for row in told["types"]:
            for name in ("read_bytes_per_s", "decode_tokens_per_s", "sessions_tokens_per_s",
                         "prefill_128_tokens_per_s", "prefill_512_tokens_per_s"):
                self.assertGreater(row[name], 0, row)
        self.assertEqual(told["bootstraps"], [])
        self.assertEqual(self.h.run("bench", "--quiet", *model)[:2], (DONE, ""))
        self.assertFalse(self.kept().exists())
        self.expect(self.h.run("bench --for 4"), USAGE, "must be a whole number from 5 to 300")

    def test_bench_asks_the_bootstraps_that_are_written(self):
        second = program.Home()
        self.addCleanup(second._folder.cleanup)
        swarm = first_of_a_swarm(second, "--model=TinyLlama-1.1B-Chat-v1.0")
        self.addCleanup(swarm.__exit__)
        status, out, err = self.h.run("bench", "--json", "--for", "5", "--set",
                                      f"model.path={self.model(TINY)}", "--bootstrap",
                                      swarm.address)
        self.assertEqual(status, DONE, err)
        peer, = json.loads(out)["bootstraps"]
        self.assertTrue(peer["ok"], peer)
        self.assertGreater(peer["ping_ms"], 0)


class InGroups(Case):
    def in_group(self, group, *words):
        # What a sanitizer keeps of freed memory is no part of what is measured.
        status, out = group.run([self.h.program, *words], timeout=LONG, cwd=self.h.work,
                                env=self.h.environment({"ASAN_OPTIONS": "quarantine_size_mb=1"}))
        self.assertEqual(status, DONE, out)
        return out

    def is_near_the_best(self, limit, dtype, shape=None):
        free = re.search(r"MemAvailable: +([0-9]+)", Path("/proc/meminfo").read_text())
        if int(free[1]) * 1024 < limit + GIB:
            raise unittest.SkipTest("this machine has less memory than the group would")
        group = Group(limit)
        self.addCleanup(group.close)
        folder = self.model(shape or MEDIUM)
        begin = time.monotonic()
        document = json.loads(self.in_group(group, "calibrate", "full", "--json", "--dtype", dtype,
                                            "--set", f"model.path={folder}"))["calibration"]
        took = time.monotonic() - begin
        found = document["measured"]["blocks"]
        everything = self.h.root / "everything"  # a machine with more memory than it has
        (everything / "proc").mkdir(parents=True, exist_ok=True)
        (everything / "proc" / "meminfo").write_text("MemTotal: 1000000000 kB\n"
                                                     "MemAvailable: 1000000000 kB\n")
        def runs(count):
            return group.run([HOLD, everything, folder, dtype, str(count)],
                             timeout=LONG)[0] == DONE
        print(f"limit {limit >> 20} MiB, {dtype}: {found} blocks in {took:.0f} s", file=sys.stderr)
        self.assertTrue(runs(found))
        self.assertFalse(runs(int(found / WITHIN) + 1))
        self.assertEqual(document["profiles"]["max"]["blocks"], found)
        if b"__asan_init" not in self.h.program.read_bytes():
            self.assertLessEqual(took, FULL)
        group.close()


class Small(InGroups):
    # proves: SM/2, P2/4.3, NFR-1/1.1.full
    def test_in_2_gib_the_count_is_the_largest_that_runs(self):
        self.is_near_the_best(2 * GIB, "bfloat16", LITTLE)


    def test_pages_of_files_count(self):
        """The system would drop them, but a session needs them: no more blocks than lie in it."""
        limit, shape = 512 * MIB, dict(LITTLE, num_hidden_layers=30)
        group = Group(limit)
        self.addCleanup(group.close)
        write_weights(self.model(shape), shape)
        measured = json.loads(self.in_group(
            group, "calibrate", "full", "--json", "--dtype", "bfloat16", "--set",
            f"model.path={self.model(shape)}"))["calibration"]["measured"]
        self.assertFalse(measured["made_up"])
        taken = measured["blocks"] * measured["memory_per_block"]
        print(f"limit 512 MiB: {measured['blocks']} blocks of files", file=sys.stderr)
        self.assertLess(taken, limit)
        self.assertGreater(taken, 0.75 * limit)
        group.close()


@unittest.skipIf(os.environ.get("CI") == "true", "takes minutes: for a person's own runs")
class Large(InGroups):
    # proves: SM/2, P2/4.3
    def test_in_2_gib(self):
        self.is_near_the_best(2 * GIB, "bfloat16")
        self.is_near_the_best(2 * GIB, "float32")

    def test_in_4_gib(self):
        self.is_near_the_best(4 * GIB, "bfloat16")
        self.is_near_the_best(4 * GIB, "float32")

    def test_in_8_gib(self):
        self.is_near_the_best(8 * GIB, "bfloat16")
        self.is_near_the_best(8 * GIB, "float32")


if __name__ == "__main__":
    program.main()
