#!/usr/bin/env python3
"""`kwaainet demo`: a swarm and a node in it, both by this program, and nothing of the user's.

usage: demo.py PROGRAM [TEST…]
"""
import contextlib
import json
import os
import pty
import re
import signal
import socket
import subprocess
import time
import unittest
from pathlib import Path

import program
from program import CONFIGURATION, DEADLINE, DONE, FAILED, USAGE
from started import Node, own_network

ROOT = Path(__file__).resolve().parent.parent.parent
ALONE = __name__ == "__main__" and own_network()
TRY_AGAIN = 75
FIRST, LAST = 8080, 8100
LARGE = "Llama-3.3-70B-Instruct"
FOLDER = "kwaainet-demo-"
TRIES = 5    # on a machine so busy that a look at the swarm runs into its deadline of 4 s:
IN_TIME = 3  # then blocks that nobody answered for count as served by nobody


def children_of(pid):
    return [int(word) for word in
            Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Demo(Node):
    """`kwaainet demo WORDS`, its node's events read."""

    command = "demo"

    def rest(self):
        """The lines until the end; a failure is one document over several."""
        text = ""
        while line := self.line():
            text += line
            with contextlib.suppress(ValueError):
                self.events.append(json.loads(line))
        return text


class Case(program.Case):
    def start(self, *words, **options):
        demo = Demo(self.h, *words, **options)
        self.addCleanup(self.end, demo)
        return demo

    def start_in_time(self, *words):
        """One whose look at the swarm was a whole one, and its plan made."""
        for _ in range(TRIES):
            demo = self.start(*words)
            if demo.wait("planned")["time"] - demo.events[0]["time"] < IN_TIME:
                return demo
            self.assertEqual(demo.end(signal.SIGTERM), DONE, demo.err)
        self.skipTest("this machine is too busy")

    @staticmethod
    def end(demo):
        for pid in children_of(demo.process.pid) if demo.process.poll() is None else ():
            os.kill(pid, signal.SIGKILL)
        demo.__exit__()

    def assert_nothing_is_left(self, demo=None):
        self.assertEqual(list(self.h.tmp.iterdir()), [])
        self.assertEqual(self.h.listing(), {})
        self.assertNotRegex(demo.err if demo else "", "Sanitizer|runtime error")

    def run_demo(self, *words, **options):
        got = self.h.run("demo", *words, **options)
        self.assertNotRegex(got[1] + got[2], "Sanitizer|runtime error")
        return got


class Whole(Case):
    # proves: FR-0/0.1.2, FR-0/0.5.2, P2/3, P2/7, NFR-1/1.1.first, P2/1.7
    def test_it_chooses_joins_is_seen_and_ends(self):
        demo = self.start_in_time("--yes", "--for", "0")
        seen = demo.wait("visible", visible_on=3)
        self.assertLess(seen["time"] - demo.events[0]["time"], 20)
        self.assertEqual((seen["bootstraps"], seen["acknowledged"]), (3, seen["records"]))
        plan = demo.plan
        self.assertEqual(plan["model.name"].rsplit("/", 1)[-1], LARGE)
        start, end = int(plan["model.start_block"]), int(plan["model.end_block"])
        self.assertGreaterEqual(start, 68)
        self.assertEqual(end, 80)
        self.assertEqual(end - start, 7)
        self.assertEqual(plan["node.name"], "alice-C-laptop")
        told = demo.told("calibration")
        self.assertEqual((told["memory_total"], told["memory_available"]), (32 << 30, 24 << 30))
        self.assertEqual(demo.ended(), DONE, demo.err)
        self.assertEqual(demo.told("ended")["ok"], True)
        self.assert_nothing_is_left(demo)

    def test_a_person_reads_what_is_made_up(self):
        status, out, err = self.run_demo("--yes", "--for", "0")
        self.assertEqual(status, DONE, err)
        for part in ("A private swarm: 12 nodes on 127.0.0.1", "284 made-up providers of 4 models",
                     "Its machine is made up too", "Nothing of yours is read or written",
                     f"$ cd {self.h.tmp}/{FOLDER}", "$ kwaainet start", "and its folder is gone"):
            self.assertIn(part, " ".join(err.split()))
        for part in (f"{LARGE} (most popular, 127 providers)", "machine.yaml", "24 GiB available"):
            self.assertIn(part, " ".join(out.split()))
        self.assert_nothing_is_left()
        status, out, err = self.run_demo("--yes", "--for", "0", "--quiet")
        self.assertEqual((status, out, err), (DONE, "", ""))

    # proves: P2/11
    def test_the_readme_shows_this(self):
        readme = (ROOT / "README.md").read_text()
        shown = re.search(r"^<!-- printed by: (kwaainet demo [^\n]*) -->\n```text\n(.*?)^```$",
                          readme, re.M | re.S)
        self.assertIn("kwaainet demo", shown[1])
        env = {**self.h.environment(), "COLUMNS": "80",
               "PATH": f"{self.h.program.parent}:{os.environ['PATH']}"}
        for _ in range(TRIES):
            done = subprocess.run(["sh", "-c", shown[1]], cwd=ROOT, env=env, text=True,
                                  check=False, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, timeout=DEADLINE)
            if done.stdout == shown[2]:
                break
        self.assertEqual(done.stdout.splitlines(), shown[2].splitlines())

    # The user's own: variables, a configuration in the working folder, a data folder.
    def test_nothing_of_the_user_is_read_or_written(self):
        self.h.config.write_text("node: [\n")
        data = self.h.home / ".kwaainet"
        data.mkdir()
        (data / "identity.key").write_text("no key")
        before = self.h.listing()
        env = {"KWAAINET_PORT": "70000", "KWAAINET_HOME": str(data), "PUBLIC_NAME": "mine",
               "INITIAL_PEERS": "no address", "KWAAINET_CONFIG": "missing.yaml"}
        demo = self.start("--yes", "--for", "0", env=env)
        self.assertEqual(demo.ended(), DONE, demo.err)
        self.assertEqual(demo.plan["node.name"], "alice-C-laptop")
        self.assertEqual(self.h.listing(), before)
        self.assertEqual(list(self.h.tmp.iterdir()), [])

    def test_its_folder_is_private_while_it_runs(self):
        demo = self.start("--yes")
        demo.wait("visible", visible_on=3)
        folder, = self.h.tmp.iterdir()
        self.assertEqual(folder.stat().st_mode & 0o777, 0o700)
        self.assertTrue((folder / ".kwaainet/identity.key").exists())
        self.assertEqual(demo.end(signal.SIGTERM), DONE)
        self.assert_nothing_is_left(demo)

    def test_a_folder_that_stays_is_told(self):
        demo = self.start("--yes")
        demo.wait("visible", visible_on=3)
        folder, = self.h.tmp.iterdir()
        folder.joinpath(*["deep"] * 20).mkdir(parents=True)
        demo.process.send_signal(signal.SIGTERM)
        self.assertEqual(demo.process.wait(DEADLINE), FAILED)
        self.assertIn(f"could not be removed: {folder}", demo.rest())
        self.assertTrue(folder.exists())


class Swarm(Case):
    """What another program reads of the demo's swarm, over the wire."""

    def ask(self, demo, *words):
        node, = children_of(demo.process.pid)
        argv = Path(f"/proc/{node}/cmdline").read_bytes().decode().split("\0")
        peers = [argv[i + 1] for i, word in enumerate(argv) if word == "--bootstrap"]
        self.assertEqual(len(peers), 3)
        for _ in range(TRIES):
            got = self.h.run("network", *words, "--json",
                             *(word for peer in peers for word in ("--bootstrap", peer)))
            self.expect(got, DONE)
            told = json.loads(got[1])
            if told["elapsed_ms"] < IN_TIME * 1000:
                return told
        self.skipTest("this machine is too busy")

    # proves: FR-0/0.1.3
    def test_its_models_and_blocks_are_those_of_the_requirements(self):
        demo = self.start_in_time("--yes")
        demo.wait("visible", visible_on=3)
        told = self.ask(demo, "models")
        rows = [(m["prefix"], m["num_blocks"], m["providers_online"], m["complete"])
                for m in told["models"]]
        self.assertEqual(rows, [("Llama-3-3-70B-Instruct-hf", 80, 127, True),
                                ("Llama-3-1-8B-Instruct-hf", 32, 89, True),
                                ("Qwen2-5-72B-Instruct", 80, 45, True),
                                ("DeepSeek-V3", 61, 23, False)])
        self.assertEqual([m["providers_joining"] for m in told["models"]], [1, 1, 0, 0])
        self.assertGreaterEqual(told["malformed"], 5)
        blocks = self.ask(demo, "coverage", LARGE)["blocks"]
        for first, last, least, most in ((0, 20, 89, 127), (21, 60, 45, 88), (61, 79, 2, 44),
                                         (68, 79, 2, 15)):
            online = [block["online"] for block in blocks[first:last + 1]]
            self.assertEqual((min(online), max(online)), (least, most))
        self.assertEqual([block["joining"] for block in blocks], 73 * [0] + 7 * [1])
        self.assertEqual(demo.end(signal.SIGTERM), DONE)
        self.assert_nothing_is_left(demo)


class Luck(Case):
    def test_an_interrupt_at_any_moment_leaves_nothing(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            for event in ("listening", "planned", "announced"):
                with self.subTest(number=number, event=event):
                    demo = self.start("--yes")
                    demo.wait(event)
                    self.assertEqual(demo.end(number), DONE, demo.err)
                    self.assert_nothing_is_left(demo)

    def test_an_interrupt_before_the_node_began_says_so(self):
        demo = self.start("--yes")
        until = time.monotonic() + DEADLINE
        while not list(self.h.tmp.iterdir()) and time.monotonic() < until:
            pass
        demo.process.send_signal(signal.SIGINT)
        status = demo.process.wait(DEADLINE)
        text = demo.rest()
        self.assertIn(status, (DONE, FAILED), text)  # the node may have begun by now
        if status == FAILED:
            self.assertIn("interrupted before the node began", text)
        self.assert_nothing_is_left(demo)

    def at_a_terminal(self, words, answers):
        """(exit status, text); where a pattern is read, the keys that stand by it are typed."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.h.work)
            os.execve(self.h.program, ["kwaainet", "demo", *words], self.h.environment())
        output, left = "", list(answers)
        with contextlib.suppress(OSError):
            while part := os.read(terminal, 65536):
                output += part.decode(errors="replace")
                if left and re.search(left[0][0], " ".join(output.split())):
                    os.write(terminal, left.pop(0)[1])
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.close(terminal)
        self.assertEqual(left, [], output)
        self.assertNotRegex(output, "Sanitizer|runtime error")
        return status, " ".join(output.split())

    # The key of the terminal reaches both, demo and node.
    # proves: FR-5/5.2, P2/1.6
    def test_a_person_answers_the_real_question_and_interrupts(self):
        for answer, said in ((b"y\r", "Configuration saved to: ./node_config.yaml"),
                             (b"n\r", "Your node is live!")):
            with self.subTest(answer=answer):
                status, text = self.at_a_terminal((), (
                    (r"Save this configuration to \S+ \[Y/n\]", answer),
                    ("Visible on 3 of 3", b"\x03")))
                self.assertEqual(status, DONE, text)
                self.assertIn(said, text)
                self.assertIn("and its folder is gone", text)
                self.assert_nothing_is_left()

    def test_an_interrupt_at_the_question_leaves_nothing(self):
        status, text = self.at_a_terminal((), ((r"\[Y/n\]", b"\x03"),))
        self.assertIn(status, (DONE, FAILED), text)
        self.assertIn("and its folder is gone", text)
        self.assert_nothing_is_left()

    def test_a_node_that_is_killed_is_told(self):
        demo = self.start("--yes")
        demo.wait("planned")
        node, = children_of(demo.process.pid)
        os.kill(node, signal.SIGKILL)
        self.assertEqual(demo.process.wait(DEADLINE), FAILED)
        self.assertIn("the node was ended by signal 9", demo.rest())
        self.assert_nothing_is_left(demo)

    @unittest.skipUnless(ALONE, "no network of our own: the ports are shared")
    def test_its_status_is_that_of_the_node(self):
        with contextlib.ExitStack() as stack:
            for port in range(FIRST, LAST + 1):
                door = stack.enter_context(socket.create_server(("0.0.0.0", port)))
                assert door
            status, _, err = self.run_demo("--yes", "--for", "0")
        self.assertEqual(status, TRY_AGAIN, err)
        self.assertIn("Could not find available port", err)
        self.assert_nothing_is_left()

    def test_a_place_that_takes_no_folder_is_named(self):
        self.h.tmp.rmdir()
        got = self.run_demo("--yes")
        self.h.tmp.mkdir()
        self.assertEqual(got[0], FAILED)
        self.assertIn(f"cannot make a folder in {self.h.tmp}: does not exist", got[2])

    def test_the_time_is_a_whole_number(self):
        for word in ("-1", "x", "3601", "1.5"):
            self.assertEqual(self.run_demo("--for", word)[0], USAGE)


class Machine(Case):
    """`start --machine FILE`."""

    def plan(self, text, *words, status=DONE):
        (self.h.work / "m.yaml").write_text(text)
        got = self.h.run("start", "--machine", "m.yaml", *words)
        return self.expect(got, status)[1:]

    # proves: FR-0/0.2.2
    def test_another_machine_is_planned_for_and_leaves_no_trace(self):
        words = ("--dry-run", "--json", f"--model={LARGE}", "--set", "network.new_swarm=true")
        rows = (("memory_total: 64 GiB\nmemory_available: 40 GiB\nfeatures: [avx512_bf16]\n", 18),
                ("memory_total: 8\nmemory_available: 5\nfeatures: [avx512_bf16]\n", 2),
                ("memory_total: 64\nmemory_available: 40\ngpus:\n"
                 "- {kind: nvidia, name: Card, memory_total: 24GiB, memory_free: 23GiB,"
                 " capability: 89}\n", 10))
        for text, most in rows:
            with self.subTest(text=text):
                out, _ = self.plan(text, *words)
                told = [json.loads(line) for line in out.splitlines()]
                self.assertEqual(next(t["blocks_max"] for t in told
                                      if t["event"] == "calibration"), most)
        self.assertEqual([str(path) for path in self.h.listing()], ["work/m.yaml"])

    # proves: FR-2/resources.max_gpu_memory_gb
    def test_less_memory_of_the_gpu_is_fewer_blocks(self):
        most = {}
        for limit in ("23GiB", "8GiB"):
            out, _ = self.plan("memory_total: 64\nmemory_available: 40\ngpus:\n- {kind: nvidia, "
                               "name: Card, memory_total: 24GiB, memory_free: 23GiB, "
                               "capability: 89}\n", "--dry-run", "--json", f"--model={LARGE}",
                               "--set", "network.new_swarm=true", "--set",
                               f"resources.max_gpu_memory_gb={limit}")
            told = [json.loads(line) for line in out.splitlines()]
            most[limit] = next(t["blocks_max"] for t in told if t["event"] == "calibration")
        self.assertEqual(most, {"23GiB": 10, "8GiB": 3})

    def test_it_says_where_the_facts_are_from(self):
        out, _ = self.plan("memory_available: 8\n", "--dry-run", "--set",
                           "network.new_swarm=true", f"--model={LARGE}")
        self.assertIn("the facts of the machine from m.yaml; this one was not measured",
                      " ".join(out.split()))

    def test_what_was_not_measured_is_announced_to_nobody_real(self):
        for words in (("--bootstrap", program.PEER), ("--set", "network.new_swarm=true")):
            _, err = self.plan("cores: 4\n", *words, status=CONFIGURATION)
            self.assertIn("what was not measured is announced to nobody", " ".join(err.split()))
            self.assertIn("Add --dry-run", err)

    def test_a_wrong_file_is_refused_with_its_place(self):
        _, err = self.plan("cores: 4\nmemory: 8\n", "--dry-run", status=CONFIGURATION)
        self.assertIn('m.yaml:2:1 unknown field "memory"', " ".join(err.split()))
        got = self.h.run("start", "--machine", "none.yaml", "--dry-run")
        self.expect(got, CONFIGURATION, "machine file none.yaml: does not exist")


if __name__ == "__main__":
    program.main()
