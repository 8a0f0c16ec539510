#!/usr/bin/env python3
"""What a start says of a run before it that ended without good-bye.

usage: previous_end.py PROGRAM [TEST…]
"""
import os
import signal
import sys
import time

import program
from calibrate import Group
from detach import NEW_SWARM, SMALL, Case
from program import DONE
from started import SOON, Node, own_network

if __name__ == "__main__":
    own_network()
GIB = 1024 * 1024 * 1024


class PreviousEnd(Case):
    def node(self, *words, **options):
        node = Node(self.h, *NEW_SWARM, SMALL, *words, **options)
        self.addCleanup(node.__exit__)
        return node

    def test_a_killed_node_is_told_of_by_the_next(self):
        first = self.node()
        first.wait("announced")
        before = int(time.time())
        first.process.kill()
        first.process.wait()
        second = self.node()
        told = second.wait("previous-end")["previous_end"]
        self.assertEqual((told["pid"], told["killed_for_memory"]), (first.process.pid, False))
        self.assertLessEqual(abs(told["at"] - before), SOON)
        second.wait("announced")
        self.assertEqual(self.status()["previous_end"], told)
        self.expect(self.h.run("status"), DONE, "run before ended without good-bye, last seen")
        second.process.kill()
        second.process.wait()
        self.expect(self.h.run("start", "--detach", *NEW_SWARM, SMALL), DONE)
        self.assertIn("The run before ended without good-bye; it was last seen",
                      " ".join(self.log().read_text().split()))

    def test_who_says_good_bye_is_not(self):
        for end in (lambda node: node.end(signal.SIGTERM), lambda node: node.end(),
                    lambda node: (self.h.run("stop"), node.ended())):
            node = self.node()
            node.wait("announced")
            self.assertNotIn("previous-end", node.names())
            self.assertIsNone(self.status()["previous_end"])
            end(node)
        node = self.node()
        node.wait("announced")
        self.expect(self.h.run("restart"), DONE)
        self.assertIsNone(self.status()["previous_end"])

    def test_it_was_seen_as_long_as_it_announced(self):
        node = self.node("--set", "dht.announce_interval=1s")
        node.wait("announced")
        file = self.h.home / ".kwaainet/run/node.json"
        os.utime(file, (1, 1))
        until = time.monotonic() + SOON
        while file.stat().st_mtime < 2 and time.monotonic() < until:
            time.sleep(0.05)
        self.assertLess(abs(file.stat().st_mtime - time.time()), SOON)

    def test_a_node_that_its_memory_group_has_killed_says_so(self):
        group = Group(4 * GIB)
        self.addCleanup(group.close)
        self.addCleanup(self.end, self.h)
        words = [self.h.program, "start", "--detach", "--quiet", *NEW_SWARM, SMALL]
        where = {"cwd": self.h.work, "env": self.h.environment()}
        self.assertEqual(group.run(words, **where)[0], DONE)
        pid = self.status()["pid"]
        self.shrink(group, pid)
        self.assertEqual(group.run(words, **where)[0], DONE)  # in the same group
        told = self.status()["previous_end"]
        self.assertEqual((told["pid"], told["killed_for_memory"]), (pid, True))
        self.expect(self.h.run("status"), DONE, "killed for want of memory")
        os.kill(self.status()["pid"], signal.SIGKILL)  # the next end is another one
        until = time.monotonic() + SOON
        while self.h.run("status")[0] == DONE and time.monotonic() < until:
            time.sleep(0.05)
        self.assertEqual(group.run(words, **where)[0], DONE)
        self.assertFalse(self.status()["previous_end"]["killed_for_memory"])
        self.expect(self.h.run("stop"), DONE)

    def shrink(self, group, pid):
        """Let the group have less than that process holds, until the system has ended it."""
        name = "memory.max" if (group.folder / "memory.max").exists() else "memory.limit_in_bytes"
        hungry = "x = bytearray(200 << 20); x[::4096] = b'1' * len(x[::4096])"
        if name == "memory.max":
            (group.folder / name).write_text("1M")
        else:  # of version 1 a limit cannot be less than what is held: somebody else asks for more
            (group.folder / "memory.limit_in_bytes").write_text(str(150 << 20))
            for other in group.procs.read_text().split():
                with open(f"/proc/{other}/oom_score_adj", "w", encoding="utf-8") as file:
                    file.write("1000")
            group.run([sys.executable, "-c", hungry])
        until = time.monotonic() + SOON
        while self.h.run("status")[0] == DONE and time.monotonic() < until:
            time.sleep(0.05)
        self.assertNotEqual(self.h.run("status")[0], DONE, pid)
        (group.folder / name).write_text(str(4 * GIB))


if __name__ == "__main__":
    program.main()
