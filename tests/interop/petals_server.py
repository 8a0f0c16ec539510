#!/usr/bin/env python3
"""An unmodified Petals server on loopback, as a peer by the contract of README.md.

usage: petals_server.py --peer ADDR --blocks FIRST:END [--model FOLDER] [--prefix NAME]
                        [--dtype TYPE] [--compression NAME] [FLAG...]

Its ready line comes when it has announced ONLINE. It ends with its input, and all that it started
with it. FLAGs go to Petals. It asks nobody but the swarm: the requests of its version check and its
speed test go to a port where nobody listens.
"""
import argparse
import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import peers
import tiny

PYTHON = peers.INSTALLED / "petals" / "bin" / "python"
NOBODY = "http://127.0.0.1:9"
START, END = 120, 15  # seconds
ADDRESS = re.compile(r"Running a server on \['([^']+)'")
ONLINE = re.compile(r"\] Started\b")


def environment(folder):
    kept = {name: value for name, value in os.environ.items() if name.lower() != "no_proxy"}
    return {**kept, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "PYTHONUNBUFFERED": "1",
            "PETALS_CACHE": str(folder), "OMP_NUM_THREADS": kept.get("OMP_NUM_THREADS", "2"),
            **{name: NOBODY for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")}}


class Server:
    """It is the leader of a group of processes: Petals leaves children behind."""

    def __init__(self, folder, options, flags):
        self.log = folder / "log"
        words = [PYTHON, "-m", "petals.cli.run_server", options.model,
                 "--dht_prefix", options.prefix,
                 "--block_indices", options.blocks, "--initial_peers", options.peer,
                 "--host_maddrs", "/ip4/127.0.0.1/tcp/0", "--identity_path", folder / "key",
                 "--device", "cpu", "--torch_dtype", options.dtype, "--compression",
                 options.compression, "--throughput", "100.0", "--num_handlers", "1",
                 "--update_period", "30", *flags]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [str(word) for word in words], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=environment(folder), start_new_session=True)

    def find(self, pattern):
        """The pattern in its log, as soon as it is there."""
        until = time.monotonic() + START
        while time.monotonic() < until:
            text = self.log.read_text(errors="replace")
            if found := pattern.search(text):
                return found
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"Petals: no {pattern.pattern} in\n{text[-2000:]}")

    def stop(self):
        """An interrupt makes it announce OFFLINE; what then is left of it is killed."""
        self.process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(END)

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def serve(options, flags):
    with tempfile.TemporaryDirectory(prefix="petals-", ignore_cleanup_errors=True) as folder:
        server = Server(Path(folder), options, flags)
        try:
            addr = server.find(ADDRESS)[1]
            server.find(ONLINE)
            peers.say({"id": addr.rsplit("/", 1)[1], "addrs": [addr], "log": str(server.log)})
            sys.stdin.read()
            server.stop()
        finally:
            server.kill()


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--peer", required=True)
    parser.add_argument("--blocks", required=True)
    parser.add_argument("--model", default=tiny.FOLDER)
    parser.add_argument("--prefix", default=tiny.PREFIX)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--compression", default="NONE")
    options, flags = parser.parse_known_args()
    peers.fork_guard()
    serve(options, flags)


if __name__ == "__main__":
    main()
