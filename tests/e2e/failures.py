#!/usr/bin/env python3
"""Bad files, bad disks and bad outputs: a message, an exit status, and nothing half-written."""
import os
import stat
import subprocess

import program
from program import CONFIGURATION, DONE, FAILED, NOBODY, USAGE

OLD = b"node:\n  port: 8080\n"
READERS = ("config check", "config show", "config get node.port", "config explain node.port",
           "config diff", "config set node.port 9000", "config unset node.port", "config migrate")
SAVE = "Save the file as UTF-8."

# name of a file: (its bytes, what the message says, what it says to do)
WRONG = {
    "zero.yaml": (b"node:\n  port: 1\0\n", "zero.yaml:2:10", "Check that this is a text file"),
    "latin1.yaml": ("node:\n  name: J\xf6rg\n".encode("latin-1"), "latin1.yaml:2:10", SAVE),
    "utf16.yaml": ("node: {}\n".encode("utf-16"), "utf16.yaml:1:1 the file is UTF-16",
                   "Save it as UTF-8."),
    "utf16be.yaml": ("node: {}\n".encode("utf-16-be"), "utf16be.yaml:1:1", "Save it as UTF-8."),
    "large.yaml": (b"#" * (2**20 + 1), "large.yaml", "A configuration has at most 1 MiB."),
    "broken.yaml": (b"node:\n  port: [80\nmodel:\n", 'broken.yaml:2:9 this "[" is not closed',
                    'Add "]" at the end of the list.'),
    "quote.yaml": (b"node:\n  name: 'x\n", "quote.yaml:2:9", "end"),
    "tab.yaml": (b"node:\n\tport: 1\n", "tab.yaml:2:1", "spaces"),
}


def can_mount():
    """How a private tmpfs is made here, or None."""
    for words in (["unshare", "-m"], ["unshare", "-rm"]):
        try:
            if subprocess.run([*words, "mount", "-t", "tmpfs", "none", "/mnt"], check=False,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              timeout=program.DEADLINE).returncode == 0:
                return words
        except FileNotFoundError:
            return None
    return None


class WrongFiles(program.Case):
    def refused_by_all(self, name, *parts, **options):
        before = self.h.listing()
        for words in READERS:
            with self.subTest(file=name, words=words):
                got = self.h.run(f"{words} --config {name}", **options)
                self.expect(got, CONFIGURATION, name, *parts)
        self.assertEqual(self.h.listing(), before)

    # proves: NFR-1/1.2, TR-4/ParseError, NFR-2/2.2
    def test_what_is_no_configuration_is_refused_by_every_command(self):
        for name, (content, place, advice) in WRONG.items():
            (self.h.work / name).write_bytes(content)
            self.refused_by_all(name, place, advice)

    # proves: FR-5/5.5, TR-4/FileNotFound
    def test_a_named_file_that_is_missing_is_refused_by_every_command(self):
        self.refused_by_all("none.yaml", "the file does not exist", "leave --config out")
        self.refused_by_all("no/folder.yaml", "the file does not exist", "leave --config out")

    def test_a_folder_and_a_pipe_are_no_files(self):
        (self.h.work / "folder.yaml").mkdir()
        os.mkfifo(self.h.work / "pipe.yaml")
        self.refused_by_all("folder.yaml", "is a folder, not a file", "Correct the path")
        self.refused_by_all("pipe.yaml", "is a pipe, not a file", "Correct the path")
        self.assertTrue(stat.S_ISFIFO((self.h.work / "pipe.yaml").stat().st_mode))

    def test_a_file_that_may_not_be_read_is_told_with_its_owner(self):
        path = self.h.work / "mine.yaml"
        path.write_bytes(OLD)
        path.chmod(0)
        nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
        self.refused_by_all("mine.yaml", "permission", "owner" if not nobody else "belongs to",
                            **nobody)

    # proves: FR-4/4.5
    def test_a_wrong_flag_is_wrong_usage(self):
        self.h.config.write_bytes(OLD)
        before = self.h.listing()
        for words, part in (("config check --prot 1", '"--prot"'),
                            ("config check --port", "--port"),
                            ("config check --port 70000", "70000 is outside 1..65535"),
                            ("config check --set node.prot=1", "node.port"),
                            ("config set node.port", "KEY VALUE"),
                            ("config shw", "config show")):
            with self.subTest(words=words):
                self.expect(self.h.run(words), USAGE, part)
        self.assertEqual(self.h.listing(), before)


class WrongDisks(program.Case):
    def setUp(self):
        super().setUp()
        self.h.config.write_bytes(OLD)

    def on_tmpfs(self, script, *words):
        """Runs the script with work/ a private tmpfs of two pages."""
        how = can_mount()
        if how is None:
            self.skipTest("no private mounts are permitted here")
        mounted = ("set -e; mount -t tmpfs -o size=8k none .; cd ../work;"
                   f"printf 'node:\\n  port: 8080\\n' > node_config.yaml; set +e; {script}")
        done = subprocess.run([*how, "sh", "-c", mounted, "sh", self.h.program, *words],
                              cwd=self.h.work, env=self.h.environment(), check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=program.DEADLINE)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def test_a_full_disk_keeps_the_old_file(self):
        script = ("cat /dev/zero > fill 2> /dev/null; \"$@\" > ../tmp/out 2>&1; code=$?;"
                  "cat ../tmp/out; cat node_config.yaml; ls -A; exit $code")
        got = self.on_tmpfs(script, "config", "set", "node.port", "9000")
        self.expect(got, FAILED, "node_config.yaml: cannot write: the disk is full")
        self.assertTrue(got[1].endswith(OLD.decode() + "fill\nnode_config.yaml\n"), got[1])

    def test_a_read_only_disk_is_told(self):
        script = ("mount -o remount,ro .; \"$@\" > ../tmp/out 2>&1; code=$?;"
                  "cat ../tmp/out; cat node_config.yaml; exit $code")
        got = self.on_tmpfs(script, "config", "set", "node.port", "9000")
        self.expect(got, FAILED, "node_config.yaml", "read-only")
        self.assertTrue(got[1].endswith(OLD.decode()), got[1])

    def test_a_folder_that_may_not_be_written_is_told(self):
        nobody = {}
        if os.getuid() == 0:
            nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            os.chown(self.h.config, NOBODY, NOBODY)
        self.h.work.chmod(0o555)
        before = self.h.listing()
        got = self.h.run("config set node.port 9000", **nobody)
        self.h.work.chmod(0o755)
        self.expect(got, FAILED, "node_config.yaml: cannot create a file in its folder: permission",
                    "The folder belongs to")
        self.assertEqual(self.h.listing(), before)


class WrongOutputs(program.Case):
    COMMANDS = ("config show", "config check", "config get node.port", "config example",
                "config schema", "docs settings", "config path", "--help", "config show --json")

    def setUp(self):
        super().setUp()
        self.h.config.write_bytes(OLD)

    def refused(self, script):
        for words in self.COMMANDS:
            with self.subTest(words=words):
                got = self.h.shell(script, *words.split())
                self.expect(got, FAILED, "cannot write the output")
                self.assertEqual(got[1], "")

    def test_a_full_output_is_a_failure(self):
        self.refused('exec "$@" > /dev/full')

    def test_a_closed_output_is_a_failure_and_no_file_takes_its_place(self):
        self.refused('exec "$@" >&-')
        self.expect(self.h.shell('exec "$@" >&-', "config", "set", "node.port", "9000"), FAILED)
        self.assertIn(self.h.config.read_bytes(), (OLD, OLD.replace(b"8080", b"9000")))

    def test_a_closed_error_output_does_not_end_in_the_file(self):
        got = self.h.shell('exec "$@" 2>&-', "config", "set", "node.port", "9000")
        self.assertIn(got[0], (DONE, FAILED))
        self.assertEqual(self.h.config.read_bytes(), OLD.replace(b"8080", b"9000"))

    def test_a_reader_that_leaves_early_is_no_crash(self):
        reader, writer = os.pipe()
        os.close(reader)
        with self.h.start("config example", stdout=writer) as child:
            os.close(writer)
            err = child.communicate(timeout=program.DEADLINE)[1]
        self.assertIn(child.returncode, (DONE, FAILED), err)


class Saves(program.Case):
    """What a save leaves as it was."""

    def put(self, content=OLD):
        self.h.config.write_bytes(content)

    def test_a_file_that_changed_behind_the_editor_is_not_written_over(self):
        self.put()
        theirs, mine = b"node: {port: 1111}\n", b"node: {port: 2222}\n"
        (self.h.work / "theirs").write_bytes(theirs)
        (self.h.work / "mine").write_bytes(mine)
        (self.h.work / "editor").write_text('cp theirs node_config.yaml; cp mine "$1"\n')
        got = self.h.run("config edit", env={"EDITOR": "sh editor"})
        self.expect(got, 75, "was changed by somebody else", "is kept in")
        self.assertEqual(self.h.config.read_bytes(), theirs)
        kept = got[2].split("is kept in ")[1].split()[0].rstrip(".")
        with open(kept, "rb") as file:
            self.assertEqual(file.read(), mine)
        self.assertTrue(kept.startswith(str(self.h.tmp)))
        self.assertEqual(stat.S_IMODE(os.stat(kept).st_mode), 0o600)

    def test_a_file_removed_behind_the_editor_does_not_come_back(self):
        self.put()
        (self.h.work / "editor").write_text('rm node_config.yaml; echo "dht: {}" > "$1"\n')
        got = self.h.run("config edit", env={"EDITOR": "sh editor"})
        self.expect(got, 75, "was removed by somebody else", "is kept in")
        self.assertFalse(self.h.config.exists())

    def test_a_symbolic_link_stays_one(self):
        real = self.h.home / "real.yaml"
        real.write_bytes(OLD)
        (self.h.work / "middle").symlink_to("../home/real.yaml")
        self.h.config.symlink_to("middle")
        self.expect(self.h.run("config set node.port 9000"), DONE)
        self.assertEqual(os.readlink(self.h.config), "middle")
        self.assertFalse(real.is_symlink())
        self.assertEqual(real.read_bytes(), OLD.replace(b"8080", b"9000"))

    def test_mode_and_owner_stay(self):
        self.put()
        for mode in (0o600, 0o640, 0o444 if os.getuid() == 0 else 0o644):
            with self.subTest(mode=oct(mode)):
                self.h.config.chmod(mode)
                if os.getuid() == 0:
                    os.chown(self.h.config, NOBODY, NOBODY)
                before = self.h.config.stat()
                self.expect(self.h.run(f"config set node.port {9000 + mode}"), DONE)
                after = self.h.config.stat()
                self.assertEqual((before.st_mode, before.st_uid, before.st_gid),
                                 (after.st_mode, after.st_uid, after.st_gid))
                self.assertNotEqual(before.st_ino, after.st_ino)

    # proves: MS-1/3
    def test_a_windows_file_keeps_every_other_byte(self):
        text = (b"\xef\xbb\xbf# von Hand\r\n\r\nnode:   # hier\r\n    port:  8080   # Router\r\n"
                b"    name: 'ada-C-box'\r\nx-own: [1,   2]\r\nlogging: {level: info }")
        self.put(text)
        self.expect(self.h.run("config set node.port 9000"), DONE)
        self.expect(self.h.run("config set node.name eva"), DONE)
        self.expect(self.h.run("config set logging.level debug"), DONE)
        want = text.replace(b"8080", b"9000").replace(b"ada-C-box", b"eva")
        self.assertEqual(self.h.config.read_bytes(), want.replace(b"info", b"debug"))

    def test_a_save_without_a_change_touches_nothing(self):
        self.put()
        before = self.h.config.stat()
        self.expect(self.h.run("config set node.port 8080"), DONE)
        self.assertEqual(self.h.config.stat().st_ino, before.st_ino)
        self.assertEqual(self.h.config.stat().st_mtime_ns, before.st_mtime_ns)


if __name__ == "__main__":
    program.main()
