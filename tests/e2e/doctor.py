#!/usr/bin/env python3
"""kwaainet doctor: each check fails once, and the command that is printed then cures it.

usage: doctor.py PROGRAM NODE [TEST…]       NODE: the built tests/interop/node.c
"""
import json
import os
import shlex
import socket
import subprocess
import sys
import time
import unittest

import program
from bad_luck import free_port, may
from program import DONE, FAILED
from started import Node, own_network
import peers

ALONE = __name__ == "__main__" and own_network()
NODE = None
NEW_SWARM = ("--set", "network.new_swarm=true")
SMALL = "--model=TinyLlama-1.1B-Chat-v1.0"
NOBODY = "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUBj2vj6vnc6iDp"
AT_MOST = 5  # seconds, without a network
CHECKS = ["configuration", "data folder", "disk", "identity", "open files", "memory", "gpu",
          "model files", "port", "addresses", "names", "bootstraps", "clock"]
MOUNTS = may("unshare", "-m", "true")


class Case(program.Case):
    """A machine on which nothing is wrong; each test makes one thing wrong."""

    def setUp(self):
        super().setUp()
        self.folder = self.h.home / ".kwaainet"
        tools = self.h.root / "tools"  # what a printed command may call
        tools.mkdir()
        (tools / "kwaainet").symlink_to(self.h.program)
        sudo = tools / "sudo"
        sudo.write_text('#!/bin/sh\nexec "$@"\n')
        sudo.chmod(0o755)
        self.path = f"{tools}:{os.environ['PATH']}"
        self.before = ""  # of each command: what makes the machine that is looked at
        self.shell = ["sh"]

    def peer(self, *words):
        peer = peers.Peer(NODE, *words)
        self.addCleanup(peer.stop)
        return peer

    def sh(self, script, **options):
        done = subprocess.run([*self.shell, "-c", self.before + script],
                              cwd=self.h.work, check=False,
                              env={**self.h.environment(), "PATH": self.path},
                              stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=program.DEADLINE, **options)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def look(self, words="--set network.new_swarm=true", then="", **options):
        """(exit status, {name: check}) after the command `then`, in the same shell."""
        status, out, err = self.sh(f"{then}{'; ' if then else ''}kwaainet doctor --json {words}",
                                   **options)
        self.assertNotRegex(err, "Sanitizer|runtime error")
        told = json.loads(out[out.index("{"):])
        self.assertEqual([check["name"] for check in told["checks"]], CHECKS)
        self.assertEqual(told["ok"], status == DONE, told)
        return status, {check["name"]: check for check in told["checks"]}

    def cures(self, name, *parts, words="--set network.new_swarm=true", result="problem",
              **options):
        """That check fails and says this; the printed command cures it. The command."""
        status, checks = self.look(words, **options)
        check = checks[name]
        self.assertEqual((check["result"], status), (result, FAILED if result == "problem" else
                                                     DONE), checks)
        for part in parts:
            self.assertIn(part, check["text"])
        self.assertTrue(check["fix"], check)
        text = self.sh(f"kwaainet doctor {words}", **options)[1]
        self.assertIn("\n    " + check["fix"] + "\n", text)  # on one line, to be copied
        status, after = self.look(words, check["fix"], **options)
        self.assertEqual(after[name]["result"], "ok", after)
        self.assertEqual(status, DONE, after)
        return check["fix"]


class Healthy(Case):
    def test_nothing_is_wrong(self):
        status, checks = self.look()
        self.assertEqual(status, DONE)
        self.assertEqual({name for name, check in checks.items() if check["result"] == "problem"},
                         set())
        self.assertFalse(self.folder.exists())  # it changes nothing
        text = self.expect(self.h.run("doctor", *NEW_SWARM), DONE)[1]
        self.assertIn("Nothing keeps a node from running here", text)
        self.assertEqual(self.h.run("doctor", "--quiet", *NEW_SWARM)[:2], (DONE, ""))

    def test_beside_a_node_that_runs(self):
        """What that one holds is no problem."""
        port = free_port()
        with Node(self.h, *NEW_SWARM, SMALL, "--max-memory", "512MiB", "--port", port) as node:
            node.wait("announced")
            status, checks = self.look(f"{' '.join(NEW_SWARM)} --port {port}")
            self.assertEqual(status, DONE, checks)
            self.assertEqual(checks["port"]["text"], f"the node that runs has port {port}")
            self.assertIn("a node runs with it", checks["data folder"]["text"])
            self.assertEqual(node.end(), DONE)


class Files(Case):
    def test_a_wrong_value(self):
        self.h.config.write_text("model:\n  dtype: flaot16\n")
        self.cures("configuration", "node_config.yaml:2:10 model.dtype")

    def test_a_wrong_variable(self):
        """In the shell of the one who looks."""
        self.before = "export KWAAINET_PORT=abc\n"
        status, checks = self.look()
        self.assertEqual((status, checks["configuration"]["fix"]), (FAILED, "unset KWAAINET_PORT"))
        self.assertEqual(self.look(then=checks["configuration"]["fix"])[0], DONE)

    def test_a_file_that_names_a_command_and_that_others_may_write(self):
        self.h.config.write_text("alerts:\n  command: /bin/true\n")
        self.h.config.chmod(0o666)
        self.assertEqual(self.cures("configuration", "everybody may write it"),
                         f"chmod go-w {self.h.config}")

    def test_a_data_folder_that_others_may_write(self):
        self.folder.mkdir()
        self.folder.chmod(0o777)
        self.cures("data folder", "others may write", "0777")

    def test_a_data_folder_that_is_a_file(self):
        self.folder.write_text("")
        status, checks = self.look()
        self.assertEqual(status, FAILED)
        self.assertEqual(self.look(then=checks["data folder"]["fix"])[0], DONE)

    def test_a_data_folder_that_may_not_be_written(self):
        self.folder.mkdir()
        self.folder.chmod(0o500)
        self.cures("data folder", "may not be written", "0500")

    @unittest.skipUnless(MOUNTS, "no mounts of our own here")
    def test_a_data_folder_that_is_mounted_read_only(self):
        """Also where it does not stand yet."""
        self.shell = ["unshare", "-m", "sh"]
        for then in ("mkdir -m 700 .kwaainet && ", ""):
            self.before = (f"mount -t tmpfs none {self.h.home} && cd {self.h.home} && {then}"
                           f"mount -o remount,ro {self.h.home}\n")
            self.cures("data folder", "is mounted read-only")

    @unittest.skipIf(os.geteuid(), "only root can be somebody else")
    def test_a_data_folder_in_a_folder_of_somebody_else(self):
        above = self.h.root / "closed"
        above.mkdir()
        self.shell = ["setpriv", "--reuid", str(program.NOBODY), "--clear-groups", "sh"]
        _, checks = self.look(f"{' '.join(NEW_SWARM)} --home {above}/data")
        self.assertEqual(checks["data folder"]["result"], "problem")
        self.shell = ["sh"]
        fix = checks["data folder"]["fix"].replace("$(id -u)", str(program.NOBODY))
        self.assertEqual(self.sh(fix)[0], 0, fix)
        self.shell = ["setpriv", "--reuid", str(program.NOBODY), "--clear-groups", "sh"]
        _, checks = self.look(f"{' '.join(NEW_SWARM)} --home {above}/data")
        self.assertEqual(checks["data folder"]["result"], "ok")

    @unittest.skipIf(os.geteuid(), "only root can give a folder away")
    def test_a_data_folder_of_somebody_else(self):
        self.folder.mkdir()
        os.chown(self.folder, program.NOBODY, -1)
        self.cures("data folder", "belongs to another user")

    def test_a_home_with_a_quote(self):
        """What is copied and pasted is one word still."""
        folder = self.h.root / "it's a home; echo"
        folder.mkdir(mode=0o777)
        folder.chmod(0o777)
        self.cures("data folder", "others may write",
                   words=f"--set network.new_swarm=true --home {shlex.quote(str(folder))}")

    def test_a_key_that_others_may_read(self):
        self.expect(self.h.run("identity new"), DONE)
        (self.folder / "identity.key").chmod(0o644)
        self.cures("identity", "others may read", "0644")

    def test_a_key_that_is_none(self):
        self.folder.mkdir(mode=0o700)
        key = self.folder / "identity.key"
        key.write_text("nonsense")
        key.chmod(0o600)
        self.cures("identity", str(key))
        self.assertEqual((self.folder / "identity.key.broken").read_text(), "nonsense")

    @unittest.skipIf(os.geteuid(), "only root can give a file away")
    def test_a_key_of_somebody_else(self):
        self.expect(self.h.run("identity new"), DONE)
        os.chown(self.folder / "identity.key", program.NOBODY, -1)
        self.cures("identity", "belongs to another user")

    def test_a_configured_key_that_is_not_there(self):
        self.h.config.write_text(f"node:\n  identity_key: {self.h.root}/no.key\n")
        self.cures("identity", "no.key")

    def test_a_model_path_without_a_model(self):
        self.h.config.write_text(f"model:\n  path: {self.h.root}\n")
        self.cures("model files", "no config.json can be read")


class Machine(Case):
    def test_too_few_open_files(self):
        self.h.config.write_text("resources:\n  max_open_files: 100\n")
        self.assertIn("resources.max_open_files 228", self.cures("open files", "need 228"))

    def test_a_low_limit_that_the_node_raises_is_no_problem(self):
        self.before = "ulimit -S -n 100\n"
        self.assertEqual(self.look()[1]["open files"]["result"], "ok")

    def test_too_few_open_files_for_good(self):
        self.before = "ulimit -n 200\n"
        self.assertIn("network.max_connections 72", self.cures("open files", "need 228"))

    def test_more_memory_than_there_is(self):
        self.h.config.write_text("resources:\n  max_memory_gb: 100000\n")
        self.cures("memory", "in all")

    @unittest.skipUnless(MOUNTS, "no mounts of our own here")
    def test_a_card_that_no_driver_has(self):
        """The machine is made up: a modprobe that does what the real one does to /sys."""
        pci = self.h.root / "pci"
        card = pci / "devices" / "0000:01:00.0"
        card.mkdir(parents=True)
        (card / "class").write_text("0x030000\n")
        (card / "vendor").write_text("0x10de\n")
        probe = self.h.root / "tools" / "modprobe"
        probe.write_text(f'#!/bin/sh\ntest "$1" = nvidia && ln -s nvidia "{card}/driver" && '
                         f'mkdir "{card}/nvidia"\n')
        probe.chmod(0o755)
        self.wrapped(f"mount --bind {pci} /sys/bus/pci")
        self.assertEqual(self.cures("gpu", "no driver has it", result="warning"),
                         "sudo modprobe nvidia")

    def wrapped(self, mount):
        """From now on the program sees this mounted; printed commands see the machine."""
        real = self.h.root / "real"
        self.h.program.rename(real)
        self.h.program.write_text("#!/bin/sh\nexec unshare -m sh -c "
                                  f"'{mount} && exec \"$0\" \"$@\"' {real} \"$@\"\n")
        self.h.program.chmod(0o755)

    @unittest.skipUnless(MOUNTS, "no mounts of our own here")
    def test_a_disk_without_room(self):
        """No command cures that but one that a person chooses."""
        self.wrapped(f"mount -t tmpfs -o size=1m none {self.h.home}")
        status, checks = self.look()
        self.assertEqual((status, checks["disk"]["result"]), (FAILED, "problem"))
        self.assertIn("--home", checks["disk"]["text"])
        self.assertIsNone(checks["disk"]["fix"])
        elsewhere = self.h.root / "elsewhere"
        self.assertEqual(self.look(f"{' '.join(NEW_SWARM)} --home {elsewhere}")[0], DONE)


class In(Case):
    def test_a_port_that_is_taken(self):
        with socket.create_server(("0.0.0.0", 0)) as taken:
            port = taken.getsockname()[1]
            self.h.config.write_text(f"node:\n  port: {port}\n")
            self.cures("port", f"port {port} is taken", f"(process {os.getpid()})")

    @unittest.skipUnless(ALONE, "the ports of this machine are not ours")
    def test_no_port_is_free(self):
        held = [socket.create_server(("0.0.0.0", port)) for port in range(8080, 8101)]
        try:
            self.assertIn("node.port 8101", self.cures("port", "no port of 8080-8100 is free"))
        finally:
            for one in held:
                one.close()

    def test_an_address_to_listen_on_that_is_not_here(self):
        self.h.config.write_text("network:\n  listen_addrs: [/ip4/198.51.100.7/tcp/8080]\n")
        self.cures("port", "198.51.100.7")

    def test_an_address_that_is_not_ours(self):
        self.h.config.write_text("network:\n  public_ip: 10.99.0.7\n")
        self.sh("true")
        status, checks = self.look()
        self.assertEqual((status, checks["addresses"]["result"]), (FAILED, "problem"))
        self.assertIn("10.99.0.7", checks["addresses"]["text"])
        status, checks = self.look(then=checks["addresses"]["fix"])
        self.assertEqual(status, DONE)
        self.assertNotEqual(checks["addresses"]["result"], "problem")


class Out(Case):
    def dead(self):
        return f"/ip4/127.0.0.1/tcp/{free_port()}/p2p/{NOBODY}"

    def listed(self, *addresses):
        self.h.config.write_text("network:\n  bootstrap_peers:\n"
                                 + "".join(f"    - {address}\n" for address in addresses))

    def test_row_8_one_bootstrap_is_down(self):
        alive, dead = self.peer().addr, self.dead()
        self.listed(dead, alive)
        fix = self.cures("bootstraps", "1 of 2 answers", dead, "nothing listens", words="")
        self.assertIn(alive, fix)
        self.assertNotIn(dead, fix)

    @unittest.skipUnless(ALONE, "the network that is here would be asked")
    def test_row_8_all_bootstraps_are_down(self):
        self.listed(self.dead())
        status, checks = self.look("")
        self.assertEqual((status, checks["bootstraps"]["result"]), (FAILED, "problem"))
        self.assertIn("config unset network.bootstrap_peers", checks["bootstraps"]["fix"])

    @unittest.skipUnless(ALONE and not os.geteuid(), "no network of our own here")
    def test_no_interface_is_up(self):
        """The command brings up the one there is, and the bootstrap answers."""
        self.listed(self.peer().addr)
        subprocess.run(["ip", "link", "set", "lo", "down"], check=True)
        try:
            self.assertEqual(self.cures("bootstraps", "0 of 1", words=""),
                             "sudo ip link set lo up")
        finally:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)

    @unittest.skipUnless(ALONE, "the network that is here would be asked")
    def test_row_7_without_a_network_it_ends_in_time(self):
        """Also when no name server answers: the other node takes ten seconds for nothing."""
        begin = time.monotonic()
        status, checks = self.look("")
        self.assertLess(time.monotonic() - begin, 2 * AT_MOST)  # a busy machine, a sanitizer
        self.assertEqual(status, FAILED)
        self.assertEqual(checks["names"]["result"], "problem")
        self.assertIn("/etc/resolv.conf", checks["names"]["text"])
        self.assertEqual(checks["bootstraps"]["result"], "problem")
        self.assertEqual(checks["clock"]["result"], "warning")

    def test_silent_bootstraps_end_in_time(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            self.listed(f"/ip4/127.0.0.1/tcp/{silent.getsockname()[1]}/p2p/{NOBODY}")
            begin = time.monotonic()
            self.look("")
            self.assertLess(time.monotonic() - begin, 2 * AT_MOST)

    @unittest.skipUnless(ALONE and MOUNTS, "no network of our own here")
    def test_a_silent_name_server(self):
        """It takes questions and says nothing."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("127.0.0.1", 53))
            conf = self.h.root / "resolv.conf"
            conf.write_text("nameserver 127.0.0.1\nnameserver 127.0.0.1\n")
            Machine.wrapped(self, f"mount --bind {conf} /etc/resolv.conf")
            begin = time.monotonic()
            _, checks = self.look("")
            self.assertLess(time.monotonic() - begin, 2 * AT_MOST)
            self.assertEqual(checks["names"]["result"], "problem")

    def test_a_clock_that_is_off(self):
        """The clock of this machine is not the test's to set: the bootstrap's is, by what stands
        for the printed command."""
        bootstrap = self.peer("--ahead", "60")
        self.listed(bootstrap.addr)
        status, checks = self.look("")
        self.assertEqual(status, FAILED)
        self.assertRegex(checks["clock"]["text"], "it is (59|60|61) s behind the bootstraps'")
        self.assertEqual(checks["clock"]["fix"], "sudo timedatectl set-ntp true")
        self.assertEqual(subprocess.run(["sh", "-n", "-c", checks["clock"]["fix"]],
                                        check=False).returncode, 0)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    NODE = os.path.abspath(sys.argv.pop(2))
    program.main()
