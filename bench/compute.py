"""The rows of ./dev bench --compute: products of a model's matrices beside what bounds them, and
whole blocks beside reading their weights, and beside PyTorch where the tests have installed it."""
import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "build/release/bench"
TORCH = ROOT / "build/oracle/petals/bin/python"
THREADS = len(os.sched_getaffinity(0))
SESSIONS = 32
ROUNDS = 3  # beside PyTorch; the one with the median ratio is told
TYPES = {  # of the weights: (decode, prefill) in budgets beside PyTorch; None: none
    "float32": (None, 1),
    "bfloat16": (None, 1 / 1.7),
}
NARROW = ("float16", "int8", "nf4")


def run_json(*words):
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, check=True,
                          text=True, timeout=600)
    return json.loads(done.stdout.splitlines()[-1])


def in_turn(name):
    """Ours and PyTorch's, one behind the other."""
    ours = run_json(BENCH / "bench_blocks", THREADS, "best", name)
    return ours, (run_json(TORCH, ROOT / "bench/torch_blocks.py", THREADS, name)
                  if TORCH.exists() else None)


def of_type(name):
    pairs = [in_turn(name) for _ in range(ROUNDS if TORCH.exists() else 1)]
    ours = pairs[0][0]
    step, each = ours["decode_us"], ours["sessions_32_us"] / SESSIONS
    rows = [(f"{name}, 4 blocks, {ours['set']}: a token / reading the weights", step,
             step / ours["decode_of_read"], 1 / 0.9),
            (f"{name}: a token of {SESSIONS} sessions together / of one", each, step, 0.25)]
    if not TORCH.exists():
        return rows
    for what, budget in zip(("decode", "prefill_128", "prefill_512"),
                            (TYPES[name][0], TYPES[name][1], TYPES[name][1])):
        key = f"{what}_us"
        mine, other = sorted(pairs, key=lambda pair, key=key: pair[0][key] / pair[1][key])[
            len(pairs) // 2]
        rows.append((f"{name}: {what.replace('_', ' of ')} / PyTorch", mine[key], other[key],
                     budget))
    return rows


def products(threads, name):
    got = run_json(BENCH / "bench_kernels", threads, "best", name)
    found = []
    for tokens, beside in ((0, "read of the same bytes"), (128, "tiles"), (512, "tiles")):
        took = got[str(tokens)]
        what = f"{tokens} tokens, {took['gflops']:.0f} GFLOP/s" if tokens else "one token"
        budget = 1 / 0.9 if not tokens and name in TYPES else None
        what = f"products, {got['set']}, {threads} threads, {name}, {what}"
        found.append((f"{what} / {beside}", took["us"], took["us"] * took["ratio"], budget))
    return found


def rows():
    found = [row for threads in sorted({1, THREADS}) for name in (*TYPES, *NARROW)
             for row in products(threads, name)]
    return found + [row for name in TYPES for row in of_type(name)]
