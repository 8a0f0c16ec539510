#!/usr/bin/env python3
"""An unmodified Petals client of the tiny model, as a peer by the contract of README.md.

usage: petals_client.py --peer ADDR

It has no addresses. Its commands: `route` (who serves which blocks), `session`, `rollback`,
`reorder` and `forward` (each: how far the logits are from the recorded ones), `generate` (tokens).
"""
import argparse
import gc
import os
import signal
import subprocess
import sys
import time

import peers

PYTHON = peers.INSTALLED / "petals" / "bin" / "python"
LOOK = 0.2  # seconds
RETRIES, PATIENCE = 3, 30  # a client as it comes tries for ever


class Client:
    def __init__(self, peer):
        # pylint: disable=import-outside-toplevel,import-error
        import torch
        from petals import AutoDistributedModelForCausalLM

        import tiny
        self.torch = torch
        torch.set_grad_enabled(False)
        self.model = AutoDistributedModelForCausalLM.from_pretrained(
            tiny.FOLDER, initial_peers=[peer], dht_prefix=tiny.PREFIX, torch_dtype=torch.float32,
            max_retries=RETRIES, request_timeout=PATIENCE, show_route=False)
        self.blocks = self.model.transformer.h
        known = tiny.recorded("block_float32")
        self.known, self.ids = tiny.recorded("generate"), known["token_ids"]
        self.logits = torch.tensor(tiny.numbers(known["logits"], 1, len(self.ids), -1).copy())

    def embed(self, *rows):
        return self.model.get_input_embeddings()(self.torch.tensor(rows))

    def difference(self, *parts):
        """Of the logits after these hidden states, one after the other."""
        hidden = self.model.transformer.ln_f(self.torch.cat(parts, 1))
        return {"difference": (self.model.lm_head(hidden) - self.logits).abs().max().item()}

    def route(self):
        spans = self.blocks.sequence_manager.make_sequence(mode="min_latency",
                                                           cache_tokens_needed=64)
        return {"spans": [[span.peer_id.to_base58(), span.start, span.end] for span in spans]}

    def session(self, steps):
        parts, at = [], 0
        with self.blocks.inference_session(max_length=64) as session:
            for count in steps:
                parts.append(session.step(self.embed(self.ids[at:at + count])))
                at += count
        return self.difference(*parts)

    def rollback(self):
        """Three tokens are taken back."""
        with self.blocks.inference_session(max_length=64) as session:
            begun = session.step(self.embed(self.ids[:6]))
            session.step(self.embed([7, 7, 7]))
            session.position = 6
            return self.difference(begun, session.step(self.embed(self.ids[6:])))

    def reorder(self):
        """Both rows go on from the second one."""
        with self.blocks.inference_session(max_length=64) as session:
            begun = session.step(self.embed([9] * 8, self.ids[:8]))[1:]
            rows = session.step(self.embed(self.ids[8:], self.ids[8:]),
                                hypo_ids=self.torch.tensor([1, 1]))
        return max((self.difference(begun, row[None]) for row in rows),
                   key=lambda found: found["difference"])

    def forward(self):
        return self.difference(self.blocks(self.embed(self.ids)))

    def generate(self):
        prompt = self.known["token_ids"]
        out = self.model.generate(self.torch.tensor([prompt]), do_sample=False,
                                  max_new_tokens=len(self.known["generated"]))
        return {"tokens": out[0].tolist()[len(prompt):]}


def answer(peer):
    gc.disable()  # a session that is collected in the thread of its own loop waits for ever
    client = Client(peer)
    peers.say({"id": None, "addrs": []})
    peers.answer_commands({name: getattr(client, name) for name in (
        "route", "session", "rollback", "reorder", "forward", "generate")})
    os._exit(0)  # its threads do not end


def watch(peer):
    """The client leads a group of processes, which ends with it or with us."""
    us = os.getppid()
    folded = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1",
              "OMP_NUM_THREADS": "1"}
    with subprocess.Popen([PYTHON, __file__, "--inside", "--peer", peer], env=folded,
                          start_new_session=True) as client:
        while client.poll() is None and os.getppid() == us:
            time.sleep(LOOK)
        os.killpg(client.pid, signal.SIGKILL)
        return client.wait()


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--peer", required=True)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        answer(options.peer)
    # Who tests may be killed, and we with it: then a child of ours sees it.
    child = os.fork()
    if child:
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    sys.exit(watch(options.peer))


if __name__ == "__main__":
    main()
