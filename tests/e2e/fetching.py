#!/usr/bin/env python3
"""`kwaainet start` without the files of its model: a hub of this process has them.

usage: fetching.py PROGRAM [TEST…]
"""
import json
import signal
import sys
import threading
import time
import unittest.mock
from pathlib import Path

import program
from download import COMMIT, TOKEN, Hub, sharded
from program import CONFIGURATION, DONE
from started import Node, first_of_a_swarm, own_network

ALONE = __name__ == "__main__" and own_network()
TINY = Path(__file__).resolve().parent.parent / "vectors" / "petals" / "tiny"
REPOSITORY = "org/tiny"
SHARDS = ("model-1.safetensors", "model-2.safetensors")


class SlowHub(Hub):
    """Gives the weights a piece at a time, and waits before each but the first."""

    def __init__(self, files):
        self.goes_on = threading.Event()
        self.first = threading.Event()
        super().__init__(files)

    def answer(self, handler, status, headers, body=b""):
        is_slow = len(body) > 40000 and not self.goes_on.is_set()
        Hub.answer(handler, status, {**headers, "Content-Length": str(len(body))}
                   if is_slow else headers, body[:20000] if is_slow else body)
        if is_slow:
            handler.wfile.flush()
            self.first.set()
            self.goes_on.wait(60)
            handler.wfile.write(body[20000:])


class Case(program.Case):
    hub_class = Hub

    def setUp(self):
        super().setUp()
        self.hub = self.hub_class(sharded(TINY))
        self.addCleanup(self.hub.close)
        self.cache = self.h.home / ".cache/huggingface/hub"
        self.model = self.cache / "models--org--tiny"

    def environment(self, **more):
        return {"HF_ENDPOINT": self.hub.endpoint, "HF_HUB_OFFLINE": "0", **more}

    def start(self, *words, env=None, model=REPOSITORY, **options):
        node = first_of_a_swarm(self.h, "--yes", "--model", model, *words,
                                env=self.environment(**(env or {})), **options)
        self.addCleanup(node.__exit__)
        return node

    def gets(self):
        return [entry[2:4] for entry in self.hub.asked if entry[:2] == ("cdn", "GET")]

    def status(self):
        status, out, err = self.h.run("status", "--json")
        self.assertEqual(status, DONE, err)
        return json.loads(out)

    def assert_never_online(self, node):
        self.assertNotIn("ONLINE", [told.get("state") for told in node.events])
        self.assertEqual(self.status()["state"], "JOINING")


class Fetching(Case):
    def test_a_node_with_nothing_fetches_tests_and_serves(self):
        """proves: P2/1 FR-2/model.download"""
        node = self.start()
        node.wait("serving", stage="serving")
        node.wait("state", state="ONLINE")
        stages = [told["stage"] for told in node.events if told["event"] == "serving"]
        self.assertEqual(stages, ["fetching", "loading", "serving"])
        files = node.told("planned")["files"]
        self.assertTrue(files["fetched"])
        self.assertEqual(files["repository"], REPOSITORY)
        self.assertEqual(node.plan["model.download"], "true")
        self.assertIn("named", node.told("planned")["reasons"]["model.download"])
        self.assertEqual(sorted(self.gets()), [(name, None) for name in SHARDS])
        status = self.status()
        self.assertIsNone(status["download"])
        self.assertEqual(status["serving"]["folder"], str(self.model / "snapshots" / COMMIT))

    def test_only_the_files_of_the_planned_blocks_come(self):
        node = self.start("--start-block", "2", "--end-block", "4")
        node.wait("serving", stage="serving")
        self.assertEqual(self.gets(), [(SHARDS[1], None)])

    def test_a_later_start_has_the_files_and_asks_nobody(self):
        node = self.start()
        node.wait("state", state="ONLINE")
        self.assertEqual(node.end(), DONE, node.err)
        self.hub.asked.clear()
        node = self.start()
        node.wait("state", state="ONLINE")
        self.assertNotIn("files", node.told("planned"))
        self.assertEqual(self.hub.asked, [])

    def test_files_of_other_blocks_are_fetched_beside_those_that_are_here(self):
        node = self.start("--start-block", "0", "--end-block", "2")
        node.wait("state", state="ONLINE")
        self.assertEqual(node.end(), DONE, node.err)
        self.hub.asked.clear()
        node = self.start("--start-block", "1", "--end-block", "3")
        node.wait("state", state="ONLINE")
        self.assertEqual(self.gets(), [(SHARDS[1], None)])


    def test_fewer_blocks_are_planned_where_the_disk_has_no_room_for_more(self):
        with unittest.mock.patch("download.REPOSITORY", "TinyLlama/TinyLlama-1.1B-Chat-v1.0"):
            self.fewer_blocks()

    def fewer_blocks(self):
        node = self.start("--set", "resources.max_disk_space_gb=200MiB",
                          model="TinyLlama-1.1B-Chat-v1.0")
        told = node.told("planned")
        self.assertEqual((node.plan["model.start_block"], node.plan["model.end_block"]), ("0", "2"))
        self.assertIn("2 of ", told["files"]["limit"])
        node.wait("state", state="ONLINE")

    def test_more_room_on_the_disk_is_more_blocks_at_once(self):
        with unittest.mock.patch("download.REPOSITORY", "TinyLlama/TinyLlama-1.1B-Chat-v1.0"):
            self.more_blocks()

    def more_blocks(self):
        limit = "resources: {max_disk_space_gb: %s}\n"
        self.h.config.write_text(limit % "200MiB")
        node = self.start("--start-block", "0", model="TinyLlama-1.1B-Chat-v1.0")
        node.wait("state", state="ONLINE")
        self.assertEqual((self.status()["start_block"], self.status()["end_block"]), (0, 2))
        self.h.config.write_text(limit % "1GiB")
        status, out, err = self.h.run("reload", "--json")
        self.assertEqual((status, [one["key"] for one in json.loads(out)["changed"]]),
                         (DONE, ["resources.max_disk_space_gb"]), out + err)
        self.assertGreater(node.wait("moved")["end_block"], 2)

    def test_a_model_that_the_hub_does_not_know_ends_the_start_with_its_answer(self):
        status, _, err = self.h.run("start", "--set", "network.new_swarm=true", "--model",
                                    "org/nothing", env=self.environment())
        self.assertEqual(status, CONFIGURATION)
        self.assertIn("org/nothing does not exist, or is not public", " ".join(err.split()))

    def test_a_token_opens_a_gated_model_and_is_written_nowhere(self):
        self.hub.gated = True
        node = self.start(env={"HF_TOKEN": TOKEN})
        node.wait("state", state="ONLINE")
        self.assertEqual({entry[4] for entry in self.hub.asked if entry[0] == "cdn"}, {None})
        self.assertEqual(node.end(), DONE, node.err)
        self.assertNotIn(TOKEN, json.dumps(node.events) + node.err)
        for path, data in self.h.listing().items():
            self.assertNotIn(TOKEN.encode(), data, path)

    def test_a_dry_run_fetches_nothing(self):
        status, out, err = self.h.run("start", "--dry-run", "--set", "network.new_swarm=true",
                                      "--model", "TinyLlama-1.1B-Chat-v1.0", "--set",
                                      f"model.repository={REPOSITORY}", env=self.environment())
        self.assertEqual(status, DONE, err)
        self.assertRegex(out, r"Files: +about [\d.]+ \w+, fetched from org/tiny")
        self.assertEqual(self.hub.asked, [])


class Interrupting(Case):
    hub_class = SlowHub

    def test_an_interrupt_ends_at_once_and_the_next_start_goes_on(self):
        node = self.start()
        self.assertTrue(self.hub.first.wait(30))
        told = node.wait("progress", what="Fetching files")
        self.assertGreater(told["of"], told["done"])
        self.assertEqual((told["number"], told["files"]), (1, 2))
        status = self.status()
        self.assertEqual((status["state"], status["serving"]["stage"]), ("JOINING", "fetching"))
        self.assertEqual(status["download"]["bytes_total"], told["of"])
        self.assertEqual(status["download"]["file"], SHARDS[0])
        status, out, err = self.h.run("network", "coverage", "tiny-hf", "--json", "--bootstrap",
                                      node.address)
        self.assertEqual(status, DONE, err)
        for block in json.loads(out)["blocks"]:
            self.assertEqual((block["online"], block["throughput"]), (0, 0))
        code, out, err = self.h.run("status")
        self.assertEqual(code, DONE, err)
        self.assertRegex(out, r"(?m)^download +from org/tiny: ")
        begin = time.monotonic()
        self.assertEqual(node.end(signal.SIGTERM), DONE, node.err)
        self.assertLess(time.monotonic() - begin, 5)
        self.assert_resumed()

    def assert_resumed(self):
        (rest,) = (self.model / "blobs").glob("*.incomplete")
        here = rest.stat().st_size
        self.assertGreater(here, 0)
        self.hub.asked.clear()
        self.hub.goes_on.set()
        node = self.start()
        node.wait("state", state="ONLINE")
        self.assertIn((SHARDS[0], f"bytes={here}-"), self.gets())

    def test_a_kill_loses_nothing_that_came(self):
        node = self.start()
        self.assertTrue(self.hub.first.wait(30))
        node.wait("progress", what="Fetching files")
        node.process.kill()
        node.ended()
        self.assert_resumed()


class Refusing(Case):
    def refused(self, *words, reason, env=None, **options):
        node = self.start(*words, env=env, **options)
        files = node.told("planned")["files"]
        self.assertFalse(files["fetched"])
        self.assertIn(reason, files["reason"])
        self.assertTrue(files["hint"])
        self.assert_never_online(node)
        download = self.status()["download"]
        self.assertFalse(download["allowed"])
        self.assertIn(reason, download["reason"])
        self.assertEqual(self.gets(), [])
        return node

    KNOWN = ("--set", "model.repository=org/tiny", "--start-block", "0", "--end-block", "4")

    def test_offline_is_said_and_nobody_is_asked(self):
        self.refused(*self.KNOWN, model="TinyLlama-1.1B-Chat-v1.0", reason="HF_HUB_OFFLINE",
                     env={"HF_HUB_OFFLINE": "1"})
        self.assertEqual(self.hub.asked, [])

    def test_it_can_be_turned_off(self):
        self.refused(*self.KNOWN, "--set", "model.download=false",
                     model="TinyLlama-1.1B-Chat-v1.0", reason="model.download is off")
        self.assertEqual(self.hub.asked, [])

    def test_a_limit_of_the_disk_that_is_too_small_is_said(self):
        """proves: FR-2/resources.max_disk_space_gb"""
        other = self.cache / "models--a--b" / "blobs"
        other.mkdir(parents=True)
        (other / "x").write_bytes(bytes(2 << 20))
        self.refused(*self.KNOWN, "--set", "resources.max_disk_space_gb=1MiB",
                     model="TinyLlama-1.1B-Chat-v1.0", reason="resources.max_disk_space_gb")

    def test_a_repository_that_only_peers_name_is_not_trusted(self):
        files = self.h.home / "files"
        files.mkdir()
        for name in ("config.json", "model.safetensors"):
            (files / name).write_bytes((TINY / name).read_bytes())
        second = program.Home()
        self.addCleanup(second._folder.cleanup)
        first = first_of_a_swarm(self.h, "--yes", "--set", f"model.path={files}", "--set",
                                 "model.repository=org/TinyLlama-1.1B-Chat-v1.0")
        self.addCleanup(first.__exit__)
        node = Node(second, "--yes", "--bootstrap", first.address, "--model",
                    "TinyLlama-1.1B-Chat-v1.0", env=self.environment())
        self.addCleanup(node.__exit__)
        node.wait("announced")
        self.assertIn("not signed", node.told("planned")["files"]["reason"])

    def test_a_gated_model_says_what_to_do_and_is_tried_again(self):
        self.hub.gated = True
        node = self.start(*self.KNOWN, model="TinyLlama-1.1B-Chat-v1.0")
        while True:
            told = node.wait("serving", stage="fetching")
            if told["error"]:
                break
        self.assertIn("accepted its conditions", told["error"])
        self.assertIn("HF_TOKEN", told["hint"])
        self.assertGreater(self.status()["download"]["again_s"], 3000)
        self.assert_never_online(node)


if __name__ == "__main__":
    program.main()
