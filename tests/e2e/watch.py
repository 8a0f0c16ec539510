#!/usr/bin/env python3
"""`kwaainet status --watch` at a terminal, in a pipe, and while the node is away.

usage: watch.py PROGRAM [TEST…]
"""
import json
import signal
import sys

import program
from detach import NEW_SWARM, SMALL, UNREACHABLE, Case
from program import DONE, FAILED, USAGE
from started import own_network
from terminal import Terminal

if __name__ == "__main__":
    own_network()
HOME_AND_CLEAR = "\x1b[J"


class Watch(Case):
    def setUp(self):
        super().setUp()
        self.told = self.detach(*NEW_SWARM, SMALL)

    def test_a_terminal_is_written_over_in_place(self):
        with Terminal(self.h, "status", "--watch", "1") as terminal:
            at = 0
            for _ in range(3):
                at = terminal.wait(f"process {self.told['pid']}", begin=at) + 1
            frames = terminal.shown.replace("\r\n", "\n").split(HOME_AND_CLEAR)
            self.assertGreater(len(frames), 2)
            for before, frame in zip(frames[:-1], frames[1:]):
                lines = before.split("\r\x1b[")[0].count("\n")
                self.assertTrue(before.endswith(f"\r\x1b[{lines}A"), repr(before[-20:]))
                self.assertTrue(frame.startswith("node "), frame)
            self.assertEqual(terminal.interrupt(), -signal.SIGINT)
            self.assertNotIn("\x1b[?", terminal.shown)  # nothing that would have to be undone

    def test_it_follows_the_width_of_the_window(self):
        with Terminal(self.h, "status", "--watch", "1", columns=120) as terminal:
            terminal.wait("announced")
            terminal.resize(44)
            seen = len(terminal.shown)
            terminal.wait("node", begin=len(terminal.text))
            terminal.wait("announced", begin=len(terminal.text) - 20)
            frame = terminal.shown[seen:].replace("\r\n", "\n").split(HOME_AND_CLEAR)[1]
            frame = frame.split("\r\x1b[")[0]
            words = [line for line in frame.split("\n") if " " in line[11:].strip()]
            self.assertLessEqual(max(map(len, words)), 64)  # the peer id cannot be broken
            self.assertEqual(terminal.interrupt(), -signal.SIGINT)

    def test_a_short_window_says_how_much_more_there_is(self):
        with Terminal(self.h, "status", "--watch", "1", columns=120, rows=8) as terminal:
            terminal.wait("more lines")
            shown = terminal.plain.splitlines()[:7]
            self.assertRegex(shown[-1], "^(…|\\.\\.\\.) [1-9][0-9]* more lines$")
            self.assertTrue(any(line.startswith("health ") for line in shown), shown)
            self.assertEqual(terminal.interrupt(), -signal.SIGINT)

    def test_in_a_pipe_one_follows_the_other(self):
        with self.h.start("status --watch 1") as command:
            text = ""
            while text.count("\n\n") < 2:
                text += command.stdout.readline().decode()
            command.kill()
            command.communicate()
        for part in text.rstrip("\n").split("\n\n"):
            self.assertTrue(part.startswith("node "), text)
        self.assertNotIn("\x1b", text)

    def test_as_json_each_is_a_line(self):
        with self.h.start("status --watch 1 --json") as command:
            told = [json.loads(command.stdout.readline()) for _ in range(3)]
            command.kill()
            command.communicate()
        self.assertEqual({one["pid"] for one in told}, {self.told["pid"]})

    def test_who_goes_away_is_said_to_and_asked_again(self):
        with self.h.start("status --watch 1") as command:
            self.assertIn(b"node ", command.stdout.readline())
            self.expect(self.h.run("stop"), DONE)
            line = b""
            while b"trying again" not in line:
                line = command.stdout.readline()
                self.assertNotEqual(line, b"")
            again = self.detach(*NEW_SWARM, SMALL)
            while f"process    {again['pid']}".encode() not in line:
                line = command.stdout.readline()
                self.assertNotEqual(line, b"")
            command.kill()
            command.communicate()

    def test_absence_is_a_document_too(self):
        with self.h.start("status --watch=1 --json") as command:
            json.loads(command.stdout.readline())
            self.expect(self.h.run("stop"), DONE)
            told = {"pid": 0}
            while "ok" not in told:
                told = json.loads(command.stdout.readline())
            command.kill()
            command.communicate()
        self.assertEqual((told["ok"], told["problems"][0]["kind"]), (False, "unreachable"))

    def test_it_ends_when_nobody_reads(self):
        with self.h.start("status --watch 1") as command:
            command.stdout.readline()
            command.stdout.close()
            self.assertEqual(command.wait(program.DEADLINE), FAILED)
            self.assertEqual(command.stderr.read(), b"")

    def test_without_a_node_there_is_nothing_to_watch(self):
        self.expect(self.second.run("status --watch"), UNREACHABLE, "no node runs")
        for words in ("--watch 0", "--watch 3601", "--watch=x"):
            self.expect(self.h.run(f"status {words}"), USAGE)


if __name__ == "__main__":
    program.main()
