"""The files that the checks look at, and what all checks need to read them."""
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SKIPPED_FOLDERS = {"build", ".git", "__pycache__", "corpus"}


def files(root, *folders, suffixes=()):
    """Files below the folders of root that exist, sorted, as paths relative to root."""
    found = []
    for folder in folders or (".",):
        if (root / folder).is_file():
            found.append(Path(folder))
        for at, names, here in os.walk(root / folder):
            names[:] = sorted(n for n in names if n not in SKIPPED_FOLDERS)
            found += [Path(at, name).relative_to(root) for name in here]
    return sorted(f for f in found if f.name != ".git" and (not suffixes or f.suffix in suffixes))


def c_files(root, *folders):
    return files(root, *folders, suffixes=(".c", ".h"))


def lines(root, path):
    return (root / path).read_text(encoding="utf-8", errors="replace").splitlines()


def code_lines(root, path):
    """The lines of a C file with comments and the content of literals blanked out."""
    text = (root / path).read_text(encoding="utf-8", errors="replace")
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''

    def blank(match):
        part = match.group(0)
        if part[0] == '"' and text[: match.start()].rsplit("\n", 1)[-1].lstrip().startswith("#"):
            return part
        return "".join(c if c == "\n" else " " for c in part)

    return re.sub(pattern, blank, text, flags=re.S).splitlines()


def in_parallel(work, items):
    """The problems that work(item) returns, for all items, in their order."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return [problem for found in pool.map(work, items) for problem in found]
