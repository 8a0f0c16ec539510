#!/usr/bin/env python3
"""Unmodified hivemind nodes on loopback, in one process; to be run by the Python of tools/peers.

usage: swarm.py [run] [--nodes N] [--models builtin|none] [--online N] [--times X]
                      [--lifetime S] [--dump FILE]
       swarm.py get KEY --peer ADDR        what a new node reads there
       swarm.py ping ADDR                  join ADDR as its only peer, strictly, and be checked

`run` prints its ready line and then takes commands, by the contract of README.md; it ends with its
standard input. Node 0 has the RSA identity R of keys.json, the rest Ed25519 ones made of --seed.
"""
import argparse
import asyncio
import functools
import hashlib
import json
import logging
import os
import sys
import tempfile
import time

os.environ.setdefault("HIVEMIND_LOGLEVEL", "ERROR")
os.environ.setdefault("GOLOG_LOG_LEVEL", "error")

# pylint: disable=wrong-import-position
import hivemind.p2p.p2p_daemon as daemon
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hivemind.dht.node import DHTNode
from hivemind.dht.routing import DHTID
from hivemind.p2p import PeerID
from hivemind.proto import dht_pb2
from hivemind.utils import MSGPackSerializer

import peers
import records
from records import from_plain, plain

TIMEOUT = 15
COMMANDS = ("join", "leave", "store", "get", "table", "ping", "raw_store", "raw_find")


def ed25519_key(label):
    """A PrivateKey message, in hex."""
    secret = hashlib.sha256(label.encode()).digest()
    public = Ed25519PrivateKey.from_private_bytes(secret).public_key()
    return (b"\x08\x01\x12\x40" + secret +
            public.public_bytes(Encoding.Raw, PublicFormat.Raw)).hex()


class Swarm:
    """Nodes by name."""

    def __init__(self, folder):
        self.folder, self.nodes = folder, {}

    async def join(self, name, peer=None, key=None, client=False, strict=True, label=None,
                   port=0):
        """A new node; `peer` (an address or a list of them) is all it knows. `key` in hex."""
        known = [peer] if isinstance(peer, str) else peer
        identity = {}
        if key:
            path = os.path.join(self.folder, name)
            with open(path, "wb") as file:
                file.write(bytes.fromhex(key))
            identity = {"identity_path": path, "check_if_identity_free": False}
        p2p = await daemon.P2P.create(
            initial_peers=known, host_maddrs=[f"/ip4/127.0.0.1/tcp/{port}"], nat_port_map=False,
            dht_mode="client" if client else "server", **identity)
        try:
            node = await DHTNode.create(
                p2p=p2p, initial_peers=known, client_mode=client,
                ensure_bootstrap_success=strict, node_id=label and DHTID.generate(label))
        except BaseException:
            await p2p.shutdown()
            raise
        self.nodes[name] = node
        return {"id": node.peer_id.to_base58(), "node_id": node.node_id.to_bytes().hex(),
                "addrs": [str(addr) for addr in await node.get_visible_maddrs()]}

    async def leave(self, name):
        node = self.nodes.pop(name)
        await node.shutdown()
        await node.p2p.shutdown()  # a node leaves a P2P that it was given running

    async def store(self, name, key, value, subkey=None, lifetime=240):
        done = await self.nodes[name].store(key, from_plain(value), time.time() + lifetime,
                                            subkey=subkey)
        return {"stored": done}

    async def get(self, name, key, latest=True):
        found = await self.nodes[name].get(key, latest=latest)
        if found is None:
            return {"found": False}
        answer = {"found": True, "expiration": found.expiration_time}
        if isinstance(found.value, dict) and all(
                hasattr(entry, "expiration_time") for entry in found.value.values()):
            answer["entries"] = [{"subkey": plain(subkey), "value": plain(entry.value),
                                  "expiration": entry.expiration_time}
                                 for subkey, entry in found.value.items()]
        else:
            answer["value"] = plain(found.value)
        return answer

    async def table(self, name):
        """Whom it knows: {node id: peer id}."""
        known = self.nodes[name].protocol.routing_table.uid_to_peer_id
        return {"known": {node.to_bytes().hex(): peer.to_base58() for node, peer in known.items()}}

    async def ping(self, name, peer):
        """A DHT ping that asks to be checked in turn."""
        protocol, stub = self.stub(name, peer)
        request = dht_pb2.PingRequest(peer=protocol.node_info, validate=True)
        began = time.time()
        reply = await stub.rpc_ping(request, timeout=TIMEOUT)
        offset = reply.dht_time - (began + time.time()) / 2
        return {"node_id": reply.peer.node_id.hex(), "available": reply.available,
                "clock_offset": round(offset, 4)}

    def stub(self, name, peer):
        protocol = self.nodes[name].protocol
        return protocol, protocol.get_stub(PeerID.from_base58(peer.rsplit("/", 1)[-1]))

    async def raw_store(self, name, peer, key, values, lifetime=240):
        """One call with `values`: pairs of the tag of a subkey ("c0": a regular value, "": a whole
        dictionary) and a value, both in hex, whatever they are."""
        protocol, stub = self.stub(name, peer)
        count, until = len(values), time.time() + float(lifetime)
        reply = await stub.rpc_store(dht_pb2.StoreRequest(
            keys=[DHTID.generate(key).to_bytes()] * count, peer=protocol.node_info,
            subkeys=[bytes.fromhex(tag) for tag, _ in values],
            values=[bytes.fromhex(value) for _, value in values],
            expiration_time=[until] * count, in_cache=[False] * count), timeout=TIMEOUT)
        return {"stored": list(reply.store_ok)}

    async def raw_find(self, name, peer, keys):
        """What one call answers; keys are ids in hex or texts."""
        protocol, stub = self.stub(name, peer)
        ids = [bytes.fromhex(key["hex"]) if isinstance(key, dict) else
               DHTID.generate(key).to_bytes() for key in keys]
        reply = await stub.rpc_find(
            dht_pb2.FindRequest(keys=ids, peer=protocol.node_info), timeout=TIMEOUT)
        return {"node_id": reply.peer.node_id.hex(), "results": [
            {"type": found.type, "value": found.value.hex(), "expiration": found.expiration_time,
             "node_ids": [one.hex() for one in found.nearest_node_ids],
             "peer_ids": [PeerID(one).to_base58() for one in found.nearest_peer_ids]}
            for found in reply.results]}

    async def found(self, count, seed):
        """`count` nodes that know each other; what the ready line says of them."""
        key = peers.KEYS["R"]["private"]
        told = [await self.join("0", key=key, label=f"{seed}/0")] if count else []
        told += await asyncio.gather(*(
            self.join(str(i), told[0]["addrs"], ed25519_key(f"{seed}/{i}"), label=f"{seed}/{i}")
            for i in range(1, count)))
        return told

    def fill(self, entries):
        """Puts records where store() would, the nodes nearest to their keys. Straight into their
        storage: over the network thousands take minutes."""
        nodes, nearest = list(self.nodes.values()), {}
        for key, subkey, value, until in sorted(entries, key=lambda entry: entry[3]):
            if key not in nearest:
                name = DHTID.generate(key)
                by_distance = sorted(nodes, key=lambda node: node.node_id.xor_distance(name))
                nearest[key] = name, by_distance[:nodes[0].num_replicas]
            name, holders = nearest[key]
            data = MSGPackSerializer.dumps(value)
            for node in holders:
                if not node.protocol.storage.store(name, data, until, subkey=subkey):
                    raise RuntimeError(f"{key} {subkey!r} is refused")


async def lines():
    """Standard input, line by line, without blocking the nodes; whatever it is, a file too."""
    read = functools.partial(asyncio.get_running_loop().run_in_executor, None, sys.stdin.readline)
    while line := await read():
        yield line


async def serve(swarm):
    """The commands of standard input, in turn."""
    async for line in lines():
        asked = json.loads(line)
        began = time.perf_counter()
        try:
            do = asked.pop("do")
            if do not in COMMANDS:
                raise ValueError(f"unknown command {do}")
            done = await asyncio.wait_for(getattr(swarm, do)(**asked), TIMEOUT)
            answer = {"ok": True, **(done or {})}
        except Exception as error:  # pylint: disable=broad-exception-caught
            answer = {"ok": False, "error": str(error) or type(error).__name__}
        peers.say({**answer, "ms": round((time.perf_counter() - began) * 1000, 2)})


async def run(swarm, options):
    told = await swarm.found(options.nodes, options.seed)
    entries, models, now = [], [], time.time()
    for model in records.MODELS if options.models == "builtin" and told else ():
        online = round(model["online"] * options.times)
        model = {**model, "online": min(online, options.online or online)}
        added, summary = records.population(model, options.seed, now, options.lifetime)
        entries, models = entries + added, models + [summary]
    swarm.fill(entries)
    if options.dump:
        with open(options.dump, "w", encoding="utf-8") as file:
            json.dump([[key, subkey, plain(value), until]
                       for key, subkey, value, until in entries], file)
    peers.say({"id": told[0]["id"] if told else None, "addrs": told[0]["addrs"] if told else [],
               "nodes": told, "models": models, "expires": now + options.lifetime})
    await serve(swarm)


async def get_once(swarm, options):
    await swarm.join("reader", options.peer, client=True)
    answer = await asyncio.wait_for(swarm.get("reader", options.key), TIMEOUT)
    peers.say(answer)
    return 0 if answer["found"] else 1


async def ping_once(swarm, options):
    await swarm.join("guest", options.addr)
    answer = await asyncio.wait_for(swarm.ping("guest", options.addr), TIMEOUT)
    peers.say(answer)
    return 0 if answer["available"] and abs(answer["clock_offset"]) < 3 else 1


async def main(options):
    logging.disable(logging.WARNING)
    asyncio.create_subprocess_exec = asyncio.subprocess.create_subprocess_exec = functools.partial(
        asyncio.subprocess.create_subprocess_exec, preexec_fn=peers.die_with_parent)
    with tempfile.TemporaryDirectory(prefix="swarm-") as folder:
        swarm = Swarm(folder)
        try:
            return await options.work(swarm, options)
        except Exception as error:  # pylint: disable=broad-exception-caught
            print(f"swarm.py: {str(error) or type(error).__name__}", file=sys.stderr)
            return 2
        finally:
            await asyncio.gather(*map(swarm.leave, list(swarm.nodes)), return_exceptions=True)


def arguments(words):
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.set_defaults(work=run)
    known = parser.add_subparsers()
    held = known.add_parser("run")
    held.add_argument("--nodes", type=int, default=3)
    held.add_argument("--models", choices=("builtin", "none"), default="builtin")
    held.add_argument("--online", type=int, help="at most so many per model")
    held.add_argument("--times", type=float, default=1, help="so many times as many online")
    held.add_argument("--lifetime", type=float, default=3600)
    held.add_argument("--seed", default="swarm")
    held.add_argument("--dump", help="a file for all records, as JSON")
    held.set_defaults(work=run)
    asked = known.add_parser("get")
    asked.add_argument("key")
    asked.add_argument("--peer", required=True)
    asked.set_defaults(work=get_once)
    asked = known.add_parser("ping")
    asked.add_argument("addr")
    asked.set_defaults(work=ping_once)
    return parser.parse_args(words)


if __name__ == "__main__":
    given = sys.argv[1:]
    if not given or given[0].startswith("--"):
        given.insert(0, "run")
    sys.exit(asyncio.run(main(arguments(given))))
