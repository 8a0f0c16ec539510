#!/usr/bin/env python3
"""A save killed at any moment leaves the old file or the new one.

usage: kill.py PROGRAM [SEED [ROUNDS]]
"""
import os
import random
import signal
import sys
import time
from pathlib import Path

import program

OLD = b"# mine\r\nnode:\r\n  port: 8080 # behind the router\r\n  name: ada-C-box\r\n"
NEW = OLD.replace(b"8080", b"9000")
MOST_SECONDS = 90
LONG_AGO = 2 * 3600


def leftovers(home):
    return [path for path in home.work.iterdir() if path != home.config]


def life(home):
    """How long an undisturbed save takes."""
    times = []
    for _ in range(5):
        home.config.write_bytes(OLD)
        begin = time.monotonic()
        status, _, err = home.run("config set node.port 9000")
        times.append(time.monotonic() - begin)
        assert status == program.DONE and home.config.read_bytes() == NEW, err
    return sorted(times)[2]


def wait_until(moment):
    """To a few microseconds: a sleep would be too coarse for the life of this program."""
    while time.monotonic() < moment:
        pass


def wait_for_save(home, child, known):
    """Until the temporary file appears or the program ends."""
    while child.poll() is None and len(list(home.work.iterdir())) == known:
        pass


def one_round(home, choose, span, at_save):
    """One killed save; (killed before it ended, the new bytes stand)."""
    home.config.write_bytes(OLD)
    known = len(list(home.work.iterdir()))
    with home.start("config set node.port 9000") as child:
        begin = time.monotonic()
        if at_save:
            wait_for_save(home, child, known)
            begin, span = time.monotonic(), span / 10
        wait_until(begin + choose.uniform(0, span))
        child.send_signal(signal.SIGKILL)
        child.communicate(timeout=program.DEADLINE)
    found = home.config.read_bytes()
    if found not in (OLD, NEW):
        raise AssertionError(f"neither the old nor the new bytes: {found!r}")
    if child.returncode not in (program.DONE, -signal.SIGKILL):
        raise AssertionError(f"ended with {child.returncode}")
    if child.returncode == program.DONE and found != NEW:
        raise AssertionError("reported as done, but the old bytes stand")
    return child.returncode != program.DONE, found == NEW


# proves: NFR-1/1.2
def a_killed_save_leaves_no_half_written_file(home, seed, rounds):
    choose, span = random.Random(seed), life(home) * 1.1
    before = after = ended = number = 0
    deadline = time.monotonic() + MOST_SECONDS
    # Both sides of the rename must have been seen, else nothing was tested.
    while number < rounds or (not (before and after) and time.monotonic() < deadline):
        number += 1
        killed, new = one_round(home, choose, span, number % 2 == 0)
        before, after = before + (killed and not new), after + (killed and new)
        ended += not killed
    left = leftovers(home)
    for path in left:
        if not program.TEMPORARY.fullmatch(path.name):
            raise AssertionError(f"not the name of a temporary file: {path.name}")
        if path.read_bytes() not in (b"", OLD, NEW):
            raise AssertionError(f"{path.name} holds {path.read_bytes()!r}")
    print(f"{number} rounds of {span * 1000:.1f} ms: {before} died before the rename, {after} after"
          f" it, {ended} ended first; {len(left)} temporary files were left")
    if not before or not after:
        raise AssertionError("the kills never fell on both sides of the rename")


def leftovers_do_not_disturb_a_later_save(home):
    home.config.write_bytes(OLD)
    for name in ("aaaaaa", "222222", "zzzzzz"):
        (home.work / f".node_config.yaml.kwaainet-{name}").write_bytes(b"node: [")
    left = {path: path.read_bytes() for path in leftovers(home)}
    for words in ("config set node.port 9000", "config check", "config get node.port"):
        status, out, err = home.run(words)
        if status != program.DONE:
            raise AssertionError(f"{words}: {status}\n{out}{err}")
    if home.config.read_bytes() != NEW or out != "9000\n":
        raise AssertionError(f"the later save did not save: {home.config.read_bytes()!r}")
    if {path: path.read_bytes() for path in leftovers(home)} != left:
        raise AssertionError("a later save touched the files of others")


def leftovers_of_long_ago_go_with_the_next_save(home):
    """But not those of another file, nor files of others that are only called alike."""
    for path in leftovers(home):
        path.unlink()
    home.config.write_bytes(OLD)
    names = (".node_config.yaml.kwaainet-aaaaaa", ".node_config.yaml.kwaainet-bbbbbb",
             ".other.yaml.kwaainet-cccccc", ".node_config.yaml.kwaainet-mine")
    for name in names:
        (home.work / name).write_bytes(b"")
        if name != names[1]:
            os.utime(home.work / name, (time.time() - LONG_AGO,) * 2)
    status, out, err = home.run("config set node.port 9000")
    if status != program.DONE:
        raise AssertionError(f"{status}\n{out}{err}")
    if {path.name for path in leftovers(home)} != set(names[1:]):
        raise AssertionError(f"there are {leftovers(home)}")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__.strip())
    program.PROGRAM = Path(sys.argv[1]).resolve()
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(2**32)
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 200
    print(f"seed {seed}", flush=True)
    with program.Home() as home:
        a_killed_save_leaves_no_half_written_file(home, seed, rounds)
        leftovers_do_not_disturb_a_later_save(home)
        leftovers_of_long_ago_go_with_the_next_save(home)


main()
