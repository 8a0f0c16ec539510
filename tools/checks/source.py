"""Rules for the text of the sources that need no compiler."""
import re

from . import tree
from .layers import INCLUDE

# Calls that are banned, and the one file that may make each. A call through a member is free.
MEMORY = "src/lib/base/memory.c"
BANNED = {
    **dict.fromkeys("malloc calloc realloc reallocarray free strdup strndup asprintf "
                    "vasprintf posix_memalign aligned_alloc".split(), MEMORY),
    **dict.fromkeys("getenv secure_getenv setenv putenv unsetenv".split(),
                    "src/lib/os/process_posix.c"),
    **dict.fromkeys("strcpy strcat strncpy strncat stpcpy sprintf vsprintf gets scanf fscanf "
                    "sscanf atoi atol atoll atof strtok strtok_r rand srand random srandom "
                    "exit quick_exit system popen alloca mktemp tmpnam".split(), None),
}
CALL = re.compile(r"(?<![\w.>])(" + "|".join(BANNED) + r")\s*\(")
SYSTEMS = re.compile(r"^\s*#\s*(?:el)?if.*\b(__linux__|__linux|__gnu_linux__|__APPLE__|__MACH__|"
                     r"_WIN32|_WIN64|__CYGWIN__|__unix__|__unix|__ANDROID__|__\w+BSD__|_MSC_VER)\b")
FEATURES = re.compile(r"^\s*#\s*define\s+(_\w+_SOURCE)\b")
SYSTEM_FOLDERS = ("src/lib/os/", "src/lib/io/")

# Written so that this file does not hold what it looks for.
UNFINISHED = re.compile(r"\b(TOD[O]|FIXM[E]|XX[X]|HAC[K]|stu[b])\b")
MACHINE = re.compile(r"/(?:wor[k]|far[m]|root)/")
REGISTRY = re.compile(r"\b(?:[a-z]+\.)*(?:pyp[i]\.org|npmj[s]\.org|crate[s]\.io|debia[n]\.org|"
                      r"golan[g]\.org|pythonhoste[d]\.org|ghc[r]\.io|docke[r]\.io)\b")
TEXT_SUFFIXES = (".c", ".h", ".py", ".sh", ".md", ".txt", ".cmake", ".json", ".yaml", ".yml", "")
CODE_SUFFIXES = (".c", ".h", ".py", ".sh", ".cmake", "")
README_LINES = 40
COLUMNS = 100


def each_line(root, paths, judge, read=tree.lines):
    problems = []
    for path in paths:
        for number, line in enumerate(read(root, path), 1):
            problem = judge(str(path), line)
            if problem:
                problems.append(f"{path}:{number}: {problem}")
    return problems


def check_calls(root):
    def judge(path, line):
        found = CALL.search(line)
        if not found or BANNED[found[1]] == path:
            return None
        only = BANNED[found[1]]
        return f"{found[1]}() is banned" + (f" outside {only}" if only else "")

    return each_line(root, tree.c_files(root, "src", "examples"), judge, tree.code_lines)


def check_systems(root):
    def judge(path, line):
        if path.startswith(SYSTEM_FOLDERS):
            return None
        if found := SYSTEMS.match(line):
            return f"{found[1]} is asked about outside lib/os and lib/io"
        if found := FEATURES.match(line):
            return f"{found[1]} is defined outside lib/os and lib/io"
        return None

    return each_line(root, tree.c_files(root, "src", "include"), judge, tree.code_lines)


def includes(root, path):
    """(line number, group, name) of the includes that stand outside conditionals.

    Group 0 is the file's own header (the one of its name, or one of its folder that stands apart
    before the rest), 1 is <system>, 2 is "project"."""
    depth, guard, found = 0, 1 if path.suffix == ".h" else 0, []
    for number, line in enumerate(tree.code_lines(root, path), 1):
        if re.match(r"\s*#\s*if", line):
            depth += 1
        elif re.match(r"\s*#\s*endif", line):
            depth -= 1
        elif (match := INCLUDE.match(line)) and depth == guard:
            found.append((number, 1 if match[1] == "<" else 2, match[2]))
    if found and path.suffix == ".c":
        number, _, name = found[0]
        stem = name.rsplit("/", 1)[-1].removesuffix(".h")
        near = (root / "src" / name).parent == (root / path).parent or name.startswith("kwaainet/")
        apart = len(found) == 1 or found[1][0] > number + 1
        if path.stem == stem or (near and (apart or path.stem.startswith(stem + "_"))):
            found[0] = (number, 0, name)
    return found


def check_includes(root):
    problems = []
    for path in tree.c_files(root, "src", "include", "examples"):
        before = None
        own = path.with_suffix(".h")
        found = includes(root, path)
        if path.suffix == ".c" and (root / own).exists() and (not found or found[0][1] != 0):
            problems.append(f"{path}:1: its own header does not come first")
        for number, group, name in found:
            if before is None:
                pass
            elif group < before[1]:
                problems.append(f"{path}:{number}: order is own header, <system>, \"project\"")
            elif group == before[1] and name < before[2]:
                problems.append(f"{path}:{number}: {name} stands after {before[2]}")
            elif group > before[1] and number == before[0] + 1:
                problems.append(f"{path}:{number}: no blank line before this group of includes")
            before = (number, group, name)
    return problems


def check_names(root):
    unfinished = tree.files(root, "src", "include", "examples", "tools", "bench",
                            suffixes=CODE_SUFFIXES)

    def judge_unfinished(path, line):
        found = UNFINISHED.search(line)
        return f"\"{found[0]}\": finish it or leave it out" if found else None

    def judge_places(path, line):
        found = MACHINE.search(line) or REGISTRY.search(line)
        return f"\"{found[0]}\" names a machine" if found else None

    return (each_line(root, unfinished, judge_unfinished)
            + each_line(root, tree.files(root, suffixes=TEXT_SUFFIXES), judge_places))


def check_readmes(root):
    problems = []
    for folder in sorted({path.parent for path in tree.c_files(root, "src")}):
        readme = folder / "README.md"
        if str(folder) == "src":
            continue
        if not (root / readme).is_file():
            problems.append(f"{readme}:1: there is none")
        elif (count := len(tree.lines(root, readme))) > README_LINES:
            problems.append(f"{readme}:{count}: longer than one screen of {README_LINES} lines")
    return problems


def check_lines(root):
    def judge(path, line):
        if len(line) > COLUMNS and not path.startswith("tests/golden") and path != "src/LAYERS":
            return f"{len(line)} columns, more than {COLUMNS}"
        if line != line.rstrip():
            return "blanks at the end of the line"
        if "\t" in line:
            return "a tab"
        return None

    folders = ("src", "include", "examples", "tests", "bench", "tools", "cmake", "dev", ".ci")
    paths = tree.files(root, *folders, suffixes=CODE_SUFFIXES)
    problems = each_line(root, paths, judge)
    for path in paths:
        data = (root / path).read_bytes()
        if data and (not data.endswith(b"\n") or data.endswith(b"\n\n")):
            problems.append(f"{path}:1: does not end in exactly one newline")
    return problems


def check_links(root):
    """Relative links of all Markdown files lead somewhere."""
    problems = []
    for path in tree.files(root, suffixes=(".md",)):
        for number, line in enumerate(tree.lines(root, path), 1):
            for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", re.sub(r"`[^`]*`", "", line)):
                if "://" not in target and not (root / path.parent / target).exists():
                    problems.append(f"{path}:{number}: no file at {target}")
    return problems


CALL_TESTS = [
    ("", {"src/lib/base/memory.c": "free(x);\n",
          "src/a.c": "t->free(x); kn_free(y); /* exit( */\n"}),
    ("src/a.c:2: free() is banned outside src/lib/base/memory.c", {"src/a.c": "\nfree (x);\n"}),
    ("strcpy() is banned", {"src/a.c": 'x("y"); strcpy(a, b);\n'}),
    ("getenv() is banned", {"examples/a.c": "getenv(a);\n"}),
]
SYSTEM_TESTS = [
    ("", {"src/lib/os/a.c": "#ifdef __linux__\n", "src/a.c": "#ifdef KN_X\n/* __APPLE__ */\n"}),
    ("src/a.c:1: _WIN32 is asked about", {"src/a.c": "#if !defined(_WIN32)\n"}),
    ("_GNU_SOURCE is defined", {"src/a.c": "#define _GNU_SOURCE\n"}),
]
INCLUDE_TESTS = [
    ("", {"src/d/a.h": "#ifndef A\n#include <a.h>\n\n#include \"d/b.h\"\n#endif\n",
          "src/d/a.c": '#include "d/a.h"\n\n#include <b.h>\n#include <c.h>\n\n#include "a/z.h"\n',
          "src/d/part.c": '#include "d/a.h"\n\n#include <b.h>\n',
          "src/d/a_linux.c": '#include "d/a.h"\n\n#include <b.h>\n'}),
    ("own header does not come first", {"src/d/a.h": "", "src/d/a.c": "#include <b.h>\n"}),
    ("order is own header", {"src/d/a.c": '#include "x/b.h"\n\n#include <b.h>\n'}),
    ("a.h stands after b.h", {"src/d/x.c": "#include <b.h>\n#include <a.h>\n"}),
    ("no blank line before", {"src/d/x.c": '#include <b.h>\n#include "a/a.h"\n'}),
]
NAME_TESTS = [
    ("", {"src/a.c": "/* mkstemp XXXXXX */\n", "tests/a.c": "/home/ada\n"}),
    ("finish it", {"src/a.c": "/* TO" + "DO: later */\n"}),
    ("finish it", {"tools/a": "# a st" + "ub\n"}),
    ("docs/a.md:1: \"/wo" + "rk/\" names a machine", {"docs/a.md": "see /wo" + "rk/x\n"}),
    ("names a machine", {"tools/a": "get https://deb.debia" + "n.org/x\n"}),
]
README_TESTS = [
    ("", {"src/a/x.c": "", "src/a/README.md": "a\n" * 40}),
    ("src/a/README.md:1: there is none", {"src/a/x.c": ""}),
    ("longer than one screen", {"src/a/x.c": "", "src/a/README.md": "a\n" * 41}),
]
LINE_TESTS = [
    ("", {"src/a.c": "x" * 100 + "\n", "tests/golden/a.txt": "x" * 200 + "\n"}),
    ("101 columns", {"src/a.c": "x" * 101 + "\n"}),
    ("a tab", {"tools/a": "\tx\n"}),
    ("blanks at the end", {"src/a.c": "x \n"}),
    ("exactly one newline", {"src/a.c": "x"}),
    ("exactly one newline", {"src/a.c": "x\n\n"}),
]
LINK_TESTS = [
    ("", {"a.md": "[b](b.md#c) `[x](y)` [w](https://x.y/z)\n", "b.md": ""}),
    ("a.md:1: no file at c.md", {"a.md": "[b](c.md)\n"}),
]
