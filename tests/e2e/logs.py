#!/usr/bin/env python3
"""What a node writes down of itself, where, and how it is read.

usage: logs.py PROGRAM

Named by what must not happen: kwaainet-rust.md, failure 32 (colour escapes in the log file and in
pipes, no rotation, no level setting).
"""
import json
import os
import pty
import re
import select
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))
import program  # pylint: disable=wrong-import-position
import started  # pylint: disable=wrong-import-position
from program import DONE, FAILED, USAGE  # pylint: disable=wrong-import-position

ALONE = __name__ == "__main__" and started.own_network()
UNREACHABLE = 69
TEXT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z "
                  r"(error|warn |info |debug|trace) [a-z]+: .*")
TOKEN = "hf_abcdefghijklmnopqrstuvwxyz0123"
WEBHOOK = "https://hooks.example.org/services/T000/B000/veryverysecret"


def eventually(what, deadline=started.SOON):
    """What comes to be true, looked at until then."""
    until = time.monotonic() + deadline
    while not (found := what()):
        if time.monotonic() > until:
            raise TimeoutError("it did not come")
        select.select([], [], [], 0.02)
    return found


class Logs(program.Case):
    def setUp(self):
        super().setUp()
        self.log = self.h.root / "log" / "node.log"

    def node(self, *words, log=True, **options):
        words = [*words, *(["--log-file", str(self.log)] if log else [])]
        node = started.first_of_a_swarm(self.h, *words, **options)
        self.addCleanup(node.__exit__)
        return node

    def lines(self, path=None):
        path = path or self.log
        return path.read_text().splitlines() if path.exists() else []

    def has(self, *parts, path=None):
        """A line with all of these, as soon as it is there."""
        return eventually(lambda: next((line for line in self.lines(path)
                                        if all(part in line for part in parts)), None))

    # proves: FR-2/logging.file_path
    def test_a_node_tells_what_happens_to_it(self):
        node = self.node()
        self.assertEqual(node.end(), DONE)
        text = self.log.read_text()
        for part in ("info  node: the node begins version=1.0.0", "info  network: Using port",
                     "info  network: joined the swarm", "info  blocks: assigned block",
                     "info  dht: ", "state: JOINING", "state: DRAINING", "the node ends"):
            self.assertIn(part, text)
        for line in text.splitlines():
            self.assertRegex(line, TEXT)
        self.assertNotIn("debug", text)
        self.assertEqual(self.log.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.log.parent.stat().st_mode & 0o777, 0o700)

    # Failure 32: no level setting.
    # proves: FR-2/logging.level
    def test_levels_and_modules_choose_the_lines(self):
        cases = [("warn", "", set(), {"info", "debug"}),
                 ("debug", "", {"control", "node", "network"}, set()),
                 ("error", "control=debug", {"control"}, {"info", "warn"}),
                 ("debug", "control=error,node=warn", {"network"}, {"control", "node"})]
        for level, modules, there, missing in cases:
            with self.subTest(level=level, modules=modules):
                self.log = self.h.root / f"{level}{modules}" / "log"
                node = self.node("--log-level", level, "--set", f"logging.modules={modules}"
                                 if modules else "logging.modules=[]")
                self.expect(self.h.run("status"), DONE)
                self.assertEqual(node.end(), DONE)
                words = {word.rstrip(":") for line in self.lines() for word in line.split()[1:3]}
                self.assertLessEqual(there, words)
                self.assertEqual(missing & words, set())

    def configure(self, **values):
        self.h.config.write_text("logging:\n" + "".join(f"  {key}: {value}\n"
                                                        for key, value in values.items()))

    def reload(self):
        self.expect(self.h.run("reload"), DONE)

    # proves: FR-2/logging.level, FR-2/logging.file_path, FR-2/logging.max_file_size_mb
    # proves: FR-2/logging.backup_count
    def test_every_setting_of_the_log_changes_while_the_node_runs(self):
        other = self.h.root / "other.log"
        self.configure(file_path=self.log)
        node = self.node(log=False)
        self.expect(self.h.run("status"), DONE)
        self.configure(file_path=self.log, level="debug")
        self.reload()
        self.has("info  reload: the configuration was read again: 1 changed")
        self.has("debug control: asked over the control socket request=reload")
        self.configure(file_path=self.log, level="debug", modules="[control=info]")
        self.reload()
        asked = sum("asked over" in line for line in self.lines())
        self.expect(self.h.run("status"), DONE)
        self.configure(file_path=other, format="json", level="debug")
        self.reload()
        self.assertEqual(sum("asked over" in line for line in self.lines()), asked)
        self.assertEqual(json.loads(self.has('"reloaded"', path=other))["module"], "reload")
        self.configure(file_path=other, max_file_size_mb=0.001, level="debug", backup_count=1)
        self.reload()
        for _ in range(40):
            self.expect(self.h.run("status"), DONE)
        self.assertTrue(other.with_suffix(".log.1").exists())
        self.assertFalse(other.with_suffix(".log.2").exists())
        self.configure(file_path=other, max_file_size_mb=0.001, level="debug", backup_count=0)
        self.reload()
        for _ in range(40):
            self.expect(self.h.run("status"), DONE)
        self.assertLessEqual(other.stat().st_size, 1049)
        self.configure(level="loud")
        self.h.run("reload")
        self.has("warn  reload: the configuration was read again and changes nothing", path=other)
        self.h.config.write_text("{}\n")
        self.reload()
        self.assertEqual(node.end(), DONE)
        self.assertNotIn("the node ends", other.read_text())

    def test_an_unknown_module_is_told(self):
        got = self.h.run("config", "check", "--set", "logging.modules=netwrk=debug")
        self.expect(got, DONE, 'no module is called "netwrk"', "Modules are node, config, network")

    def test_lines_for_programs_are_json(self):
        node = self.node("--set", "logging.format=json", "--log-level", "trace")
        self.expect(self.h.run("status"), DONE)
        shown = self.expect(self.h.run("logs -n 1000 --json"), DONE)[1]
        self.assertEqual(node.end(), DONE)
        told = [json.loads(line) for line in self.lines()]
        self.assertGreater(len(told), 8)
        for one in told:
            self.assertLessEqual({"time", "level", "module", "event", "text"}, set(one))
        events = {one["event"] for one in told}
        self.assertLessEqual({"started", "listening", "joined", "state", "round", "asked", "ended"},
                             events)
        self.assertEqual(next(one for one in told if one["event"] == "started")["process"],
                         node.process.pid)
        shown = [json.loads(line) for line in shown.splitlines()]
        self.assertEqual(shown, told[:len(shown)])

    # Failure 32: colour escapes in the log file and in pipes.
    def test_no_escape_reaches_a_file_or_a_pipe(self):
        node = self.node("--log-level", "trace", env={"NO_COLOR": "", "CLICOLOR_FORCE": "1",
                                                      "TERM": "xterm-256color"})
        self.expect(self.h.run("status"), DONE)
        self.assertNotIn("\x1b", self.h.run("logs")[1])
        self.assertEqual(node.end(), DONE)
        self.assertNotIn(b"\x1b", self.log.read_bytes())
        node = self.node("--log-level", "trace", log=False, env={"NO_COLOR": ""})
        self.assertEqual(node.end(), DONE)
        self.assertIn("info  node: the node begins", node.err)
        self.assertNotIn("\x1b", node.err)

    # Failure 32: no rotation.
    # proves: FR-2/logging.max_file_size_mb, FR-2/logging.backup_count
    def test_a_full_file_is_put_aside(self):
        self.configure(max_file_size_mb=0.001, backup_count=2)
        node = self.node("--log-level", "debug")
        for _ in range(40):
            self.expect(self.h.run("status"), DONE)
        self.assertEqual(node.end(), DONE)
        names = sorted(path.name for path in self.log.parent.iterdir())
        self.assertEqual(names, ["node.log", "node.log.1", "node.log.2"])
        for name in names:
            self.assertLessEqual((self.log.parent / name).stat().st_size, 1049)
        self.assertIn("the node ends", self.log.read_text())

    def test_without_backups_the_file_is_emptied(self):
        self.configure(max_file_size_mb=0.001, backup_count=0)
        node = self.node("--log-level", "debug")
        self.assertEqual(node.end(), DONE)
        self.assertEqual([path.name for path in self.log.parent.iterdir()], ["node.log"])
        self.assertLessEqual(self.log.stat().st_size, 1049)

    def test_a_file_that_is_removed_or_moved_is_made_anew(self):
        node = self.node("--log-level", "debug")
        self.has("joined the swarm")
        self.log.unlink()
        eventually(lambda: self.h.run("status") and self.log.exists())
        old = self.log.with_suffix(".old")
        self.log.rename(old)
        node.process.send_signal(signal.SIGUSR1)
        self.has("the log file was opened anew")
        self.assertNotIn("opened anew", old.read_text())
        self.log.rename(old)
        self.expect(self.h.run("logs --reopen"), DONE, "the log file was opened anew")
        self.assertTrue(self.log.exists())
        self.assertEqual(node.end(), DONE)

    def test_a_signal_to_reopen_ends_no_node_without_a_log(self):
        node = self.node(log=False)
        node.process.send_signal(signal.SIGUSR1)
        self.expect(self.h.run("logs --reopen"), FAILED, "the node writes no log file")
        self.assertIsNone(node.process.poll())
        self.assertEqual(node.end(), DONE)

    def test_a_full_disk_stops_nobody_and_is_told(self):
        self.log = Path("/dev/full")
        node = self.node("--log-level", "debug")
        log = json.loads(self.expect(self.h.run("status --json"), DONE)[1])["log"]
        self.assertGreater(log["dropped"], 3)
        self.assertIn("full", log["error"])
        self.assertEqual(node.end(), DONE)

    def test_what_a_full_disk_lost_is_counted_once_there_is_room(self):
        """A small file system of its own, in a name space of its own."""
        disk = self.h.root / "disk"
        disk.mkdir()
        script = f"""set -e; mount -t tmpfs -o size=64k tmpfs {disk}
            cp {self.h.program} {self.h.tmp}/other; dd if=/dev/zero of={disk}/fill bs=1k 2>&- || :
            cd {self.h.work}; HOME={self.h.home} {self.h.program} start --quiet --no-save \
                --set network.new_swarm=true --log-level debug --log-file {disk}/log &
            n=0; until HOME={self.h.home} {self.h.program} status --json 2>&- |
                grep '"dropped": [3-9]' || [ $n = 100 ]; do n=$((n+1)); sleep 0.1; done
            rm {disk}/fill
            HOME={self.h.home} {self.h.program} status >/dev/null; kill -INT $!; wait $!
            cat {disk}/log"""
        done = subprocess.run(["unshare", "-rm", "sh", "-c", script], check=False,
                              env=self.h.environment(), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=program.DEADLINE)
        if b"unshare" in done.stderr or b"mount" in done.stderr:
            self.skipTest(done.stderr.decode())
        text = done.stdout.decode()
        self.assertRegex(text, r"warn  log: \d+ records of the log were lost: .*disk is full",
                         done.stderr)
        self.assertIn("the node ends", text)

    def test_a_path_that_is_wrong_stops_the_start(self):
        (self.h.root / "file").write_text("")
        got = self.h.run("start", "--no-save", "--set", "network.new_swarm=true", "--log-file",
                         str(self.h.root / "file" / "log"))
        self.assertNotEqual(got[0], DONE)
        self.expect(got, got[0], "logging.file_path", "file")

    def test_a_path_that_is_no_file_is_named_for_what_it_is(self):
        door = socket.socket(socket.AF_UNIX)
        self.addCleanup(door.close)
        door.bind(str(self.h.root / "door"))
        for path, want in ((self.h.root, "is a folder, not a file"),
                           (self.h.root / "door", "is a socket, not a file")):
            self.expect(self.h.run("start", "--no-save", "--set", "network.new_swarm=true",
                                   "--log-file", str(path)), FAILED,
                        f"logging.file_path: {path}: {want}", "Name a file")
        if os.geteuid() == 0:
            disk = self.h.root / "disk"
            try:
                os.mknod(disk, 0o600 | stat.S_IFBLK, os.makedev(7, 250))
            except PermissionError:
                return
            self.expect(self.h.run("start", "--no-save", "--set", "network.new_swarm=true",
                                   "--log-file", str(disk)), FAILED, "is a device, not a file")

    def test_the_journal_gets_priorities_and_no_times(self):
        ours, theirs = socket.socketpair()
        about = os.fstat(theirs.fileno())
        env = {"JOURNAL_STREAM": f"{about.st_dev}:{about.st_ino}"}
        child = self.h.start("start", "--quiet", "--no-save", "--set", "network.new_swarm=true",
                             env=env, stderr=theirs.fileno(), preexec_fn=started.die_with_parent)
        self.addCleanup(child.communicate)
        self.addCleanup(child.kill)
        theirs.close()
        ours.settimeout(started.SOON)
        text = ""
        while "state: JOINING" not in text:
            more = ours.recv(4096).decode()
            self.assertTrue(more, text)
            text += more
        child.send_signal(signal.SIGINT)
        while more := ours.recv(4096).decode():
            text += more
        ours.close()
        for line in text.splitlines():
            self.assertRegex(line, r"^<[3-7]>[a-z]+: ")
        self.assertIn("<6>node: the node ends", text)

    def test_another_stream_than_the_journals_is_none(self):
        node = self.node(log=False, env={"JOURNAL_STREAM": "1:2"})
        self.assertEqual(node.end(), DONE)
        self.assertEqual(node.err, "")

    def test_nothing_is_logged_that_nobody_asked_for(self):
        node = self.node(log=False)
        self.expect(self.h.run("logs"), FAILED, "the running node writes no log",
                    "logging.file_path")
        self.assertEqual(node.end(), DONE)
        self.assertEqual(node.err, "")
        self.assertFalse((self.h.home / ".kwaainet" / "logs").exists())

    def test_a_reader_that_stopped_reading_stops_no_node(self):
        ours, theirs = socket.socketpair()
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2048)
        child = self.h.start("start", "--quiet", "--no-save", "--set", "network.new_swarm=true",
                             "--log-level", "trace", stderr=theirs.fileno(),
                             preexec_fn=started.die_with_parent)
        self.addCleanup(ours.close)
        self.addCleanup(child.communicate)
        self.addCleanup(child.kill)
        theirs.close()
        eventually(lambda: self.h.run("status")[0] == DONE)
        eventually(lambda: json.loads(self.h.run("status --json")[1])["log"]["dropped"] > 0)
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(started.SOON), DONE)

    def test_no_secret_is_ever_logged(self):
        self.h.config.write_text(f"alerts:\n  webhook_url: {WEBHOOK}\n")
        node = self.node("--log-level", "trace", env={"HF_TOKEN": TOKEN,
                                                      "KWAAINET_ALERTS_WEBHOOK_URL": WEBHOOK})
        self.expect(self.h.run("status"), DONE)
        self.assertEqual(node.end(), DONE)
        text = self.log.read_text()
        self.assertNotIn(TOKEN, text)
        self.assertNotIn("veryverysecret", text)
        self.assertIn("the node ends", text)

    def test_on_a_terminal_lines_stand_between_those_of_the_screen(self):
        control, terminal = pty.openpty()
        child = subprocess.Popen(
            [self.h.program, "start", "--no-save", "--set", "network.new_swarm=true",
             "--log-level", "debug"],
            cwd=self.h.work, env=self.h.environment({"TERM": "xterm"}), stdin=subprocess.DEVNULL,
            stdout=terminal, stderr=terminal, preexec_fn=started.die_with_parent)
        os.close(terminal)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        text = ""
        while "debug dht: a round" not in text:
            self.assertTrue(select.select([control], [], [], started.SOON)[0], text)
            text += os.read(control, 65536).decode(errors="replace")
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(started.SOON), DONE)
        os.close(control)
        # What stood on the last line is cleared before a line of the log begins.
        for line in re.split(r"[\r\n]|\x1b\[[0-9;]*[A-Za-z]", text):
            if "info  node: " in line or "debug " in line:
                self.assertRegex(line, "^" + TEXT.pattern)

    def test_connections_are_told_with_their_ends(self):
        node = self.node("--log-level", "trace")
        other = program.Home()
        self.addCleanup(other._folder.cleanup)
        with started.Node(other, "--bootstrap", node.address, "--no-save") as second:
            second.wait("joined")
            self.has("debug network: connected peer=12D3KooW", "dialled_by=them")
            self.has("trace network: the peer says who it is", "agent=kwaainet")
            second.process.kill()
            second.process.wait()
            self.has("debug network: ", "streams=", "rtt_ms=")
        self.assertEqual(node.end(), DONE)

    def test_how_well_the_node_is_stands_in_the_log(self):
        words = ("--set", "health.enabled=true", "--set", "health.check_interval=300ms",
                 "--set", "health.timeout=1s", "--set", "health.failure_threshold=2")
        with started.Node(self.h, "--bootstrap",
                          "/ip4/127.0.0.1/tcp/9/p2p/" + program.PEER.rsplit("/", 1)[1],
                          "--log-file", str(self.log), "--no-save", *words) as node:
            self.has("error health: failing: ")
            self.assertEqual(node.end(), DONE)

    def test_a_bootstrap_that_is_down_is_told_once(self):
        with started.Node(self.h, "--bootstrap",
                          "/ip4/127.0.0.1/tcp/9/p2p/" + program.PEER.rsplit("/", 1)[1],
                          "--log-file", str(self.log), "--no-save") as node:
            self.has("warn  network: ", "127.0.0.1/tcp/9", "code=KN_E_")
            self.assertEqual(node.end(), DONE)
        self.assertEqual(sum("warn  network" in line for line in self.lines()), 1)


class Reading(program.Case):
    """`kwaainet logs`: of a node that runs, and of files that anybody has written."""

    def setUp(self):
        super().setUp()
        self.log = self.h.home / ".kwaainet" / "logs" / "kwaainet.log"
        self.log.parent.mkdir(parents=True)

    def test_the_last_lines_are_shown(self):
        self.log.write_text("".join(f"line {i}\n" for i in range(100)))
        self.assertEqual(self.h.run("logs")[1].splitlines(),
                         [f"line {i}" for i in range(80, 100)])
        self.assertEqual(self.h.run("logs -n 2")[1], "line 98\nline 99\n")
        self.assertEqual(self.h.run("logs -n 0")[1], "")
        self.assertEqual(len(self.h.run("logs -n 1000000")[1].splitlines()), 100)
        out = self.h.run("logs -n 1 --json")[1]
        self.assertEqual([json.loads(line) for line in out.splitlines()], [{"line": "line 99"}])

    def test_numbers_have_bounds(self):
        for word in ("-1", "x", "1000001", "1.5"):
            self.expect(self.h.run("logs", f"-n={word}"), USAGE, f"-n {word}: must be")

    def test_a_file_that_is_not_there_is_told(self):
        self.expect(self.h.run("logs"), FAILED, "kwaainet.log", "logging.file_path")
        self.expect(self.h.run("logs --reopen"), UNREACHABLE, "no node runs")
        self.expect(self.h.run("logs", "--log-file", str(self.log.parent)), FAILED, "a folder")

    def test_the_configuration_names_the_file(self):
        (self.h.work / "x.log").write_text("here\n")
        self.h.config.write_text("logging:\n  file_path: x.log\n")
        self.assertEqual(self.h.run("logs")[1], "here\n")

    def test_what_others_wrote_into_it_is_harmless(self):
        self.log.write_bytes(b"a\x1b[2Jb\x00c\xff\r\n" + b"y" * 100000 + b"\n" + bytes(range(256)))
        for words in ("logs", "logs --json"):
            out = self.expect(self.h.run(words), DONE)[1]
            self.assertNotIn("\x1b", out)
            self.assertNotIn("\x00", out)
            self.assertLess(len(out), 20000)
        self.assertEqual(self.h.run("logs -n 40")[1].splitlines()[0], "a?[2Jb?c??")

    def test_a_huge_file_is_read_from_its_end(self):
        with self.log.open("wb") as file:
            file.truncate(64 << 30)
            file.seek(0, os.SEEK_END)
            file.write(b"\nthe last\n")
        start = time.monotonic()
        self.assertTrue(self.h.run("logs")[1].endswith("the last\n"))
        self.assertLess(time.monotonic() - start, started.SOON)

    def follow(self, *words):
        child = self.h.start("logs", "-f", *words, preexec_fn=started.die_with_parent)
        self.addCleanup(child.communicate)
        self.addCleanup(child.kill)
        return child

    def test_lines_are_followed_through_everything(self):
        self.log.write_text("one\n")
        child = self.follow()
        self.assertEqual(child.stdout.readline(), b"one\n")
        with self.log.open("a") as file:
            file.write("tw")
            file.flush()
            file.write("o\n")
        self.assertEqual(child.stdout.readline(), b"two\n")
        self.log.rename(self.log.with_suffix(".log.1"))
        with self.log.with_suffix(".log.1").open("a") as file:
            file.write("late\n")
        self.log.write_text("three\n")
        self.assertEqual(child.stdout.readline(), b"late\n")
        self.assertEqual(child.stdout.readline(), b"three\n")
        os.truncate(self.log, 0)
        select.select([], [], [], 0.5)  # known by its size: it must be seen before it grows
        with self.log.open("a") as file:
            file.write("four\n")
        self.assertEqual(child.stdout.readline(), b"four\n")
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(started.SOON), DONE)

    def test_following_ends_with_the_node(self):
        with started.first_of_a_swarm(self.h, "--log-file", str(self.log)) as node:
            child = self.follow()
            self.assertIn(b"the node begins", child.stdout.readline())
            self.assertEqual(node.end(), DONE)
            out, err = child.communicate(timeout=started.SOON)
        self.assertIn(b"the node ends", out)
        self.assertIn(b"The node has ended.", err)
        self.assertEqual(child.returncode, DONE)

    def test_a_node_in_the_background_has_a_log_without_being_asked(self):
        self.expect(self.h.run("start", "--detach", "--no-save", "--set",
                               "network.new_swarm=true"), DONE)
        self.addCleanup(self.h.run, "stop")
        child = self.follow("-n", "1000")
        self.assertIn(b"the node begins", child.stdout.readline())
        self.expect(self.h.run("restart"), DONE)
        self.expect(self.h.run("stop"), DONE)
        out, err = child.communicate(timeout=started.SOON)
        self.assertEqual(out.count(b"the node begins"), 1)  # and the one before the restart
        self.assertEqual(out.count(b"the node ends"), 2)
        self.assertIn(b"The node has ended.", err)
        self.assertEqual(self.log.stat().st_mode & 0o777, 0o600)
        self.expect(self.h.run("logs -n 1"), DONE, "the node ends")

    def test_a_reader_that_goes_ends_it(self):
        self.log.write_text("one\n")
        child = self.follow()
        self.assertEqual(child.stdout.readline(), b"one\n")
        child.stdout.close()
        with self.log.open("a") as file:
            file.write("two\n")
        child.wait(started.SOON)


if __name__ == "__main__":
    program.main()
