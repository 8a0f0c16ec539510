"""What a lived-in Petals swarm holds: records of known numbers, the same for the same seed."""
import hashlib
import math
import random

from wire import base58

GONE, OFFLINE, JOINING, ONLINE = -1, 0, 1, 2
REGISTRY = "_petals.models"
HUB = "https://huggingface.co/"

# `spans`: blocks of the shortest and the longest server; `gaps`: blocks that nobody online serves.
MODELS = (
    {"prefix": "Llama-3-3-70B-Instruct-hf", "repository": HUB + "meta-llama/Llama-3.3-70B-Instruct",
     "blocks": 80, "online": 127, "joining": 9, "offline": 6, "spans": (8, 40), "malformed": 3},
    {"prefix": "Llama-3-1-8B-Instruct-hf", "repository": HUB + "meta-llama/Llama-3.1-8B-Instruct",
     "blocks": 32, "online": 89, "joining": 3, "offline": 2, "spans": (4, 32)},
    {"prefix": "Meta-Llama-3-1-405B-Instruct-hf",
     "repository": HUB + "meta-llama/Meta-Llama-3.1-405B-Instruct",
     "blocks": 126, "online": 45, "joining": 4, "offline": 1, "spans": (2, 12),
     "gaps": ((68, 80), (120, 126))},
    {"prefix": "mistralai/Mixtral-8x7B-Instruct-v0-1",
     "repository": HUB + "mistralai/Mixtral-8x7B-Instruct-v0.1",
     "blocks": 32, "online": 23, "joining": 1, "spans": (4, 16)},
    # The same weights as the first, spelt and recorded as KwaaiNet's nodes do.
    {"prefix": "Llama-3-3-70B-Instruct", "repository": HUB + "meta-llama/Llama-3.3-70B-Instruct",
     "blocks": 80, "online": 5, "offline": 1, "gone": 2, "spans": (8, 8), "gaps": ((60, 80),),
     "kwaainet": True, "chain": False},
)


def plain(value):
    """As JSON: {"tuple": […]}, {"hex": "…"}, numbers that JSON has not as text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, tuple):
        return {"tuple": [plain(item) for item in value]}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value


def from_plain(value):
    if isinstance(value, list):
        return [from_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if list(value) == ["tuple"]:
        return tuple(from_plain(item) for item in value["tuple"])
    if list(value) == ["hex"]:
        return bytes.fromhex(value["hex"])
    return {key: from_plain(item) for key, item in value.items()}


def peer_id(label):
    """The id of an Ed25519 key that nobody has."""
    return base58(b"\x00\x24\x08\x01\x12\x20" + hashlib.sha256(label.encode()).digest())


def petals_info(rnd, peer, others, state, start, end, number):
    """The third element of a ServerInfo, all keys of Petals' in its order."""
    pings = {other: math.inf if rnd.random() < 0.1 else rnd.uniform(0.004, 0.3)
             for other in rnd.sample(others, min(3, len(others))) if other != peer}
    return {"start_block": start, "end_block": end,
            "public_name": rnd.choice((None, f"user{number}-C-host{number}",
                                       f"N\u00f8de {number}")),
            "version": rnd.choice(("2.3.0.dev2", "2.2.0")),
            "network_rps": rnd.uniform(200, 1600), "forward_rps": rnd.uniform(100, 30000),
            "inference_rps": rnd.uniform(2, 60), "adapters": (), "torch_dtype": "bfloat16",
            "quant_type": rnd.choice(("nf4", "int8", "none")), "using_relay": rnd.random() < 0.3,
            "cache_tokens_left": rnd.choice((0, 8192, 65536, 1310720)),
            "next_pings": None if state == OFFLINE else pings}


def kwaainet_info(rnd, peer, _others, state, start, end, number):
    return {"start_block": start, "end_block": end, "public_name": f"kwaai-{number}",
            "version": "kwaai-0.6.2", "torch_dtype": "float16", "using_relay": rnd.random() < 0.3,
            "cache_tokens_left": 0 if state == GONE else 100000, "adapters": [],
            "next_pings": {}, "peer_id": peer, "lease_v1": True}


def malformed(block, label):
    """{subkey: value}: all are MessagePack, none is an honest server."""
    where = {"start_block": block, "end_block": block + 1}
    values = {
        "nil": None, "text": "ONLINE", "nothing": (), "state alone": (ONLINE,),
        "whole throughput": (ONLINE, 5, where), "negative": (ONLINE, -1.0, where),
        "nan": (ONLINE, math.nan, where), "infinite": (ONLINE, math.inf, where),
        "state 3": (3, 1.0, where), "state with a point": (2.0, 1.0, where),
        "list for a map": (ONLINE, 1.0, []), "name is a list": (ONLINE, 1.0, {
            **where, "public_name": [1]}),
        "no adapters": (ONLINE, 1.0, {**where, "adapters": None}),
        "block with a point": (ONLINE, 1.0, {"start_block": 0.0, "end_block": 4}),
        "many keys": (ONLINE, 1, {f"x{i}": i for i in range(200)}),
        "deep": (ONLINE, 1, {"a": [[[[[[[[[[[[]]]]]]]]]]]]}),
        # Well-formed, and nonsense all the same.
        "inverted": (ONLINE, 1.0, {"start_block": block + 1, "end_block": block}),
        "empty": (ONLINE, 1.0, {"start_block": block, "end_block": block}),
        "endless": (ONLINE, 1.0, {"start_block": 0, "end_block": 2 ** 40}),
        "escapes": (ONLINE, 1.0, {**where, "public_name": "\x1b[31m\x07\u202e\0" + "n" * 300}),
    }
    found = {peer_id(f"{label}/{name}"): value for name, value in values.items()}
    return {**found, "not a peer id": (ONLINE, 1.0, where), "": (ONLINE, 1.0, where)}


def ranges(model):
    """The runs of blocks between the gaps."""
    at, found = 0, []
    for begin, end in (*model.get("gaps", ()), (model["blocks"],) * 2):
        if begin > at:
            found.append((at, begin))
        at = end
    return found


def spans(model, rnd):
    """(start, end) of every server online: first a chain over all ranges, then at random."""
    shortest, longest = model["spans"]
    found = []
    if model.get("chain", True):
        for begin, end in ranges(model):
            found += [(at, min(at + longest, end)) for at in range(begin, end, longest)]
    while len(found) < model["online"]:
        begin, end = rnd.choice(ranges(model))
        size = min(rnd.randint(shortest, longest), end - begin)
        start = rnd.randint(begin, end - size)
        found.append((start, start + size))
    return found


def population(model, seed, now, lifetime):
    """([(key, subkey, value, expiration)], what the ready line says of the model)."""
    prefix, rnd = model["prefix"], random.Random(f"{seed}/{model['prefix']}")
    info = kwaainet_info if model.get("kwaainet") else petals_info
    counts = {name: model.get(name, 0) for name in ("online", "joining", "offline", "gone")}
    online = [peer_id(f"{seed}/{prefix}/online {i}") for i in range(counts["online"])]
    servers = [(peer, ONLINE, *span) for peer, span in zip(online, spans(model, rnd))]
    for name, state in (("joining", JOINING), ("offline", OFFLINE), ("gone", GONE)):
        for i in range(counts[name]):
            start = rnd.randint(0, model["blocks"] - model["spans"][0])
            servers.append((peer_id(f"{seed}/{prefix}/{name} {i}"), state, start,
                            start + model["spans"][0]))
    records = [(REGISTRY, prefix, {"num_blocks": model["blocks"],
                                   "repository": model["repository"]}, now + lifetime)]
    for number, (peer, state, start, end) in enumerate(servers):
        value = (state, 0.0 if state == GONE else rnd.uniform(5, 500),
                 info(rnd, peer, online, state, start, end, number))
        until = now + lifetime + rnd.uniform(0, 30)
        records += [(f"{prefix}.{block}", peer, value, until) for block in range(start, end)]
    bad = {}
    if "malformed" in model:
        bad = malformed(model["malformed"], f"{seed}/{prefix}")
        key = f"{prefix}.{model['malformed']}"
        # One after the other: equal moments under subkeys of one key would be compared by value.
        records += [(key, subkey, value, now + lifetime + 31 + i)
                    for i, (subkey, value) in enumerate(bad.items())]
    covered = {block for start, end in spans_of(servers) for block in range(start, end)}
    return records, {"prefix": prefix, "repository": model["repository"],
                     "blocks": model["blocks"], **counts, "malformed": len(bad),
                     "gaps": gaps(covered, model["blocks"]), "records": len(records)}


def spans_of(servers):
    return [(start, end) for _, state, start, end in servers if state == ONLINE]


def gaps(covered, blocks):
    """[start, end) of every run of blocks that is not covered."""
    found = []
    for block in range(blocks):
        if block in covered:
            continue
        if found and found[-1][1] == block:
            found[-1][1] = block + 1
        else:
            found.append([block, block + 1])
    return found
