"""Documents that the program prints, in whole or in marked regions.

Whole files stand in tools/printed.txt, one "file | command" a line. In any Markdown file a region
runs from a line "<!-- printed by: COMMAND -->" to "<!-- end of print -->"; a code fence directly
inside the marks stays. A command is a line for sh in the repository root; kwaainet is the
release build. It runs with a home, a locale and a width of its own.
"""
import os
import re
import subprocess
import tempfile
from pathlib import Path

from . import tree
from .compiled import Missing

BEGIN = re.compile(r"^<!-- printed by: (.+) -->$")
END = "<!-- end of print -->"
TABLE = "tools/printed.txt"


def output_of(root, command):
    """What a command prints, ending in one newline, or in none when it prints nothing."""
    program = root / "build/release/kwaainet"
    if re.search(r"\bkwaainet\b", command) and not program.exists():
        raise Missing("build/release/kwaainet is not built (./dev build)")
    with tempfile.TemporaryDirectory() as home:
        environment = {"PATH": f"{program.parent}:{os.environ['PATH']}", "HOME": home,
                       "LC_ALL": "C.UTF-8", "COLUMNS": "80", "USER": "ada"}
        done = subprocess.run(command, shell=True, cwd=root, env=environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise ValueError(f"\"{command}\" ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout.replace(home, "~").rstrip("\n") + "\n" if done.stdout.strip() else ""


def with_regions(root, path):
    """The text of a Markdown file with all its regions printed anew."""
    result, command, fence = [], None, []
    for number, line in enumerate(tree.lines(root, path), 1):
        if command is None:
            result.append(line)
            if begin := BEGIN.match(line):
                command, inside = begin[1], []
        elif line != END:
            inside.append(line)
        else:
            fence = [inside[0], inside[-1]] if inside and inside[0].startswith("```") else []
            try:
                printed = output_of(root, command).splitlines()
            except ValueError as error:
                raise ValueError(f"{path}:{number}: {error}") from None
            result += fence[:1] + printed + fence[1:] + [line]
            command = None
    if command is not None:
        raise ValueError(f"{path}:1: a printed region does not end")
    return "\n".join(result) + "\n"


def printed(root):
    """(path, text as it should be) of every file that is printed in whole or in part."""
    if (root / TABLE).is_file():
        for line in tree.lines(root, TABLE):
            if line.strip() and not line.startswith("#"):
                path, _, command = line.partition(" | ")
                yield Path(path.strip()), output_of(root, command.strip())
    for path in tree.files(root, suffixes=(".md",)):
        if any(BEGIN.match(line) for line in tree.lines(root, path)):
            yield path, with_regions(root, path)


def check(root):
    problems = []
    try:
        for path, text in printed(root):
            is_now = (root / path).read_text(encoding="utf-8") if (root / path).exists() else None
            if is_now != text:
                problems.append(f"{path}:1: is not what the program prints (./dev docs writes it)")
    except ValueError as error:
        problems.append(str(error))
    return problems


def write(root):
    """Print everything anew; the paths that changed."""
    changed = []
    for path, text in list(printed(root)):
        if not (root / path).exists() or (root / path).read_text(encoding="utf-8") != text:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
            changed.append(path)
    return changed


REGION = "# x\n<!-- printed by: echo new -->\n{}<!-- end of print -->\n"
SELF_TESTS = [
    ("", {"a.md": REGION.format("new\n"), "b.md": REGION.format("```\nnew\n```\n"),
          TABLE: "# file | command\nc.txt | echo c\n", "c.txt": "c\n"}),
    ("a.md:1: is not what the program prints", {"a.md": REGION.format("old\n")}),
    ("b.md:1: is not what", {"b.md": REGION.format("```\nold\n```\n")}),
    ("c.txt:1: is not what", {TABLE: "c.txt | echo c\n", "c.txt": "d\n"}),
    ("c.txt:1: is not what", {TABLE: "c.txt | echo c\n"}),
    ("ended with 3: why", {TABLE: "c.txt | echo why >&2; exit 3\n"}),
    ("does not end", {"a.md": "<!-- printed by: echo new -->\n"}),
]
