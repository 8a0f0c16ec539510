"""The rows of ./dev bench --serving: a node that serves the blocks of a model, from its start to
what its clients get, and beside a server of Petals where the tests have installed one."""
import contextlib
import json
import os
import signal
import statistics
import subprocess
import tempfile
import threading
from pathlib import Path

import medium
import node
import peers
from network import BENCH, BUILD, MIB, ROOT

PREFIX = "medium-hf"
ROUNDS, STARTS = 5, 9
SESSIONS, CONTEXT, LENGTH, WINDOW_MS = 32, 32, 2048, 3000
STEPS_MS = 200  # no more steps than a session of LENGTH may have
LONG = (8, 1024, 1056)  # sessions, tokens that they begin with, tokens that they may have
CACHE_TOKENS = SESSIONS * LENGTH
REST_MIB = 64
PETALS_ROUNDS, PETALS_STEPS, PETALS_S = 6, 24, 300
TYPES = {"float32": None, "bfloat16": 1 / 3}  # budgets beside Petals
ALONE = ("--set", "network.new_swarm=true")
THREADS = len(os.sched_getaffinity(0))


def settings(model, dtype="bfloat16"):
    values = {"model.path": model.folder, "model.name": "medium", "model.dht_prefix": PREFIX,
              "model.start_block": 0, "model.end_block": model.blocks, "model.dtype": dtype,
              "performance.cache_tokens": CACHE_TOKENS, "performance.max_sequence_tokens": LENGTH}
    return [word for key, value in values.items() for word in ("--set", f"{key}={value}")]


class Server(node.Node):
    """A node that is ONLINE, alone or in somebody's swarm."""

    def __init__(self, home, model, *words, dtype="bfloat16"):
        super().__init__(home, *settings(model, dtype), *(words or ALONE))
        self.home, self.model = home, model
        while self.wait("state")["state"] != "ONLINE":
            pass
        told = self.told("listening")
        self.id = told["peer_id"]
        self.address = node.address_of(told["port"], self.id)

    def serving(self):
        done = subprocess.run([BUILD / "kwaainet", "status", "--json", "--home",
                               self.home / "data"], env=node.environment(self.home), check=True,
                              capture_output=True, text=True, timeout=30)
        return json.loads(done.stdout)["serving"]

    def words(self, mode, *numbers):
        return [str(word) for word in (BENCH / "bench_sessions", mode, self.address, PREFIX, 0,
                                       self.model.blocks, self.model.hidden, *numbers)]

    @contextlib.contextmanager
    def sessions(self, count, context, length, window_ms):
        """What they did within the time, and `busy_us` of computing a step; open in the block."""
        with subprocess.Popen(self.words("run", count, context, length, window_ms), text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client:
            if not client.stdout.readline():
                raise RuntimeError("no sessions")
            before = self.serving()
            client.stdin.write("\n")
            client.stdin.flush()
            told, after = json.loads(client.stdout.readline()), self.serving()
            steps = after["steps"] - before["steps"]
            yield {**told, "busy_us": (after["busy_s"] - before["busy_s"]) * 1e6 / steps}
            client.stdin.close()

    def run(self, *numbers):
        with self.sessions(*numbers) as told:
            return told

    def memory(self):
        text = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(text.split("VmHWM:")[1].split()[0])


@contextlib.contextmanager
def server(model, *words, **options):
    with node.private_home() as home, Server(home, model, *words, **options) as one:
        yield one


def start(model):
    """From exec on; what the test computes is not counted, and its time is told by the node."""
    whole, besides = [], []
    for _ in range(STARTS):
        with node.private_home() as home, Server(home, model) as one:
            took = (one.told("state")["time"] - one.began) * 1000
            whole.append(took)
            besides.append(took - one.told("serving")["test_ms"])
    yield ("start, exec to ONLINE without its self-test, ms / 300 ms", statistics.median(besides),
           300, 1)
    yield ("the same with its self-test, ms / 300 ms", statistics.median(whole), 300, None)


def memory(model):
    """The most that there was; beside it the weights once, mapped or not. Every session is as long
    as it may be: all of the cache that counts is in use."""
    count, context, length = LONG
    with server(model, "--set", "model.quant_type=nf4", *ALONE) as one:
        yield ("server at rest, weights made nf4, KiB / weights + 64 MiB", one.memory(),
               one.serving()["weight_bytes"] // 1024 + REST_MIB * MIB, 1)
    with server(model) as one:
        weights = one.serving()["weight_bytes"] // 1024
        yield ("server at rest, mapped weights, KiB / weights + 64 MiB", one.memory(),
               weights + REST_MIB * MIB, 1)
        with one.sessions(count, context, length, 200):
            cache = one.serving()["cache_bytes_used"] // 1024
            yield (f"{count} sessions of {context} tokens, KiB / weights + cache + 64 MiB",
                   one.memory(), weights + cache + REST_MIB * MIB, 1)


def many(model):
    got = {1: [], SESSIONS: []}
    with server(model) as one:
        for number in range(ROUNDS):
            for count in sorted(got, reverse=bool(number % 2)):
                got[count].append(one.run(count, CONTEXT, LENGTH, WINDOW_MS))
        freed = [json.loads(subprocess.run(
            one.words("killed", SESSIONS, CONTEXT, LENGTH), stdout=subprocess.PIPE, check=True,
            timeout=120).stdout)["free_us"] for _ in range(3)]
    alone, together = got[1], got[SESSIONS]
    each = statistics.median(1e6 / told["tokens_per_s"] for told in alone)
    gain = statistics.median(b["tokens_per_s"] / a["tokens_per_s"]
                             for a, b in zip(alone, together))
    yield (f"a token of {SESSIONS} sessions together, µs / of one", each / gain, each, 0.25)
    yield (f"{SESSIONS} sessions, tokens of the first / of the last",
           statistics.median(told["most"] for told in together),
           statistics.median(told["least"] for told in together), 1.2)
    yield (f"cache of {SESSIONS} sessions of a killed client, µs until it is free / 1 s",
           statistics.median(freed), 1e6, 1)


def steps(model, what):
    """Over the wire, without what the node computes for them."""
    with server(model) as one:
        took = [one.run(1, CONTEXT, LENGTH, STEPS_MS) for _ in range(4 * ROUNDS)]
    yield (f"a step on an open session, {what}, µs beside computing / 500 µs",
           statistics.median(told["mean_us"] - told["busy_us"] for told in took), 500, 1)


def beside_petals(model):
    environment = {**os.environ, "OMP_NUM_THREADS": str(THREADS)}
    for dtype, budget in TYPES.items():
        with contextlib.ExitStack() as stack:
            swarm = stack.enter_context(peers.start("swarm", "--nodes", 1, "--models", "none"))
            ours = stack.enter_context(server(model, "--bootstrap", swarm.addr, dtype=dtype))
            theirs = stack.enter_context(peers.start(
                "petals", "--peer", swarm.addr, "--blocks", f"0:{model.blocks}", "--dtype", dtype,
                "--model", model.folder, "--prefix", PREFIX, deadline=180, env=environment))
            told = client(model, swarm.addr, dtype, ours.id, theirs.id)
        for what, limit in (("token", budget), ("prompt", None)):
            yield (f"{dtype}, a {what} to a Petals client, µs / from a Petals server",
                   told[ours.id][what] * 1000, told[theirs.id][what] * 1000, limit)


def client(model, peer, dtype, *servers):
    """It leads a group of processes, which ends with it."""
    words = [peers.INSTALLED / "petals/bin/python", ROOT / "bench/petals_session.py", model.folder,
             PREFIX, peer, dtype, PETALS_ROUNDS, PETALS_STEPS, *servers]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    with subprocess.Popen([str(word) for word in words], env=environment, text=True,
                          stdout=subprocess.PIPE, start_new_session=True) as process:
        def end():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

        guard = threading.Timer(PETALS_S, end)
        guard.start()
        try:
            return json.loads(process.stdout.readline())
        finally:
            guard.cancel()
            end()


def rows():
    with tempfile.TemporaryDirectory(prefix="kwaainet-bench-") as folder:
        whole, narrow = (Path(folder) / name for name in ("medium", "narrow"))
        whole, narrow = medium.Model(whole), medium.Model(narrow, narrow=True)
        found = [*start(whole), *memory(whole), *many(whole),
                 *steps(narrow, "next to nothing to compute"), *steps(whole, "4 blocks")]
        if peers.installed("hivemind") and peers.installed("petals"):
            found += beside_petals(whole)
    return found
