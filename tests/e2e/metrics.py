#!/usr/bin/env python3
"""`kwaainet status --metrics`, read by a small strict reader of OpenMetrics text.

usage: metrics.py PROGRAM

Where promtool is installed it is asked too.
"""
import json
import re
import shutil
import subprocess

import blocks
import program
from program import DONE
from started import Node, first_of_a_swarm, own_network

ALONE = __name__ == "__main__" and own_network()
UNREACHABLE = 69
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
META = re.compile(rf"# (TYPE|UNIT|HELP) ({NAME}) (.+)")
SAMPLE = re.compile(rf'({NAME})((?:\{{{NAME}="[^"\\\n]*"\}})?) (-?\d+(?:\.\d+)?(?:e[+-]\d+)?)')
SUFFIX = {"counter": "_total", "gauge": "", "info": "_info", "stateset": ""}


def read(text):
    """{sample: value}; raises where the text does not follow the format."""
    lines = text.split("\n")
    if lines[-2:] != ["# EOF", ""]:
        raise ValueError("no end")
    samples, families, family = {}, {}, None
    for line in lines[:-2]:
        if meta := META.fullmatch(line):
            word, name, rest = meta.groups()
            if name != family:
                if word != "TYPE" or name in families:
                    raise ValueError(f"a family begins with its type, once: {line}")
                family, families[name] = name, {}
            if word in families[name]:
                raise ValueError(f"twice: {line}")
            families[name][word] = rest
            continue
        sample = SAMPLE.fullmatch(line)
        if not sample or family is None:
            raise ValueError(f"no sample: {line!r}")
        name, labels, value = sample.groups()
        about = families[family]
        if name != family + SUFFIX[about["TYPE"]] or name + labels in samples:
            raise ValueError(f"not of {family}: {line}")
        if about["TYPE"] == "counter" and float(value) < 0:
            raise ValueError(f"below zero: {line}")
        if about["TYPE"] == "stateset" and value not in "01":
            raise ValueError(f"no state: {line}")
        if "UNIT" in about and not family.endswith("_" + about["UNIT"]):
            raise ValueError(f"{family} does not end in its unit")
        samples[name + labels] = float(value)
    for name, about in families.items():
        if "HELP" not in about:
            raise ValueError(f"{name} is not explained")
    return samples


class Metrics(blocks.Case):
    def metrics(self, home=None):
        text = self.expect((home or self.h).run("status --metrics"), DONE)[1]
        if promtool := shutil.which("promtool"):
            done = subprocess.run([promtool, "check", "metrics"], input=text.encode(),
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            self.assertEqual(done.returncode, 0, done.stdout)
        return read(text)

    def test_the_reader_is_strict(self):
        good = "# TYPE a counter\n# HELP a It.\na_total 1\n# EOF\n"
        self.assertEqual(read(good), {"a_total": 1})
        for wrong in ("a_total 1", "# EOF\n# EOF", "# TYPE a counter\n# TYPE a counter",
                      "# TYPE a counter\n# HELP a x\na 1", "# TYPE a gauge\na 1",
                      "# TYPE a gauge\n# HELP a x\n# UNIT a bytes\na 1",
                      "# TYPE a gauge\n# HELP a x\na 1\na 1", "# TYPE a gauge\n# HELP a x\na x",
                      "# TYPE a gauge\n# HELP a x\na 1\n\n"):
            with self.subTest(wrong), self.assertRaises(ValueError):
                read(wrong + "\n# EOF\n")
        with self.assertRaises(ValueError):
            read(good[:-6])

    def test_what_happens_is_counted(self):
        node = first_of_a_swarm(self.h)
        self.addCleanup(node.__exit__)
        before = self.metrics()
        self.assertEqual(before['kwaainet_state{kwaainet_state="JOINING"}'], 1)
        self.assertEqual(sum(value for name, value in before.items()
                             if name.startswith("kwaainet_state{")), 1)
        self.assertEqual(before["kwaainet_connections"], 0)
        self.assertGreater(before["process_resident_memory_bytes"], 1 << 20)
        self.assertGreater(before["process_open_fds"], 5)
        self.assertNotIn("kwaainet_tokens_total", before)
        with Node(self.second, "--bootstrap", node.address, "--no-save") as other:
            other.wait("visible")
            here, there = self.metrics(), self.metrics(self.second)
            status = json.loads(self.h.run("status --json")[1])
        self.assertEqual(here["kwaainet_connections"], status["peers"])
        for name in ("kwaainet_connections_accepted_total", "kwaainet_received_bytes_total",
                     "kwaainet_sent_bytes_total", "kwaainet_dht_requests_answered_total",
                     "kwaainet_dht_records_bytes"):
            self.assertGreater(here[name], before[name], name)
        for name in ("kwaainet_bootstrap_answers_total", "kwaainet_announce_rounds_total",
                     "kwaainet_acknowledged_records_total", "kwaainet_visible_bootstraps",
                     "kwaainet_dht_requests_made_total", "kwaainet_connections_dialled_total"):
            self.assertGreater(there[name], 0, name)
        for name, value in before.items():
            if name.endswith("_total"):
                self.assertGreaterEqual(here[name], value, name)
        self.assertEqual(node.end(), DONE)

    def test_what_is_served_is_counted(self):
        node = self.start()
        self.served(node)
        told = self.metrics()
        self.assertEqual(told["kwaainet_blocks"], blocks.BLOCKS)
        self.assertGreater(told["kwaainet_weights_bytes"], 0)
        self.assertGreater(told["kwaainet_cache_tokens_left"], 0)
        self.assertEqual(told["kwaainet_sessions"], 0)
        self.assertEqual(told['kwaainet_state{kwaainet_state="ONLINE"}'], 1)
        self.assertEqual(node.end(), DONE)

    def test_lines_of_the_log_and_reloads_are_counted(self):
        node = first_of_a_swarm(self.h, "--log-file", str(self.h.root / "log"))
        self.addCleanup(node.__exit__)
        self.h.config.write_text("{}\n")
        self.expect(self.h.run("reload"), DONE)
        self.h.config.write_text("wrong: 1\n")
        self.h.run("reload")
        told = self.metrics()
        self.assertGreater(told["kwaainet_log_records_total"], 5)
        self.assertEqual(told["kwaainet_log_records_dropped_total"], 0)
        self.assertEqual(told["kwaainet_reloads_total"], 1)
        self.assertEqual(told["kwaainet_reload_failures_total"], 1)
        self.assertEqual(node.end(), DONE)

    def test_every_metric_is_described(self):
        node = self.start()
        self.served(node)
        page = self.expect(self.h.run("docs metrics"), DONE)[1]
        for name in self.metrics():
            self.assertIn(f"| `{name.split('{')[0]}` |", page)
        text = json.loads(self.expect(self.h.run("status --metrics --json"), DONE)[1])["text"]
        self.assertEqual(set(read(text)), set(self.metrics()))
        self.assertEqual(node.end(), DONE)

    def test_without_a_node_there_is_nobody_to_ask(self):
        self.expect(self.h.run("status --metrics"), UNREACHABLE, "no node runs")


if __name__ == "__main__":
    program.main()
