#!/usr/bin/env python3
"""`kwaainet start --detach`: what it tells, and what it leaves behind.

usage: detach.py PROGRAM [TEST…]
"""
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time

import program
from program import CONFIGURATION, DONE, FAILED, USAGE
from started import SOON, first_of_a_swarm, own_network

if __name__ == "__main__":
    own_network()  # other tests of this machine want the same ports
TRY_AGAIN, UNREACHABLE = 75, 69
NEW_SWARM = ("--set", "network.new_swarm=true")
SMALL = "--model=TinyLlama-1.1B-Chat-v1.0"


@contextlib.contextmanager
def silent():
    """The address of a bootstrap that opens its door and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        yield (f"/ip4/127.0.0.1/tcp/{door.getsockname()[1]}"
               "/p2p/QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc")


def await_end(pid, deadline=SOON):
    until = time.monotonic() + deadline
    while os.path.exists(f"/proc/{pid}") and state_of(pid) != "Z":
        if time.monotonic() > until:
            raise TimeoutError(f"process {pid} has not ended")
        time.sleep(0.01)


def state_of(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return file.read().rsplit(")", 1)[1].split()[0]
    return "Z"


class Case(program.Case):
    """Every node that a test leaves behind is ended with it."""

    def setUp(self):
        super().setUp()
        self.second = program.Home()
        self.addCleanup(self.second._folder.cleanup)
        for home in (self.h, self.second):
            self.addCleanup(self.end, home)

    def end(self, home):
        with contextlib.suppress(OSError, ValueError):
            held = (home.home / ".kwaainet/run/node.lock").read_text()
            os.kill(int(held), signal.SIGKILL)
            await_end(int(held))

    def run_file(self, home=None):
        return json.loads(((home or self.h).home / ".kwaainet/run/node.json").read_text())

    def log(self, home=None):
        return (home or self.h).home / ".kwaainet/logs/start.log"

    def detach(self, *words, home=None, env=None):
        """A node in the background, and what was told of it."""
        home = home or self.h
        got = self.expect(home.run("start", "--detach", "--json", *words, env=env), DONE)
        return json.loads(got[1])

    def until(self, told):
        """Looked at again until it is so."""
        end = time.monotonic() + SOON
        while not told():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)

    def first(self, *words):
        """The bootstrap of the others, in the other home."""
        node = first_of_a_swarm(self.second, SMALL, *words)
        self.addCleanup(node.__exit__)
        return node

    def status(self, home=None):
        return json.loads(self.expect((home or self.h).run("status --json"), DONE)[1])


class Detach(Case):
    def test_it_tells_what_was_acknowledged(self):
        first = self.first()
        told = self.detach("--bootstrap", first.address, SMALL)
        status = self.status()
        self.assertEqual(told["outcome"], "announced")
        self.assertEqual((told["pid"], told["port"], told["peer_id"]),
                         (status["pid"], status["port"], status["peer_id"]))
        self.assertEqual((told["records"], told["acknowledged"], told["bootstraps"]),
                         (status["announced"]["records"], told["records"], 1))
        self.assertEqual(told["log"], str(self.log()))
        self.assertEqual(os.getsid(told["pid"]), told["pid"])  # no terminal takes it along
        self.assertEqual(os.readlink(f"/proc/{told['pid']}/fd/0"), "/dev/null")
        self.assertEqual(self.log().stat().st_mode & 0o777, 0o600)
        self.expect(self.h.run("stop"), DONE)

    def test_a_first_run_asks_nothing_and_says_how_to_save(self):
        got = self.expect(self.h.run("start", "--detach", *NEW_SWARM, SMALL), DONE,
                          "runs on port 8080: there is nobody else yet to confirm",
                          "Not saved: nobody is asked with --detach", "kwaainet logs what happens")
        self.assertFalse(self.h.config.exists())
        self.assertEqual(got[2], "")

    # What must not happen: the words that end the node mean another one.
    def test_what_is_said_of_it_means_this_node(self):
        home = self.h.root / "an other"
        words = "start", "--detach", f"--home={home}", *NEW_SWARM, SMALL
        told = " ".join(self.expect(self.h.run(*words), DONE)[1].split())
        self.assertIn(f"kwaainet status --home '{home}' shows how it is", told)
        self.assertIn("kwaainet stop ends it, with the same --home.", told)
        self.expect(self.h.run("stop", f"--home={home}"), DONE)

    def test_a_later_run_says_nothing_of_saving(self):
        words = ("start", "--detach", "--bootstrap", self.first().address, SMALL)
        self.expect(self.h.run(*words), DONE, "1 bootstrap answered", "Not saved")
        self.expect(self.h.run("stop --quiet"), DONE)
        self.assertNotIn("Not saved", self.expect(self.h.run(*words), DONE)[1])

    def test_with_yes_the_configuration_is_saved(self):
        self.expect(self.h.run("start", "--detach", "--yes", *NEW_SWARM, SMALL), DONE,
                    "Configuration saved to:")
        self.assertIn("TinyLlama", self.h.config.read_text())

    def test_quiet_says_nothing(self):
        self.assertEqual(self.expect(self.h.run("start", "--detach", "--quiet", *NEW_SWARM, SMALL),
                                     DONE)[1:], ("", ""))

    # What must not happen: start --daemon prints the flags, and the daemon has others.
    def test_flags_are_not_lost_on_the_way(self):
        told = self.detach(*NEW_SWARM, SMALL, "--port", "8093", "--name=flagname", "--blocks", "4",
                           "--set", "logging.level=debug",
                           env={"KWAAINET_MAX_MEMORY": "2GiB"})
        status = self.status()
        self.assertEqual((status["port"], status["name"], told["port"]), (8093, "flagname", 8093))
        self.assertEqual(status["end_block"] - status["start_block"], 4)
        self.assertEqual(self.run_file()["flags"], [
            "--set=network.new_swarm=true", "--model=TinyLlama-1.1B-Chat-v1.0", "--port=8093",
            "--name=flagname", "--blocks=4", "--set=logging.level=debug"])

    def test_the_run_file_says_where_things_are_and_no_secret(self):
        elsewhere = self.h.work / "mine.yaml"
        elsewhere.write_text("node: {name: ada}\n")
        self.expect(self.h.run("start", "--detach", "--config", "mine.yaml", "--home", "data",
                               *NEW_SWARM, SMALL, "--set",
                               "alerts.webhook_url=https://example.org/secret"), DONE)
        path = self.h.work / "data/run/node.json"
        told = json.loads(path.read_text())
        self.addCleanup(os.kill, told["pid"], signal.SIGKILL)
        self.assertEqual(told["config"], str(elsewhere))
        self.assertEqual(told["flags"][:2], [f"--home={self.h.work}/data",
                                             f"--config={elsewhere}"])
        self.assertNotIn("secret", path.read_text())

    # What must not happen: success is told before the new process has read its file.
    def test_a_broken_file_starts_nothing(self):
        self.h.config.write_text("node:\n  port: abc\nmodel:\n  blocks: x\n")
        self.expect(self.h.run("start --detach"), CONFIGURATION,
                    "2 problems in the configuration; the node was not started",
                    "node_config.yaml:2:9", "node_config.yaml:4:11")
        told = json.loads(self.expect(self.h.run("start --detach --json"), CONFIGURATION)[1])
        self.assertEqual(len(told["problems"]), 2)
        self.assertFalse((self.h.home / ".kwaainet").exists())

    # What must not happen: a second start takes the first's files, lock or socket.
    def test_a_second_start_touches_nothing_of_the_first(self):
        told = self.detach(*NEW_SWARM, SMALL)
        self.until((self.h.home / ".kwaainet/calibration.yaml").exists)  # the last that it writes
        before = self.h.listing()
        for words in ("start --detach", "start", "start --detach --json"):
            self.expect(self.h.run(words), TRY_AGAIN, "a node runs already with the data folder",
                        f"process {told['pid']}")
            self.assertEqual(self.h.listing(), before)
        self.assertEqual(self.status()["pid"], told["pid"])

    def test_of_many_at_once_one_runs_and_the_others_say_who(self):
        runs = [self.h.start("start", "--detach", "--json", *NEW_SWARM, SMALL) for _ in range(4)]
        texts = [run.communicate(timeout=program.DEADLINE)[0].decode() for run in runs]
        self.assertEqual(sorted(run.returncode for run in runs), [DONE, *[TRY_AGAIN] * 3])
        winner = next(json.loads(text) for text, run in zip(texts, runs) if run.returncode == DONE)
        self.assertEqual(self.status()["pid"], winner["pid"])
        self.assertIn("Launching KwaaiNet node", self.log().read_text())

    def test_what_the_node_says_of_its_failure_is_the_answer(self):
        with socket.create_server(("0.0.0.0", 8095)):
            self.expect(self.h.run("start", "--detach", *NEW_SWARM, "--port", "8095"), TRY_AGAIN,
                        "8095", "in use")
        self.expect(self.h.run("status"), UNREACHABLE)

    def test_who_is_not_in_the_swarm_yet_goes_on_trying(self):
        with silent() as address:
            began = time.monotonic()
            told = self.detach("--wait", "1", "--bootstrap", address, SMALL)
            self.assertLess(time.monotonic() - began, SOON)
            self.assertEqual(told["outcome"], "trying")
            self.assertEqual(self.status()["pid"], told["pid"])
        self.expect(self.h.run("stop --quiet"), DONE)
        with silent() as address:
            self.expect(self.h.run("start", "--detach", "--wait", "1", "--bootstrap", address),
                        DONE, "is not announced yet: it goes on trying")

    def test_why_nobody_answered_is_told(self):
        with silent() as address:
            told = self.detach("--wait", "4", "--bootstrap", address, SMALL, "--set",
                               "dht.discovery_timeout=1s", "--set", "dht.bootstrap_timeout=1s",
                               "--set", "network.connection_timeout=1s")
            self.assertEqual(told["outcome"], "trying")
            self.assertIn(address, told["reason"])

    def test_without_waiting_its_port_is_enough(self):
        with silent() as address:
            told = self.detach("--wait", "0", "--bootstrap", address, SMALL)
            self.assertEqual((told["outcome"], told["port"]), ("listening", 8080))

    def test_a_node_that_announces_nothing_says_so(self):
        first = self.first()
        told = self.detach("--bootstrap", first.address, SMALL, "--set", "dht.announce=false")
        self.assertEqual((told["outcome"], told["reason"]), ("joined", "dht.announce is off"))

    def test_who_waits_may_be_killed(self):
        first = self.first()
        with silent() as address:
            command = self.h.start("start", "--detach", "--wait", "60", "--bootstrap", address,
                                   "--bootstrap", first.address, SMALL, "--set",
                                   "dht.announce=false", "--set", "dht.discovery_timeout=3s")
            lock = self.h.home / ".kwaainet/run/node.lock"
            self.until(lambda: lock.exists() and lock.read_text())
            command.kill()
            command.communicate()
            pid = int(lock.read_text())
            self.until(lambda: self.h.run("status --json")[0] == DONE)  # its socket is there
            self.until(lambda: self.status()["state"] != "OFFLINE")
            self.assertEqual((self.status()["pid"], self.status()["state"]), (pid, "JOINING"))

    def test_a_death_without_a_word_is_told_with_the_place_of_the_last_ones(self):
        for number, words in ((signal.SIGKILL, "signal 9 (Killed)"), (signal.SIGTERM, None)):
            with self.subTest(number=number), silent() as address:
                command = self.h.start("start", "--detach", "--wait", "60", "--bootstrap", address)
                file = self.h.home / ".kwaainet/run/node.json"
                self.until(file.exists)
                os.kill(self.run_file()["pid"], number)
                out, err = command.communicate(timeout=program.DEADLINE)
                self.expect((command.returncode, out.decode(), err.decode()), FAILED,
                            "ended without a word", words or "exit status 0", str(self.log()))
                file.unlink(missing_ok=True)

    def test_the_words_of_the_last_start_stand_alone_and_through_no_link(self):
        self.detach(*NEW_SWARM, SMALL)
        self.expect(self.h.run("stop"), DONE)
        self.detach(*NEW_SWARM, SMALL)
        self.assertEqual(self.log().read_text().count("Launching"), 1)
        self.expect(self.h.run("stop"), DONE)
        target = self.h.root / "theirs"
        target.write_text("kept")
        self.log().unlink()
        self.log().symlink_to(target)
        self.expect(self.h.run("start", "--detach", *NEW_SWARM, SMALL), FAILED, "start.log")
        self.assertEqual(target.read_text(), "kept")

    def test_nothing_of_the_caller_is_kept_open(self):
        ours, theirs = os.pipe()
        os.set_inheritable(theirs, True)
        with self.h.start("start", "--detach", *NEW_SWARM, SMALL, pass_fds=[theirs]) as command:
            os.close(theirs)
            command.communicate(timeout=program.DEADLINE)
        self.assertEqual(os.read(ours, 1), b"")  # the end, though the node runs
        os.close(ours)
        self.expect(self.h.run("status"), DONE)

    def test_what_makes_no_sense_together_is_refused(self):
        for words, text in (("--dry-run", "--dry-run shows a plan"),
                            ("--calibrate full", "--calibrate full measures in front"),
                            ("--wait -1", "--wait -1: must be a whole number from 0 to 3600")):
            self.expect(self.h.run(f"start --detach {words}"), USAGE, text)


if __name__ == "__main__":
    program.main()
