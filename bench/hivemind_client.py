#!/usr/bin/env python3
"""What the network's figures stand beside: hivemind's own client. Run by the Python of tools/peers.

usage: hivemind_client.py ops COUNT ADDR        stores, then gets, one at a time and 64 at once
       hivemind_client.py coverage PREFIX BLOCKS ADDR   get_many of every block, with `latest`
       hivemind_client.py records DUMP OUT      records of swarm.py --dump, for bench_dht

A client is one DHTNode in this process and one p2pd; no cache of it helps a get, as stores and
gets are two clients'. CPU time is of both processes. Prints one JSON object.
"""
import asyncio
import functools
import json
import math
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests/interop"))
# pylint: disable=wrong-import-position
import swarm
from hivemind.dht.routing import DHTID
from hivemind.utils import MSGPackSerializer

import peers

VALUE = "v" * 100
TICKS = 100


def cpu_s(node):
    """Of this process and of its daemon."""
    daemon = node.p2p._child.pid  # pylint: disable=protected-access
    fields = Path(f"/proc/{daemon}/stat").read_text().rsplit(")", 1)[1].split()
    return time.process_time() + (int(fields[11]) + int(fields[12])) / TICKS


async def at_once(do, keys, width):
    """Operations per second."""
    gate = asyncio.Semaphore(width)

    async def one(key):
        async with gate:
            return await do(key)

    began = time.perf_counter()
    done = await asyncio.gather(*map(one, keys))
    if not all(done):
        raise RuntimeError("an operation failed")
    return len(keys) / (time.perf_counter() - began)


async def measure(node, name, do, count):
    keys = {width: [f"hivemind.{width}.{i}" for i in range(count)] for width in (1, 64)}
    cpu = cpu_s(node)
    per_s = await at_once(do, keys[1], 1)
    cpu = (cpu_s(node) - cpu) / count * 1e6
    return {f"{name}_1": per_s, f"{name}_cpu_us": cpu,
            f"{name}_64": await at_once(do, keys[64], 64)}


async def ops(nodes, count, addr):
    told = {}
    for name in ("store", "get"):
        await nodes.join(name, addr, client=True)
        node, until = nodes.nodes[name], time.time() + 900
        do = (lambda key, node=node, until=until: node.store(key, VALUE, until)) \
            if name == "store" else node.get
        told.update(await measure(node, name, do, int(count)))
    return told


async def coverage(nodes, prefix, blocks, addr):
    await nodes.join("reader", addr, client=True)
    node, keys = nodes.nodes["reader"], [f"{prefix}.{i}" for i in range(int(blocks))]
    began, cpu = time.perf_counter(), cpu_s(node)
    found = await node.get_many(keys, math.inf, num_workers=len(keys))
    return {"ms": (time.perf_counter() - began) * 1000, "cpu_ms": (cpu_s(node) - cpu) * 1000,
            "found": sum(value is not None for value in found.values())}


def from_dump(value):
    """Numbers that JSON has not are text there."""
    if isinstance(value, dict):
        return {key: from_dump(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(from_dump, value))
    return math.inf if value == "inf" else value


async def records(_nodes, dump, out):
    with open(out, "w", encoding="utf-8") as file:
        entries = json.loads(Path(dump).read_text(encoding="utf-8"))
        for key, subkey, value, until in entries:
            name = DHTID.generate(key).to_bytes().hex()
            under = "-" if subkey is None else MSGPackSerializer.dumps(
                swarm.from_plain(subkey)).hex()
            data = MSGPackSerializer.dumps(from_dump(swarm.from_plain(value))).hex()
            file.write(f"{name} {under} {data} {until}\n")
    return {"records": len(entries)}


async def main(do, *words):
    swarm.logging.disable(swarm.logging.WARNING)
    asyncio.create_subprocess_exec = asyncio.subprocess.create_subprocess_exec = functools.partial(
        asyncio.subprocess.create_subprocess_exec, preexec_fn=peers.die_with_parent)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        nodes = swarm.Swarm(folder)
        try:
            peers.say(await {"ops": ops, "coverage": coverage, "records": records}[do](
                nodes, *words))
        finally:
            for name in list(nodes.nodes):
                await nodes.leave(name)


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    asyncio.run(main(*sys.argv[1:]))
