#!/usr/bin/env python3
"""The node's key as files: made once, for its owner alone, never lost, never shown."""
import json
import os
import stat

import program
from program import CONFIGURATION, DONE, FAILED

# A throw-away key, and the peer id that other programs give it (tests/vectors/keys.json).
VECTORS = json.loads((program.Path(__file__).parent.parent / "vectors/keys.json").read_text())
KEYS = {row["name"]: (bytes.fromhex(row["private"]), row["base58"]) for row in VECTORS["keys"]}
STARTS = 8


class Identity(program.Case):
    def setUp(self):
        super().setUp()
        self.folder = self.h.home / ".kwaainet"
        self.key = self.folder / "identity.key"

    def put(self, name, which, mode):
        path = self.h.work / name
        path.write_bytes(KEYS[which][0])
        path.chmod(mode)
        return path

    def mode(self, path):
        return stat.S_IMODE(path.stat().st_mode)

    def shown(self, words="identity show", **options):
        got = self.expect(self.h.run(f"{words} --json", **options), DONE)
        return json.loads(got[1])

    def test_a_key_is_made_for_its_owner_alone(self):
        for umask in (0o000, 0o022, 0o077):
            before = os.umask(umask)
            try:
                made = self.shown("identity new --replace")
            finally:
                os.umask(before)
            self.assertEqual((made["mode"], self.mode(self.key)), ("0600", 0o600))
            self.assertEqual(self.mode(self.folder), 0o700)
        self.assertEqual(self.shown()["peer_id"], made["peer_id"])

    def test_of_many_at_once_one_makes_the_key(self):
        children = [self.h.start("identity new --json") for _ in range(STARTS)]
        outputs = [(child.communicate(timeout=program.DEADLINE)[0], child.returncode)
                   for child in children]
        made = [json.loads(out)["peer_id"] for out, status in outputs if status == DONE]
        self.assertEqual([status for _, status in outputs].count(FAILED), STARTS - 1)
        self.assertEqual(made, [self.shown()["peer_id"]])
        self.assertEqual([path.name for path in self.folder.iterdir()], ["identity.key"])

    def test_no_key_is_lost_when_many_replace_it(self):
        ids = {self.shown("identity new")["peer_id"]}
        children = [self.h.start("identity new --replace --json") for _ in range(STARTS)]
        for child in children:
            out = child.communicate(timeout=program.DEADLINE)[0]
            if child.returncode == DONE:
                ids.add(json.loads(out)["peer_id"])
        kept = set()
        for path in self.folder.iterdir():
            got = self.shown(f"identity show --set node.identity_key={path}")
            kept.add(got["peer_id"])
        self.assertEqual(kept, ids)

    def test_keys_of_other_programs_are_taken_over_and_stay(self):
        for name, mode in (("R", 0o400), ("A", 0o644), ("S", 0o600), ("E", 0o600)):
            with self.subTest(key=name):
                theirs = self.put("their.key", name, mode)
                got = self.shown("identity import their.key --replace")
                self.assertEqual((got["peer_id"], got["mode"]), (KEYS[name][1], "0600"))
                self.assertEqual(self.key.read_bytes(), KEYS[name][0])
                self.assertEqual((theirs.read_bytes(), self.mode(theirs)), (KEYS[name][0], mode))
                theirs.unlink()
        self.assertEqual(len(list(self.folder.iterdir())), 4)

    def test_an_open_key_is_told_and_a_configured_one_refused(self):
        self.folder.mkdir()
        self.key.write_bytes(KEYS["A"][0])
        self.key.chmod(0o644)
        got = self.expect(self.h.run("identity show"), DONE, KEYS["A"][1], "0644", "open to others")
        self.assertIn("open to others", got[2])
        self.assertEqual(self.expect(self.h.run("identity show --quiet"), DONE)[2], "")
        self.assertEqual(self.mode(self.key), 0o644)  # showing changes nothing
        self.h.config.write_text("node: {identity_key: own.key}\n")
        own = self.put("own.key", "A", 0o640)
        got = self.expect(self.h.run("identity show"), FAILED, "open to others (mode 0640)",
                          "chmod 600")
        self.assertEqual(self.mode(own), 0o640)
        hint = got[2].split("Shut them out: ")[1].replace("\n  ", " ")
        self.assertEqual(self.h.shell(hint)[0], DONE)
        self.assertEqual(self.shown()["file"], str(own))

    def test_no_byte_of_a_key_is_shown(self):
        for which, n in (("A", 68), ("A", 60), ("R", None), ("R", 900)):
            content = KEYS[which][0][:n]
            self.put("k", which, 0o600).write_bytes(content)
            outputs = b""
            for words in ("identity import k --replace", "identity show", "identity new --replace",
                          "identity show --set node.identity_key=k"):
                for json_flag in ("", " --json"):
                    got = self.h.run(words + json_flag)
                    outputs += (got[1] + got[2]).encode()
            for at in range(4, len(content) - 8, 4):
                self.assertNotIn(content[at:at + 8], outputs)
                self.assertNotIn(content[at:at + 8].hex().encode(), outputs.lower())

    def test_a_wrong_configuration_makes_no_key(self):
        self.h.config.write_text("node: {identity_key: [a]}\n")
        self.put("k", "A", 0o600)
        for words in ("identity show", "identity new", "identity import k"):
            self.expect(self.h.run(words), CONFIGURATION, "node.identity_key")
        self.assertFalse(self.folder.exists())
        self.h.config.write_text("node: {port: 0}\n")  # has no say in the key
        self.expect(self.h.run("identity new"), DONE)

    def test_a_place_that_cannot_be_written_is_named(self):
        self.put("k", "A", 0o600)
        self.h.config.write_text("node: {identity_key: none/id}\n")
        self.expect(self.h.run("identity new"), FAILED, "none/id: its folder does not exist")
        self.h.config.write_text("node: {identity_key: folder}\n")
        (self.h.work / "folder").mkdir()
        self.expect(self.h.run("identity import k --replace"), FAILED, "is a folder, not a file")
        (self.h.home / ".kwaainet").write_text("")
        self.h.config.unlink()
        self.expect(self.h.run("identity new"), FAILED, ".kwaainet: something that is no folder")


if __name__ == "__main__":
    program.main()
