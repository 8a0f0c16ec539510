"""The products' rows of ./dev bench: one token beside a read of the weights, many beside tiles."""
import os

from network import BENCH, run_json

TYPES = ("float32", "bfloat16", "float16", "int8", "nf4")
READ_WHOLE = 1 / 0.9  # of the time that the read takes
BOUND_BY_MEMORY = ("float32", "bfloat16")


def rows():
    found = []
    for threads in sorted({1, len(os.sched_getaffinity(0))}):
        for name in TYPES:
            got = run_json(BENCH / "bench_kernels", threads, "best", name)
            for tokens, beside in ((0, "read of the same bytes"), (128, "tiles"), (512, "tiles")):
                took = got[str(tokens)]
                what = f"{tokens} tokens, {took['gflops']:.0f} GFLOP/s" if tokens else "one token"
                budget = READ_WHOLE if not tokens and name in BOUND_BY_MEMORY else None
                what = f"products, {got['set']}, {threads} threads, {name}, {what}"
                found.append((f"{what} / {beside}", took["us"], took["us"] * took["ratio"], budget))
    return found
