#!/usr/bin/env python3
"""`kwaainet start` with the files of a model: what is loaded, tested, served and announced.

usage: blocks.py PROGRAM [TEST…]
"""
import json
import os
import shutil
import signal
import struct
import sys

import program
from program import CONFIGURATION, DONE, FAILED
from started import Node, first_of_a_swarm, own_network
from tiny_case import TinyCase

UNREACHABLE = 69
ALONE = __name__ == "__main__" and own_network()
BLOCKS = 4


def tensors(path):
    """Where the header of a safetensors file ends, and what it says."""
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    return 8 + size, json.loads(data[8:8 + size])


class Case(TinyCase):
    def setUp(self):
        super().setUp()
        self.weights = self.model / "model.safetensors"

    def start(self, *words, home=None, path=True, **options):
        given = ("--set", f"model.path={self.model}", "--set",
                 "model.repository=someone/tiny") if path else ()
        node = first_of_a_swarm(home or self.h, "--yes", *given, *words, **options)
        self.addCleanup(node.__exit__)
        return node

    def served(self, node):
        told = node.wait("serving", stage="serving")
        node.wait("state", state="ONLINE")
        return told

    def refused(self, *what):
        """The node stays JOINING, and says why."""
        node = self.start()
        told = node.wait("serving", stage="failed")
        for words in what:
            self.assertIn(words, told["error"])
        self.assertNotIn("ONLINE", [told.get("state") for told in node.events])
        for block in self.coverage(node):
            self.assertEqual((block["online"], block["throughput"]), (0, 0))
        self.assertEqual(node.end(), DONE, node.err)
        return told


class Serving(Case):
    def test_blocks_of_a_folder_are_served_and_announced_as_measured(self):
        node = self.start()
        told = self.served(node)
        self.assertEqual((told["start_block"], told["end_block"]), (0, BLOCKS))
        self.assertGreater(told["decode_tokens_per_s"], 0)
        self.assertGreater(told["test_ms"], 0)
        self.assertEqual(node.plan["model.name"], "tiny")
        self.assertEqual(node.plan["model.dht_prefix"], "tiny-hf")
        for block in self.coverage(node):
            self.assertEqual(block["online"], 1)
            self.assertGreater(block["throughput"], 0)

    def test_status_tells_what_is_served(self):
        node = self.start()
        self.served(node)
        status, out, err = self.h.run("status", "--json")
        self.assertEqual(status, DONE, err)
        told = json.loads(out)
        self.assertEqual(told["state"], "ONLINE")
        serving = told["serving"]
        self.assertEqual(serving["stage"], "serving")
        self.assertEqual((serving["sessions"], serving["waiting"]), (0, 0))
        self.assertGreater(serving["cache_tokens_left"], 0)
        self.assertGreater(serving["weight_bytes"], 0)
        status, out, err = self.h.run("status")
        self.assertEqual(status, DONE, err)
        self.assertRegex(out, r"(?m)^compute +serving, [\d.]+ \w+ of weights")

    def test_a_part_of_the_model_is_served_where_only_that_is_wished_for(self):
        node = self.start("--set", "model.start_block=1", "--set", "model.end_block=3")
        told = self.served(node)
        self.assertEqual((told["start_block"], told["end_block"]), (1, 3))
        self.assertEqual([block["online"] for block in self.coverage(node)], [0, 1, 1, 0])

    def test_files_in_the_cache_of_the_hub_are_found_by_the_name_of_the_model(self):
        commit = "0123456789abcdef0123456789abcdef01234567"
        hub = self.h.home / "hub" / "models--someone--tiny"
        (hub / "refs").mkdir(parents=True)
        (hub / "refs" / "main").write_text(commit)
        (hub / "snapshots").mkdir()
        shutil.move(self.model, hub / "snapshots" / commit)
        node = self.start("--model", "someone/tiny", path=False,
                          env={"HF_HUB_CACHE": str(self.h.home / "hub")})
        self.served(node)

    def test_blocks_whose_file_is_cut_are_withdrawn_though_nobody_asks(self):
        node = self.start()
        self.served(node)
        with self.weights.open("r+b") as file:
            file.truncate(4096)
        told = node.wait("serving", stage="failed")
        self.assertIn("model.safetensors was changed", told["error"])
        node.wait("state", state="JOINING")
        node.wait("announced")
        for block in self.coverage(node):
            self.assertEqual((block["online"], block["throughput"]), (0, 0))
        status, out, err = self.h.run("status", "--json")
        self.assertEqual(status, DONE, err)
        self.assertEqual(json.loads(out)["serving"]["stage"], "failed")
        self.assertEqual(node.end(), DONE, node.err)

    # What must not happen: the bootstraps of another swarm are asked about this one.
    def test_commands_in_a_swarm_of_ones_own_ask_its_node(self):
        self.h.config.write_text("network: {new_swarm: true}\n")
        node = self.start()
        self.served(node)
        told = json.loads(self.expect(self.h.run("network models --json"), DONE)[1])
        self.assertEqual([model["prefix"] for model in told["models"]], ["tiny-hf"])
        self.expect(self.h.run("network peers"), DONE, "127.0.0.1")
        self.assertEqual(node.end(), DONE, node.err)
        self.expect(self.h.run("network models"), UNREACHABLE, "no node runs with the data folder")

    def test_a_reload_serves_blocks_whose_file_was_put_back(self):
        whole = self.weights.read_bytes()
        node = self.start()
        self.served(node)
        os.truncate(self.weights, 4096)
        node.wait("serving", stage="failed")
        told = json.loads(self.expect(self.h.run("status --json"), DONE)[1])["serving"]
        self.assertTrue(0 <= told["again_s"] <= 60, told)
        self.expect(self.h.run("status"), DONE, "tried again in", "or with a reload")
        self.expect(self.h.run("reload"), DONE)
        node.wait("serving", stage="failed")  # it was tried, and says so
        self.weights.with_name("new").write_bytes(whole)
        self.weights.with_name("new").rename(self.weights)
        self.expect(self.h.run("reload"), DONE)
        self.served(node)
        self.assertEqual([block["online"] for block in self.coverage(node)], BLOCKS * [1])
        self.assertEqual(node.end(), DONE, node.err)

    def test_an_interrupt_withdraws_the_blocks_before_it_ends(self):
        first = self.start("--set", "model.start_block=0", "--set", "model.end_block=2")
        self.served(first)
        node = Node(self.second, "--yes", "--bootstrap", first.address, "--set",
                    f"model.path={self.model}", "--set", "model.start_block=2", "--set",
                    "model.end_block=4")
        self.addCleanup(node.__exit__)
        node.wait("serving", stage="serving")
        node.wait("visible")
        self.assertEqual(node.end(signal.SIGTERM), DONE, node.err)
        self.assertEqual([told["state"] for told in node.events if told["event"] == "state"][-1],
                         "DRAINING")
        self.assertEqual([block["online"] for block in self.coverage(first)], [1, 1, 0, 0])


class Refusing(Case):
    def test_a_model_without_its_files_is_announced_as_joining_with_the_reason(self):
        node = self.start("--model", "TinyLlama-1.1B-Chat-v1.0", "--max-memory", "512MiB",
                          path=False)
        self.assertNotIn("serving", node.names())
        for block in self.coverage(node, "TinyLlama-1.1B-Chat-v1.0"):
            self.assertEqual((block["online"], block["throughput"]), (0, 0))

    def test_a_file_that_was_cut_is_never_online(self):
        with self.weights.open("r+b") as file:
            file.truncate(self.weights.stat().st_size - 1000)
        self.refused("model.safetensors")

    def lie(self, change):
        """The header says what `change` makes of it; the data stay."""
        begin, header = tensors(self.weights)
        data = self.weights.read_bytes()[begin:]
        change(header)
        text = json.dumps(header).encode()
        self.weights.write_bytes(struct.pack("<Q", len(text)) + text + data)

    def test_a_header_that_lies_is_never_believed(self):
        name = "model.layers.1.self_attn.q_proj.weight"
        honest = self.weights.read_bytes()

        def beyond(header):
            header[name]["data_offsets"][1] += 2**40

        def over_another(header):
            header[name]["data_offsets"] = header["model.norm.weight"]["data_offsets"]

        def huge(header):
            header[name]["shape"] = [2**62, 2**62]

        def retyped(header):
            header[name]["dtype"] = "F8_E4M3"

        for change, words in ((beyond, "data_offsets"), (over_another, "takes"),
                              (huge, "no size that can be"), (retyped, name)):
            with self.subTest(change.__name__):
                self.lie(change)
                self.refused("model.safetensors", words)
                self.weights.write_bytes(honest)
        for size, words in ((2**63, "does not fit"), (len(honest), "does not fit"), (2, "header")):
            with self.subTest(f"a header of {size} bytes"):
                self.weights.write_bytes(struct.pack("<Q", size) + honest[8:])
                self.refused("model.safetensors", words)

    def test_weights_that_compute_nonsense_are_never_online(self):
        end, header = tensors(self.weights)
        begin = header["model.layers.2.mlp.up_proj.weight"]["data_offsets"][0]
        with self.weights.open("r+b") as file:
            file.seek(end + begin)
            file.write(b"\xc0\x7f" * 64)  # not a number
        self.refused("block 2")

    def test_a_tensor_of_another_shape_is_named(self):
        config = json.loads((self.model / "config.json").read_text())
        config["intermediate_size"] = 128
        (self.model / "config.json").write_text(json.dumps(config))
        self.refused("mlp", "128", "176")

    def test_a_model_of_a_folder_was_not_discovered(self):
        got = self.h.run("start", "--dry-run", "--set", "network.new_swarm=true", "--set",
                         f"model.path={self.model}")
        self.expect(got, DONE, "Model: tiny (--set model.path)")

    def test_a_folder_without_a_configuration_of_a_model_ends_the_start(self):
        (self.model / "config.json").unlink()
        status, _, err = self.h.run("start", "--set", "network.new_swarm=true", "--set",
                                    f"model.path={self.model}")
        self.assertEqual(status, CONFIGURATION)
        self.assertIn("model.path", err)
        self.assertIn("config.json", err)

    def test_a_family_that_is_not_computed_is_refused_by_its_name(self):
        config = json.loads((self.model / "config.json").read_text())
        config["model_type"] = "gpt_neox"
        config["architectures"] = ["GPTNeoXForCausalLM"]
        (self.model / "config.json").write_text(json.dumps(config))
        status, _, err = self.h.run("start", "--set", "network.new_swarm=true", "--set",
                                    f"model.path={self.model}")
        self.assertEqual(status, FAILED)
        self.assertIn("gpt_neox", err)
        self.assertIn("llama", err)


if __name__ == "__main__":
    program.main()
