#!/usr/bin/env python3
"""A node that serves for long while everything around it goes wrong, in an order drawn by chance.

usage: soak.py PROGRAM [--seconds N] [--seed N]

What happens to it is done by a person (reloads, pauses, questions), by the network (bootstrap,
peers, the loopback interface) or to its files. After each of them the node must come to be as the
script has it written down. Each happens four times, then the node is left at rest and measured;
after the given time it is left at rest again: as many descriptors, no more memory, its blocks seen
through the bootstrap. The same seed gives the same draws; what the node does meanwhile is its own.
"""
import argparse
import collections
import json
import os
import random
import select
import shutil
import signal
import sys
import time
from pathlib import Path

import metrics
import program
from bad_luck import free_port
from program import CONFIGURATION, DONE
from reach import set_loopback
from started import Node, first_of_a_swarm, own_network

TINY = Path(__file__).resolve().parent.parent / "vectors" / "petals" / "tiny"
BLOCKS = 4
SETTLED = 60  # seconds until the node must be as it is written down
CALM = 20  # looks one after another in which nothing may change any more
PEERS, HOMES = 3, 16  # at once; in all: a node remembers each, and who is killed may come back
GROWTH = 1.05  # memory at the end beside that after the first round
QUARANTINE = 8  # MiB: the address sanitizer keeps what was freed, up to so much
SANITIZED = 24 << 20  # bytes more with it: what was freed, and where each allocation came from
WIDE, NARROW = "8GiB", "6MiB"  # what the blocks and their caches fit in, and some of them
SMALL = ("--model=TinyLlama-1.1B-Chat-v1.0", "--max-memory", "512MiB")
BROKEN = ("node: [", "node:\n  port: 0\n", "dht:\n  announce_interval: soon\n",
          "nmae: x\n", "\0\0\0", "")


class Failed(Exception):
    """The node is not what it must be."""


def settings(number):
    """What the file says, before anything is drawn."""
    return {"node": {"name": f"soak-{number}"},
            "model": {"repository": "someone/tiny"},
            "network": {"max_connections": 100},
            "performance": {"cache_tokens": 8192, "throughput": 10},
            "dht": {"announce_interval": "10m"},
            "resources": {"max_memory_gb": WIDE},
            "health": {"check_interval": "1s", "timeout": "1s"},
            "logging": {"level": "info", "format": "text"}}


def drawn(chance, number):
    """The same with other values where others may stand while the node runs."""
    told = settings(number)
    told["network"]["max_connections"] = chance.choice((8, 100, 500))
    told["performance"]["throughput"] = chance.randint(1, 1000)
    told["dht"]["announce_interval"] = chance.choice(("1s", "5s", "10m"))
    told["health"]["check_interval"] = chance.choice(("500ms", "1s", "3s"))
    told["logging"]["level"] = chance.choice(("info", "debug", "trace"))
    told["logging"]["format"] = chance.choice(("text", "json"))
    return told


class Soak:
    """The node, what is around it, and how both must be now."""

    def __init__(self, seed, alone):
        self.chance, self.alone = random.Random(seed), alone
        self.home, self.first_home, self.asker = (program.Home() for _ in range(3))
        self.sanitized = b"__asan_init" in program.PROGRAM.read_bytes()
        self.log = self.home.root / "log" / "node.log"
        self.model = self.home.home / "tiny"
        shutil.copytree(TINY, self.model)
        for file in self.model.iterdir():
            file.chmod(0o600)
        self.done, self.lately = collections.Counter(), collections.deque(maxlen=20)
        self.peers, self.left, self.closing = {}, [], []  # who runs where; homes without anybody
        self.homes = 0  # that were made
        self.number, self.is_broken, self.is_narrow, self.is_paused = 0, False, False, False
        self.port = free_port()  # outside of where the others look for theirs
        self.first = self.start_first()
        self.address = self.first.address
        self.write(settings(self.number))
        self.node = Node(self.home, "--no-save", env=self.sanitizers())
        self.node.wait("state", state="ONLINE", deadline=SETTLED)

    # What is around the node.

    def sanitizers(self):
        return {"ASAN_OPTIONS": f"quarantine_size_mb={QUARANTINE}"} if self.sanitized else None

    def start_first(self):
        return first_of_a_swarm(self.first_home, *SMALL, "--no-save", "--port", self.port)

    def write(self, told):
        """A file that is never there by half; the node may look at it at any time."""
        told["model"]["path"] = self.model
        told["network"]["bootstrap_peers"] = f"[{self.address}]"
        told["logging"]["file_path"] = self.log
        told["resources"]["max_memory_gb"] = NARROW if self.is_narrow else WIDE
        self.put("".join(f"{section}:\n" + "".join(f"  {key}: {value}\n"
                                                   for key, value in values.items())
                         for section, values in told.items()))

    def put(self, text):
        new = self.home.config.with_suffix(".new")
        new.write_text(text)
        new.rename(self.home.config)

    def ask(self, words, want=DONE, home=None):
        """What the program prints; it must end so."""
        status, out, err = (home or self.home).run(words)
        if self.node.process.poll() is not None:
            raise Failed(f"the node ended with {self.node.process.returncode}")
        if status != want or "Sanitizer" in err or "runtime error" in err:
            raise Failed(f"kwaainet {words}: status {status}: {out}{err}")
        return out

    def status(self):
        return json.loads(self.ask("status --json"))

    def seen(self):
        """Blocks that whoever asks the bootstrap sees ONLINE."""
        status, out, err = self.asker.run("network", "coverage", "tiny-hf", "--json",
                                          "--bootstrap", self.address)
        self.last, told = (status, out, err), json.loads(out)
        return sum(block["online"] == 1 for block in told.get("blocks", ()))  # or not even a model

    @staticmethod
    def until(what, true, last=lambda: ""):
        """Looked at again and again; each look waits for the node's answer."""
        end = time.monotonic() + SETTLED
        while not (found := true()):
            if time.monotonic() > end:
                raise Failed(f"it did not come: {what}: {last()}")
            select.select([], [], [], 0.05)
        return found

    # How the node must be.

    def differs(self, told):
        """What is not as it is written down, or None."""
        length = told["end_block"] - told["start_block"]
        serving = told["serving"] and told["serving"]["stage"]
        if self.is_broken:
            if told["config"]["reload_ok"] is not False:
                return "the broken file is not told"
        elif told["name"] != f"soak-{self.number}":
            return f"it goes by the configuration before {self.number}"
        if self.is_paused:
            fits = told["paused"] and told["state"] == "OFFLINE"
            return None if fits else "it does not pause"
        if told["paused"] or serving != "serving" or told["state"] not in ("ONLINE", "JOINING"):
            return "it does not serve"
        if told["state"] == "JOINING" and self.first:
            return "it is not ONLINE"
        is_narrow = 0 < length < BLOCKS
        return None if is_narrow == self.is_narrow else f"{length} blocks"

    def fits(self):
        told = self.status()
        self.last = self.differs(told), told
        return not self.last[0]

    def settled(self):
        self.until("as it is written down", self.fits, lambda: self.last)

    # What happens to it.

    def reload(self, told=None):
        """A file that holds, read because of a signal or a command."""
        self.number, self.is_broken = self.number + 1, False
        self.write(told or drawn(self.chance, self.number))
        if self.chance.random() < 0.5:
            self.node.process.send_signal(signal.SIGHUP)
        else:
            self.ask("reload")

    def storm_of_reloads(self):
        for _ in range(self.chance.randint(5, 30)):
            self.number += 1
            self.write(drawn(self.chance, self.number))
            self.node.process.send_signal(signal.SIGHUP)
        self.is_broken = False

    def broken_file(self):
        self.put(self.chance.choice(BROKEN[:-1]))
        self.is_broken = True
        if self.chance.random() < 0.5:
            self.node.process.send_signal(signal.SIGHUP)
        else:
            self.ask("reload", CONFIGURATION)

    def limit(self):
        self.is_narrow = not self.is_narrow
        self.reload()

    def pause(self):
        self.is_paused = not self.is_paused
        self.ask("pause" if self.is_paused else "resume")

    def short_pause(self):
        if not self.is_paused:
            self.ask("pause 1s")
            self.until("the end of a pause", lambda: not self.status()["paused"])

    def bootstrap(self):
        """Gone in a moment or with a word; and back at the same place."""
        if self.first:
            kind = self.chance.choice((signal.SIGKILL, signal.SIGINT))
            status = self.first.end(kind)
            if status != (DONE if kind == signal.SIGINT else -signal.SIGKILL):
                raise Failed(f"the bootstrap ended with {status}: {self.first.err}")
            self.first.__exit__()
            self.first = None
            return
        self.first = self.start_first()
        if not self.is_paused:
            self.until("records at the bootstrap that came back", self.seen, lambda: self.last)

    def interface(self):
        """For a moment, or until the node misses its bootstrap."""
        if not self.alone:
            self.done["interface: skipped"] += 1
            return
        set_loopback(False)
        try:
            if self.chance.random() < 0.5:
                self.status()
            else:
                self.until("a node that feels cut off", lambda: self.verdict() == "failing")
        finally:
            set_loopback(True)

    def verdict(self):
        return next(check["verdict"] for check in self.status()["health"]["checks"]
                    if check["name"] == "bootstraps")

    def new_peer(self):
        if len(self.peers) >= PEERS:
            return self.killed_peer()
        is_new = not self.left or (self.homes < HOMES and self.chance.random() < 0.5)
        self.homes += is_new
        home = program.Home() if is_new else self.left.pop(0)
        through = self.first.address if self.first else self.node.address
        self.peers[home] = peer = Node(home, *SMALL, "--no-save", "--bootstrap", through)
        peer.wait("joined", deadline=SETTLED)
        return None

    def killed_peer(self):
        if not self.peers:
            return self.new_peer()
        home = self.chance.choice(list(self.peers))
        peer = self.peers.pop(home)
        peer.process.kill()
        peer.__exit__()
        self.left.append(home)
        return None

    def questions(self):
        self.status()
        self.ask("status")
        metrics.read(self.ask("status --metrics"))
        self.ask("logs -n 50")
        for line in self.ask("logs --json").splitlines():
            json.loads(line)

    def log_file(self):
        """Removed; it is there again when the node is told to, or has something to write."""
        self.log.unlink()
        way = self.chance.choice(("command", "signal", "line"))
        if way == "command":
            self.ask("logs --reopen")
        elif way == "signal":
            self.node.process.send_signal(signal.SIGUSR1)
        else:  # that it is asked for its status is worth a line, each time
            told = drawn(self.chance, self.number + 1)
            told["logging"]["level"] = "debug"
            self.reload(told)
        self.until("another log file", lambda: self.status() and self.log.exists())

    def actions(self):
        return {"reload": self.reload, "storm of reloads": self.storm_of_reloads,
                "broken file": self.broken_file, "memory limit": self.limit,
                "pause or resume": self.pause, "short pause": self.short_pause,
                "bootstrap stopped or started": self.bootstrap,
                "interface": self.interface, "new peer": self.new_peer,
                "peer killed": self.killed_peer, "questions": self.questions,
                "log file removed": self.log_file}

    def act(self, name):
        self.lately.append(name)
        self.actions()[name]()
        self.settled()
        self.done[name] += 1

    # The course of it.

    def first_round(self):
        """Everything, there and back, and the heap as large as that makes it."""
        names = 8 * list(self.actions())
        self.chance.shuffle(names)
        for name in names:
            self.act(name)

    def run(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.act(self.chance.choice(list(self.actions())))

    def rest(self):
        """(descriptors, memory in bytes) when nobody but the bootstrap is there."""
        while self.peers:
            self.killed_peer()
        if self.is_paused:
            self.pause()
        if not self.first:
            self.bootstrap()
        self.is_narrow = False
        self.number += 1
        self.write(settings(self.number))
        self.is_broken = False
        self.ask("reload")
        self.settled()
        self.until("blocks seen through the bootstrap", lambda: self.seen() == BLOCKS,
                   lambda: self.last)
        looks, memory = collections.deque(maxlen=CALM), collections.deque(maxlen=CALM)

        def calm():
            looks.append((self.status()["peers"], self.descriptors()))
            memory.append(self.memory())
            select.select([], [], [], 0.1)  # memory is given back a moment after the last event
            return len(looks) == CALM and len(set(looks)) == 1 and looks[0][0] == 1

        self.until("rest", calm, lambda: list(looks))
        return self.descriptors(), min(memory)

    def descriptors(self):
        """Without that of whoever has asked a moment ago."""
        looks = []
        for _ in range(5):
            looks.append(len(os.listdir(f"/proc/{self.node.process.pid}/fd")))
            select.select([], [], [], 0.01)
        return min(looks)

    def memory(self):
        pages = Path(f"/proc/{self.node.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGESIZE")

    def what_is_open(self):
        folder = Path(f"/proc/{self.node.process.pid}/fd")
        return collections.Counter(os.readlink(one).split(":")[0] for one in folder.iterdir())

    def leave(self):
        """Both end, and have said nothing that they must not."""
        for name, one in (("the bootstrap", self.first), ("the node", self.node)):
            status = one.end()
            if status != DONE or "Sanitizer" in one.err or "runtime error" in one.err:
                raise Failed(f"{name} ended with {status}: {one.err}")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            print(f"failed after: {', '.join(self.lately)}", file=sys.stderr)
            print(f"broken {self.is_broken}, narrow {self.is_narrow}, paused {self.is_paused}, "
                  f"bootstrap {bool(self.first)}, peers {len(self.peers)}", file=sys.stderr)
            self.node.process.kill()
            self.node.ended()  # so that all its events are read
            for told in self.node.events[-40:]:
                print(json.dumps(told), file=sys.stderr)
            print(self.node.err, file=sys.stderr)
            if self.log.exists():
                print("".join(self.log.read_text().splitlines(True)[-40:]), file=sys.stderr)
        for one in (self.node, self.first, *self.peers.values()):
            if one:
                one.__exit__()


def tell(when, descriptors, memory):
    print(f"{when}: {descriptors} descriptors, {memory / 1024:.0f} KiB", flush=True)
    return descriptors, memory


def judge(soak, before, after):
    """Raises where the node has grown."""
    bound = before[1] * GROWTH + (SANITIZED if soak.sanitized else 0)
    for name, count in sorted(soak.done.items()):
        print(f"  {count:5} {name}")
    if after[0] != before[0]:
        raise Failed(f"{before[0]} descriptors became {after[0]}: {soak.what_is_open()}")
    if after[1] > bound:
        raise Failed(f"{before[1]} bytes became {after[1]}, more than {bound:.0f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=Path)
    parser.add_argument("--seconds", type=int, default=1200, help="after the first round")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    words = parser.parse_args()
    program.PROGRAM = words.program.resolve()
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup the node would pass it over
    alone = own_network()
    print(f"soak: seed {words.seed}, {words.seconds} s, "
          f"{'a network of its own' if alone else 'no network of its own: loopback stays up'}",
          flush=True)
    with Soak(words.seed, alone) as soak:
        soak.first_round()
        before = tell("after the first round", *soak.rest())
        soak.run(words.seconds)
        judge(soak, before, tell("at the end", *soak.rest()))
        soak.leave()
    print("soak: the node is as it was")


if __name__ == "__main__":
    main()
