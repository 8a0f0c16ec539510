#!/usr/bin/env python3
"""`kwaainet network` against nodes of ours on loopback.

usage: network.py PROGRAM NODE [TEST…]       NODE: the built tests/interop/node.c
"""
import contextlib
import fcntl
import json
import os
import pty
import socket
import struct
import sys
import termios
import threading
import time
import unittest
from pathlib import Path

import program
from program import DONE, FAILED, USAGE

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))
import peers  # pylint: disable=wrong-import-position
from wire import base58  # pylint: disable=wrong-import-position

UNREACHABLE = 69
IN_TIME = 5  # seconds until the last verdict
SHORTER = " --set dht.discovery_timeout=1s"  # where the test is not about the time
HUB = "https://huggingface.co/"
OFFLINE, JOINING, ONLINE = range(3)
TUPLE = 0x40  # hivemind's extension of MessagePack
REGISTRY = "_petals.models"
COLUMNS = 60


def pack(value):
    """As MessagePack: what these records need of it."""
    if isinstance(value, bool) or value is None:
        return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[value]
    if isinstance(value, int):
        return struct.pack(">Bi", 0xd2, value)
    if isinstance(value, float):
        return struct.pack(">Bd", 0xcb, value)
    if isinstance(value, str):
        return struct.pack(">BB", 0xd9, len(value.encode())) + value.encode()
    if isinstance(value, dict):
        return struct.pack(">BH", 0xde, len(value)) + b"".join(
            pack(key) + pack(item) for key, item in value.items())
    inner = struct.pack(">BH", 0xdc, len(value)) + b"".join(map(pack, value))
    return struct.pack(">BIB", 0xc9, len(inner), TUPLE) + inner


def provider(number):
    """The id of an Ed25519 key that nobody has."""
    return base58(b"\x00\x24\x08\x01\x12\x20" + bytes([number] * 32))


# Prefix, repository, blocks; and who serves which of them: state, throughput, from, to.
MODELS = {"Grey-7B-hf": (HUB + "lab/Grey-7B", 4), "Blue-1B-hf": (HUB + "lab/Blue-1B", 3)}
SERVERS = {provider(1): ("Grey-7B-hf", ONLINE, 10.0, 0, 4),
           provider(2): ("Grey-7B-hf", ONLINE, 2.5, 0, 2),
           provider(3): ("Blue-1B-hf", ONLINE, 5.0, 0, 2),
           provider(4): ("Blue-1B-hf", JOINING, 1.0, 2, 3)}
MALFORMED = ("Grey-7B-hf.1", provider(9), None)


def records():
    for prefix, (repository, blocks) in MODELS.items():
        yield REGISTRY, prefix, {"num_blocks": blocks, "repository": repository}
    for peer, (prefix, state, throughput, begin, end) in SERVERS.items():
        for block in range(begin, end):
            yield f"{prefix}.{block}", peer, (state, throughput,
                                              {"start_block": begin, "end_block": end})
    yield MALFORMED


def start_node(*words):
    return peers.Peer(NODE, *words)


@contextlib.contextmanager
def listener(answer=None):
    """An address where `answer`, or nothing, comes back."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        def serve():
            with contextlib.suppress(OSError):
                while True:
                    channel = door.accept()[0]
                    kept.append(channel)
                    if answer:
                        channel.recv(1024)
                        channel.sendall(answer)
                        channel.close()

        kept = []
        threading.Thread(target=serve, daemon=True).start()
        yield f"/ip4/127.0.0.1/tcp/{door.getsockname()[1]}"
        for channel in kept:
            channel.close()


@contextlib.contextmanager
def nobody():
    """An address where nothing listens, and nothing will."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"/ip4/127.0.0.1/tcp/{taken.getsockname()[1]}"


class Network(program.Case):
    @classmethod
    def setUpClass(cls):
        cls.nodes = []
        for _ in range(3):
            cls.nodes.append(start_node())
            cls.addClassCleanup(cls.stop, cls.nodes[-1])
        for node in cls.nodes[1:]:
            node.ask("join", addrs=[cls.nodes[0].addr])
        for key, subkey, value in records():
            cls.nodes[1].ask("store", key=key, subkey=subkey, hex=pack(value).hex())
        cls.addr = cls.nodes[0].addr

    @staticmethod
    def stop(node):
        assert node.stop() == 0, "a sanitizer ended it"

    def network(self, words, status=DONE, *parts, at=None):
        """The outputs of a command with these bootstraps, and how long it took."""
        words = ["network", *words.split()]
        for addr in [self.addr] if at is None else at:
            words += ["--bootstrap", addr]
        began = time.monotonic()
        got = self.expect(self.h.run(*words), status, *parts)
        return got[1], got[2], time.monotonic() - began

    def document(self, words, status=DONE, at=None):
        return json.loads(self.network(f"{words} --json", status, at=at)[0])

    def check_keys(self, document, *names):
        self.assertLessEqual(set(names), document.keys())

    # -- what is shown

    def test_models(self):
        out, err, _ = self.network("models", DONE, "2 models, 3 providers online, 1 joining",
                                   "1 malformed record was not counted")
        rows = [line.split() for line in out.splitlines()]
        self.assertIn("MODEL ONLINE JOINING BLOCKS THROUGHPUT".split(), rows)
        at = rows.index("MODEL ONLINE JOINING BLOCKS THROUGHPUT".split())
        self.assertEqual([row[0] for row in rows[at + 1:at + 3]], ["Grey-7B", "Blue-1B"])
        self.assertEqual(rows[at + 1][1:5], ["2", "0", "all", "4"])
        self.assertEqual(rows[at + 2][1:6], ["1", "1", "2", "of", "3"])
        self.assertEqual(err, "")

    def test_models_as_json(self):
        told = self.document("models")
        self.check_keys(told, "models", "malformed", "bootstraps", "elapsed_ms")
        for model in told["models"]:
            self.check_keys(model, "prefix", "repository", "num_blocks", "providers_online",
                            "providers_joining", "complete", "throughput", "eligible", "reason")
        self.assertEqual(
            [(model["prefix"], model["repository"], model["num_blocks"], model["providers_online"],
              model["providers_joining"], model["complete"]) for model in told["models"]],
            [("Grey-7B-hf", HUB + "lab/Grey-7B", 4, 2, 0, True),
             ("Blue-1B-hf", HUB + "lab/Blue-1B", 3, 1, 1, False)])
        self.assertEqual(told["malformed"], 1)
        bootstrap, = told["bootstraps"]
        self.check_keys(bootstrap, "address", "ok", "ms", "error")
        self.assertEqual((bootstrap["address"], bootstrap["ok"], bootstrap["error"]),
                         (self.addr, True, None))
        self.assertLess(bootstrap["ms"], told["elapsed_ms"])

    def test_coverage(self):
        for word in ("Grey-7B-hf", "Grey-7B", HUB + "lab/Grey-7B", "lab/Grey-7B"):
            with self.subTest(word=word):
                out, _, _ = self.network(f"coverage {word}", DONE, "4 of 4 blocks",
                                         "1 malformed record was not counted")
                rows = [line.split() for line in out.splitlines()]
                self.assertIn(["0-1", "(2", "blocks)", "2", "0", "12.5"], rows)
                self.assertIn(["2-3", "(2", "blocks)", "1", "0", "10.0"], rows)

    def test_coverage_as_json(self):
        told = self.document("coverage Blue-1B")
        self.check_keys(told, "prefix", "num_blocks", "blocks")
        self.assertEqual((told["prefix"], told["num_blocks"]), ("Blue-1B-hf", 3))
        self.assertEqual([(block["index"], block["online"], block["joining"], block["throughput"])
                          for block in told["blocks"]],
                         [(0, 1, 0, 5), (1, 1, 0, 5), (2, 0, 1, 0)])

    def test_an_unknown_model_has_a_nearest_one(self):
        self.network("coverage Grey-8B", FAILED, 'no model in the swarm is called "Grey-8B"',
                     "Did you mean Grey-7B?")
        told = self.document("coverage Grey-8B", FAILED)
        self.assertIs(told["ok"], False)
        self.assertIn("Grey-7B", told["problems"][0]["hint"])
        self.network("coverage quite-something-else", FAILED, "kwaainet network models")

    def test_peers(self):
        out, _, _ = self.network("peers", DONE, "3 DHT nodes reached")
        for node in self.nodes:
            self.assertIn(node.id, out)  # whole: what a pipe gets is there to be used
            self.assertIn(f"127.0.0.1:{node.addr.split('/')[4]}", out)
        told = self.document("peers")
        self.assertEqual({peer["peer_id"] for peer in told["peers"]},
                         {node.id for node in self.nodes})
        for peer in told["peers"]:
            self.check_keys(peer, "peer_id", "node_id", "endpoint", "agent", "rtt_ms")
            self.assertEqual(peer["agent"], "kwaainet/1.0.0")
            self.assertEqual(len(peer["node_id"]), 40)

    def test_ping_of_an_address_and_of_an_id(self):
        third = self.nodes[2]
        for word in (third.addr, third.id):
            with self.subTest(word=word):
                at = [] if word == third.addr else None
                self.network(f"ping {word}", DONE, third.id, "kwaainet/1.0.0", "connected in",
                             "DHT node, its clock agrees with ours", at=at)
                told = self.document(f"ping {word} --count 5", at=at)
                self.assertEqual((told["peer_id"], told["dht"]["ok"]), (third.id, True))
                self.assertEqual(len(told["pings_ms"]), 5)
                self.assertLess(abs(told["dht"]["ahead_s"]), 3)

    def test_the_count_of_pings_has_bounds(self):
        for count, status in (("1", DONE), ("100", DONE), ("0", USAGE), ("101", USAGE),
                              ("-1", USAGE), ("x", USAGE), ("1.5", USAGE)):
            with self.subTest(count=count):
                parts = ["must be 1 to 100"] if status == USAGE else []
                self.network(f"ping {self.addr} --count {count}", status, *parts)

    def test_a_peer_without_the_dht_is_pinged(self):
        with start_node("--no-dht") as other:
            self.network(f"ping {other.addr}", DONE, "ping", "no DHT node", at=[])

    def test_a_ping_of_nobody(self):
        self.network(f"ping {provider(7)}", UNREACHABLE, "nobody knows an address of this peer")
        for word, part in ((transport(self.addr), "does not say which peer"),
                           ("/ip4/1.2.3.4/tcp/x", '"x" is not a value'), ("Qm", "Qm")):
            with self.subTest(word=word):
                self.network(f"ping {word}", USAGE, part)

    # -- when nobody answers

    def verdicts(self, stack):
        """{address: what is to be said of it}, each of another kind."""
        strange = stack.enter_context(listener(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
        other = stack.enter_context(start_node("--no-dht"))
        return {
            f"{stack.enter_context(nobody())}/p2p/{provider(10)}": "nothing listens at",
            f"{stack.enter_context(listener())}/p2p/{provider(11)}":
                "takes connections and then stays silent",
            f"{transport(self.addr)}/p2p/{provider(12)}": "another peer answers there",
            f"{strange}/p2p/{provider(13)}": "does not speak libp2p",
            other.addr: "it speaks libp2p, but not the DHT of hivemind"}

    def test_each_silent_bootstrap_has_its_verdict(self):
        with contextlib.ExitStack() as stack:
            wanted = self.verdicts(stack)
            for words in ("models", f"coverage Grey-7B{SHORTER}", f"peers{SHORTER}",
                          f"ping {provider(7)}{SHORTER}"):
                with self.subTest(words=words):
                    out, err, took = self.network(words, UNREACHABLE, "no bootstrap peer answered",
                                                  at=wanted)
                    self.assertLess(took, IN_TIME)
                    self.assertEqual(out, "")
                    flat = " ".join(err.split())
                    for address, verdict in wanted.items():
                        self.assertIn(verdict, flat.split(address)[1].split("/ip4/")[0])
            told = self.document(f"models{SHORTER}", UNREACHABLE, at=wanted)
            self.assertIs(told["ok"], False)
            self.assertEqual([one["address"] for one in told["bootstraps"]], list(wanted))
            self.assertEqual(len({one["code"] for one in told["bootstraps"]}), len(wanted))
            for one in told["bootstraps"]:
                self.assertIs(one["ok"], False)
                self.assertIn(wanted[one["address"]], one["error"])

    def test_a_ping_has_the_same_verdicts(self):
        with contextlib.ExitStack() as stack:
            for address, verdict in list(self.verdicts(stack).items())[:4]:
                with self.subTest(verdict=verdict):
                    self.network(f"ping {address}{SHORTER}", UNREACHABLE, verdict, at=[])

    def test_a_silent_bootstrap_is_not_waited_for(self):
        with contextlib.ExitStack() as stack:
            wanted = self.verdicts(stack)
            for words in ("models", "coverage Grey-7B", "peers", f"ping {self.nodes[2].id}"):
                with self.subTest(words=words):
                    took = self.network(words, DONE, at=[*wanted, self.addr])[2]
                    self.assertLess(took, 2)
            told = self.document("models", at=[*wanted, self.addr])
            self.assertEqual([one["ok"] for one in told["bootstraps"]], [False] * 5 + [True])
            self.assertIn("has not answered yet", told["bootstraps"][1]["error"])
            self.assertEqual(len(told["models"]), 2)

    def test_the_wait_can_be_set(self):
        with listener() as silent:
            took = self.network(f"models{SHORTER}", UNREACHABLE,
                                at=[f"{silent}/p2p/{provider(11)}"])[2]
            self.assertLess(took, 2)

    def test_no_bootstraps(self):
        self.h.config.write_text("network: {new_swarm: true, bootstrap_peers: []}\n")
        for words in ("models", "coverage Grey-7B", "peers", f"ping {provider(1)}"):
            with self.subTest(words=words):
                self.network(words, program.CONFIGURATION, "no bootstrap peers are configured",
                             "--bootstrap", at=[])
        self.network(f"ping {self.addr}", DONE, at=[])

    # -- a narrow terminal

    def on_terminal(self, *words):
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
        with self.h.start(*words, stdout=theirs, stderr=theirs) as child:
            os.close(theirs)
            text = b""
            with contextlib.suppress(OSError):  # its end
                while data := os.read(ours, 4096):
                    text += data
            os.close(ours)
        self.assertNotIn(b"Sanitizer", text)
        return text.decode().replace("\r\n", "\n"), child.returncode

    def test_sixty_columns_are_enough(self):
        with listener() as silent:
            silent = f"{silent}/p2p/{provider(11)}"
            for words in ("models", "coverage Grey-7B", "peers", f"ping {self.nodes[2].id}"):
                for at in (self.addr, silent):
                    with self.subTest(words=words, at=at):
                        text, _ = self.on_terminal("network", *(words + SHORTER).split(),
                                                   "--bootstrap", at)
                        for line in text.splitlines():
                            if max(map(len, line.split()), default=0) + 6 <= COLUMNS:
                                self.assertLessEqual(len(line), COLUMNS, line)


def transport(addr):
    return addr.split("/p2p/")[0]


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    NODE = os.path.abspath(sys.argv.pop(2))
    program.main()
