"""The readers of the network and their rules: what each of them takes of a record, or why not.

Petals' (data_structures.py, utils/dht.py, with the pydantic that hivemind brings), the monitor's
(health.py) and KwaaiNet's (shard_cmd.rs). Each function raises Rejected where its reader drops the
record. To be imported by the Python of tools/peers.
"""
import dataclasses
import enum
import re
from typing import Dict, Optional, Sequence

import pydantic.v1 as pydantic
from hivemind.p2p import PeerID
from hivemind.utils import MSGPackSerializer

HUB = "https://huggingface.co/"
BLOCKS_OF_THE_MAP = 80  # KwaaiNet's map server asks for no later ones
LEAST_VERSION = 0, 3, 15  # KwaaiNet's


class Rejected(Exception):
    """That reader drops the record."""


class ServerState(enum.Enum):
    OFFLINE, JOINING, ONLINE = range(3)


Rate = pydantic.confloat(ge=0, allow_inf_nan=False, strict=True)
Count = pydantic.conint(ge=0, strict=True)


@pydantic.dataclasses.dataclass
class ServerInfo:
    state: ServerState
    throughput: Rate
    start_block: Optional[Count] = None
    end_block: Optional[Count] = None
    public_name: Optional[str] = None
    version: Optional[str] = None
    network_rps: Optional[Rate] = None
    forward_rps: Optional[Rate] = None
    inference_rps: Optional[Rate] = None
    adapters: Sequence[str] = ()
    torch_dtype: Optional[str] = None
    quant_type: Optional[str] = None
    using_relay: Optional[bool] = None
    cache_tokens_left: Optional[Count] = None
    next_pings: Optional[Dict[str, pydantic.confloat(ge=0, strict=True)]] = None

    def written(self):
        """The bytes that Petals would store for it."""
        rest = dataclasses.asdict(self)
        state, throughput = rest.pop("state").value, rest.pop("throughput")
        return MSGPackSerializer.dumps((state, throughput, rest))


@pydantic.dataclasses.dataclass
class ModelInfo:
    num_blocks: pydantic.conint(ge=1, strict=True)
    repository: Optional[str] = None

    def written(self):
        return MSGPackSerializer.dumps(dataclasses.asdict(self))


def petals_value(data):
    """What Petals makes of the bytes under a block key."""
    value = MSGPackSerializer.loads(data)
    try:
        state, throughput = value[:2]
        return ServerInfo(state=ServerState(state), throughput=throughput,
                          **(value[2] if len(value) > 2 else {}))
    except (TypeError, ValueError) as error:
        raise Rejected(f"Petals: {error}") from None


def petals_model_value(data):
    try:
        return ModelInfo(**MSGPackSerializer.loads(data))
    except (TypeError, ValueError) as error:
        raise Rejected(f"Petals: {error}") from None


def petals(key, subkey, data):
    """A record of a server, with its key: a prefix without dots and spaces, and the block."""
    if len(key.split(".")) != 2 or " " in key or not key.split(".")[1].isdigit():
        raise Rejected(f"Petals: {key!r} is no UID")
    if not isinstance(subkey, str) or PeerID.from_base58(subkey).to_base58() != subkey:
        raise Rejected(f"Petals: {subkey!r} is no peer id")
    return petals_value(data)


def petals_model(subkey, data):
    if not isinstance(subkey, str) or "." in subkey or " " in subkey:
        raise Rejected(f"Petals: {subkey!r} is no prefix")
    return petals_model_value(data)


def monitor_model(subkey, data):
    """health.petals.dev lists the models of the hub alone."""
    info = petals_model(subkey, data)
    if not (info.repository or "").startswith(HUB):
        raise Rejected(f"monitor: the repository {info.repository!r}")
    return info


def monitor(key, subkey, data, num_blocks):
    """It divides by the length of a span: one of length 0 ends its whole refresh."""
    info = petals(key, subkey, data)
    begin, end = info.start_block, min(info.end_block, num_blocks)
    if not begin <= int(key.rsplit(".", 1)[1]) < end:
        raise Rejected(f"monitor: block {key} outside {begin}:{end}")
    return info


def version_of(text):
    """As KwaaiNet reads it: three numbers, the last without what is no digit behind it."""
    parts = re.sub("^kwaai-", "", text or "").split(".", 2)
    if len(parts) != 3 or not all(part.isdigit() for part in parts[:2]):
        raise Rejected(f"KwaaiNet: the version {text!r}")
    last = re.sub(r"\D*$", "", parts[2])
    if not last.isdigit():
        raise Rejected(f"KwaaiNet: the version {text!r}")
    return int(parts[0]), int(parts[1]), int(last)


def kwaainet(subkey, data):
    """Its shard reader: Ext 64 outside, a map with the range, a version that is new enough."""
    if data[:1] not in (b"\xc7", b"\xc8", b"\xc9", b"\xd6", b"\xd7", b"\xd8"):
        raise Rejected("KwaaiNet: no Ext 64")
    value = MSGPackSerializer.loads(data)
    if not isinstance(value, tuple) or len(value) < 3 or not isinstance(value[2], dict):
        raise Rejected(f"KwaaiNet: {value!r}")
    info = value[2]
    if not all(isinstance(info.get(name), int) for name in ("start_block", "end_block")):
        raise Rejected("KwaaiNet: no range")
    if not isinstance(subkey, str):
        raise Rejected("KwaaiNet: the subkey is no text")
    if version_of(info.get("version")) < LEAST_VERSION:
        raise Rejected(f"KwaaiNet: the version {info['version']} is too old")
    return value[0], info


def kwaainet_model(subkey, data):
    value = MSGPackSerializer.loads(data)
    if not isinstance(value, dict) or not isinstance(value.get("num_blocks"), int) or not subkey:
        raise Rejected(f"KwaaiNet: {value!r}")
    return value
