#!/usr/bin/env python3
"""`kwaainet service`, and what a node tells its service manager.

usage: service.py PROGRAM [TEST…]

No service manager of this machine is asked: a systemctl of the test's own stands in front.
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import program
from detach import NEW_SWARM, SMALL, Case, silent
from program import CONFIGURATION, DONE, FAILED, USAGE
from started import SOON, Node, own_network

if __name__ == "__main__":
    own_network()
SYSTEMCTL = """\
#!/bin/sh
echo "$*" >>"$KN_TEST/asked"
case "$*" in
*is-system-running) cat "$KN_TEST/state" ;;
*MainPID*) cat "$KN_TEST/pid" ;;
*StatusText*) echo "JOINING on port 8080" ;;
*Result*) echo success ;;
*is-enabled*) echo enabled ;;
*is-active*) echo active ;;
*enable*) if test -e "$KN_TEST/refuses"; then echo "Unit is masked."; exit 1; fi ;;
esac
"""


class Service(Case):
    def setUp(self):
        super().setUp()
        self.bin = self.h.root / "bin"
        self.bin.mkdir()
        (self.bin / "systemctl").write_text(SYSTEMCTL)
        (self.bin / "systemctl").chmod(0o755)
        self.tell("state", "running\n")
        self.tell("pid", "0\n")
        self.unit = self.h.home / ".config/systemd/user/kwaainet.service"

    def tell(self, name, text):
        (self.h.root / name).write_text(text)

    def asked(self):
        path = self.h.root / "asked"
        text = path.read_text() if path.exists() else ""
        path.unlink(missing_ok=True)
        return [line for line in text.splitlines() if " show " not in f" {line} "]

    def service(self, *words, env=None):
        return self.h.run("service", *words, env={
            "PATH": f"{self.bin}:{os.environ['PATH']}", "KN_TEST": str(self.h.root),
            **(env or {})})

    def value(self, name):
        return [line.split("=", 1)[1] for line in self.unit.read_text().splitlines()
                if line.startswith(f"{name}=")]

    def test_it_is_written_enabled_and_started(self):
        got = self.expect(self.service("install", "--port", "8090", "--name=kwaainet"), DONE,
                          "Service written to:", "enabled and started",
                          "loginctl enable-linger")
        self.assertEqual(got[2], "")
        self.assertEqual(self.asked(), ["--user is-system-running", "--user daemon-reload",
                                        "--user enable --now kwaainet.service"])
        self.assertEqual(self.value("ExecStart"), [
            f'"{self.h.program}" start --no-save "--home={self.h.home}/.kwaainet" "--port=8090"'])
        self.assertEqual(self.value("ExecReload"), [
            f'"{self.h.program}" reload "--home={self.h.home}/.kwaainet"'])
        self.assertEqual((self.value("Type"), self.value("Restart"), self.value("WantedBy"),
                          self.value("StartLimitIntervalSec")),
                         (["notify"], ["on-failure"], ["default.target"], ["0"]))
        self.assertEqual(self.unit.stat().st_mode & 0o777, 0o644)

    def test_it_takes_the_flags_of_the_node_that_runs(self):
        self.h.config.write_text("node: {name: ada}\n")
        told = self.detach(*NEW_SWARM, SMALL, "--port", "8091", "--set",
                           "alerts.webhook_url=https://example.org/secret")
        self.h.work = self.h.home  # somewhere else
        self.expect(self.service("install"), DONE, "It is enabled. A node runs already",
                    f"(process {told['pid']})", "systemctl --user start kwaainet.service")
        self.assertIn("--user enable kwaainet.service", self.asked())
        self.assertEqual(self.value("ExecStart"), [
            f'"{self.h.program}" start --no-save "--home={self.h.home}/.kwaainet" '
            f'"--config={self.h.config}" "--set=network.new_swarm=true" '
            f'"{SMALL}" "--port=8091"'])
        self.tell("pid", f"{told['pid']}\n")  # by now it is the service
        self.expect(self.service("install"), DONE, "systemctl --user restart kwaainet.service")

    def test_a_secret_is_left_out_and_that_is_said(self):
        self.expect(self.service("install", "--set", "alerts.webhook_url=https://x.org/secret"),
                    DONE, "A secret that was given as a flag is not in it")
        self.assertNotIn("secret", self.unit.read_text())

    def test_a_dry_run_shows_it_and_writes_nothing(self):
        before = self.h.listing()
        got = self.expect(self.service("install", "--dry-run", "--home", "a b%c\"d"), DONE)
        self.assertIn('start --no-save "--home=' + str(self.h.work) + '/a b%%c\\"d"', got[1])
        told = json.loads(self.expect(self.service("install", "--dry-run", "--json"), DONE)[1])
        self.assertEqual((told["path"], told["enabled"]), (str(self.unit), False))
        self.assertEqual(self.asked(), [])
        self.assertEqual(self.h.listing().keys() - {self.h.root / "asked"}, before.keys())

    def test_a_broken_configuration_is_no_service(self):
        self.h.config.write_text("node: {port: abc}\n")
        self.expect(self.service("install"), CONFIGURATION, "no service was installed")
        self.assertFalse(self.unit.exists())

    def test_without_a_manager_it_is_said_what_to_do(self):
        self.tell("state", "offline\n")
        self.expect(self.service("install"), DONE, "systemd cannot be asked here",
                    "systemctl --user enable --now kwaainet.service")
        (self.bin / "systemctl").unlink()
        told = json.loads(self.expect(self.service("install", "--json", env={
            "PATH": str(self.bin)}), DONE)[1])
        self.assertEqual((told["managed"], told["enabled"], told["started"]), (False,) * 3)
        self.expect(self.service("status", env={"PATH": str(self.bin)}), DONE,
                    "cannot be asked here")
        self.expect(self.service("uninstall", env={"PATH": str(self.bin)}), DONE)
        self.assertFalse(self.unit.exists())

    def test_what_systemd_refuses_is_told(self):
        self.tell("refuses", "")
        self.expect(self.service("install"), FAILED,
                    "systemctl enable --now failed: Unit is masked")

    def test_a_unit_of_somebody_else_stays(self):
        self.unit.parent.mkdir(parents=True)
        for make in (lambda: self.unit.write_text("[Unit]\nDescription=mine\n"),
                     lambda: self.unit.symlink_to("/dev/null")):
            make()
            for command in ("install", "uninstall", "status"):
                self.expect(self.service(command), FAILED, "kwaainet.service")
            self.assertTrue(self.unit.is_symlink() or "mine" in self.unit.read_text())
            self.unit.unlink()
        self.assertNotIn("enable", " ".join(self.asked()))

    def test_it_is_stopped_and_removed(self):
        for command in ("uninstall", "status"):
            self.expect(self.service(command), FAILED, "kwaainet.service is not installed")
        self.expect(self.service("install", "--quiet"), DONE)
        self.asked()
        got = self.expect(self.service("status"), DONE, "enabled", "active", "JOINING on port 8080")
        self.assertEqual(got[2], "")
        told = json.loads(self.expect(self.service("status", "--json"), DONE)[1])
        self.assertEqual((told["enabled"], told["active"], told["pid"]),
                         ("enabled", "active", None))
        self.asked()
        self.expect(self.service("uninstall"), DONE, f"Service removed: {self.unit}")
        self.assertEqual(self.asked(), ["--user is-system-running",
                                        "--user disable --now kwaainet.service",
                                        "--user daemon-reload"])
        self.assertFalse(self.unit.exists())

    def test_several_have_names(self):
        self.expect(self.service("install", "--name", "second", "--home", "other"), DONE)
        self.assertTrue(self.unit.with_name("second.service").exists())
        for name in ("a/b", "../x", "", "x" * 65, ".x"):
            self.expect(self.service("install", f"--name={name}"), USAGE)

    def test_the_machine_s_service_has_a_user_and_walls(self):
        name = "nobody" if os.geteuid() else "root"
        self.expect(self.service("install", "--system", "--dry-run", "--home=/srv/node"), USAGE,
                    "--system does not say whose node it is")
        got = self.expect(self.service("install", "--system", "--dry-run", "--user", name,
                                       "--home=/srv/node"), DONE)
        for line in (f"User={name}", "ProtectSystem=strict", 'ReadWritePaths="-/srv/node"',
                     "WantedBy=multi-user.target", "NoNewPrivileges=yes", "Delegate=yes"):
            self.assertIn(f"\n{line}\n", got[1])
        self.expect(self.service("install", "--system", "--dry-run", "--user", "no-such-user"),
                    FAILED, 'there is no user "no-such-user"')
        if os.geteuid():
            self.expect(self.service("install", "--system", "--user", name), FAILED,
                        "only root may write to /etc/systemd/system")

    def test_systemd_reads_it(self):
        if shutil.which("systemd-analyze") is None:
            self.skipTest("systemd-analyze is not here")
        for words, scope in (((), "--user"), (("--system", "--user", "root"), "--system")):
            got = self.expect(self.service("install", "--dry-run", "--port", "8090", *words), DONE)
            path = self.h.root / "kwaainet.service"
            path.write_text(got[1].replace("Documentation=man:kwaainet(1)\n", ""))
            done = subprocess.run(["systemd-analyze", scope, "--man=no", "verify", path],
                                  check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  env={**os.environ, "XDG_RUNTIME_DIR": str(self.h.tmp),
                                       "HOME": str(self.h.home)}, timeout=program.DEADLINE)
            text = done.stdout.decode()
            said = [line for line in text.splitlines() if str(path) in line and not any(
                newer in line for newer in ("RestartSteps", "RestartMaxDelaySec"))]
            self.assertEqual(said, [], text)


class Notify(Case):
    """A manager of the test's own at the other end of NOTIFY_SOCKET."""

    def manager(self, name):
        door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(door.close)
        door.bind(name.replace("@", "\0"))
        door.settimeout(SOON)
        return door

    def node(self, name, *words, env=None):
        node = Node(self.h, SMALL, *words, env={"NOTIFY_SOCKET": name, **(env or {})})
        self.addCleanup(node.__exit__)
        return node

    def until(self, door, line):
        """What was told until that."""
        told = []
        deadline = time.monotonic() + SOON
        while line not in told and time.monotonic() < deadline:
            told += door.recv(4096).decode().splitlines()
        self.assertIn(line, told)
        return told

    def test_ready_is_who_is_in_the_swarm_and_the_end_is_told(self):
        for name in (f"@kwaainet-{os.getpid()}", str(self.h.root / "notify")):
            door = self.manager(name)
            node = self.node(name, *NEW_SWARM)
            told = self.until(door, "READY=1")
            self.assertNotIn("STOPPING=1", told)
            told = self.until(door, "STATUS=JOINING on port 8080, blocks 0-21, 0 of 23 records "
                                    "acknowledged")
            self.assertEqual(node.end(signal.SIGTERM), DONE)
            told = self.until(door, "STOPPING=1")
            self.assertFalse([line for line in told if line.startswith("WATCHDOG")])

    def test_who_cannot_join_is_ready_after_a_while(self):
        door = self.manager(f"@kwaainet-{os.getpid()}")
        with silent() as address:
            self.node(f"@kwaainet-{os.getpid()}", "--bootstrap", address)
            began = time.monotonic()
            self.until(door, "READY=1")
            self.assertGreater(time.monotonic() - began, 5)

    def test_signs_of_life_come_twice_in_the_time(self):
        door = self.manager(f"@kwaainet-{os.getpid()}")
        node = self.node(f"@kwaainet-{os.getpid()}", *NEW_SWARM, env={"WATCHDOG_USEC": "400000"})
        self.until(door, "WATCHDOG=1")
        began = time.monotonic()
        for _ in range(5):
            self.until(door, "WATCHDOG=1")
        self.assertLess(time.monotonic() - began, 5 * 0.4)
        node.process.send_signal(signal.SIGSTOP)  # one that hangs gives none
        door.settimeout(1)
        with self.assertRaises(TimeoutError):
            while True:
                door.recv(4096)

    def test_signs_of_life_are_those_of_the_process_that_is_watched(self):
        door = self.manager(f"@kwaainet-{os.getpid()}")
        node = self.node(f"@kwaainet-{os.getpid()}", *NEW_SWARM,
                         env={"WATCHDOG_USEC": "200000", "WATCHDOG_PID": "1"})
        node.wait("announced")
        node.end()
        told = self.until(door, "STOPPING=1")
        self.assertNotIn("WATCHDOG=1", told)

    def test_a_restart_is_no_end(self):
        door = self.manager(f"@kwaainet-{os.getpid()}")
        node = self.node(f"@kwaainet-{os.getpid()}", *NEW_SWARM)
        node.wait("announced")
        self.until(door, "READY=1")
        self.expect(self.h.run("restart"), DONE)
        told = self.until(door, "READY=1")
        self.assertIn("RELOADING=1", told)
        self.assertNotIn("STOPPING=1", told)
        stamp = next(line for line in told if line.startswith("MONOTONIC_USEC="))
        self.assertLess(abs(int(stamp.split("=")[1]) / 1e6 - time.monotonic()), SOON)

    def test_a_manager_that_is_not_there_stops_nobody(self):
        node = self.node(str(self.h.root / "nobody"), *NEW_SWARM)
        node.wait("announced")
        self.assertEqual(node.end(), DONE)


if __name__ == "__main__":
    program.main()
