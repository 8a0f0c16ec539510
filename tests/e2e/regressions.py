#!/usr/bin/env python3
"""What another node's program got wrong, and this one must not.

usage: regressions.py PROGRAM NODE [TEST…]       NODE: the built tests/interop/node.c

Each test is named by what must not happen; the program runs as people run it.
"""
import contextlib
import json
import os
import queue
import socket
import stat
import sys
import threading
import time

import program
from network import HUB, REGISTRY, pack, provider
from program import CONFIGURATION, DONE, FAILED, USAGE
from started import Node, first_of_a_swarm, own_network
import peers

if __name__ == "__main__":
    own_network()  # other tests of this machine want the same ports
NODE = None
TRY_AGAIN = 75
OFFLINE, JOINING, ONLINE = range(3)
NEW_SWARM = ("--set", "network.new_swarm=true")
SMALL = "--model=TinyLlama-1.1B-Chat-v1.0"
TRUE_BLOCKS = {"Llama-3.1-405B": 126, "DeepSeek-V3": 61, "Qwen2.5-72B": 80,
               "Mixtral-8x22B-Instruct-v0.1": 56}


@contextlib.contextmanager
def far(address, seconds):
    """(another address of that peer, where what it answers arrives so much later; [bytes that were
    sent to it there])"""
    _, _, host, _, port, *rest = address.split("/")

    def there_now(near, there):
        with contextlib.suppress(OSError):
            while data := near.recv(65536):
                there.sendall(data)
                sent[0] += len(data)
            there.shutdown(socket.SHUT_WR)

    def back_later(there, under_way):
        with contextlib.suppress(OSError):
            while data := there.recv(65536):
                under_way.put((time.monotonic() + seconds, data))
        under_way.put((0, b""))

    def arrive(under_way, near):
        with contextlib.suppress(OSError):
            while (due := under_way.get())[1]:
                time.sleep(max(0, due[0] - time.monotonic()))  # that is how far it is
                near.sendall(due[1])
            near.shutdown(socket.SHUT_WR)

    def serve(door):
        with contextlib.suppress(OSError):
            while True:
                near, there = door.accept()[0], socket.create_connection((host, int(port)))
                ends.extend((near, there))
                under_way = queue.Queue()
                for work in ((there_now, near, there), (back_later, there, under_way),
                             (arrive, under_way, near)):
                    threading.Thread(target=work[0], args=work[1:], daemon=True).start()

    ends, sent = [], [0]
    with socket.create_server((host, 0)) as door:
        threading.Thread(target=serve, args=(door,), daemon=True).start()
        yield "/".join(("", "ip4", host, "tcp", str(door.getsockname()[1]), *rest)), sent
        for end in ends:
            end.close()


class Regressions(program.Case):
    def put(self, content):
        self.h.config.write_bytes(content if isinstance(content, bytes) else content.encode())

    def problems(self, words, status=CONFIGURATION, **options):
        """The errors of a run, each "LINE:COLUMN KEY"."""
        got = self.expect(self.h.run(words + " --json", **options), status)
        return [f"{p['line']}:{p['column']} {p['key']}" for p in json.loads(got[1])["problems"]
                if p["severity"] == "error"]

    def value(self, key, **options):
        return self.expect(self.h.run(f"config get {key}", **options), DONE)[1].rstrip("\n")

    def refused(self, *words, status=CONFIGURATION):
        """A save that is refused, with nothing on its answer and the file as it was."""
        before = self.h.listing()
        got = self.expect(self.h.run("config", "set", *words), status)
        self.assertEqual(got[1], "")
        self.assertNotEqual(got[2], "")
        self.assertEqual(self.h.listing(), before)

    # proves: FR-4/4.1, P1/4
    def test_a_start_block_past_the_model_is_not_taken(self):
        self.put("model:\n  total_blocks: 32\n  start_block: 40\n")
        self.assertEqual(self.problems("config check"), ["3:16 model.start_block"])
        for key in ("model.start_block", "model.total_blocks"):  # both are doubtful
            for command in ("get", "explain"):
                self.expect(self.h.run(f"config {command} {key}"), CONFIGURATION,
                            "block 40 of a model with 32 blocks")
        self.expect(self.h.run("config get node.port"), DONE)
        self.put("model:\n  total_blocks: 32\n")
        self.refused("model.start_block", "40")

    def test_a_negative_number_of_blocks_is_not_announced(self):
        self.put("model:\n  start_block: 40\n  end_block: 32\n")
        self.assertEqual(self.problems("config check"), ["3:14 model.end_block"])
        self.assertEqual(self.problems("config show"), ["3:14 model.end_block"])

    def test_block_numbers_do_not_wrap(self):
        for value in ("4294967295", "4294967296", "18446744073709551616", "-1", "65536"):
            with self.subTest(value=value):
                self.put(f"model:\n  start_block: {value}\n  blocks: {value}\n")
                self.assertEqual(self.problems("config check"),
                                 ["2:16 model.start_block", "3:11 model.blocks"])
                self.put("")
                self.refused("model.start_block", value)
                self.refused("model.blocks", value)

    def test_an_empty_model_is_not_served(self):
        self.put("model:\n  name: ''\n  dht_prefix: ''\n")
        self.assertEqual(self.problems("config check"), ["2:9 model.name", "3:15 model.dht_prefix"])
        self.put("")
        self.refused("model.name", "", status=FAILED)
        self.refused("model.dht_prefix", "", status=FAILED)

    # proves: FR-4/4.1, FR-4/4.2, FR-4/4.3, P1/4
    def test_nonsense_is_not_set_with_a_tick(self):
        self.put("node:\n  port: 8080\n")
        for key, value in (("node.port", "0"), ("model.blocks", "0"),
                           ("model.blocks", "4000000000"), ("logging.level", "banana"),
                           ("network.announce_addrs", "not-a-multiaddr"),
                           ("network.public_ip", "999.1.1.1"), ("node.name", "-"),
                           ("network.bootstrap_peers", "/ip4/1.2.3.4/tcp/8000"),
                           ("state.initial", "AWAY"), ("model.dtype", "int4")):
            with self.subTest(key=key, value=value):
                self.refused(key, value)
        self.refused("node.name", "", status=FAILED)
        self.refused("port", "1", status=USAGE)

    def test_one_wrong_value_does_not_let_the_right_ones_through(self):
        self.put("node:\n  port: 8080\n")
        self.refused("node.name", "ada", "node.port", "0")

    # proves: NFR-3/3.2
    def test_comments_and_unknown_keys_are_not_gone_after_a_save(self):
        text = "# mine\nmodel:\n  blocks: 8 # half\nx-mine: {a: 1} # keep\n"
        self.put(text)
        self.expect(self.h.run("config set model.blocks 4"), DONE)
        self.assertEqual(self.h.config.read_text(), text.replace("8 #", "4 #"))

    def test_a_save_does_not_write_what_nobody_typed(self):
        self.expect(self.h.run("config set model.blocks 4", env={"KWAAINET_PORT": "9444"}), DONE)
        self.assertEqual(self.h.config.read_text().split("\n")[-3:], ["model:", "  blocks: 4", ""])
        self.assertNotIn("null", self.h.config.read_text())
        self.assertNotIn("9444", self.h.config.read_text())

    def test_a_file_without_a_name_does_not_share_one_with_all(self):
        self.put("node:\n  port: 9000\n")
        self.assertEqual(self.value("node.name"), "auto")
        self.put("")
        self.assertEqual(self.value("node.name"), "auto")

    def test_a_byte_order_mark_and_cr_lf_are_not_a_second_document(self):
        self.put(b"\xef\xbb\xbf# Notepad\r\nnode:\r\n  port: 9000\r\n  name: ada\r\n")
        self.expect(self.h.run("config check"), DONE)
        self.assertEqual((self.value("node.port"), self.value("node.name")), ("9000", "ada"))

    def test_a_file_that_cannot_be_parsed_is_not_passed_over_in_silence(self):
        self.put("node:\n  port: [80\n")
        for words in ("config check", "config show", "config get node.port",
                      "config explain node.port", "config diff", "config show --changed"):
            with self.subTest(words=words):
                self.expect(self.h.run(words), CONFIGURATION, "node_config.yaml:2:9")

    # proves: NFR-2/2.4
    def test_a_tilde_does_not_make_a_folder_called_tilde(self):
        home = str(self.h.home)
        for env, words, want in (({"KWAAINET_HOME": "~/kw"}, "", f"{home}/kw/identity.key"),
                                 ({}, " --home ~/kw", f"{home}/kw/identity.key"),
                                 ({}, " --set node.identity_key=~/id.key", f"{home}/id.key"),
                                 ({"KWAAINET_NODE_IDENTITY_KEY": "~/id.key"}, "",
                                  f"{home}/id.key")):
            with self.subTest(env=env, words=words):
                self.assertEqual(self.value("node.identity_key" + words, env=env), want)
        self.put("node:\n  identity_key: ~/id.key\n")
        self.assertEqual(self.value("node.identity_key"), f"{home}/id.key")
        self.expect(self.h.run("config set node.port 9000", env={"KWAAINET_HOME": "~/kw"}), DONE)
        self.assertEqual([p for p in self.h.root.rglob("*") if "~" in p.name], [])

    # proves: NFR-2/2.3
    def test_a_relative_path_does_not_depend_on_where_the_program_runs(self):
        (self.h.home / "c.yaml").write_text("node:\n  identity_key: keys/id.key\n")
        path = self.value("node.identity_key --config ../home/c.yaml")
        self.assertEqual(os.path.normpath(path), str(self.h.home / "keys/id.key"))
        self.assertEqual(self.value("node.identity_key --set node.identity_key=id.key"),
                         str(self.h.work / "id.key"))

    def test_a_wrong_variable_is_not_ignored(self):
        got = self.expect(self.h.run("config check", env={"KWAAINET_PORT": "abc"}), CONFIGURATION,
                          "KWAAINET_PORT=abc", '"abc" is not a whole number')
        self.assertIn("node.port", got[1])
        self.expect(self.h.run("config check", env={"KWAAINET_PROT": "1"}), DONE,
                    "KWAAINET_PROT", "Did you mean KWAAINET_PORT?")

    # proves: FR-5/5.1, FR-5/5.1.1, FR-5/5.1.2, FR-5/5.1.5, FR-3/order, P1/3
    def test_a_variable_is_not_weaker_than_the_file(self):
        self.assertEqual(self.value("node.port"), "auto")
        self.put("node:\n  port: 8080\n")
        self.assertEqual(self.value("node.port"), "8080")
        env = {"KWAAINET_PORT": "9444"}
        self.assertEqual(self.value("node.port", env=env), "9444")
        self.assertEqual(self.value("node.port --port 9500", env=env), "9500")

    def test_a_variable_is_not_frozen_into_the_file(self):
        env = {"KWAAINET_PORT": "9444", "KWAAINET_MODEL": "foo/Bar-70B"}
        for words in ("config check", "config show", "config get node.port", "config path"):
            self.expect(self.h.run(words, env=env), DONE)
        self.assertEqual(self.h.listing(), {})
        self.expect(self.h.run("config set logging.level debug", env=env), DONE)
        self.assertEqual(self.value("node.port"), "auto")

    def test_a_silly_preset_is_not_a_success(self):
        self.refused("calibration.preset", "silly")
        self.expect(self.h.run("config check --set calibration.preset=silly"), USAGE,
                    'unknown value "silly"', "It is one of min, recommended, max.")
        self.put("calibration:\n  preset: silly\n")
        self.assertEqual(self.problems("config check"), ["2:11 calibration.preset"])

    # proves: P2/10.3
    def test_the_first_mistake_does_not_hide_the_others(self):
        self.put("node:\n  port: abc\nmodel:\n  blocks: x\nlogging:\n  level: loud\n")
        self.assertEqual(self.problems("config check", env={"KWAAINET_MAX_MEMORY": "much"}),
                         ["None:None resources.max_memory_gb", "2:9 node.port", "4:11 model.blocks",
                          "6:10 logging.level"])

    def test_a_secret_is_not_shown(self):
        secret = "https://hooks.example.org/T0K3N"
        self.put(f"alerts:\n  webhook_url: {secret}\n  email: wrong@@T0K3N\n")
        for words in ("config show", "config check", "config explain alerts.webhook_url",
                      "config get alerts.webhook_url", "config diff",
                      f"config set alerts.webhook_url {secret}X"):
            for more in ("", " --json"):
                with self.subTest(words=words + more):
                    got = self.h.run(words + more)
                    text = (got[1] + got[2]).replace("wrong@@T0K3N", "")
                    self.assertNotIn("T0K3N", text)


class Live(program.Case):
    """Of a node that runs."""

    def setUp(self):
        super().setUp()
        self.second = program.Home()
        self.addCleanup(self.second._folder.cleanup)

    def keep(self, node):
        self.addCleanup(node.__exit__)
        return node

    def first(self, *words, home=None):
        return self.keep(first_of_a_swarm(home or self.h, SMALL, *words))

    def start(self, *words, home=None):
        return self.keep(Node(home or self.h, *words))

    def peer(self, *words):
        peer = peers.Peer(NODE, *words)
        self.addCleanup(peer.stop)
        return peer

    def end(self, node):
        self.assertEqual(node.end(), DONE, node.err)

    def models(self, bootstrap):
        """What the swarm of that address holds."""
        out = self.expect(self.second.run("network", "models", "--json", "--bootstrap", bootstrap),
                          DONE)[1]
        return {model["prefix"]: model for model in json.loads(out)["models"]}

    def records(self, peer, node):
        """What that peer holds of the blocks of the node, as bytes."""
        prefix, plan = node.plan["model.dht_prefix"], node.plan
        return [bytes.fromhex(peer.ask("get", key=f"{prefix}.{block}")["hex"])
                for block in range(int(plan["model.start_block"]), int(plan["model.end_block"]))]

    # proves: FR-0/0.3.2, FR-0/0.3.7, P2/5
    def test_a_port_that_is_taken_is_not_announced(self):
        with socket.create_server(("0.0.0.0", 0)) as door:
            taken = door.getsockname()[1]
            got = self.expect(self.h.run("start", "--json", *NEW_SWARM, SMALL, "--port",
                                         str(taken)), TRY_AGAIN, f"port {taken} is in use")
            self.assertNotIn("announced", got[1])
        with socket.create_server(("0.0.0.0", 8080)):
            node = self.first()
            self.assertNotEqual(node.told("listening")["port"], 8080)
            told = self.peer().ask("identify", peer=node.address)["addrs"]
            self.assertTrue(told)
            for address in told:  # each is one where it listens
                self.assertIn(f"/tcp/{node.told('listening')['port']}", address)

    # proves: P2/5
    def test_six_ports_that_are_taken_do_not_stop_a_start(self):
        doors = [socket.create_server(("0.0.0.0", port)) for port in range(8080, 8086)]
        for door in doors:
            self.addCleanup(door.close)
        self.assertEqual(self.first().told("listening")["text"],
                         "Using port 8086 (8080-8085 were in use)")

    def test_two_nodes_do_not_share_a_port_or_a_socket(self):
        first = self.first()
        port = str(first.told("listening")["port"])
        got = self.expect(self.second.run("start", *NEW_SWARM, SMALL, "--port", port), TRY_AGAIN,
                          f"port {port} is in use")
        self.assertNotIn("Announced", got[1])
        second = self.first(home=self.second)
        self.end(second)
        # The second took nothing of the first's with it.
        out = self.expect(self.h.run("status --json"), DONE)[1]
        self.assertIn(first.told("listening")["peer_id"], out)
        self.peer().ask("ping", peer=first.address)

    # proves: NFR-1/1.3, P2/9.4
    def test_a_bootstrap_that_is_down_is_not_called_joined(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            at = f"/ip4/127.0.0.1/tcp/{taken.getsockname()[1]}/p2p/{peers.KEYS['A']['id']}"
            node = self.start("--bootstrap", at, SMALL)
            node.wait("planned")
            begin = node.told("planned")["time"]
            again = [node.wait("bootstrap", ok=False) for _ in range(3)][-1]
            self.assertLess(again["time"] - begin, 10)  # not 305 s
            self.assertTrue({"joined", "announced", "visible", "state"}.isdisjoint(node.names()))
            self.assertIn('"OFFLINE"', self.expect(self.h.run("status --json"), DONE)[1])
            self.end(node)

    def test_more_blocks_than_the_model_has_are_not_announced(self):
        for words in (["--start-block", "40"], ["--start-block", "4294967295"],
                      ["--start-block", "3", "--end-block", "2"],
                      ["--set", "model.blocks=4294967295"]):
            with self.subTest(words=words):
                got = self.h.run("start", "--json", *NEW_SWARM, SMALL, *words)
                self.assertIn(got[0], (USAGE, CONFIGURATION), got[1] + got[2])
                self.assertNotIn('"announced"', got[1])

    def test_a_model_without_a_name_is_not_announced(self):
        self.h.config.write_text("model:\n  name: ''\n")
        got = self.expect(self.h.run("start", "--json", *NEW_SWARM), CONFIGURATION, "model.name")
        self.assertNotIn('"announced"', got[1])

    # proves: FR-0/0.4.1, FR-0/0.4.2, P2/6, P2/1.4
    def test_nodes_without_a_name_do_not_share_one(self):
        self.h.config.write_text("node:\n  port: auto\n")
        first = self.first()
        second = self.start("--bootstrap", first.address, SMALL, home=self.second)
        second.wait("visible", visible_on=1)
        names = [node.plan["node.name"] for node in (first, second)]
        self.assertEqual(len(set(names)), 2)
        for name in names:
            self.assertRegex(name, "^[A-Za-z0-9][A-Za-z0-9-]{1,62}[A-Za-z0-9]$")
            self.assertIn("-C-", name)

    # proves: FR-0/0.5.2, P2/7
    def test_blocks_that_a_petals_server_serves_are_not_a_gap(self):
        """24 blocks by KwaaiNet's nodes, 8 by one of Petals', whose version is no three numbers."""
        prefix, blocks = "Llama-3-1-8B-Instruct-hf", 32
        bootstrap, writer = self.peer(), self.peer()
        writer.ask("join", addrs=[bootstrap.addr])
        writer.ask("store", key=REGISTRY, subkey=prefix, hex=pack(
            {"num_blocks": blocks, "repository": HUB + "meta-llama/Llama-3.1-8B-Instruct"}).hex())
        for number, begin, end, version in ((1, 0, 8, "kwaai-0.6.2"), (2, 8, 16, "kwaai-0.6.2"),
                                            (3, 16, 24, "2.3.0.dev2"), (4, 24, 32, "kwaai-0.6.2")):
            value = pack((ONLINE, 10.0, {"start_block": begin, "end_block": end,
                                         "version": version})).hex()
            for block in range(begin, end):
                writer.ask("store", key=f"{prefix}.{block}", subkey=provider(number), hex=value)
        out = self.expect(self.second.run("network", "coverage", prefix, "--bootstrap",
                                          bootstrap.addr), DONE)[1]
        self.assertIn("32 of 32 blocks", " ".join(out.split()))
        node = self.start("--bootstrap", bootstrap.addr, "--max-memory", "512MiB", "--quant-type",
                          "nf4")
        reason = node.wait("planned")["reasons"]["model.start_block"]
        self.assertIn("1 provider", reason)
        self.assertNotIn("no providers", reason)

    # proves: FR-0/0.2.3.2, P2/4.3
    def test_a_large_model_does_not_fit_as_if_it_were_a_small_one(self):
        for model, blocks in TRUE_BLOCKS.items():
            with self.subTest(model=model):
                out = self.expect(self.h.run("start", "--dry-run", "--json", *NEW_SWARM, "--model",
                                             model), DONE)[1]
                told = {line["event"]: line for line in map(json.loads, out.splitlines())}
                machine = told["calibration"]
                self.assertEqual(told["planned"]["values"]["model.total_blocks"], str(blocks))
                self.assertLessEqual(machine["blocks_max"], blocks)
                self.assertLessEqual(machine["blocks_max"] * machine["block_bytes"],
                                     0.9 * machine["memory_available"])
                self.assertGreater(machine["block_bytes"], 2**29)  # 405B: 6 GiB, the least 1.6

    def test_a_fresh_node_does_not_announce_a_speed_that_nobody_measured(self):
        bootstrap = self.peer()
        node = self.start("--bootstrap", bootstrap.addr, SMALL, "--max-memory", "512MiB")
        node.wait("visible", visible_on=1)
        model, = self.models(bootstrap.addr).values()
        self.assertEqual((model["providers_online"], model["providers_joining"],
                          model["throughput"]), (0, 1, 0))
        for value in self.records(bootstrap, node):
            # Ext 64, three items, JOINING, the float64 0.0; and the data type that was chosen.
            self.assertIn(b"\x40\x93\x01\xcb" + bytes(8), value)
            kind = node.plan["model.dtype"].encode()
            self.assertIn(b"torch_dtype" + bytes([0xa0 + len(kind)]) + kind, value)
            self.assertNotIn(b"\xce\x00\x01\x86\xa0", value)  # 100000 tokens, a constant

    def test_a_node_that_left_is_not_looked_for(self):
        bootstrap = self.peer()
        node = self.start("--bootstrap", bootstrap.addr, SMALL, "--max-memory", "512MiB")
        node.wait("visible", visible_on=1)
        self.assertEqual(len(self.records(bootstrap, node)), node.told("visible")["records"] - 1)
        self.expect(self.h.run("stop"), DONE)
        self.assertEqual(node.ended(), DONE)
        for value in self.records(bootstrap, node):
            self.assertIn(b"\x40\x93\x00\xcb" + bytes(8), value)  # OFFLINE
        for model in self.models(bootstrap.addr).values():
            self.assertEqual((model["providers_online"], model["providers_joining"]), (0, 0))
        for key in ("_kwaai.inference.nodes", "_kwaai.vpk.nodes"):  # nothing that stays for 360 s
            self.assertFalse(bootstrap.ask("get", key=key)["found"])

    def test_an_interrupt_during_the_first_store_does_not_leave_records_behind(self):
        """The bootstrap has them, and its answer is still on its way when the node must end."""
        bootstrap = self.peer()
        with far(bootstrap.addr, 0.3) as (addr, sent):
            node = self.start("--bootstrap", addr, SMALL)
            node.wait("planned")
            # Each record has more than 200 bytes.
            self.assertTrue(peers.eventually(lambda: sent[0] > 200 * 22))
            self.end(node)
        self.assertNotIn("announced", node.names())
        for value in self.records(bootstrap, node):
            self.assertIn(b"\x40\x93\x00\xcb" + bytes(8), value)  # OFFLINE

    def test_a_key_is_not_readable_by_others(self):
        self.addCleanup(os.umask, os.umask(0))  # as careless as can be
        self.first()
        folder = self.h.home / ".kwaainet"
        self.assertEqual(stat.S_IMODE((folder / "identity.key").stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(folder.stat().st_mode) & 0o077, 0)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    NODE = os.path.abspath(sys.argv.pop(2))
    program.main()
