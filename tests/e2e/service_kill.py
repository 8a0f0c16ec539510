#!/usr/bin/env python3
"""A service that its memory group has killed comes back, announces again, and says why.

usage: service_kill.py PROGRAM [TEST…]

The kernel kills, in a real memory group; systemd's part is played by the test, which obeys the unit
that `service install` writes: a group made anew for each start, ExecStopPost= between two of them.
"""
import contextlib
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import program
from calibrate import Group
from program import DONE
from started import SOON, die_with_parent, first_of_a_swarm, own_network
from tiny_case import TinyCase

if __name__ == "__main__":
    own_network()
GIB, MIB = 1 << 30, 1 << 20
SMALL = "--model=TinyLlama-1.1B-Chat-v1.0"  # of the bootstrap: another one
LIFE = 6  # seconds that a record lives
HUNGRY = f"x = bytearray({400 * MIB}); x[::4096] = b'1' * len(x[::4096])"


class Manager(threading.Thread):
    """Type=notify, Restart=on-failure."""

    def __init__(self, home, unit):
        super().__init__(daemon=True)
        self.home, self.lines = home, unit.splitlines()
        self.ends, self.text, self.told, self.may_restart = [], b"", [], threading.Event()
        self.group = self.process = None
        self.is_over = False
        self.changed = threading.Condition()
        self.door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.door.bind(f"\0kwaainet-kill-{os.getpid()}-{id(self)}")
        threading.Thread(target=self._listen, daemon=True).start()

    def value(self, name):
        return next(line.split("=", 1)[1] for line in self.lines if line.startswith(f"{name}="))

    def _listen(self):
        with contextlib.suppress(OSError):
            while data := self.door.recv(4096):
                with self.changed:
                    self.told += data.decode().splitlines()
                    self.changed.notify_all()

    def wait(self, what):
        """Until that holds of this manager."""
        with self.changed:
            came = self.changed.wait_for(lambda: what(self), SOON)
            assert came, (self.told[-5:], self.text[-400:])

    def run(self):
        while self._once() != 0 and self.may_restart.wait(SOON) and not self.is_over:
            pass

    def _command(self, name, **more):
        words = shlex.split(self.value(name).lstrip("-"))
        env = {**self.home.environment(), "NOTIFY_SOCKET":
               f"@kwaainet-kill-{os.getpid()}-{id(self)}", "INVOCATION_ID": "0" * 32, **more}
        return subprocess.Popen(
            ["sh", "-c", 'echo $$ > "$0" && exec "$@"', self.group.procs, *words], env=env,
            cwd=self.home.home, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, preexec_fn=die_with_parent)

    def _once(self):
        self.group = Group(4 * GIB)
        with self.changed:
            self.process = self._command("ExecStart")
        for line in self.process.stdout:
            with self.changed:
                self.text += line
                self.changed.notify_all()
        self.process.stdout.close()
        status = self.process.wait()
        post = self._command("ExecStopPost", SERVICE_RESULT="signal" if status < 0 else "success",
                             EXIT_CODE="killed" if status < 0 else "exited",
                             EXIT_STATUS="KILL" if status < 0 else str(status))
        self.text += post.communicate(timeout=SOON)[0]
        kills = self.kills()
        self.group.close()
        with self.changed:
            self.ends.append((status, kills, post.returncode))
            self.changed.notify_all()
        return status

    def kills(self):
        """Of its group, as the kernel has counted them."""
        for name in ("memory.events", "memory.oom_control"):
            if (self.group.folder / name).exists():
                text = (self.group.folder / name).read_text()
                return int(text.split("oom_kill ")[1].split()[0])
        return None

    def close(self):
        self.is_over = True
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
        self.may_restart.set()
        self.join(SOON)
        self.door.shutdown(socket.SHUT_RDWR)
        self.door.close()


class ServiceKill(TinyCase):
    def manage(self, *words):
        """The service, in the group of its first run."""
        Group(GIB).close()  # or the test is skipped
        bootstrap = first_of_a_swarm(self.second, SMALL)
        self.addCleanup(bootstrap.__exit__)
        unit = self.expect(self.h.run(
            "service", "install", "--dry-run", "--bootstrap", bootstrap.address,
            "--set", f"model.path={self.model}", "--set", "model.repository=someone/tiny",
            "--set", "dht.announce_interval=2s", "--set", f"dht.expiration={LIFE}s",
            "--set", f"logging.file_path={self.h.root}/node.log", *words), DONE)[1]
        manager = Manager(self.h, unit)
        self.addCleanup(manager.close)
        self.assertEqual(manager.value("Restart"), "on-failure")
        manager.start()
        return bootstrap, manager

    def seen(self, bootstrap):
        with contextlib.suppress(AssertionError):  # nobody knows of that model
            return [block["online"] for block in self.coverage(bootstrap)]
        return [0] * 4

    def starve(self, manager):
        """Its group may hold no more than it does, and something more is asked for."""
        group, pid = manager.group, manager.process.pid
        if (group.folder / "memory.max").exists():
            (group.folder / "memory.max").write_text("1M")
            return
        used = int((group.folder / "memory.usage_in_bytes").read_text())
        Path(f"/proc/{pid}/oom_score_adj").write_text("1000")  # it, not the other one
        (group.folder / "memory.limit_in_bytes").write_text(str(used + 200 * MIB))
        with contextlib.suppress(OSError):
            group.run([sys.executable, "-c", HUNGRY])

    def test_killed_by_its_memory_group_it_comes_back_and_says_so(self):
        bootstrap, manager = self.manage()
        manager.wait(lambda m: any(line.startswith("STATUS=ONLINE") for line in m.told))
        self.until(lambda: self.seen(bootstrap) == [1] * 4)
        first = manager.process.pid
        self.assertNotIn(b"run before", manager.text)
        self.starve(manager)
        manager.wait(lambda m: m.ends)
        status, kills, noted = manager.ends[0]
        self.assertEqual((status, noted), (-signal.SIGKILL, 0), manager.text[-400:])
        self.assertGreaterEqual(kills, 1)
        self.until(lambda: self.seen(bootstrap) == [0] * 4)  # its records have ended
        manager.told.clear()
        manager.may_restart.set()
        manager.wait(lambda m: "READY=1" in m.told)
        manager.wait(lambda m: any(line.startswith("STATUS=ONLINE") for line in m.told))
        self.until(lambda: self.seen(bootstrap) == [1] * 4)
        self.assertNotEqual(manager.process.pid, first)
        told = self.status()
        self.assertEqual(
            (told["previous_end"]["pid"], told["previous_end"]["killed_for_memory"],
             told["previous_end"]["result"], told["state"]), (first, True, "signal", "ONLINE"))
        self.expect(self.h.run("status"), DONE, "killed for want of memory")
        self.assertIn("and was killed for want of memory",
                      " ".join(manager.text.decode().split()))
        self.assertEqual((self.h.root / "node.log").read_text().count(
            " warn  node: the run before ended without good-bye, and was killed for want of "
            f"memory process={first} "), 1)

    def test_killed_by_somebody_it_does_not_speak_of_memory(self):
        _, manager = self.manage()
        manager.wait(lambda m: "READY=1" in m.told)
        first = manager.process.pid
        os.kill(first, signal.SIGKILL)
        manager.wait(lambda m: m.ends)
        self.assertTrue((self.h.home / ".kwaainet/run/ended.json").exists())
        manager.told.clear()
        manager.may_restart.set()
        manager.wait(lambda m: "READY=1" in m.told)
        told = self.status()["previous_end"]
        self.assertEqual((told["pid"], told["killed_for_memory"], told["result"]),
                         (first, False, "signal"))
        self.assertFalse((self.h.home / ".kwaainet/run/ended.json").exists())
        self.expect(self.h.run("status"), DONE, "systemd says: signal")

    def test_who_was_stopped_leaves_no_note(self):
        _, manager = self.manage()
        manager.wait(lambda m: "READY=1" in m.told)
        self.expect(self.h.run("service", "ended", "--json"), DONE, '"noted": false')  # it runs
        manager.process.send_signal(signal.SIGTERM)
        manager.wait(lambda m: m.ends)
        self.assertEqual((manager.ends[0][0], manager.ends[0][2]), (DONE, 0))
        self.assertFalse((self.h.home / ".kwaainet/run/ended.json").exists())


if __name__ == "__main__":
    program.main()
