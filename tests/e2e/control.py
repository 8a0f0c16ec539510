#!/usr/bin/env python3
"""One node per data folder, and the commands that talk to it.

usage: control.py PROGRAM CONTROL_NODE

CONTROL_NODE is a node that has nothing but its data folder and its control socket.
"""
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import program
from program import DONE, USAGE

UNREACHABLE, TRY_AGAIN = 69, 75


class Control(program.Case):
    def setUp(self):
        super().setUp()
        self.folder = self.h.home / ".kwaainet"

    def node(self, *words, folder=None):
        """A node that runs."""
        child = subprocess.Popen([NODE, folder or self.folder, *words], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(child.communicate)
        self.addCleanup(child.kill)
        self.assertEqual(child.stdout.readline(), b"ready\n")
        return child

    def second(self, folder=None):
        """(exit status, standard error) of one that should not run."""
        done = subprocess.run([NODE, folder or self.folder], stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=program.DEADLINE)
        return done.returncode, done.stderr.decode()

    def test_a_node_tells_and_stops(self):
        child = self.node()
        got = self.expect(self.h.run("status"), DONE, "node ada-C-box", "state JOINING",
                          f"process {child.pid}, version 1.0.0", "blocks 68-79 (12 blocks)",
                          "problems a?[2J")
        self.assertNotIn("peers", got[1])  # it did not say
        told = json.loads(self.expect(self.h.run("status --json"), DONE)[1])
        self.assertEqual((told["pid"], told["state"]), (child.pid, "JOINING"))
        self.expect(self.h.run("stop"), DONE, f"the node (process {child.pid}) has stopped")
        self.assertEqual(child.wait(program.DEADLINE), 0)
        self.assertEqual(sorted(os.listdir(self.folder / "run")), ["node.lock"])

    def test_without_a_node_there_is_nobody_to_ask(self):
        for words in ("status", "stop", "status --quiet"):
            self.expect(self.h.run(words), UNREACHABLE, "no node runs with the data folder")
            got = self.expect(self.h.run(f"{words} --json"), UNREACHABLE)
            self.assertEqual(json.loads(got[1])["ok"], False)
        self.assertFalse(self.folder.exists())  # asking makes nothing

    def test_a_second_start_is_told_who_runs(self):
        child = self.node()
        status, text = self.second()
        self.assertEqual(status, TRY_AGAIN)
        self.assertIn(f"process {child.pid}", text)
        self.expect(self.h.run("status"), DONE, "JOINING")  # the first goes on
        other = self.h.root / "other"
        self.node(folder=other)  # beside it
        self.expect(self.h.run("stop", "--json", "--home", str(other)), DONE)
        self.expect(self.h.run("status"), DONE)

    def test_of_many_starts_at_once_one_runs(self):
        children = [subprocess.Popen([NODE, self.folder], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                    for _ in range(8)]
        ready = [child for child in children if child.stdout.readline() == b"ready\n"]
        self.assertEqual(len(ready), 1)
        self.expect(self.h.run("stop --quiet"), DONE)
        for child in children:
            child.communicate(timeout=program.DEADLINE)
            self.assertEqual(child.returncode, 0 if child is ready[0] else TRY_AGAIN)

    # What must not happen: a lock, a socket or a number of a dead process stops a start, or makes a
    # node of another program.
    def test_after_kill_9_the_next_start_works(self):
        for _ in range(5):
            child = self.node()
            child.kill()
            child.wait()
            self.expect(self.h.run("status"), UNREACHABLE, "no node runs")
            self.expect(self.h.run("stop"), UNREACHABLE, "no node runs")
        self.node()
        self.expect(self.h.run("stop"), DONE)

    def test_stop_ends_no_process_by_force(self):
        child = self.node("stubborn")
        got = self.h.run("stop --wait 0")
        self.expect(got, TRY_AGAIN, "was asked to stop and runs still after 0 s")
        self.expect(self.h.run("stop --wait 1 --json"), TRY_AGAIN, '"ok": false')
        self.assertIsNone(child.poll())
        self.expect(self.h.run("status"), DONE)

    def test_a_node_that_does_not_answer_is_named(self):
        child = self.node("deaf")
        self.expect(self.h.run("status"), UNREACHABLE,
                    f"the node (process {child.pid}) does not answer", "no answer in time")
        self.assertIsNone(child.poll())

    def test_the_rust_node_is_respected(self):
        with subprocess.Popen(["sleep", "1000"]) as other:
            (self.folder / "run").mkdir(parents=True)
            (self.folder / "run/kwaainet.pid").write_text(str(other.pid))
            status, text = self.second()
            self.assertEqual(status, TRY_AGAIN)
            self.assertIn(f"process {other.pid} (sleep)", text)
            self.expect(self.h.run("stop"), UNREACHABLE)
            self.assertIsNone(other.poll())
            other.send_signal(signal.SIGKILL)
        self.node()

    def test_a_folder_may_be_deep(self):
        deep = self.h.root / ("x" * 120) / ("y" * 120)
        child = self.node(folder=deep)
        self.expect(self.h.run("status", "--home", str(deep)), DONE, str(child.pid))
        self.expect(self.h.run("stop", "--home", str(deep)), DONE)

    def test_the_time_to_wait_has_bounds(self):
        for word in ("-1", "3601", "x", "1.5"):
            self.expect(self.h.run("stop", "--wait", word), USAGE, f"--wait {word}: must be",
                        "from 0 to 3600")


NODE = Path(sys.argv.pop(2)).resolve() if len(sys.argv) > 2 else None
if __name__ == "__main__":
    program.main()
