#!/usr/bin/env python3
"""A start killed at any moment, the first one above all: the next start always works.

usage: kill_start.py PROGRAM [SEED [ROUNDS]]
"""
import contextlib
import os
import random
import sys
import time
from pathlib import Path

import program
from started import Node, first_of_a_swarm, own_network

SMALL = "--model=TinyLlama-1.1B-Chat-v1.0"
LONG_AGO = 2 * 3600  # seconds; by then a temporary file is nobody's
LEAST = 0.4  # seconds, over which the kills are spread
FOLDERS = ("work", "home")


class Story:
    """Starts in one home after the other, in the swarm of one node that stays."""

    def __init__(self, first, saves):
        # Where a start saves its configuration, that is killed as well.
        self.words = ["--bootstrap", first.address, SMALL, *(["--yes"] if saves else [])]
        self.saves = saves

    def start(self, home):
        return Node(home, *self.words)

    def whole(self, home, story):
        """A start that nobody disturbs; how long it took until others saw it."""
        begin = time.monotonic()
        with self.start(home) as node:
            node.wait("listening")
            node.wait("planned")
            node.wait("visible", visible_on=1)
            lasted = time.monotonic() - begin
            if node.end() != program.DONE or "Sanitizer" in node.err:
                raise AssertionError(f"{story}: {node.process.returncode}\n{node.err}")
        for name in ("identity.key", "discovery_cache.yaml", "calibration.yaml"):
            if not (home.home / ".kwaainet" / name).stat().st_size:
                raise AssertionError(f"{story}: {name} is empty")
        if self.saves and home.run("config check")[0] != program.DONE:
            raise AssertionError(f"{story}: {home.config.read_bytes()!r}")
        return lasted

    def killed(self, home, moment):
        """Kill one then; the last that it told of."""
        with self.start(home) as node:
            end = time.monotonic() + moment
            with contextlib.suppress(TimeoutError):
                while (left := end - time.monotonic()) > 0 and node.line(left):
                    pass
            node.process.kill()
            node.process.wait()
            return node.process.returncode


def temporary(home):
    return [path for folder in FOLDERS for path in (home.root / folder).rglob("*")
            if program.TEMPORARY.fullmatch(path.name)]


def keys(home):
    path = home.home / ".kwaainet" / "identity.key"
    return path.read_bytes() if path.exists() else None


# proves: NFR-1/1.2
def a_start_after_a_kill_works(story, choose, rounds):
    with program.Home() as home:
        life = max(LEAST, story.whole(home, "undisturbed") * 1.1)
    left = 0
    for number in range(rounds):
        moment = choose.uniform(0, life)
        told = f"round {number}, killed after {moment * 1000:.1f} ms"
        with program.Home() as home:
            if number % 4 == 3:  # a later start
                story.whole(home, told)
            story.killed(home, moment)
            key = keys(home)
            story.whole(home, told)
            if key is not None and keys(home) != key:
                raise AssertionError(f"{told}: a key that stood was lost")
            left += bool(temporary(home))
            for path in temporary(home):
                os.utime(path, (time.time() - LONG_AGO,) * 2)
            if temporary(home):
                if story.saves and home.run("config set node.port 9000")[0] != program.DONE:
                    raise AssertionError(told)
                story.whole(home, told)
            if temporary(home):
                raise AssertionError(f"{told}: {temporary(home)} stays for ever")
    print(f"{rounds} starts killed within {life * 1000:.0f} ms; {left} left temporary files")


def temporary_files_of_long_ago_go_and_young_ones_stay(story):
    """Whatever the kills above fell on."""
    names = ".discovery_cache.yaml.kwaainet-aaaaaa", ".identity.key.kwaainet-bbbbbb"
    with program.Home() as home:
        data = home.home / ".kwaainet"
        data.mkdir(mode=0o700)
        young = data / ".calibration.yaml.kwaainet-cccccc"
        for path in (*(data / name for name in names), young):
            path.write_bytes(b"discovery: [")
        for name in names:
            os.utime(data / name, (time.time() - LONG_AGO,) * 2)
        story.whole(home, "temporary files")
        if temporary(home) != [young]:
            raise AssertionError(f"there are {temporary(home)}")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__.strip())
    program.PROGRAM = Path(sys.argv[1]).resolve()
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(2**32)
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 100
    own_network()
    print(f"seed {seed}", flush=True)
    with program.Home() as home:
        saves = "--yes" in home.run("start --help")[1]
        with first_of_a_swarm(home, SMALL) as first:
            story = Story(first, saves)
            temporary_files_of_long_ago_go_and_young_ones_stay(story)
            a_start_after_a_kill_works(story, random.Random(seed), rounds)


main()
