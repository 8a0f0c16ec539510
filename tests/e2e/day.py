#!/usr/bin/env python3
"""A day of a whole node that serves, its swarm around it, under a virtual clock.

usage: day.py PROGRAM CLOCK [--hours N]      CLOCK: the built tests/clock

The program is the unmodified one; for it the time between two things that happen is left out. In
that day it is reloaded every ten minutes, its bootstraps end and come back, peers are killed, the
clock of its machine is set forward and back, the machine sleeps, the file of its weights is cut and
put back, a window narrows its memory and another one pauses it in the night, in which summer time
begins. After each the node must come to be as it should. After a first part of the day it is left
at rest and measured, and at the end again: as many descriptors, no more memory, its blocks seen
through the bootstraps. With fewer hours the same happens, closer together.
"""
import argparse
import collections
import datetime
import json
import os
import shutil
import signal
import sys
import time
import zoneinfo
from pathlib import Path

import metrics
import program
from bad_luck import free_port
from program import DONE
from soak import BLOCKS, GROWTH, QUARANTINE, SANITIZED, SMALL, TINY, WIDE
from started import Node, first_of_a_swarm, own_network
from virtual import OTHERS, OURS, Clock

DAY, HOUR, MINUTE = 24, 3600, 60
ZONE = "Europe/Berlin"
PACE = 120  # seconds between two rounds of announcements, by a tenth more or less
NARROW = 6 / 1024  # GiB that some of the blocks and their caches fit in
SOON = 5 * MINUTE  # until the node has to be as it should
LATE = 1.1 * PACE + 5  # since others took its records
LOOKED = MINUTE + 1  # a node looks at its windows so often
RELOADED = 10 * MINUTE
RETRIES = 150  # rounds while nobody is there, or the clock is wrong
WARM = HOUR  # until it is measured for the first time
REAL_BOUND = 1200  # real seconds
STEPS = 512 << 10  # bytes: two by which the heap grows, which a short day does not level out
LOOKS = 20  # while it is at rest
SKIPPED = 77


class Failed(Exception):
    """The node is not what it must be."""


def spring(zone):
    """When summer time begins the next time, in seconds since 1970."""
    moment = datetime.datetime.now(datetime.timezone.utc).replace(minute=0, second=0, microsecond=0)
    hour = datetime.timedelta(hours=1)
    while moment.astimezone(zone).utcoffset() >= (moment + hour).astimezone(zone).utcoffset():
        moment += hour
    return (moment + hour).timestamp()


class Day:
    """The node, its two bootstraps, whoever else is there; and what is to happen when."""

    def __init__(self, clock, hours):
        self.clock, self.scale = clock, hours / DAY
        self.home, self.asker, self.peer_home, *self.first_homes = (
            program.Home() for _ in range(5))
        self.zone = zoneinfo.ZoneInfo(ZONE)
        self.done, self.log = collections.Counter(), self.home.root / "log" / "node.log"
        self.peer, self.number, self.windows = None, 0, {}
        self.is_sanitized = b"__asan_init" in program.PROGRAM.read_bytes()
        self.rested = max(self.at(0.25), 5 * MINUTE)
        self.is_narrow, self.took = False, collections.defaultdict(float)
        clock.begin_at(spring(self.zone) - self.at(14.2))
        self.model = self.home.root / "model"
        shutil.copytree(TINY, self.model)
        self.ports = [free_port() for _ in self.first_homes]
        self.firsts = [None, None]
        self.start_first(0)
        self.start_first(1)
        self.addresses = [first.address for first in self.firsts]
        self.write()
        self.node = Node(self.home, "--no-save", env=self.environment(OURS) | {"TZ": ZONE})
        self.node.wait("state", state="ONLINE")
        self.began = clock.now()

    def at(self, hours):
        """Seconds from the beginning, of a day that may be short."""
        return hours * HOUR * self.scale

    # What is around the node.

    def environment(self, machine=OTHERS):
        told = self.clock.environment(machine)
        if self.is_sanitized:  # whose library need not be the first one that is loaded
            told["ASAN_OPTIONS"] = f"verify_asan_link_order=0:quarantine_size_mb={QUARANTINE}"
        return told

    def start_first(self, which):
        """On its own port; through the other one, where that is there."""
        words = *SMALL, "--no-save", "--port", self.ports[which]
        home, env, other = self.first_homes[which], self.environment(), self.firsts[1 - which]
        if other is None:
            self.firsts[which] = first_of_a_swarm(home, *words, env=env)
            return
        self.firsts[which] = Node(home, *words, "--bootstrap", other.address, env=env)
        self.firsts[which].wait("joined")

    def end_first(self, which, number):
        status = self.firsts[which].end(number)
        if status != (DONE if number == signal.SIGINT else -signal.SIGKILL):
            raise Failed(f"a bootstrap ended with {status}: {self.firsts[which].err}")
        self.firsts[which].__exit__()
        self.firsts[which] = None

    def window(self, name, begins, lasts, limits):
        """From a moment of the day, in local time as its owner writes it."""
        begin = datetime.datetime.fromtimestamp(self.clock.time_of_day() + self.at(begins),
                                                self.zone).replace(second=0, microsecond=0)
        self.windows[name] = begin.timestamp(), self.at(lasts)
        return {"name": name, "cron": f"{begin.minute} {begin.hour} * * *",
                "duration": f"{int(self.at(lasts))}s", "timezone": "local", "limits": limits}

    def write(self):
        """A file with another name of the node each time, which others read at once."""
        if self.number == 0:
            self.schedules = [self.window("evening", 8, 1, {"max_memory_gb": NARROW}),
                              self.window("night", 13, 3, {"max_models": 0})]
        told = {"node": {"name": f"day-{self.number}"},
                "model": {"repository": "someone/tiny", "path": self.model},
                "network": {"bootstrap_peers": json.dumps(self.addresses)},
                "performance": {"cache_tokens": 8192, "throughput": 10 + self.number % 2},
                "dht": {"announce_interval": f"{PACE}s"},
                "resources": {"max_memory_gb": WIDE, "schedules": json.dumps(self.schedules)},
                "logging": {"file_path": self.log}}
        new = self.home.config.with_suffix(".new")
        new.write_text("".join(f"{section}:\n" + "".join(f"  {key}: {value}\n"
                                                         for key, value in values.items())
                               for section, values in told.items()))
        new.rename(self.home.config)

    # What it says of itself, and what others see.

    def ask(self, words):
        status, out, err = self.home.run(words, env=self.environment(OURS))
        if self.node.process.poll() is not None:
            raise Failed(f"the node ended with {self.node.process.returncode}")
        if status != DONE:
            raise Failed(f"kwaainet {words}: status {status}: {out}{err}")
        return out

    def status(self):
        return json.loads(self.ask("status --json"))

    def verdict(self, name):
        return next(check["verdict"] for check in self.status()["health"]["checks"]
                    if check["name"] == name)

    def seen(self, which=0):
        """Blocks that whoever asks that bootstrap sees ONLINE."""
        _, out, err = self.asker.run("network", "coverage", "tiny-hf", "--json", "--bootstrap",
                                     self.addresses[which], env=self.environment(OTHERS))
        if not out:
            raise Failed(err)
        return sum(block["online"] == 1 for block in json.loads(out).get("blocks", ()))

    def until(self, what, true, step=5):
        """Within a bound of the clock's own."""
        began = self.clock.now()
        while not true():
            if self.clock.now() - began > SOON:
                raise Failed(f"it did not come: {what}: {self.status()}")
            self.clock.go(self.clock.now() + step)
        self.took[what] = max(self.took[what], self.clock.now() - began)

    def serves(self):
        """How many blocks; as many as there should be."""
        told = self.status()
        blocks = told["end_block"] - told["start_block"]
        if told["state"] != "ONLINE" or told["paused"] or (blocks < BLOCKS) != self.is_narrow:
            return 0
        return blocks

    def shown(self, which=0):
        blocks = self.serves()
        return blocks > 0 and self.seen(which) == blocks

    def is_fresh(self):
        told = self.status()
        age = self.clock.time_of_day(OURS) - told["announced"]["at"]
        acknowledged = told["announced"]["acknowledged"] == told["announced"]["records"]
        return told["paused"] or (acknowledged and age < LATE)

    # What happens.

    def reload(self):
        """Until then it has announced as often as it should."""
        self.until("what is announced", self.is_fresh, step=1)
        self.number += 1
        self.write()
        if self.number % 2:
            self.node.process.send_signal(signal.SIGHUP)
        else:
            self.ask("reload")
        self.until("another name", lambda: self.status()["name"] == f"day-{self.number}", step=1)

    def bootstrap(self):
        which = self.done["bootstrap"] % 2
        self.end_first(which, signal.SIGKILL if self.done["bootstrap"] % 4 < 2 else signal.SIGINT)
        self.clock.go(self.clock.now() + self.at(0.1))
        if self.node_pauses():
            self.start_first(which)
            return
        if not self.serves():
            raise Failed(f"one bootstrap is away, and the node says {self.status()}")
        self.start_first(which)
        self.until("records at a bootstrap that came back", lambda: self.shown(which))

    def both_bootstraps(self):
        """Nobody is left in the swarm."""
        for which in (0, 1):
            self.end_first(which, signal.SIGKILL)
        self.until("a node that feels cut off", lambda: self.verdict("bootstraps") == "failing")
        self.clock.go(self.clock.now() + self.at(0.3))
        for which in (0, 1):
            self.start_first(which)
        for which in (0, 1):
            self.until("records after a time without anybody", lambda: self.shown(which))

    def new_peer(self):
        self.peer = Node(self.peer_home, *SMALL, "--no-save", "--bootstrap", self.addresses[0],
                         env=self.environment(OTHERS))
        self.peer.wait("joined")

    def kill_peer(self):
        self.peer.process.kill()
        self.peer.__exit__()
        self.peer = None

    def clock_ahead(self):
        self.set_clock(1)

    def clock_behind(self):
        self.set_clock(-1)

    def set_clock(self, hours):
        """One way, and later the other way."""
        self.clock.set(OURS, self.at(hours))
        self.until("a clock that is wrong", lambda: self.verdict("clock") == "failing")
        self.clock.go(self.clock.now() + self.at(0.5))
        self.clock.set(OURS, -self.at(hours))
        self.until("a clock that is right", lambda: self.verdict("clock") == "healthy")
        self.until("records after the clock was set", self.shown)

    def sleep(self):
        self.node.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.node.process.pid, os.WSTOPPED | os.WNOWAIT)
        self.clock.sleep(OURS, self.at(2))
        self.node.process.send_signal(signal.SIGCONT)
        self.until("records after the machine slept", self.shown, step=1)

    def files_lost(self):
        """And back before it is tried for the second time."""
        weights = self.model / "model.safetensors"
        whole = weights.read_bytes()
        os.truncate(weights, len(whole) // 2)
        self.until("blocks whose file was cut",
                   lambda: self.status()["serving"]["stage"] == "failed")
        self.clock.go(self.clock.now() + 2 * MINUTE)
        if self.seen() or self.status()["serving"]["stage"] != "failed":
            raise Failed(f"half of a file is served: {self.status()}")
        new = weights.with_suffix(".new")
        new.write_bytes(whole)
        new.rename(weights)
        self.until("blocks whose file was put back", self.shown)

    def narrow(self):
        self.is_narrow = True
        self.until("fewer blocks", self.shown)

    def wide(self):
        self.is_narrow = False
        self.until("all blocks again", self.shown)

    def node_pauses(self):
        return self.status()["paused"] is not None

    def paused_now(self):
        self.until("a pause", lambda: self.node_pauses() and self.status()["state"] == "OFFLINE")
        if self.seen():
            raise Failed("a node that pauses is seen")

    def goes_on(self):
        self.until("the end of a pause", self.shown)

    # The course of it.

    def plan(self):
        """(second, what happens), in order."""
        minute = MINUTE / HOUR / self.scale  # in hours of the day, whatever their length
        plan = [(5.3, self.clock_ahead), (7.15, self.clock_behind), (8 + minute, self.narrow),
                (9 + minute, self.wide), (9.2, self.both_bootstraps), (10.8, self.sleep),
                (13 + minute, self.paused_now), (16 + minute, self.goes_on),
                (17.7, self.files_lost)]
        plan += [(hour + 0.5, self.bootstrap) for hour in range(2, DAY, 2)]
        plan += [(hour + 1.1, self.new_peer) for hour in range(0, DAY, 3)]
        plan += [(hour + 1.4, self.kill_peer) for hour in range(0, DAY, 3)]
        plan = [(self.at(hour), event) for hour, event in plan]
        end = int(self.at(DAY) - self.rested - RELOADED)
        plan += [(second, self.reload) for second in range(RELOADED // 2, end, RELOADED)]
        return sorted(plan, key=lambda one: one[0])

    def run(self):
        """What it holds after the first part of the day, and at the end."""
        before = None
        for second, event in self.plan():
            if before is None and second > WARM:
                before = self.rest()
            self.clock.go(self.began + second)
            event()
            self.done[event.__name__] += 1
        self.clock.go(self.began + self.at(DAY) - self.rested)
        return before, self.rest()

    def rest(self):
        """(descriptors, memory) while nobody but the bootstraps is there: what it always holds."""
        for which in (0, 1):
            self.until("blocks that others see", lambda: self.shown(which))
        looks = []
        for _ in range(LOOKS):
            self.clock.go(self.clock.now() + self.rested / LOOKS)
            looks.append((self.descriptors(), self.memory()))
        return tuple(map(min, zip(*looks)))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.node.process.pid}/fd"))

    def memory(self):
        pages = Path(f"/proc/{self.node.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGESIZE")

    # At the end.

    def counts(self):
        """What the node has counted is what has happened, and as often as it should."""
        values = metrics.read(self.ask("status --metrics"))
        reloads, rounds = (int(values[f"kwaainet_{name}_total"])
                           for name in ("reloads", "announce_rounds"))
        if reloads != self.done["reload"] or values["kwaainet_reload_failures_total"]:
            raise Failed(f"{self.done['reload']} reloads, and {reloads} are counted")
        awake = self.clock.now() - self.began - self.at(2) - self.windows["night"][1]
        least, most = 0.9 * awake / PACE, 1.1 * awake / PACE + reloads + RETRIES
        if not least <= rounds <= most:
            raise Failed(f"{rounds} rounds of announcements in {awake:.0f} s awake, not "
                         f"{least:.0f} to {most:.0f}")
        return reloads, rounds

    def leave(self):
        """It ends as it should; and it has paused once, from the first to the last second."""
        status = self.node.end()
        if status != DONE or "Sanitizer" in self.node.err or "runtime error" in self.node.err:
            raise Failed(f"the node ended with {status}: {self.node.err}")
        begin, length = self.windows["night"]
        pauses = [told for told in self.node.events if told["event"] in ("paused", "resumed")]
        late = [told["time"] - begin for told in pauses]
        if [told["event"] for told in pauses] != ["paused", "resumed"] or not (
                0 <= late[0] < LOOKED and 0 <= late[1] - length < LOOKED):
            raise Failed(f"a pause from {begin:.0f} for {length:.0f} s, and these: {pauses}")
        if "not on this machine" in self.log.read_text():
            raise Failed("the log says that files are not there")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            print(f"failed at {self.clock.now() - self.began:.0f} s", file=sys.stderr)
            self.node.process.send_signal(signal.SIGCONT)
            self.node.process.kill()
            self.node.ended()
            for told in self.node.events[-20:]:
                print(json.dumps(told), file=sys.stderr)
            if self.log.exists():
                print("".join(self.log.read_text().splitlines(True)[-40:]), file=sys.stderr)
        for one in (self.node, self.peer, *self.firsts):
            if one:
                one.__exit__()


def judge(before, after, is_sanitized, hours):
    """Raises where the node has grown."""
    for when, (descriptors, memory) in (("after an hour", before), ("at the end", after)):
        print(f"{when}: {descriptors} descriptors, {memory / 1024:.0f} KiB")
    if after[0] != before[0]:
        raise Failed(f"{before[0]} descriptors became {after[0]}")
    bound = before[1] * GROWTH + (SANITIZED if is_sanitized else STEPS if hours < DAY else 0)
    if after[1] > bound:
        raise Failed(f"{before[1]} bytes became {after[1]}, more than {bound:.0f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=Path)
    parser.add_argument("clock", type=Path, help="the built tests/clock")
    parser.add_argument("--hours", type=float, default=DAY)
    words = parser.parse_args()
    program.PROGRAM = words.program.resolve()
    try:
        zoneinfo.ZoneInfo(ZONE)
    except zoneinfo.ZoneInfoNotFoundError:
        print("skipped: this system has no time zones (the package tzdata)")
        sys.exit(SKIPPED)
    began = time.monotonic()
    own_network()
    with Day(Clock(words.clock.resolve(), REAL_BOUND), words.hours) as day:
        before, after = day.run()
        for name, count in sorted(day.done.items()):
            print(f"  {count:5} {name}")
        for name, seconds in sorted(day.took.items()):
            print(f"  {seconds:5.0f} s at most until {name}")
        reloads, rounds = day.counts()
        judge(before, after, day.is_sanitized, words.hours)
        day.leave()
        print(f"day: {words.hours:g} hours in {time.monotonic() - began:.0f} s and "
              f"{day.clock.leaps} leaps: {reloads} reloads, {rounds} rounds of announcements, "
              "one pause; the node is as it was")


if __name__ == "__main__":
    main()
