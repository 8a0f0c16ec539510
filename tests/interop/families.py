"""Small models of every family: their files, and what their blocks give, plainly written down.

A reference computes with the weights as a format has them: what differs is arithmetic alone.
To be imported by the Python of hivemind, which has numpy.
spec: transformers, modeling_llama, modeling_mistral, modeling_qwen2, modeling_mixtral
"""
import json
import struct

import numpy

BLOCKS, HIDDEN, HEADS, KEYS, INNER, EXPERTS = 2, 64, 4, 2, 96, 4
EPSILON = 1e-5
GROUP = 64  # weights of nf4 that share a scale
# spec: QLoRA, appendix E
NF4 = numpy.array([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
    -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
    0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941,
    0.7229568362236023, 1.0], "<f4")

LINEAR = {"rope_scaling": {"rope_type": "linear", "factor": 4.0}}
# What a family has beside what all have. Heads of mistral are wider than hidden / heads.
FAMILIES = {
    "llama": {"attention_bias": True, **LINEAR},
    "mistral": {"head_dim": 24, "sliding_window": 5},
    "qwen2": {"rope_theta": 1e6, "use_sliding_window": False},
    "mixtral": {"num_local_experts": EXPERTS, "num_experts_per_tok": 2, "sliding_window": None},
}


def config_of(family):
    return {"model_type": family, "num_hidden_layers": BLOCKS, "hidden_size": HIDDEN,
            "num_attention_heads": HEADS, "num_key_value_heads": KEYS, "intermediate_size": INNER,
            "max_position_embeddings": 512, "rms_norm_eps": EPSILON, "rope_theta": 1e4,
            "hidden_act": "silu", **FAMILIES[family]}


def shapes_of(config):
    """{name: shape} of every tensor of the blocks."""
    dim = config.get("head_dim", HIDDEN // HEADS)
    found = {}
    for block in range(BLOCKS):
        at = f"model.layers.{block}."
        for name, rows, columns in (("q", HEADS * dim, HIDDEN), ("k", KEYS * dim, HIDDEN),
                                    ("v", KEYS * dim, HIDDEN), ("o", HIDDEN, HEADS * dim)):
            found[f"{at}self_attn.{name}_proj.weight"] = (rows, columns)
            if config.get("attention_bias") or config["model_type"] == "qwen2" and name != "o":
                found[f"{at}self_attn.{name}_proj.bias"] = (rows,)
        found[at + "input_layernorm.weight"] = found[at + "post_attention_layernorm.weight"] = (
            HIDDEN,)
        if "num_local_experts" in config:
            found[at + "block_sparse_moe.gate.weight"] = (EXPERTS, HIDDEN)
        for name, other in (("gate_proj", "w1"), ("up_proj", "w3"), ("down_proj", "w2")):
            shape = (HIDDEN, INNER) if other == "w2" else (INNER, HIDDEN)
            names = [f"mlp.{name}"] if "num_local_experts" not in config else [
                f"block_sparse_moe.experts.{expert}.{other}" for expert in range(EXPERTS)]
            found.update({f"{at}{one}.weight": shape for one in names})
    return found


def weights_of(config, seed=7):
    """Such as leave the numbers of every block at about the same size."""
    made, found = numpy.random.default_rng(seed), {}
    for name, shape in shapes_of(config).items():
        numbers = made.standard_normal(shape, "f4")
        if len(shape) == 2:
            found[name] = numbers / numpy.sqrt(numpy.float32(shape[1]))
        else:
            found[name] = numbers * numpy.float32(0.1) + ("layernorm" in name)
    return found


def write(folder, family):
    """The folder of a model with weights of float32; its configuration and its weights."""
    config = config_of(family)
    weights, header, at = weights_of(config), {}, 0
    for name, numbers in weights.items():
        header[name] = {"dtype": "F32", "shape": numbers.shape,
                        "data_offsets": [at, at + numbers.nbytes]}
        at += numbers.nbytes
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "model.safetensors").write_bytes(
        struct.pack("<Q", len(head)) + head + b"".join(n.tobytes() for n in weights.values()))
    return config, weights


# -- formats

def as_float16(numbers):
    return numbers.astype("<f2").astype("<f4")


def as_bfloat16(numbers):
    bits = numbers.view("<u4")
    return (bits + 0x7fff + (bits >> 16 & 1) & 0xffff0000).astype("<u4").view("<f4")


def as_int8(numbers):
    """A scale for each row, of which the largest weight is 127 times."""
    step = numpy.abs(numbers).max(-1, keepdims=True) / numpy.float32(127)
    return numpy.rint(numbers * (1 / step)) * step


def as_nf4(numbers):
    """A scale of float16 for each group, the last one of a row being shorter."""
    out = numpy.empty_like(numbers)
    for at in range(0, numbers.shape[1], GROUP):
        group = numbers[:, at:at + GROUP]
        scale = as_float16(numpy.abs(group).max(-1, keepdims=True))
        nearest = numpy.abs((group / scale)[..., None] - NF4).argmin(-1)
        out[:, at:at + GROUP] = NF4[nearest] * scale
    return out


# How far a weight may be from what it was, as a part of the largest one that shares its scale.
WEIGHT_OFF = {as_int8: 1 / 254, as_nf4: 0.1525}
FORMATS = {"float32": lambda numbers: numbers, "float16": as_float16, "bfloat16": as_bfloat16,
           "int8": as_int8, "nf4": as_nf4}


def formatted(weights, kind):
    """All matrices in that format; the router of experts is not quantised."""
    change, found = FORMATS[kind], dict(weights)
    for name, numbers in weights.items():
        is_router = name.endswith("moe.gate.weight") and kind in ("int8", "nf4")
        if numbers.ndim == 2 and not is_router:
            found[name] = change(numbers)
    return found


# -- blocks

def norm(numbers, weight):
    square = (numbers * numbers).mean(-1, keepdims=True)
    return numbers / numpy.sqrt(square + EPSILON) * weight


def silu(numbers):
    return numbers / (1 + numpy.exp(-numbers))


class Reference:
    """The blocks of a model in double, for one sequence from its beginning."""

    def __init__(self, config, weights):
        self.config = config
        self.weights = {name: numbers.astype("f8") for name, numbers in weights.items()}
        self.dim = config.get("head_dim", HIDDEN // HEADS)

    def linear(self, numbers, name):
        return (numbers @ self.weights[name + ".weight"].T
                + self.weights.get(name + ".bias", 0))

    def turned(self, numbers, positions):
        factor = self.config.get("rope_scaling", {}).get("factor", 1)
        powers = numpy.arange(0, self.dim, 2) / self.dim
        angles = positions[:, None] / self.config["rope_theta"] ** powers / factor
        cosine, sine = (numpy.tile(make(angles), 2)[:, None] for make in (numpy.cos, numpy.sin))
        half = self.dim // 2
        swapped = numpy.concatenate([-numbers[..., half:], numbers[..., :half]], -1)
        return numbers * cosine + swapped * sine

    def attention(self, numbers, at):
        tokens = len(numbers)
        query, key, value = (
            self.linear(numbers, f"{at}self_attn.{name}_proj").reshape(tokens, -1, self.dim)
            for name in "qkv")
        positions = numpy.arange(tokens)
        query, key = self.turned(query, positions), self.turned(key, positions)
        behind = positions[:, None] - positions
        hidden = (behind < 0) | (behind >= (self.config.get("sliding_window") or tokens))
        out = numpy.empty_like(query)
        for head in range(HEADS):
            of = head * KEYS // HEADS
            scores = query[:, head] @ key[:, of].T / numpy.sqrt(self.dim)
            scores[hidden] = -numpy.inf
            shares = numpy.exp(scores - scores.max(-1, keepdims=True))
            out[:, head] = shares / shares.sum(-1, keepdims=True) @ value[:, of]
        return self.linear(out.reshape(tokens, -1), at + "self_attn.o_proj")

    def gated(self, numbers, gate, up, down):
        return self.linear(silu(self.linear(numbers, gate)) * self.linear(numbers, up), down)

    def feed_forward(self, numbers, at):
        if "num_local_experts" not in self.config:
            return self.gated(numbers, *(f"{at}mlp.{name}_proj" for name in ("gate", "up", "down")))
        shares = numpy.exp(self.linear(numbers, at + "block_sparse_moe.gate"))
        least = numpy.sort(shares, -1)[:, [-self.config["num_experts_per_tok"]]]
        shares = numpy.where(shares >= least, shares, 0)
        shares /= shares.sum(-1, keepdims=True)
        return sum(
            shares[:, [expert]] * self.gated(
                numbers, *(f"{at}block_sparse_moe.experts.{expert}.{name}"
                           for name in ("w1", "w3", "w2")))
            for expert in range(EXPERTS))

    def run(self, hidden):
        """[tokens, hidden] through all blocks."""
        numbers = hidden.astype("f8")
        for block in range(BLOCKS):
            at = f"model.layers.{block}."
            numbers = numbers + self.attention(
                norm(numbers, self.weights[at + "input_layernorm.weight"]), at)
            numbers = numbers + self.feed_forward(
                norm(numbers, self.weights[at + "post_attention_layernorm.weight"]), at)
        return numbers
