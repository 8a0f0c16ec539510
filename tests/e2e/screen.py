#!/usr/bin/env python3
"""What a person sees of `kwaainet`: the first run, later runs, the question, the live line.

usage: screen.py PROGRAM [TEST…]
"""
import contextlib
import fcntl
import json
import os
import random
import re
import signal
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import program
from program import DONE, USAGE
from started import SOON, Node, first_of_a_swarm, own_network
from terminal import Terminal

ALONE = __name__ == "__main__" and own_network()
SMALL = "TinyLlama-1.1B-Chat-v1.0"  # its blocks fit every machine that runs tests
FEW = ("--dtype", "float16", "--max-memory", "720MiB")  # four of them are recommended
QUESTION = "Save this configuration to node_config.yaml? [Y/n]:"
HEADINGS = ("Step 1/4: Discovering Network Models", "Step 2/4: Calibrating Hardware",
            "Step 3/4: Analyzing Network Coverage", "Step 4/4: Finalizing Configuration",
            "Configuration Summary", "Starting Node", "Node Running")


@contextlib.contextmanager
def silent_bootstrap():
    """Somebody who takes calls and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        yield (f"/ip4/127.0.0.1/tcp/{door.getsockname()[1]}"
               "/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUBj2vj6vnc6iDp")


class Case(program.Case):
    """A swarm of one node, and a home in which nothing was ever started."""

    def setUp(self):
        super().setUp()
        self.second = program.Home()
        self.addCleanup(self.second._folder.cleanup)
        self.swarm = first_of_a_swarm(self.second, f"--model={SMALL}", *FEW, "--set",
                                      "dht.announce_interval=1s")
        self.addCleanup(self.swarm.__exit__)
        self.words = ("--bootstrap", self.swarm.address, *FEW)

    def at_terminal(self, *words, **options):
        terminal = Terminal(self.h, *(words or self.words), **options)
        self.addCleanup(terminal.__exit__)
        return terminal

    def on_pipe(self, *words, **options):
        node = Node(self.h, *words, json_lines=False, **options)
        self.addCleanup(node.__exit__)
        return node

    @staticmethod
    def read_until(node, part, begin=""):
        text = begin
        while part not in " ".join(text.split()):
            line = node.line()
            if not line:
                raise EOFError(f"ended without {part}: {text}{node.err}")
            text += line
        return text

    def joining(self):
        """How many peers the swarm knows as JOINING."""
        got = self.second.run("network", "models", "--json", "--bootstrap", self.swarm.address)
        return [model["providers_joining"] for model in json.loads(got[1])["models"]]

    def data(self, name):
        return self.h.home / ".kwaainet" / name

    def first_run(self, *words):
        """Done, saved and ended; what was told."""
        node = self.on_pipe("--yes", *self.words, *words)
        text = self.read_until(node, "Visible on 1 of 1")
        self.assertEqual(node.end(), DONE, node.err)
        return text


class FirstRun(Case):
    # proves: FR-5/5.2, FR-5/5.2.1, FR-5/5.2.2, FR-5/5.2.3, FR-5/5.2.4, FR-5/5.2.5, FR-0/0.2.7,
    # UX/1, UX/2, UX/4, UX/10, MS-2.1/5
    def test_four_steps_in_their_order(self):
        text = self.first_run()
        at = [text.index(heading) for heading in HEADINGS]
        self.assertEqual(at, sorted(at))
        flat = " ".join(text.split())
        for part in ("First-Time Setup", "auto-configuring your node",
                     "no configuration was found", "Found: " + SMALL, "Selected: " + SMALL,
                     "discovery_cache.yaml", "calibration.yaml", "Connected to 127.0.0.1:",
                     "RAM: ", "per block in", "Conservative (min)",
                     "Balanced (recommended)", "Aggressive (max)", "under-served", "Target: 4 cont",
                     "Selected: Blocks 4-7", "Node name: ", "Port: ", "Data type: ",
                     "Configuration saved to: ./node_config.yaml",
                     "Announced 4 blocks to DHT", "_petals.models registry",
                     "5 of 5 records acknowledged", "Shown as JOINING with throughput 0",
                     "[STATUS] Your node is live!"):
            self.assertIn(part, flat)
        for block in range(4, 8):
            self.assertIn(f"-hf.{block} ✓", flat)

    # proves: P2/10, P2/1, P2/1.1, P2/1.2, P2/1.3, P2/1.4, P2/1.5, P2/1.6, P2/1.7, P1/1, UX/9,
    # UX/11, SM/1
    def test_a_person_types_the_name_of_the_program_and_presses_enter(self):
        began = time.monotonic()
        terminal = Terminal(self.h, env={"INITIAL_PEERS": self.swarm.address})
        self.addCleanup(terminal.__exit__)
        terminal.wait(QUESTION)
        terminal.type("\n")
        terminal.wait("Your node is live!")
        self.assertLess(time.monotonic() - began, 20)
        self.assertIn("Configuration saved to: ./node_config.yaml", terminal.text)
        self.assertTrue(self.h.config.exists())
        terminal.wait("Press Ctrl+C to stop")
        self.assertEqual(terminal.interrupt(), DONE)

    # proves: FR-5/5.2.6, FR-5/5.3.1, FR-0/0.3.6, FR-0/0.4.7, IT/1, MS-2.2/5
    def test_the_file_starts_the_same_node_again(self):
        self.first_run()
        saved = self.h.config.read_text()
        for part in ("dtype: float16\n", "port: auto  # ", "name: auto  # " + SMALL,
                     "start_block: auto  # 4 now: ", self.swarm.address):
            self.assertIn(part, saved)
        self.expect(self.h.run("config", "check"), DONE)
        again = Node(self.h)
        self.addCleanup(again.__exit__)
        plan = again.wait("planned")["values"]
        self.assertIn(f"name: {plan['node.name']}\n", saved)
        self.assertIn(f"  # {plan['node.port']} now", saved)
        self.assertEqual((plan["model.name"], plan["model.start_block"], plan["model.end_block"],
                          plan["model.dtype"]), (SMALL, "4", "8", "float16"))
        again.wait("visible")
        self.assertEqual(again.end(), DONE)
        self.assertEqual(self.h.config.read_text(), saved)

    def test_variables_are_not_saved(self):
        node = self.on_pipe("--yes", *self.words, env={"KWAAINET_LOG_LEVEL": "debug"})
        self.read_until(node, "Visible on")
        self.assertNotIn("debug", self.h.config.read_text())

    def test_nothing_is_asked_or_saved_without_a_terminal(self):
        node = self.on_pipe(*self.words)
        text = self.read_until(node, "Visible on 1 of 1")
        self.assertEqual(node.end(), DONE)
        self.assertNotIn("[Y/n]", text)
        self.assertIn("The same words with --yes save it", " ".join(text.split()))
        self.assertFalse(self.h.config.exists())
        self.assertTrue(self.data("discovery_cache.yaml").exists())

    def test_no_save_asks_nothing(self):
        terminal = self.at_terminal("--no-save", *self.words)
        terminal.wait("Your node is live!")
        self.assertEqual(terminal.interrupt(), DONE)
        self.assertNotIn("[Y/n]", terminal.text)
        self.assertFalse(self.h.config.exists())

    def test_yes_and_no_save_contradict_each_other(self):
        self.expect(self.h.run("start", "--yes", "--no-save"), USAGE, "--no-save")
        self.assertFalse(self.data(".").exists())

    def test_no_line_is_wider_than_the_terminal(self):
        for columns in (60, 80, 120):
            with self.subTest(columns):
                terminal = self.at_terminal("--yes", *self.words, columns=columns)
                terminal.wait("Visible on 1 of 1")
                self.assertEqual(terminal.interrupt(), DONE)
                for line in terminal.plain.split("\n"):
                    for piece in line.split("\r"):
                        if not re.fullmatch(r"\s*\S+", piece):  # an address cannot be folded
                            wide = len(re.findall("[🚀-🧿✅❗⚡⏩]", piece))
                            self.assertLessEqual(len(piece) + wide, columns, piece)
                self.assertIn("━" * columns, terminal.plain)
                self.h.config.unlink()
                for name in ("discovery_cache.yaml", "calibration.yaml"):
                    self.data(name).unlink()

    def test_plain_text_where_nothing_else_can_be_shown(self):
        terminal = self.at_terminal("--yes", *self.words, env={"LC_ALL": "C", "TERM": "dumb"})
        terminal.wait("Visible on 1 of 1")
        self.assertEqual(terminal.interrupt(), DONE)
        self.assertTrue(terminal.shown.isascii(), terminal.shown)
        self.assertNotIn("\x1b", terminal.shown)
        self.assertIn("-hf.4 ok", terminal.text)


class Question(Case):
    def test_nothing_is_announced_before_the_answer(self):
        terminal = self.at_terminal()
        terminal.wait(QUESTION)
        for _ in range(2):
            self.swarm.wait("announced")
        self.assertEqual(self.joining(), [1])
        self.assertFalse(self.h.config.exists())
        terminal.type("y\n")
        terminal.wait("Visible on 1 of 1")
        self.assertEqual(self.joining(), [2])
        self.assertTrue(self.h.config.exists())
        self.assertEqual(terminal.interrupt(), DONE)

    def test_anything_else_asks_again(self):
        terminal = self.at_terminal()
        at = terminal.wait(QUESTION)
        for answer in ("perhaps", "x" * 1000, "yess", "ny"):
            terminal.type(answer + "\n")
            at = terminal.wait(QUESTION, begin=at)
        self.assertFalse(self.h.config.exists())
        terminal.type("  YES \n")
        terminal.wait("Your node is live!")
        self.assertTrue(self.h.config.exists())

    def test_no_starts_without_saving(self):
        terminal = self.at_terminal()
        terminal.wait(QUESTION)
        terminal.type("n\n")
        terminal.wait("Your node is live!")
        self.assertEqual(terminal.interrupt(), DONE)
        self.assertFalse(self.h.config.exists())
        self.assertTrue(self.data("discovery_cache.yaml").exists())

    def test_the_end_of_the_input_is_a_no(self):
        terminal = self.at_terminal()
        terminal.wait(QUESTION)
        terminal.type("\x04")
        terminal.wait("Your node is live!")
        self.assertEqual(terminal.interrupt(), DONE)
        self.assertFalse(self.h.config.exists())

    def test_an_interrupt_saves_nothing_and_the_next_start_is_the_first_again(self):
        for _ in range(2):
            terminal = self.at_terminal()
            terminal.wait(QUESTION)
            self.assertEqual(terminal.interrupt(), DONE)
            self.assertFalse(self.h.config.exists())
            self.assertFalse(self.data("discovery_cache.yaml").exists())
            self.assertNotIn("Announced", terminal.text)

    # proves: NFR-1/1.2
    def test_a_kill_while_it_saves_leaves_a_whole_file_or_none(self):
        seed = random.SystemRandom().randrange(2 ** 32)
        choose = random.Random(seed)
        for number in range(12):
            with self.subTest(seed=seed, number=number), Terminal(self.h, *self.words) as terminal:
                terminal.wait(QUESTION)
                terminal.type("y\n")
                moment = time.monotonic() + choose.uniform(0, 0.05)
                with contextlib.suppress(TimeoutError):
                    while terminal.read(moment):
                        pass
                terminal.process.kill()
                terminal.process.wait()
                if self.h.config.exists():
                    self.expect(self.h.run("config", "check"), DONE)
                    self.assertIn("node:\n  name: ", self.h.config.read_text())
                    self.h.config.unlink()
                for name in ("discovery_cache.yaml", "calibration.yaml"):
                    self.data(name).unlink(missing_ok=True)

    def test_a_file_that_came_meanwhile_is_not_overwritten(self):
        terminal = self.at_terminal()
        terminal.wait(QUESTION)
        self.h.config.write_text("# mine\n")
        terminal.type("y\n")
        terminal.wait("was not saved")
        terminal.wait("Your node is live!")
        self.assertEqual(terminal.interrupt(), DONE)
        self.assertEqual(self.h.config.read_text(), "# mine\n")

    def test_a_folder_that_is_gone_does_not_stop_the_start(self):
        terminal = self.at_terminal()
        terminal.wait(QUESTION)
        self.h.work.rename(self.h.root / "elsewhere")
        terminal.type("y\n")
        terminal.wait("was not saved")
        terminal.wait("The node starts all the same")
        terminal.wait("Your node is live!")
        self.assertEqual(terminal.interrupt(), DONE)


class LaterRun(Case):
    # proves: FR-5/5.3, FR-5/5.3.1, FR-5/5.3.3, FR-5/5.3.4, FR-5/5.6, P2/10.2, UX/12
    def test_it_tells_where_every_value_comes_from(self):
        self.first_run()
        node = self.on_pipe("--name", "grace")
        text = " ".join(self.read_until(node, "Visible on 1 of 1").split())
        for part in ("Loading configuration from: ./node_config.yaml", "Configuration loaded:",
                     f"Model: {SMALL} (auto-discovered: ", "cached ", "Blocks: 4-7 (4 blocks",
                     "Port: ", "(node_config.yaml:", "Name: grace (--name)", "float16 (node_config",
                     "Launching KwaaiNet node...", "Announced 4 blocks to DHT",
                     "[STATUS] Node is running!"):
            self.assertIn(part, text)
        self.assertNotIn("Step 1/4", text)
        self.assertEqual(node.end(), DONE)

    def test_without_a_file_what_was_kept_is_used(self):
        self.first_run()
        self.h.config.unlink()
        terminal = self.at_terminal()
        terminal.wait("Configuration loaded:")
        terminal.wait("Node is running!")
        self.assertNotIn("[Y/n]", terminal.text)
        self.assertIn("cached", terminal.text)

    def test_yes_saves_in_a_later_run_too(self):
        node = self.on_pipe(*self.words)
        self.read_until(node, "Visible on 1 of 1")
        self.assertEqual(node.end(), DONE)
        self.first_run()
        self.expect(self.h.run("config", "check"), DONE)

    # proves: FR-5/5.4
    def test_without_a_network_it_starts_from_what_it_knows(self):
        self.first_run()
        self.assertEqual(self.swarm.end(), DONE)
        node = self.on_pipe()
        text = " ".join(self.read_until(node, "[STATUS]").split())
        for part in ("cached ", "Connecting to DHT network...", "not in the swarm yet"):
            self.assertIn(part, text)
        self.assertNotIn("Announc", text)
        self.assertEqual(node.end(), DONE)

    def test_a_swarm_that_answers_late_is_told(self):
        with socket.socket() as taken:  # a port outside the range, ours until somebody listens
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            peer = self.swarm.told("listening")["peer_id"]
            self.assertEqual(self.swarm.end(), DONE)
            terminal = self.at_terminal("--yes", "--bootstrap",
                                        f"/ip4/127.0.0.1/tcp/{port}/p2p/{peer}", *FEW)
            at = terminal.wait("not in the swarm yet")
        swarm = first_of_a_swarm(self.second, f"--model={SMALL}", "--port", port, *FEW)
        self.addCleanup(swarm.__exit__)
        for part in ("Connected to 127.0.0.1", "Discovered 1 model, selected " + SMALL,
                     "Configuration loaded:", "Announcing 4 blocks", "Announced 4 blocks"):
            at = terminal.wait(part, begin=at)
        self.assertEqual(terminal.text.count("Step 1/4"), 1)
        self.assertEqual(terminal.interrupt(), DONE)

    # proves: FR-5/5.3.2
    def test_old_facts_are_said_to_be_old(self):
        self.first_run()
        path = self.data("discovery_cache.yaml")
        path.write_text(re.sub('timestamp: ".*?"', 'timestamp: "2026-01-01T00:00:00Z"',
                               path.read_text()))
        node = self.on_pipe()
        text = self.read_until(node, "Configuration loaded:")
        self.read_until(node, "was found out anew")
        text = " ".join(text.split())
        self.assertIn("older than 24 h", text)
        self.assertIn("--rediscover", text)


class DryRun(Case):
    def test_it_shows_everything_and_writes_nothing(self):
        before = self.h.listing()
        got = self.h.run("start", "--dry-run", "--yes", *self.words)
        self.expect(got, DONE, "Step 1/4", "Configuration Summary", "nothing was written")
        self.assertEqual(self.h.listing(), before)
        self.assertFalse(self.data(".").exists())

    def test_it_asks_nothing(self):
        terminal = self.at_terminal("--dry-run", *self.words)
        self.assertEqual(terminal.ended(), DONE)
        self.assertNotIn("[Y/n]", terminal.text)

    def test_it_leaves_what_is_there_as_it_is(self):
        self.first_run()
        before = self.h.listing()
        self.expect(self.h.run("--dry-run"), DONE, "Configuration loaded:")
        self.assertEqual(self.h.listing(), before)


class Progress(Case):
    # proves: NFR-1/1.4, P2/10.1
    def test_a_bar_where_a_person_waits(self):
        with silent_bootstrap() as address:
            terminal = self.at_terminal("--no-save", "--bootstrap", address, "--set",
                                        "dht.discovery_timeout=3s")
            terminal.wait("Discovering network models...")
            terminal.wait("no bootstrap has answered yet, 1 s")
            terminal.wait("Nobody answered", deadline=SOON)

    # proves: NFR-1/1.4
    def test_lines_elsewhere(self):
        with silent_bootstrap() as address:
            words = ("--bootstrap", address, "--set", "dht.discovery_timeout=3s")
            node = self.on_pipe(*words)
            text = self.read_until(node, "Nobody answered")
            told = re.findall(r"Discovering network models\.\.\. \(no bootstrap has answered yet, "
                              r"(\d) s\)\n", text)
            self.assertIn("1", told)
            self.assertEqual(len(told), len(set(told)))
            self.assertEqual(node.end(), DONE)
            self.assertEqual(self.h.run("--quiet", "--dry-run", *words)[:2], (DONE, ""))

    def test_objects_for_programs(self):
        with silent_bootstrap() as address:
            node = Node(self.h, "--bootstrap", address, "--set", "dht.discovery_timeout=3s")
            self.addCleanup(node.__exit__)
            told = node.wait("progress")
            self.assertEqual(told["what"], "Discovering network models")


class Live(Case):
    def test_the_last_line_is_rewritten(self):
        terminal = self.at_terminal("--yes", *self.words)
        terminal.wait("[JOINING] 1 peer · blocks 4-7 · visible on 1 of 1 · last announce 1 s ago")
        terminal.wait("last announce 2 s ago")
        after = terminal.shown[terminal.shown.index("last announce 1 s ago"):]
        self.assertRegex(after, "\r\x1b\\[J")
        self.assertNotIn("\n", after[:after.index("2 s ago")])
        self.assertEqual(terminal.interrupt(), DONE)
        self.assertIn("this node leaves", terminal.text)
        self.assertTrue(terminal.shown.endswith("\r\x1b[J"), terminal.shown)

    def test_it_fits_into_a_narrow_window(self):
        terminal = self.at_terminal("--yes", *self.words, columns=60)
        terminal.wait("[JOINING] 1 peer · blocks 4-7 · 1/1 see it · 1 s ago")
        terminal.resize(20)
        at = terminal.wait("[JOINING] 1 peer", begin=len(terminal.text))
        terminal.wait("[JOINING]", begin=at)
        last = re.split("\x1b\\[J", terminal.shown)[-1]
        self.assertLess(len(last), 20)

    def test_pipes_have_none(self):
        self.assertNotIn("last announce", self.first_run())


class Lines(Case):
    def test_every_line_is_an_object_and_saving_is_told(self):
        node = Node(self.h, "--yes", *self.words)
        self.addCleanup(node.__exit__)
        node.wait("visible")
        self.assertEqual(node.told("saved")["path"], str(self.h.config))
        self.assertTrue(node.told("saved")["ok"])
        self.assertEqual(node.told("blocks")["start_block"], 4)
        self.assertEqual(node.told("name")["name"], node.plan["node.name"])
        self.assertEqual(node.told("port")["port"], node.told("listening")["port"])
        self.assertIn("Discovered 1 model, selected " + SMALL, node.told("discovery")["text"])
        names = node.names()
        self.assertLess(names.index("planned"), names.index("saved"))
        self.assertLess(names.index("saved"), names.index("announced"))
        self.assertEqual(node.end(), DONE)

    def test_a_reader_who_does_not_read_never_stops_the_node(self):
        ours, theirs = os.pipe()
        fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, 4096)
        child = self.h.start("start", "--json", *self.words, "--set", "dht.announce_interval=1s",
                             stdout=theirs)
        os.close(theirs)
        try:
            until = time.monotonic() + SOON
            while self.joining() != [2]:
                self.assertLess(time.monotonic(), until)
            self.swarm.wait("announced")
            child.send_signal(signal.SIGINT)
            self.assertEqual(child.wait(SOON), DONE)
        finally:
            child.kill()
            child.wait()
            os.close(ours)
            child.stderr.close()


class Alone(Case):
    def test_without_a_command_it_starts(self):
        self.expect(self.h.run("--dry-run", *self.words), DONE, "Configuration Summary")

    def test_help_is_still_the_overview(self):
        for words in ("--help", "-h", "help"):
            self.expect(self.h.run(words), DONE, "Usage: kwaainet [COMMAND]", "Exit codes")
        self.expect(self.h.run("--version"), DONE, "configuration schema")

    def test_an_unknown_flag_is_one_of_start(self):
        self.expect(self.h.run("--rediscovr", "--yes"), USAGE, "Did you mean --rediscover?")


if __name__ == "__main__":
    program.main()
