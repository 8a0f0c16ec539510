#!/usr/bin/env python3
"""`kwaainet restart`: what goes on as it was, what becomes new, and who is left alone.

usage: restart.py PROGRAM [TEST…]
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import program
from detach import NEW_SWARM, SMALL, TRY_AGAIN, UNREACHABLE, Case
from program import CONFIGURATION, DONE, FAILED, USAGE
from started import Node, own_network

if __name__ == "__main__":
    own_network()


class Restart(Case):
    def node(self, *words, home=None, **options):
        node = Node(home or self.h, *words, **options)
        self.addCleanup(node.__exit__)
        node.wait("announced")
        return node

    def restart(self, *words):
        return json.loads(self.expect(self.h.run("restart", "--json", *words), DONE)[1])

    def test_a_node_in_front_of_somebody_keeps_its_number_and_its_output(self):
        node = self.node(*NEW_SWARM, SMALL, "--port", "8094")
        before = self.run_file()
        told = self.restart()
        self.assertEqual((told["outcome"], told["pid"], told["port"], told["peer_id"]),
                         ("alone", node.process.pid, 8094, before["peer_id"]))
        node.wait("ended", ok=True)
        node.wait("listening", port=8094)
        node.wait("announced")
        self.assertGreater(self.run_file()["started_ms"], before["started_ms"])
        self.expect(self.h.run("stop"), DONE, f"process {node.process.pid}")
        self.assertEqual(node.ended(), DONE)

    def test_a_hangup_reads_the_configuration_again_after_a_restart_too(self):
        self.h.config.write_text("node:\n  name: alice\n")
        node = self.node(*NEW_SWARM, SMALL, "--no-save")
        self.restart()
        node.wait("ended", ok=True)
        node.wait("announced")
        self.h.config.write_text("node:\n  name: berta\n")
        node.process.send_signal(signal.SIGHUP)
        self.assertEqual(node.wait("reload")["changed"][0]["to"], "berta")
        self.expect(self.h.run("stop"), DONE)

    def test_signals_while_it_restarts_do_not_end_it(self):
        node = self.node(*NEW_SWARM, SMALL, "--no-save")
        for _ in range(4):
            restart = self.h.start("restart")
            self.addCleanup(restart.communicate)
            while restart.poll() is None:
                node.process.send_signal(signal.SIGHUP)
                node.process.send_signal(signal.SIGUSR1)
            self.assertEqual(restart.wait(), DONE, restart.communicate())
            self.assertIsNone(node.process.poll())
        self.expect(self.h.run("stop"), DONE)

    # What must not happen: what was typed at the start is lost by a restart.
    def test_flags_and_variables_survive_a_restart(self):
        self.detach(*NEW_SWARM, SMALL, "--port", "8093", "--name=flagname",
                    env={"KWAAINET_BLOCKS": "4"})
        flags = self.run_file()["flags"]
        for _ in range(3):
            self.assertEqual(self.restart()["port"], 8093)
            status = self.status()
            self.assertEqual((status["name"], status["end_block"] - status["start_block"]),
                             ("flagname", 4))
            self.assertEqual(self.run_file()["flags"], flags)
        self.assertEqual(self.log().read_text().count("Launching"), 1)  # anew with each start

    def test_it_is_announced_again_and_its_bootstrap_knows(self):
        first = self.first()
        self.detach("--bootstrap", first.address, SMALL)
        told = self.restart()
        self.assertEqual((told["outcome"], told["acknowledged"]), ("announced", told["records"]))
        self.expect(self.h.run("restart"), DONE, "runs again on port", "records acknowledged")

    def test_what_the_file_says_now_holds(self):
        self.h.config.write_text("node: {name: before}\n")
        node = self.node(*NEW_SWARM, SMALL)
        self.h.config.write_text("node: {name: after}\n")
        self.assertEqual(self.status()["name"], "before")
        self.restart()
        self.assertEqual((self.status()["name"], self.status()["pid"]),
                         ("after", node.process.pid))

    # What must not happen: a restart with a broken file stops the good node, and says it was well.
    def test_a_broken_file_leaves_the_good_node_alone(self):
        self.h.config.write_text("node: {name: before}\n")
        self.node(*NEW_SWARM, SMALL)
        before = self.status()
        self.h.config.write_text("node:\n  port: abc\n  nam: x\n")
        self.expect(self.h.run("restart"), CONFIGURATION,
                    "2 problems in the configuration; the node goes on as it was",
                    'node_config.yaml:2:9 node.port: "abc" is not a whole number',
                    "node_config.yaml:3:3", "Did you mean")
        told = json.loads(self.expect(self.h.run("restart --json"), CONFIGURATION)[1])
        self.assertEqual([(p["line"], p["column"], p["kind"]) for p in told["problems"]],
                         [(2, 9, "wrong-type"), (3, 3, "unknown-key")])
        for name in ("pid", "peer_id", "name", "state"):
            self.assertEqual(self.status()[name], before[name])

    def test_a_key_that_would_be_refused_leaves_the_good_node_alone(self):
        node = self.node(*NEW_SWARM, SMALL)
        self.h.config.write_text("node: {identity_key: none.key}\n")
        self.expect(self.h.run("restart"), FAILED, "none.key")
        self.assertEqual(self.status()["pid"], node.process.pid)

    def test_a_program_that_cannot_be_run_leaves_the_good_node_alone(self):
        other = self.h.root / "program"
        shutil.copy(self.h.program, other)
        kept, self.h.program = self.h.program, other
        node = self.node(*NEW_SWARM, SMALL)
        self.h.program = kept
        other.chmod(0o644)
        self.expect(self.h.run("restart"), FAILED, "cannot run", str(other))
        other.unlink()
        self.expect(self.h.run("restart"), FAILED, "cannot run", str(other),
                    "there is no such program")
        self.assertEqual(self.status()["pid"], node.process.pid)
        shutil.copy(kept, other)  # a new one in its place
        self.assertEqual(self.restart()["pid"], node.process.pid)
        self.assertEqual(os.readlink(f"/proc/{node.process.pid}/exe"), str(other))

    def test_one_that_does_not_come_back_is_told(self):
        node = self.node(*NEW_SWARM, SMALL)
        with socket.create_server(("0.0.0.0", 8095)):
            self.h.config.write_text("node: {port: 8095}\n")
            reaper = threading.Thread(target=node.process.wait)
            reaper.start()
            self.expect(self.h.run("restart"), FAILED,
                        f"the node (process {node.process.pid}) ended and did not start again")
            reaper.join()
        self.expect(self.h.run("status"), UNREACHABLE)

    def test_who_is_told_to_stop_meanwhile_stops(self):
        first = self.first()
        node = self.node("--bootstrap", first.address, SMALL)
        first.process.send_signal(signal.SIGSTOP)  # so that leaving takes a while
        with self.h.start("restart", "--json") as command:
            node.wait("state", state="DRAINING")
            self.expect(self.h.run("restart"), FAILED, "is leaving the swarm already")
            self.expect(self.h.run("stop"), DONE)
            self.assertEqual(node.ended(), DONE)
            first.process.send_signal(signal.SIGCONT)
            command.communicate(timeout=program.DEADLINE)
            self.assertEqual(command.returncode, FAILED)

    def test_not_waiting_says_that_it_is_not_back(self):
        first = self.first()
        self.node("--bootstrap", first.address, SMALL)
        first.process.send_signal(signal.SIGSTOP)
        self.expect(self.h.run("restart --wait 0"), TRY_AGAIN, "is not back yet")
        first.process.send_signal(signal.SIGCONT)
        self.expect(self.h.run("restart --wait x"), USAGE)


class Others(Case):
    # What must not happen: restart kills every process that is called p2pd.
    def test_other_processes_are_left_alone(self):
        folder = self.h.root / "bin"
        folder.mkdir()
        for name in ("p2pd", "kwaainet"):
            shutil.copy("/bin/sleep", folder / name)
        others = [subprocess.Popen([folder / name, "1000"]) for name in ("p2pd", "kwaainet")]
        for other in others:
            self.addCleanup(other.wait)
            self.addCleanup(other.kill)
        self.first()
        neighbour = self.status(self.second)
        self.detach(*NEW_SWARM, SMALL)
        self.expect(self.h.run("restart"), DONE)
        self.expect(self.h.run("stop"), DONE)
        self.assertEqual([other.poll() for other in others], [None, None])
        self.assertEqual(self.status(self.second)["pid"], neighbour["pid"])

    # What must not happen: a number that is another program's by now makes a node of that.
    def test_a_stale_number_of_another_program_is_never_signalled(self):
        run = Path(self.h.home) / ".kwaainet/run"
        run.mkdir(parents=True)
        with subprocess.Popen(["sleep", "1000"]) as other:
            (run / "node.lock").write_text(f"{other.pid}\n")
            (run / "node.json").write_text(json.dumps({"pid": other.pid, "version": "1.0.0",
                                                       "started": int(time.time())}))
            for command in ("status", "stop", "restart"):
                self.expect(self.h.run(command), UNREACHABLE, "no node runs")
            self.assertIsNone(other.poll())
            self.detach(*NEW_SWARM, SMALL)
            self.expect(self.h.run("stop"), DONE)
            self.assertIsNone(other.poll())
            other.kill()

    def test_without_a_node_there_is_nobody_to_restart(self):
        self.expect(self.h.run("restart"), UNREACHABLE, "no node runs with the data folder")
        self.assertFalse((self.h.home / ".kwaainet").exists())


if __name__ == "__main__":
    program.main()
