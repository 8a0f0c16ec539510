"""Checks that let other programs read the sources: compiler, formatter, linter, shellcheck."""
import json
import shutil
import subprocess

from . import tree


class Missing(Exception):
    """A program or a file that the check needs is not there."""


def run(root, *command):
    """The exit status and the output of a command; it runs in root."""
    if not shutil.which(command[0]):
        raise Missing(f"{command[0]} is not installed")
    done = subprocess.run(command, cwd=root, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout.strip()


def check_headers(root):
    """Each header compiles alone."""
    def compile_alone(path):
        system = ["-D_GNU_SOURCE"] if str(path).startswith("src/lib/io/") else []  # as the build
        status, output = run(root, "gcc", "-fsyntax-only", "-std=c17", "-Wall", "-Wextra",
                             "-Werror", *system, "-Isrc", "-Iinclude", "-x", "c", str(path))
        return [f"{path}:1: does not compile alone\n{output}"] if status else []

    headers = [p for p in tree.c_files(root, "src", "include") if p.suffix == ".h"]
    return tree.in_parallel(compile_alone, headers)


def check_format(root):
    paths = tree.c_files(root, "src", "include", "examples", "tests", "bench")
    if not paths:
        return []
    status, output = run(root, "clang-format", "--dry-run", "-Werror", *map(str, paths))
    return [line for line in output.splitlines() if ": error:" in line] if status else []


def check_tidy(root):
    """clang-tidy over the sources as the preset "clang" compiles them."""
    database = root / "build/clang/compile_commands.json"
    if not database.is_file():
        raise Missing("build/clang is not configured (cmake --preset clang)")
    compiled = {entry["file"] for entry in json.loads(database.read_text())}
    sources = [p for p in tree.c_files(root, "src", "examples") if p.suffix == ".c"]

    def tidy(path):
        if str(root / path) not in compiled:
            return [f"{path}:1: no target compiles it"]
        status, output = run(root, "clang-tidy", "-p", "build/clang", "--quiet", str(path))
        bad = status or "warning:" in output
        return [line.removeprefix(f"{root}/") for line in output.splitlines()
                if ": warning:" in line or ": error:" in line] or [output] if bad else []

    return tree.in_parallel(tidy, sources)


def check_shell(root):
    def is_shell(path):
        return (root / path).read_bytes()[:32].split(b"\n")[0] in (b"#!/bin/sh", b"#!/bin/bash")

    paths = [p for p in tree.files(root, "dev", ".ci", "tools", "examples", "bench", "tests",
                                   suffixes=("", ".sh")) if is_shell(p)]
    if not paths:
        return []
    status, output = run(root, "shellcheck", "-f", "gcc", *map(str, paths))
    return output.splitlines() if status else []


def check_doxygen(root):
    """doxygen understands every header; ./dev docs leaves the pages in build/docs."""
    shutil.rmtree(root / "build/docs", ignore_errors=True)
    (root / "build/docs").mkdir(parents=True)
    status, output = run(root, "doxygen", "docs/Doxyfile")
    return output.replace(f"{root}/", "").splitlines() if status else []


HEADER_TESTS = [
    ("", {"src/a.h": "int f(void);\n"}),
    ("src/a.h:1: does not compile alone", {"src/a.h": "size_t f(void);\n"}),
]
FORMAT_TESTS = [
    ("", {".clang-format": "BasedOnStyle: LLVM\n", "src/a.c": "int x;\n"}),
    ("src/a.c:1:", {".clang-format": "BasedOnStyle: LLVM\n", "src/a.c": "int   x;\n"}),
]
DATABASE = '[{"directory": "@", "file": "@/src/a.c", "command": "clang -c src/a.c"}]'
TIDY_TESTS = [
    ("", {".clang-tidy": "Checks: '-*,misc-redundant-expression'\n", "src/a.c": "int x;\n",
          "build/clang/compile_commands.json": DATABASE}),
    ("src/a.c:1:", {".clang-tidy": "Checks: '-*,misc-redundant-expression'\n",
                    "src/a.c": "int f(int x) { return x - x; }\n",
                    "build/clang/compile_commands.json": DATABASE}),
    ("src/b.c:1: no target compiles it", {
        "src/b.c": "", "build/clang/compile_commands.json": DATABASE}),
]
SHELL_TESTS = [
    ("", {"dev": "#!/bin/sh\necho hello\n"}),
    ("dev:2:", {"dev": "#!/bin/sh\necho $x\n"}),
]
DOXYFILE = """INPUT = src
OUTPUT_DIRECTORY = build/docs
EXTRACT_ALL = YES
GENERATE_LATEX = NO
HAVE_DOT = NO
QUIET = YES
WARN_AS_ERROR = FAIL_ON_WARNINGS
"""
DOXYGEN_TESTS = [
    ("", {"docs/Doxyfile": DOXYFILE, "src/a.h": "/** One. */\nint f(void);\n"}),
    ("src/a.h:1: ", {"docs/Doxyfile": DOXYFILE, "src/a.h": "/** One @nothing. */\nint f(void);\n"}),
]
