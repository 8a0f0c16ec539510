"""The network's rows of ./dev bench: what other implementations cost is measured beside them."""
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/release"
BENCH = BUILD / "bench"
sys.path.insert(0, str(ROOT / "tests/interop"))
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import p2pd
import peers

MODEL, BLOCKS, BATCH = "Llama-3-3-70B-Instruct-hf", 80, 16
ROUNDS = 3
SHAKES, WIDTH = 600, 4
STREAM = 128 << 20
SINK = "/kwaainet/sink/1.0.0"
OPS = 200
THEIR_OPS = 100
MIB = 1024
IDLE_S = 30


def run_json(*words):
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, check=True,
                          text=True, timeout=300)
    return json.loads(done.stdout.splitlines()[-1])


def hivemind(*words):
    python = peers.INSTALLED / "hivemind/bin/python"
    return run_json(python, ROOT / "bench/hivemind_client.py", *words)


def median(samples):
    """Of each key of several samples that have the same ones."""
    return {key: statistics.median(sample[key] for sample in samples) for key in samples[0]
            if not isinstance(samples[0][key], dict)}


def alternate(**measures):
    """Each measurement ROUNDS times in turn, every second round backwards; the medians."""
    samples = {name: [] for name in measures}
    for number in range(ROUNDS):
        names = list(measures)[::-1 if number % 2 else 1]
        for name in names:
            samples[name].append(measures[name]())
    return {name: median(samples[name]) for name in samples}


def flat(told):
    """{"get": {"wall_us": 1}} as {"get_wall_us": 1}."""
    return {f"{name}_{key}": value for name, inner in told.items()
            for key, value in inner.items()}


def operations(address):
    got = alternate(own=lambda: flat(run_json(BENCH / "bench_dht", "ops", OPS, address)),
                    pair=lambda: run_json(BENCH / "bench_dht", "own", 1000),
                    theirs=lambda: hivemind("ops", THEIR_OPS, address))
    own, pair, theirs = got["own"], got["pair"], got["theirs"]
    for name in ("store", "get"):
        yield (f"{name} at hivemind, {own[name + '_calls']:.1f} calls, µs / bare calls",
               own[f"{name}_wall_us"], own[f"{name}_bare_us"], 1.25)
        yield (f"{name} at hivemind, µs of CPU / hivemind's client",
               own[f"{name}_cpu_us"], theirs[f"{name}_cpu_us"], 1 / 20)
    for width in (1, 64):
        for name in ("store", "get"):
            key = f"{name}_{width}"
            yield (f"{name} among our own, {width} at a time, µs / among hivemind's",
                   1e6 / pair[key], 1e6 / theirs[key], 1 / 30)


def coverage(address):
    got = alternate(ours=lambda: run_json(BENCH / "bench_dht", "coverage", MODEL, BLOCKS, address),
                    theirs=lambda: hivemind("coverage", MODEL, BLOCKS, address))
    ours = got["ours"]
    if ours["found"] != BLOCKS:
        raise RuntimeError(f"{ours['found']} of {BLOCKS} blocks are found")
    name = f"{BLOCKS} blocks from hivemind"
    yield (f"{name}, ms / its get_many(latest)", ours["ms"], got["theirs"]["ms"], 1 / 3)
    yield (f"{name}, ms of CPU / its client", ours["cpu_ms"], got["theirs"]["cpu_ms"], None)
    yield (f"{name}, most rpc_find to one peer / keys by {BATCH}", ours["most_a_peer"],
           math.ceil(BLOCKS / BATCH), 1)
    yield (f"{name}, keys asked again of a peer / keys", ours["asked_again"], BLOCKS, 0)


def simulated():
    got = run_json(BENCH / "bench_coverage", 200, BLOCKS)
    yield (f"{BLOCKS} blocks among 200 nodes at 50 ms, simulated ms / one block",
           got["all_ms"], got["one_ms"], 4)
    yield "blocks not found there / looked for", got["missed"], got["asked"], 0


def look(whose, address):
    got = run_json(BENCH / "bench_process", 11, "look", BUILD / "kwaainet", "network", "models",
                   "--bootstrap", address)
    yield (f"network models, 12 nodes of {whose}, whole process, µs / 100 ms",
           got["look"], 100000, 1)


def dht(folder):
    dump, records = Path(folder) / "dump.json", Path(folder) / "records"
    with peers.start("swarm", "--nodes", "12", "--dump", dump, deadline=120) as swarm:
        yield from operations(swarm.addr)
        yield from coverage(swarm.addr)
        yield from look("hivemind's", swarm.addr)
    hivemind("records", dump, records)
    with peers.Peer(BENCH / "bench_dht", "swarm", records) as swarm:
        yield from look("ours", swarm.addr)


# ---- connections ----

def our_peer():
    return peers.Peer(BENCH / "bench_peer")


def shake(address, pid):
    return lambda: run_json(BENCH / "bench_dial", "shake", address, SHAKES, WIDTH, pid)


def handshakes():
    """Of each listener under the same diallers; CPU, as the machine has other work. The Rust peer
    is built without optimisation: nothing to stand beside."""
    kinds = [kind for kind in ("p2pd", "go")
             if peers.installed("hivemind" if kind == "p2pd" else kind)]
    others = {kind: peers.start(kind) for kind in kinds}
    with our_peer() as ours:
        try:
            got = alternate(
                ours=shake(ours.addr, ours.process.pid),
                **{kind: shake(peer.addr, peer.ready.get("daemon", peer.process.pid))
                   for kind, peer in others.items()})
        finally:
            for peer in others.values():
                peer.stop()
    mine = got.pop("ours")
    yield ("handshake, listener and dialler, µs of CPU / second",
           mine["dialler_us"] + mine["listener_us"], 1e6, None)
    for kind, figures in got.items():
        yield (f"handshake, our listener, µs of CPU / {kind}", mine["listener_us"],
               figures["listener_us"], 1)


def swallow(channel):
    """A sink of p2pd: a length, so many bytes, and one byte back."""
    left = int.from_bytes(p2pd.read_exactly(channel, 8), "big")
    room = memoryview(bytearray(1 << 20))
    while left > 0:
        left -= channel.recv_into(room) or left
    channel.sendall(b"k")


def push(daemon, address):
    """MiB per second from one p2pd to a sink."""
    block = bytes(1 << 20)
    with daemon.stream(address, SINK) as channel:
        began = time.perf_counter()
        channel.sendall(STREAM.to_bytes(8, "big"))
        for _ in range(STREAM // len(block)):
            channel.sendall(block)
        p2pd.read_exactly(channel, 1)
        return {"mib_s": STREAM / 1048576 / (time.perf_counter() - began)}


def stream(kind, address, pid):
    return lambda: run_json(BENCH / "bench_dial", kind, address, STREAM, pid)


def streams():
    """Wall time, which depends on who else wants the machine, and CPU of the receiver."""
    with our_peer() as ours:
        pid = ours.process.pid
        if peers.installed("hivemind"):
            with p2pd.P2pd() as one, p2pd.P2pd() as two:
                one.serve(SINK, swallow)
                got = alternate(ours=stream("sink", ours.addr, pid),
                                p2pd=stream("sink", one.addrs[0], one.process.pid),
                                pair=lambda: push(two, one.addrs[0]))
            mine = got["ours"]
            for name, words in (("p2pd", "ours to p2pd"), ("pair", "p2pd to p2pd")):
                yield (f"one stream, ours to ours, µs a MiB / {words}",
                       1e6 / mine["mib_s"], 1e6 / got[name]["mib_s"], 1)
            yield ("one stream, our receiver, µs of CPU a MiB / p2pd", mine["receiver_us_mib"],
                   got["p2pd"]["receiver_us_mib"], 1)
        if peers.installed("go"):
            with peers.start("go") as other:
                got = alternate(ours=stream("echo", ours.addr, pid),
                                go=stream("echo", other.addr, other.process.pid))
            yield ("echo of one stream, ours to ours, µs a MiB / ours to go-libp2p",
                   1e6 / got["ours"]["mib_s"], 1e6 / got["go"]["mib_s"], 1)
            yield ("echo of one stream, our echo, µs of CPU a MiB / go-libp2p",
                   got["ours"]["receiver_us_mib"], got["go"]["receiver_us_mib"], 1)


def resident(pid):
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(text.split("VmRSS:")[1].split()[0])


def hold(address, count):
    """A process that keeps so many connections until its input is closed."""
    process = subprocess.Popen([BENCH / "bench_dial", "hold", address, str(count)],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    return process


def cpu_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(is_long):
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    for count, budget in ((1, 8), (50, 12), (1000, None)):
        with our_peer() as node:
            process = hold(node.addr, count)
            words = f"{count} connections" if count > 1 else "1 connection"
            yield (f"idle node, {words}, KiB / {budget or 12} MiB",
                   resident(node.process.pid), (budget or 12) * MIB, budget and 1)
            if is_long and count < 1000:
                before = cpu_s(node.process.pid)
                time.sleep(IDLE_S)
                yield (f"idle node, {words}, ms of CPU / {IDLE_S} s",
                       (cpu_s(node.process.pid) - before) * 1000, IDLE_S * 1000,
                       0.0002 if count == 1 else 0.001)
            process.stdin.close()
            process.wait()


def program():
    yield ("program, KiB / 2 MiB", stripped_bytes() / 1024, 2 * MIB, 1)


def stripped_bytes():
    copy = BUILD / "kwaainet.stripped"
    subprocess.run(["strip", "-o", copy, BUILD / "kwaainet"], check=True)
    size = copy.stat().st_size
    copy.unlink()
    return size


def rows(folder, is_long):
    found = [*program(), *memory(is_long), *simulated(), *handshakes(), *streams()]
    if peers.installed("hivemind"):
        found += dht(folder)
    for kind in ("hivemind", "go"):
        if not peers.installed(kind):
            print(f"no rows beside {kind}: it is not installed (tools/peers {kind})",
                  file=sys.stderr)
    return found
