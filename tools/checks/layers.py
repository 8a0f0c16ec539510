"""src/LAYERS: who may include whom, and which folders may speak to the system."""
import re
from pathlib import Path

from . import tree

ISO_C = set(
    "assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal "
    "stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath "
    "threads time uchar wchar wctype".split()
)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def read_layers(root):
    """folder -> folders it may include; header or POSIX -> folders that may use it; problems."""
    layers, owners, problems = {}, {}, []
    for number, line in enumerate(tree.lines(root, "src/LAYERS"), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        names, colon, words = line.partition(":")
        if not colon:
            problems.append(f"src/LAYERS:{number}: no colon in \"{line}\"")
        for name in names.split():
            table = owners if name.startswith("<") or name == "POSIX" else layers
            if name in table:
                problems.append(f"src/LAYERS:{number}: a second line for {name}")
            table[name] = words.split()
    for table in (layers, owners):
        for name, words in table.items():
            problems += [f"src/LAYERS: {name} names {word}, which has no line"
                         for word in words if word not in layers]
    return layers, owners, problems + cycles(layers)


def cycles(layers):
    problems, done = [], set()

    def walk(folder, path):
        if folder in path:
            circle = path[path.index(folder):] + [folder]
            problems.append("src/LAYERS: a cycle: " + " > ".join(circle))
        elif folder not in done:
            for below in layers.get(folder, []):
                walk(below, path + [folder])
            done.add(folder)

    for folder in layers:
        walk(folder, [])
    return problems


def layer_of(path):
    """The layer of a file below src: its folder, or its name for a file in src itself."""
    return path.name if str(path.parent) == "." else str(path.parent)


def check_project(root, layers, mine, name):
    if name.startswith("kwaainet/"):  # a public header belongs to the folder of its name
        theirs, where = Path(name).stem, root / "include" / name
    else:
        theirs, where = layer_of(Path(name)), root / "src" / name
    if not where.is_file():
        return f'"{name}" is not a file below src or include'
    if theirs != mine and theirs not in layers[mine]:
        return f'{mine} may not include {theirs} ("{name}")'
    return None


def check_system(owners, mine, name):
    allowed = owners.get(f"<{name}>", owners.get(f"<{Path(name).parent}/*>"))
    if allowed is None:
        if name.removesuffix(".h") in ISO_C:
            return None
        allowed = owners.get("POSIX", [])
    if mine in allowed:
        return None
    return f"<{name}> is for {', '.join(allowed) or 'nobody'} only, not for {mine}"


def check(root):
    layers, owners, problems = read_layers(root)
    for path in tree.c_files(root, "src"):
        mine = layer_of(path.relative_to("src"))
        if mine not in layers:
            problems.append(f"{path}:1: src/LAYERS has no line for {mine}")
            continue
        for number, line in enumerate(tree.code_lines(root, path), 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            if found[1] == '"' or found[2].startswith("kwaainet/"):
                problem = check_project(root, layers, mine, found[2])
            else:
                problem = check_system(owners, mine, found[2])
            if problem:
                problems.append(f"{path}:{number}: {problem}")
    return problems


LAYERS = "low :\nhigh : low\n<yaml.h> : low\n<ssl/*> : high\nPOSIX : low\n"
SELF_TESTS = [
    ("", {"src/LAYERS": LAYERS, "src/low/a.h": "#include <unistd.h>\n#include <yaml.h>\n",
          "src/high/b.c": '#include <stdio.h>\n#include "low/a.h"\n/* #include "x.h" */\n'}),
    ("src/low/a.c:1: low may not include high", {
        "src/LAYERS": LAYERS, "src/high/b.h": "", "src/low/a.c": '#include "high/b.h"\n'}),
    ("low may not include high", {
        "src/LAYERS": LAYERS, "include/kwaainet/high.h": "",
        "src/low/a.c": "#include <kwaainet/high.h>\n"}),
    ('"b.h" is not a file', {"src/LAYERS": LAYERS, "src/high/b.h": "",
                             "src/high/b.c": '#include "b.h"\n'}),
    ("<yaml.h> is for low only, not for high", {
        "src/LAYERS": LAYERS, "src/high/b.c": "#include <yaml.h>\n"}),
    ("<ssl/b.h> is for high only, not for low", {
        "src/LAYERS": LAYERS, "src/low/b.c": "#include <ssl/b.h>\n",
        "src/high/b.c": "#include <ssl/b.h>\n"}),
    ("<sys/stat.h> is for low only", {
        "src/LAYERS": LAYERS, "src/high/b.c": "#include <sys/stat.h>\n"}),
    ("no line for new", {"src/LAYERS": LAYERS, "src/new/b.c": ""}),
    ("no line for main.c", {"src/LAYERS": LAYERS, "src/main.c": ""}),
    ("high names middle, which has no line", {"src/LAYERS": "high : middle\n"}),
    ("a cycle: a > b > a", {"src/LAYERS": "a : b\nb : a\n"}),
    ("a second line for a", {"src/LAYERS": "a :\na :\n"}),
]
