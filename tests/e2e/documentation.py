#!/usr/bin/env python3
"""What docs/CONFIG.md promises, tried with the program."""
import json
import re
import shutil
import subprocess
from pathlib import Path

import program
from program import CONFIGURATION, DONE

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"


def part(title):
    """The text below one heading of the second level."""
    text = (DOCS / "CONFIG.md").read_text()
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    assert found, title
    return found[1]


class Documentation(program.Case):
    def settings(self, words="", **options):
        got = self.expect(self.h.run(f"config show --json {words}".strip(), **options), DONE)
        return json.loads(got[1])["settings"]

    # proves: UD/1, UD/3
    def test_every_setting_has_an_entry_with_its_bounds(self):
        text = (DOCS / "CONFIG.md").read_text()
        for key in self.settings():
            got = self.expect(self.h.run(f"config explain {key} --json"), DONE)
            row = json.loads(got[1])
            entry = re.search(rf"^### {re.escape(key)}\n(.*?)(?=^##|\Z)", text, re.M | re.S)
            self.assertTrue(entry, f"{key} has no entry")
            flat = " ".join(entry[1].split())
            self.assertIn(row["brief"], flat)
            self.assertIn(row["env"], flat)
            for word in row["choices"] or ():
                self.assertIn(f"`{word}`", flat, key)

    # proves: UD/2
    def test_every_example_is_a_right_file_that_changes_something(self):
        examples = re.findall(r"([^`]*)^```yaml\n(.*?)^```", part("Common cases"), re.M | re.S)
        self.assertGreaterEqual(len(examples), 5)
        for before, text in examples:
            with self.subTest(text=text):
                self.h.config.write_text(text)
                got = self.expect(self.h.run("config check --json"), DONE)
                kinds = {p["kind"] for p in json.loads(got[1])["problems"]}
                self.assertEqual(kinds, {"no-effect"} if "no effect yet" in before else set())
                layers = {row["origin"]["layer"] for row in self.settings().values()}
                self.assertIn("file", layers)

    def test_a_container_needs_no_file(self):
        env = {"KWAAINET_MODEL": "a/b", "KWAAINET_PORT": "8085", "INITIAL_PEERS": program.PEER,
               "PUBLIC_NAME": "ada"}
        text = part("Common cases")
        for name in env:
            self.assertIn(f"`{name}`", text)
        given = {key: row["value"] for key, row in self.settings(env=env).items()
                 if row["origin"]["layer"] == "env"}
        self.assertEqual(given, {"model.name": "a/b", "node.port": 8085, "node.name": "ada",
                                 "network.bootstrap_peers": [program.PEER]})

    # proves: UD/4, FR-3/order, FR-3/--name, FR-3/--model, FR-3/--start-block, FR-3/--end-block,
    # FR-3/--port, FR-3/--dtype, FR-3/--version, P1/3, P1/6
    def test_flags_move_into_the_file_with_the_same_result(self):
        flags = {"--name": "ada", "--model": "a/b", "--start-block": "8", "--end-block": "16",
                 "--port": "8085", "--dtype": "float16", "--version": "1.2.3"}
        rows = dict(re.findall(r"^\| `(--[\w-]+)[^|]*\| `([\w.]+)`",
                               part("Coming from flags alone"), re.M))
        rows["--end-block"] = "model.end_block"  # the second of its line
        words = " ".join(f"{flag} {value}" for flag, value in flags.items())
        with_flags = self.settings(words)
        for flag in flags:
            self.assertEqual(with_flags[rows[flag]]["origin"]["name"], flag)
        pairs = " ".join(f"{rows[flag]} {value}" for flag, value in flags.items())
        self.expect(self.h.run(f"config set {pairs}"), DONE)
        with_file = self.settings()
        self.assertEqual({key: row["value"] for key, row in with_flags.items()},
                         {key: row["value"] for key, row in with_file.items()})
        for flag in flags:
            self.assertEqual(with_file[rows[flag]]["origin"]["layer"], "file")

    # proves: DD/2
    def test_the_loading_diagram_names_every_source(self):
        text = part("How a configuration is loaded")
        for word in ("argv", "environment", "node_config.yaml", "caches", "built in", "resolve",
                     "snapshot", "problems"):
            self.assertIn(word, text)

    # proves: DD/3
    def test_every_kind_of_problem_that_is_met_stands_in_the_reference(self):
        text = (DOCS / "reference/errors.md").read_text()
        for content in ("node: {port: 0}", "node: [", "nod: 1", "node: {port: x}", "a: &b 1",
                        "schema_version: 2.0.0", "node: {port: 1, port: 2}",
                        "model: {start_block: 9, end_block: 3}"):
            self.h.config.write_text(content)
            got = self.expect(self.h.run("config check --json"), CONFIGURATION)
            for problem in json.loads(got[1])["problems"]:
                self.assertIn(f"`{problem['kind']}`", text)

    def test_no_document_leaves_out_the_first_word_of_a_command(self):
        listed = json.loads(self.expect(self.h.run("help --json"), DONE)[1])["commands"]
        words = [command["name"].split() for command in listed]
        inner = {words[1] for words in words if len(words) > 1} - {words[0] for words in words}
        self.assertIn("explain", inner)
        texts = [DOCS.parent / "README.md", DOCS / "kwaainet.1", *DOCS.rglob("*.md")]
        for path in texts:
            named = set(re.findall(r"\bkwaainet\s+([a-z]+)\b", path.read_text()))
            self.assertEqual(named & inner, set(), path)

    def test_every_state_that_a_node_shows_stands_in_the_reference(self):
        text = (DOCS / "reference/states.md").read_text()
        lifecycle = (DOCS.parent / "src/node/lifecycle.c").read_text()
        words = re.search(r"words\[\] = \{(.*?)\}", lifecycle, re.S)[1]
        for word in re.findall(r'"(\w+)"', words):
            self.assertIn(f"- `{word}`: ", text)

    # proves: DD/1
    def test_the_public_header_is_documented_without_a_warning(self):
        if not shutil.which("doxygen"):
            self.skipTest("doxygen is not installed")
        root, out = DOCS.parent, self.h.root / "pages"
        settings = (DOCS / "Doxyfile").read_text() + f"OUTPUT_DIRECTORY={out}\nQUIET=YES\n"
        done = subprocess.run(["doxygen", "-"], cwd=root, input=settings, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=4 * program.DEADLINE)
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        pages = "".join(page.read_text() for page in out.rglob("config_8h.html"))
        pages += "".join(page.read_text() for page in out.rglob("*kwaainet*config_8h.html"))
        header = (root / "include/kwaainet/config.h").read_text()
        names = re.findall(r"^KWAAI_API [^(]*?(\w+)\(", header, re.M)
        self.assertGreater(len(names), 15)
        for name in names:
            self.assertIn(name, pages)

    # proves: Q/5
    def test_two_files_are_not_merged(self):
        self.h.config.write_text("node: {port: 8081}\n")
        (self.h.work / "a.yaml").write_text("node: {name: ada}\n")
        (self.h.work / "b.yaml").write_text("node: {version: 1.2.3}\n")
        named = self.settings("--config a.yaml --config b.yaml")
        given = [key for key, row in named.items() if row["origin"]["layer"] == "file"]
        self.assertEqual(given, ["node.version"])


if __name__ == "__main__":
    program.main()
