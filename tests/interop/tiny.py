"""The tiny model of tests/vectors/petals outside its blocks: what a client computes itself."""
import json
import struct
from pathlib import Path

import numpy

VECTORS = Path(__file__).resolve().parent.parent / "vectors" / "petals"
FOLDER = VECTORS / "tiny"
BLOCKS, HIDDEN = 4, 64
PREFIX = "tiny-hf"
SHAPES = {"BF16": "<u2", "F32": "<f4", "F16": "<f2"}


def recorded(name):
    return json.loads((VECTORS / f"{name}.json").read_text())


def numbers(text, *shape):
    """An array of hexadecimal float32."""
    return numpy.frombuffer(bytes.fromhex(text), "<f4").reshape(shape)


def uids(start, end, prefix=PREFIX):
    return " ".join(f"{prefix}.{block}" for block in range(start, end))


def read_weights(path):
    """{name: float32 array} of a file of safetensors."""
    data = path.read_bytes()
    size, = struct.unpack_from("<Q", data)
    found = {}
    for name, told in json.loads(data[8:8 + size]).items():
        if name == "__metadata__":
            continue
        begin, end = (8 + size + at for at in told["data_offsets"])
        array = numpy.frombuffer(data[begin:end], SHAPES[told["dtype"]])
        if told["dtype"] == "BF16":
            array = (array.astype("<u4") << 16).view("<f4")
        found[name] = array.astype("<f4").reshape(told["shape"])
    return found


class Ends:
    """Embedding, last norm and head."""

    def __init__(self):
        weights = read_weights(FOLDER / "model.safetensors")
        self.embedding = weights["model.embed_tokens.weight"]
        self.norm, self.head = weights["model.norm.weight"], weights["lm_head.weight"]
        self.epsilon = json.loads((FOLDER / "config.json").read_text())["rms_norm_eps"]

    def embed(self, ids):
        """[1, tokens, hidden] of token ids."""
        return self.embedding[numpy.asarray(ids)][None]

    def logits(self, hidden):
        square = numpy.mean(hidden.astype("<f8") ** 2, axis=-1, keepdims=True)
        return (hidden / numpy.sqrt(square + self.epsilon) * self.norm) @ self.head.T
