#!/usr/bin/env python3
"""A file with twenty different mistakes gets twenty messages in one run, each at its place.

usage: reader.py PROGRAM
"""
import json
import sys
from pathlib import Path

import program

FILE = Path(__file__).resolve().parent.parent / "documents/wrong/twenty_mistakes.yaml"

# (what stands in the line, what is underlined, key, kind): found in the file, not counted by hand
MISTAKES = [
    ("schema_version: 1.0", "1.0", "schema_version", "invalid-value"),
    ("name: -alice", "-alice", "node.name", "invalid-value"),
    ("prot: 8080", "prot", "node.prot", "unknown-key"),
    ("port: 70000", "70000", "node.port", "out-of-range"),
    ("dtype: flaot16", "flaot16", "model.dtype", "invalid-value"),
    ("start_block: 010", "010", "model.start_block", "wrong-type"),
    ('blocks: "4"', '"4"', "model.blocks", "wrong-type"),
    ("enabled: yes", "yes", "model.rebalance.enabled", "wrong-type"),
    ("quality: 1.5", "1.5", "model.rebalance.quality", "out-of-range"),
    ("dht_prefix: Llama-3.3", "Llama", "model.dht_prefix", "invalid-value"),
    ("device: gpu", "gpu", "performance.device", "invalid-value"),
    ("max_chunk_bytes: 16G", "16G", "performance.max_chunk_bytes", "wrong-type"),
    ("- /ip4/1.2.3.4/tcp/8000", "/ip4", "network.bootstrap_peers", "invalid-value"),
    ("public_ip: 999.1.1.1", "999", "network.public_ip", "invalid-value"),
    ("max_connections: 1_000", "1_000", "network.max_connections", "wrong-type"),
    ("max_connections: 5", "max", "network.max_connections", "duplicate-key"),
    ("announce_interval: soon", "soon", "dht.announce_interval", "wrong-type"),
    ("max_cpu_percent: 101", "101", "resources.max_cpu_percent", "out-of-range"),
    ("cron: 61 0 * * *", "61", "resources.schedules", "invalid-value"),
    ("logging: verbose", "verbose", "logging", "wrong-type"),
]


def place(lines, line_text, mark):
    """(line, column) of a mark, both from 1."""
    found = [number for number, line in enumerate(lines, 1) if line_text in line]
    assert len(found) == 1, f"{line_text!r} stands in the lines {found}"
    line = lines[found[0] - 1]
    return found[0], line.index(mark, line.index(line_text)) + 1


# proves: NFR-2/2.2, FR-4/4.4, TR-4/ValidationError
def twenty_mistakes_get_twenty_messages(home):
    home.config.write_bytes(FILE.read_bytes())
    lines = FILE.read_text().split("\n")
    want = [(*place(lines, text, mark), key, kind) for text, mark, key, kind in MISTAKES]
    status, out, err = home.run("config check --json")
    document = json.loads(out)
    got = [(p["line"], p["column"], p["key"], p["kind"]) for p in document["problems"]]
    assert status == program.CONFIGURATION and document["ok"] is False, err
    assert len(want) == 20 and got == want, "\n".join(map(str, set(got) ^ set(want)))
    for problem in document["problems"]:
        assert problem["severity"] == "error" and problem["file"] == "node_config.yaml", problem
        assert problem["message"] and problem["layer"] == "file", problem
    status, out, err = home.run("config check")
    assert status == program.CONFIGURATION and out.startswith("20 errors in "), out
    for line, column, *_ in want:
        assert f"\n  node_config.yaml:{line}:{column}  " in out, (line, column, out)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    program.PROGRAM = Path(sys.argv[1]).resolve()
    with program.Home() as home:
        twenty_mistakes_get_twenty_messages(home)


main()
