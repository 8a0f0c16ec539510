"""The blocks of bench/blocks.c in PyTorch, as transformers has them: torch_blocks.py THREADS TYPE.
Prints one JSON object: medians in microseconds."""
import json
import statistics
import sys
import time

import torch
from transformers.cache_utils import DynamicCache
from transformers.models.llama.configuration_llama import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaModel

BLOCKS, HIDDEN, CONTEXT, STEPS, ROUNDS = 4, 2048, 140, 24, 5


def model_of(dtype):
    config = LlamaConfig(vocab_size=8, hidden_size=HIDDEN, intermediate_size=5632,
                         num_hidden_layers=BLOCKS, num_attention_heads=32, num_key_value_heads=4,
                         max_position_embeddings=4096)
    torch.manual_seed(1)
    return LlamaModel(config).to(dtype).eval()


def microseconds(model, cache, tokens, dtype):
    hidden = torch.rand(1, tokens, HIDDEN).to(dtype)
    start = time.perf_counter()
    model(inputs_embeds=hidden, past_key_values=cache, use_cache=True)
    return (time.perf_counter() - start) * 1e6


def main():
    torch.set_num_threads(int(sys.argv[1]))
    dtype = getattr(torch, sys.argv[2])
    model, out = model_of(dtype), {}
    with torch.inference_mode():
        cache = DynamicCache()
        microseconds(model, cache, CONTEXT - STEPS // 2, dtype)
        out["decode_us"] = statistics.median(microseconds(model, cache, 1, dtype)
                                             for _ in range(STEPS))
        for tokens in (128, 512):
            out[f"prefill_{tokens}_us"] = statistics.median(
                microseconds(model, DynamicCache(), tokens, dtype) for _ in range(ROUNDS))
    print(json.dumps(out))


main()
