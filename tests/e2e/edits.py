#!/usr/bin/env python3
"""edits.py DRIVER [--edits N] [--seed S] [--documents FOLDER]: random edits of random files.

Each edit goes through the driver; a YAML reader that shares nothing with the program judges it:
the same tree but for the key, the value as asked, every comment still there in its order unless
its line went, and the bytes changed only where the key is.
"""
import argparse
import collections
import multiprocessing
import pathlib
import random
import subprocess
import sys
import time

import yaml

import styles

SET, UNSET = 0, 1
GENERATED = 200


class Driver:
    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def edit(self, kind, key, word, text):
        key, word = key.encode(), word.encode()
        head = f"{kind} {len(key)} {len(word)} {len(text)}\n"
        self.process.stdin.write(head.encode() + key + word + text)
        self.process.stdin.flush()
        code, outcome, n = self.process.stdout.readline().split()
        return code.decode(), int(outcome), self.process.stdout.read(int(n))


class Wrong(Exception):
    pass


def compose(text):
    """PyYAML's own reader, not the one over libyaml."""
    return yaml.compose(text, Loader=yaml.SafeLoader)


def plain(node):
    """A tree that compares: kinds, tags, texts, order."""
    if isinstance(node, yaml.ScalarNode):
        return (node.tag, "" if node.tag.endswith(":null") else node.value)
    if isinstance(node, yaml.SequenceNode):
        return ["list"] + [plain(item) for item in node.value]
    return ["map"] + [(plain(key), plain(value)) for key, value in node.value]


def is_null(node):
    return node is None or node.tag.endswith(":null")


def pairs(node):
    return node.value if isinstance(node, yaml.MappingNode) else []


def find(node, parts):
    """The pairs (key, value) along the path, as far as they are there."""
    found = []
    for part in parts:
        pair = next((p for p in pairs(node) if p[0].value == part), None)
        if pair is None:
            break
        found.append(pair)
        node = pair[1]
    return found


def without(node, parts):
    """The tree without the key, and without the sections above it that hold nothing else."""
    kept = ["map"]
    if not isinstance(node, yaml.MappingNode):
        return kept if is_null(node) else plain(node)
    for key, value in node.value:
        if key.value != parts[0]:
            kept.append((plain(key), plain(value)))
        elif len(parts) > 1:
            inner = without(value, parts[1:])
            if inner != ["map"]:
                kept.append((plain(key), inner))
    return kept


def content_end(node):
    """Where the last byte of a node is; a block collection's own mark lies behind comments."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return max(map(content_end, last if isinstance(last, tuple) else [last]))
    return node.end_mark.index


def scalars(node, out):
    if isinstance(node, yaml.ScalarNode):
        out.append(node)
    elif node is not None:
        for item in node.value:
            for part in item if isinstance(item, tuple) else (item,):
                scalars(part, out)
    return out


def comments(text, root):
    """(index, text) of each comment: a "#" behind a gap and outside every scalar."""
    inside = bytearray(len(text) + 1)
    for node in scalars(root, []):
        start, end = node.start_mark.index, node.end_mark.index
        if node.style in ("|", ">"):
            while start < len(text) and text[start] not in "\r\n":
                start += 1
        inside[start:end] = b"\1" * (end - start)
    found, at = [], 0
    while (at := text.find("#", at)) >= 0:
        if inside[at] or (at > 0 and text[at - 1] not in " \t\r\n\ufeff,[]{}"):
            at += 1
            continue
        end = at
        while end < len(text) and text[end] not in "\r\n":
            end += 1
        found.append((at, text[at:end]))
        at = end
    return found


def is_part(few, many):
    rest = iter(many)
    return all(item in rest for item in few)


def line_end(text, at):
    while at < len(text) and text[at] not in "\r\n":
        at += 1
    return at


def line_start(text, at):
    while at > 0 and text[at - 1] not in "\r\n":
        at -= 1
    return at


def next_line(text, at):
    at = line_end(text, at)
    return at + 2 if text[at:at + 2] == "\r\n" else min(at + 1, len(text))


def expected(wanted, bare):
    """What plain() gives for a value that reads as asked."""
    if wanted is None:
        return ("tag:yaml.org,2002:null", "")
    if isinstance(wanted, bool):
        return ("tag:yaml.org,2002:bool", "true" if wanted else "false")
    if isinstance(wanted, (int, float)):
        return (f"tag:yaml.org,2002:{type(wanted).__name__}", str(wanted))
    if isinstance(wanted, list):
        return ["list"] + [expected(item, bare) for item in wanted]
    if isinstance(wanted, dict):
        return ["map"] + [(expected(k, bare), expected(v, bare)) for k, v in wanted.items()]
    return ("tag:yaml.org,2002:str", wanted)


def changed(old, new):
    """The stretch [start, end) of the old text that is not the same in the new one."""
    most = min(len(old), len(new))
    start = next((i for i in range(most) if old[i] != new[i]), most)
    end = 0
    while end < most - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return start, len(old) - end


def only_between(old, new, start, end):
    if len(new) < start + len(old) - end or new[:start] != old[:start] or \
            not new.endswith(old[end:]):
        raise Wrong("something outside the value changed")


def judge_place(old, kind, before, after, path):
    """The stretches of the old text whose comments may go."""
    start, end = changed(before, after)
    if kind == UNSET:
        level = len(find(compose(after), path))
        gone, root = old[level], compose(before)
        siblings = pairs(old[level - 1][1] if level > 0 else root)
        first, last = gone[0].start_mark.index, content_end(gone[1])
        if before[start:first].strip(" \t\r\n,?") and "#" not in before[start:first]:
            raise Wrong("something in front of the key changed")
        line = line_start(before, first)
        if not before[line:first].strip(" ?\ufeff"):
            first = line
        after_it = [key.start_mark.index for key, _ in siblings if key.start_mark.index > first]
        only_between(before, after, min(start, first),
                     max(next_line(before, last), min(after_it, default=0)))
        heads = [key.start_mark.index for key, _ in old[level:-1]]
        leaf = old[-1][0].start_mark.index
        return [(head, line_end(before, head)) for head in heads] + \
            [(leaf, line_end(before, last))]
    if len(old) == len(path):
        key, value = old[-1]
        only_between(before, after, key.end_mark.index, line_end(before, content_end(value)))
        start, end = value.start_mark.index, content_end(value)
        if isinstance(value, yaml.ScalarNode) and value.style in ("|", ">"):
            start = line_end(before, start)
        elif isinstance(value, yaml.CollectionNode) and not value.flow_style:
            end = line_end(before, end)
        return [(start, end)]
    gone = before[start:end].split("#")[0].strip(" \t\r\n,")
    if gone not in ("", "null", "~", "Null") and "#" not in before[start:end]:
        raise Wrong(f"an insertion took {gone!r} away")
    return []


def judge(kind, setting, wanted, before, after):
    before, after = before.decode(), after.decode()
    try:
        old, new = compose(before), compose(after)
    except yaml.YAMLError as err:
        raise Wrong(f"unreadable: {err}") from err
    path = setting.parts
    if without(old, path) != without(new, path):
        raise Wrong("another value changed")
    found = find(new, path)
    if kind == UNSET and len(found) == len(path):
        raise Wrong("the key is still there")
    if kind == SET and (len(found) < len(path) or plain(found[-1][1]) != expected(wanted, True)):
        raise Wrong("the value is not the one asked for")
    if before == after:
        return
    gone = judge_place(find(old, path), kind, before, after, path)
    all_old, all_new = comments(before, old), [text for _, text in comments(after, new)]
    must = [text for at, text in all_old
            if not any(first <= at < last for first, last in gone)]
    if not is_part(must, all_new):
        raise Wrong("a comment is gone")
    if not is_part(all_new, [text for _, text in all_old]):
        raise Wrong("a comment is new, or moved")


def choose(rng, settings, text):
    """A random edit: (kind, setting, value)."""
    root = compose(text.decode())
    present = [s for s in settings if len(find(root, s.parts)) == len(s.parts)]
    if present and rng.random() < 0.42:
        return UNSET, rng.choice(present), None
    setting = rng.choice(present if present and rng.random() < 0.5 else settings)
    return SET, setting, styles.value(rng, setting)


def run_chain(driver, rng, settings, text, count, tally):
    for _ in range(count):
        kind, setting, wanted = choose(rng, settings, text)
        if isinstance(wanted, str) and wanted in ("null", ""):
            wanted = "a"
        word = "" if kind == UNSET else styles.word(rng, setting, wanted)
        code, outcome, after = driver.edit(kind, setting.key, word, text)
        tally["edits"] += 1
        if code == "KN_E_UNSUPPORTED":
            tally["refused"] += 1
            tally["refusals"][after.decode().split(": ", 1)[-1]] += 1
            if tally["show"]:
                print(f"refused: {setting.key} {word!r}\n{text!r}", flush=True)
            continue
        try:
            if code != "KN_OK":
                raise Wrong(f"{code} {after.decode()}")
            judge(kind, setting, wanted, text, after)
        except Wrong as err:
            tally["failed"] += 1
            if tally["failed"] <= 3:
                what = "unset" if kind == UNSET else f"set to {word!r}"
                print(f"FAILED: {err}: {setting.key} {what}\n--- before\n{text!r}\n"
                      f"--- after\n{after!r}", flush=True)
            continue
        tally["unchanged"] += after == text
        text = after


def work(job):
    driver_path, lines, texts, seed, show = job
    driver, settings = Driver(driver_path), [styles.Setting(line) for line in lines]
    tally = {"edits": 0, "failed": 0, "refused": 0, "unchanged": 0,
             "refusals": collections.Counter(), "show": show}
    for i, text, count in texts:
        run_chain(driver, random.Random(f"{seed} {i}"), settings, text, count, tally)
    driver.process.stdin.close()
    if driver.process.wait() != 0:
        tally["failed"] += 1
        print("FAILED: the driver ended with an error", flush=True)
    return tally


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("driver")
    parser.add_argument("--edits", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--documents", type=pathlib.Path,
                        default=pathlib.Path(__file__).parent.parent / "documents")
    parser.add_argument("--refused", action="store_true", help="show what was refused")
    args = parser.parse_args()
    lines = subprocess.run([args.driver, "--settings"], check=True, capture_output=True,
                           text=True).stdout.splitlines()
    settings = [styles.Setting(line) for line in lines]
    texts = [path.read_bytes() for path in sorted(args.documents.glob("*.yaml"))]
    by_hand = len(texts)
    texts += [styles.document(random.Random(f"{args.seed} {i}"), settings)
              for i in range(GENERATED)]
    few, more = divmod(args.edits, len(texts))
    numbered = [(i, text, few + (i < more)) for i, text in enumerate(texts)]
    print(f"seed {args.seed}: {by_hand} documents by hand, {GENERATED} generated, "
          f"about {few} edits of each")
    begin = time.monotonic()
    jobs = [(args.driver, lines, numbered[i::2], args.seed, args.refused) for i in range(2)]
    with multiprocessing.Pool(2) as pool:
        tallies = pool.map(work, jobs)
    total = {name: sum(t[name] for t in tallies)
             for name in ("edits", "failed", "refused", "unchanged")}
    print(f"{total['edits']} edits, {total['failed']} failed, {total['refused']} refused, "
          f"{total['unchanged']} of equal values, {time.monotonic() - begin:.0f} s")
    for text, n in sum((t["refusals"] for t in tallies), collections.Counter()).items():
        print(f"refused {n}: {text}")
    sys.exit(1 if total["failed"] or total["refused"] * 20 > total["edits"] else 0)


if __name__ == "__main__":
    main()
