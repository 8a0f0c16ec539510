"""The node's rows of ./dev bench: how soon it is seen, and what it costs while nothing happens."""
import contextlib
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import network
import peers
from network import BENCH, BUILD, run_json

ROUNDS = 5
STARTS = 21
LATE_S = 10
IDLE_S = 300
CHANCES = 3
TIMES = 3.5  # the usual swarm has 289 providers

class Node:
    """`kwaainet start --json` with a home of its own, ended with the block."""

    def __init__(self, home, *words):
        self.began, self.events = time.time(), []
        self.process = subprocess.Popen(
            command(home, "--json", *words), cwd=home, env=environment(home),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.guard = threading.Timer(60 + IDLE_S, self.process.kill)
        self.guard.start()

    def wait(self, event):
        for line in self.process.stdout:
            told = json.loads(line)
            self.events.append(told)
            if told["event"] == event:
                return told
        raise RuntimeError(f"ended without {event} after {self.events[-3:]}")

    def ms(self, event):
        """From the start until this happens."""
        return (self.wait(event)["time"] - self.began) * 1000

    def told(self, event):
        return next(told for told in reversed(self.events) if told["event"] == event)

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self.process.send_signal(signal.SIGINT)
        self.process.stdout.read()
        self.process.wait()
        self.guard.cancel()


def environment(home):
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return {**kept, "HOME": str(home), "HF_HUB_OFFLINE": "1"}


def command(home, *words):
    return [str(word) for word in (BUILD / "kwaainet", "start", "--home", home / "data", *words)]


@contextlib.contextmanager
def private_home():
    folder = tempfile.mkdtemp(prefix="kwaainet-bench-")
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder)


# proves: SM/1
def later(whose, address):
    """Starts of a node that has a plan; beside it what its first announcement needs at least."""
    with private_home() as home:
        words = ("--bootstrap", address)
        with Node(home, *words) as first:
            first.wait("visible")
            values = first.told("planned")["values"]
            peer = first.told("listening")["peer_id"]
        start, end = int(values["model.start_block"]), int(values["model.end_block"])
        got = run_json(BENCH / "bench_start", STARTS, address, values["model.dht_prefix"], start,
                       end - start, peer, *command(home, *words))
    yield (f"later start, exec to seen at {whose}, µs / dial and rpc_store", got["visible_us"],
           got["bare_us"], None)
    yield (f"later start, exec to seen at {whose}, µs / the same by a bare program",
           got["visible_us"], got["bare_process_us"], 2)


# A node of hivemind's stops answering now and then when peers come and go this quickly: what reads
# from its daemon ends with an exception. Another one is taken then.
def later_at_hivemind():
    for chance in range(CHANCES, 0, -1):
        with peers.start("swarm", "--nodes", "1") as swarm:
            try:
                return [*later("a hivemind node", swarm.addr)]
            except (RuntimeError, subprocess.CalledProcessError):
                if chance == 1:
                    raise
    return []


# The command's whole time: it ends when the node has told how it fares.
def detached(address):
    with private_home() as home:
        words = ("--bootstrap", address)
        with Node(home, *words) as first:
            first.wait("visible")
        samples = []
        for _ in range(STARTS):
            began = time.monotonic()
            done = subprocess.run(command(home, "--detach", "--json", *words), cwd=home, check=True,
                                  env=environment(home), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE)
            samples.append((time.monotonic() - began) * 1000)
            if json.loads(done.stdout)["outcome"] != "announced":
                raise RuntimeError(f"not announced: {done.stdout}")
            subprocess.run([BUILD / "kwaainet", "stop", "--quiet", "--home", home / "data"],
                           cwd=home, check=True, env=environment(home))
    yield ("later start --detach, exec to its end with the node announced, ms / 100 ms",
           statistics.median(samples), 100, 1)


def times(event, *words):
    """Milliseconds of several first starts until this event."""
    samples = []
    for _ in range(ROUNDS):
        with private_home() as home, Node(home, *words) as node:
            samples.append(node.ms(event))
    return statistics.median(samples)


# proves: NFR-1/1.1, NFR-1/1.1.discovery, SM/1
def first_run(swarm):
    providers = sum(model["online"] for model in swarm.ready["models"])
    yield (f"first start, 12 nodes of hivemind, {providers} providers, exec to visible, ms / 2 s",
           times("visible", "--bootstrap", swarm.addr), 2000, 1)


def address_of(port, peer):
    return f"/ip4/127.0.0.1/tcp/{port}/p2p/{peer}"


def silent():
    """Doors that open and never say a word."""
    with contextlib.ExitStack() as stack:
        doors = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        words = [word for door, key in zip(doors, "AB")
                 for word in ("--bootstrap",
                              address_of(door.getsockname()[1], peers.KEYS[key]["id"]))]
        yield ("first start, all bootstraps silent, exec to decided, ms / 5 s",
               times("planned", *words), 5000, 1)


@contextlib.contextmanager
def bootstrap(home, port=None):
    port = port or free_port()
    with Node(home, "--set", "network.new_swarm=true", "--port", port) as node:
        node.wait("listening")
        yield node, address_of(port, node.told("listening")["peer_id"])


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as door:
        return door.getsockname()[1]


def late():
    with private_home() as first, private_home() as second:
        port = free_port()
        with bootstrap(first, port) as (_node, address):
            pass
        with Node(second, "--bootstrap", address) as node:
            node.wait("planned")
            time.sleep(LATE_S)
            with bootstrap(first, port) as (appeared, _address):
                seen = node.wait("visible")["time"] - appeared.told("listening")["time"]
    yield f"a bootstrap {LATE_S} s late, its start to visible, ms / 1.5 s", seen * 1000, 1500, 1


# proves: NFR-1/1.1.cached
def offline():
    with private_home() as first, private_home() as second:
        with bootstrap(first) as (_node, address):
            with Node(second, "--bootstrap", address) as node:
                node.wait("visible")
        samples = []
        for _ in range(ROUNDS):
            with Node(second, "--bootstrap", address) as node:
                samples.append(node.ms("planned"))
    yield ("later start, nobody answers, exec to planned, ms / 200 ms",
           statistics.median(samples), 200, 1)


def ask(folder, what):
    """Milliseconds from a request at the control socket to the end of its answer."""
    with socket.socket(socket.AF_UNIX) as channel:
        channel.connect(str(folder / "run" / "node.sock"))
        began = time.perf_counter()
        channel.sendall(json.dumps({"v": 1, "do": what}).encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            answer += channel.recv(1 << 16)
        took = (time.perf_counter() - began) * 1000
    if not json.loads(answer)["ok"]:
        raise RuntimeError(answer.decode())
    return took


def run_ms(*words):
    began = time.perf_counter()
    subprocess.run([str(word) for word in words], check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - began) * 1000


def control():
    """A configuration of 200 lines that is another each time; a status beside an empty program."""
    with private_home() as home:
        file = home / "node_config.yaml"
        with bootstrap(home):
            reloads, answers, nothing = [], [], []
            for i in range(STARTS):
                file.write_text("# a remark\n" * 198 + f"performance:\n  throughput: {i + 1}\n")
                reloads.append(ask(home / "data", "reload"))
                answers.append(run_ms(BUILD / "kwaainet", "status", "--home", home / "data"))
                nothing.append(run_ms("/bin/true"))
    yield "reload, asked to answered, ms / 10 ms", statistics.median(reloads), 10, 1
    yield ("status, the whole command, ms / /bin/true", statistics.median(answers),
           statistics.median(nothing), 3)


@contextlib.contextmanager
def held(ports):
    """Those of them that nobody has yet."""
    with contextlib.ExitStack() as stack:
        for port in ports:
            with contextlib.suppress(OSError):
                stack.enter_context(socket.create_server(("0.0.0.0", port)))
        yield


# proves: NFR-1/1.1.ports
def ports_in_use():
    with held(range(8080, 8100)):
        yield ("first start, 20 ports in use, exec to listening, ms / 500 ms",
               times("listening", "--set", "network.new_swarm=true"), 500, 1)


def idle():
    with private_home() as first, private_home() as second:
        with bootstrap(first) as (_node, address), Node(second, "--bootstrap", address) as node:
            node.wait("visible")
            yield ("the whole node at rest, 1 connection, KiB / 8 MiB",
                   network.resident(node.process.pid), 8 * network.MIB, 1)
            before = network.cpu_s(node.process.pid)
            time.sleep(IDLE_S)
            yield (f"the whole node at rest, 1 connection, ms of CPU / {IDLE_S} s",
                   (network.cpu_s(node.process.pid) - before) * 1000, IDLE_S * 1000, 0.0002)


def rows(is_long):
    with private_home() as home, bootstrap(home) as (_node, address):
        found = [*later("a node of ours", address), *detached(address)]
    found += [*control(), *offline(), *ports_in_use(), *silent(), *late()]
    if peers.installed("hivemind"):
        found += later_at_hivemind()
        with peers.start("swarm", "--nodes", "12", "--times", str(TIMES), deadline=120) as swarm:
            found += first_run(swarm)
    return found + (list(idle()) if is_long else [])
