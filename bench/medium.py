"""Models with made up weights in bfloat16, as wide as TinyLlama: four blocks of 44 M weights each,
352 MB; or the narrow one, a block with next to nothing in it."""
import array
import json
import random
import struct

HIDDEN, HEAD = 2048, 64
ONE = 0x3f80
PATTERN = 1000003  # numbers that are repeated: no row begins like another


class Model:
    """Its files, written into `folder`, which is made."""

    hidden = HIDDEN

    def __init__(self, folder, narrow=False):
        self.folder = folder
        self.blocks, self.heads, self.kv_heads, self.ffn = (1, 1, 1, 64) if narrow else \
            (4, 32, 4, 5632)
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(self.config()))
        with open(folder / "model.safetensors", "wb") as file:
            file.write(self.header())
            self.write(file)

    def config(self):
        return {
            "architectures": ["LlamaForCausalLM"], "model_type": "llama",
            "torch_dtype": "bfloat16", "hidden_size": HIDDEN, "intermediate_size": self.ffn,
            "num_hidden_layers": self.blocks, "num_attention_heads": self.heads, "head_dim": HEAD,
            "num_key_value_heads": self.kv_heads, "vocab_size": 1024,
            "max_position_embeddings": 4096, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
            "hidden_act": "silu", "tie_word_embeddings": False, "bos_token_id": 1,
            "eos_token_id": 2}

    def tensors(self):
        """(name, shape) in the order of the file."""
        keys, queries = self.kv_heads * HEAD, self.heads * HEAD
        for number in range(self.blocks):
            for name, *shape in (
                    ("input_layernorm", HIDDEN), ("mlp.down_proj", HIDDEN, self.ffn),
                    ("mlp.gate_proj", self.ffn, HIDDEN), ("mlp.up_proj", self.ffn, HIDDEN),
                    ("post_attention_layernorm", HIDDEN), ("self_attn.k_proj", keys, HIDDEN),
                    ("self_attn.o_proj", HIDDEN, queries), ("self_attn.q_proj", queries, HIDDEN),
                    ("self_attn.v_proj", keys, HIDDEN)):
                yield f"model.layers.{number}.{name}.weight", shape

    def header(self):
        told, at = {"__metadata__": {"format": "pt"}}, 0
        for name, shape in self.tensors():
            end = at + 2 * count(shape)
            told[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, end]}
            at = end
        text = json.dumps(told).encode()
        text += b" " * (-(len(text) + 8) % 64)  # weights begin at a multiple of 64
        return struct.pack("<Q", len(text)) + text

    def write(self, file):
        numbers, at = memoryview(pattern()), 0
        for _, shape in self.tensors():
            left = 2 * count(shape)
            if len(shape) == 1:
                file.write(struct.pack("<H", ONE) * shape[0])
                continue
            while left:
                n = min(left, len(numbers) - at)
                file.write(numbers[at:at + n])
                at, left = (at + n) % len(numbers), left - n


def count(shape):
    return shape[0] * (shape[1] if len(shape) > 1 else 1)


def pattern():
    """Bytes of numbers from 0.01 to 0.03 either way."""
    chance = random.Random(1)
    return array.array("H", (0x3c23 + chance.getrandbits(6) + (chance.getrandbits(1) << 15)
                             for _ in range(PATTERN))).tobytes()
