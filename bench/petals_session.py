"""Sessions of an unmodified Petals client at two servers of the same blocks, in turn.

    petals_session.py MODEL PREFIX PEER TYPE ROUNDS STEPS SERVER SERVER

Prints one JSON object: for each server (its peer id) milliseconds of a prompt of 128 tokens, and of
a token behind it, the medians of all rounds. To be run by the Python of Petals.
"""
import gc
import json
import os
import statistics
import sys
import time

PROMPT, LENGTH = 128, 256


def main():
    # pylint: disable=import-outside-toplevel,import-error
    import torch
    from petals.client import RemoteSequential
    from petals.models.llama.config import DistributedLlamaConfig

    model, prefix, peer, dtype, rounds, steps, *servers = sys.argv[1:]
    gc.disable()  # a session that is collected in the thread of its own loop waits for ever
    torch.set_num_threads(1)
    config = DistributedLlamaConfig.from_pretrained(model, dht_prefix=prefix)
    config.initial_peers, config.show_route = [peer], False
    config.max_retries, config.request_timeout = 3, 60
    blocks = {}
    for server in servers:
        config.allowed_servers = [server]
        blocks[server] = RemoteSequential(config)
    hidden = (torch.rand(1, PROMPT, config.hidden_size) - 0.5).to(getattr(torch, dtype))
    told = {server: {"prompt": [], "token": []} for server in servers}

    def step(session, tokens, took):
        begin = time.perf_counter()
        session.step(hidden[:, :tokens])
        took.append((time.perf_counter() - begin) * 1000)

    with torch.inference_mode():
        for number in range(int(rounds) + 1):
            for server in servers if number % 2 else servers[::-1]:
                took = told[server] if number else {"prompt": [], "token": []}  # the first warms up
                with blocks[server].inference_session(max_length=LENGTH) as session:
                    step(session, PROMPT, took["prompt"])
                    for _ in range(int(steps)):
                        step(session, 1, took["token"])
    print(json.dumps({server: {what: statistics.median(took) for what, took in found.items()}
                      for server, found in told.items()}), flush=True)
    os._exit(0)  # its threads do not end


main()
