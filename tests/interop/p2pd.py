#!/usr/bin/env python3
"""hivemind's Go daemon as a plain libp2p peer on loopback.

usage: p2pd.py [--key NAME] [--hidden RELAY,RELAY,RELAY,RELAY] [FLAG...]

--key takes an identity of keys.json (A, B: Ed25519, R: RSA, S: secp256k1, E: ECDSA); without it
the identity is new. --hidden listens nowhere and reserves at those relays (it wants four). FLAGs
go to p2pd; -dhtServer=1 makes it speak kad.
"""
import argparse
import contextlib
import os
import secrets
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

import peers
from wire import (address, address_text, base58, fields, first, from_base58, message, prefixed,
                  split_peer)

IDENTIFY, CONNECT, STREAM_OPEN, STREAM_HANDLER, DHT, LIST_PEERS = range(6)
FIND_PEER = 0
PING_BYTES = 32
TIMEOUT = 10


def read_exactly(channel, size):
    data = b""
    while len(data) < size:
        part = channel.recv(size - len(data))
        if not part:
            raise EOFError(f"the stream ended after {len(data)} of {size} bytes")
        data += part
    return data


def read_prefixed(channel):
    size = shift = 0
    while True:
        byte = read_exactly(channel, 1)[0]
        size |= (byte & 0x7f) << shift
        shift += 7
        if byte < 0x80:
            return read_exactly(channel, size)


def peer_info(data):
    """{"id", "addrs"} of a PeerInfo."""
    found = fields(data)
    return {"id": base58(first(found, 1)), "addrs": [address_text(a) for a in found.get(2, [])]}


def hidden_flags(relays):
    return ["-noListenAddrs=1", "-autoRelay=1", "-dhtServer=1", "-forceReachabilityPrivate=1",
            f"-trustedRelays={relays}", "-b=1", f"-bootstrapPeers={relays.split(',')[0]}"]


class P2pd:
    """One daemon. Its control socket takes one request per connection."""

    def __init__(self, *flags, key=None):
        self._folder = tempfile.TemporaryDirectory(prefix="p2pd-")
        self.folder = Path(self._folder.name)
        program, = (peers.INSTALLED / peers.HIVEMIND).glob(
            "lib/python3*/site-packages/hivemind/hivemind_cli/p2pd")
        words = [program, "-listen", f"/unix{self.folder}/control", *flags]
        if "-noListenAddrs=1" not in flags:
            words += ["-hostAddrs", "/ip4/127.0.0.1/tcp/0"]
        if key:
            (self.folder / "key").write_bytes(bytes.fromhex(peers.KEYS[key]["private"]))
            words += ["-id", self.folder / "key"]
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                [str(word) for word in words], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, env={"GOLOG_LOG_LEVEL": "error", **os.environ},
                preexec_fn=peers.die_with_parent)  # pylint: disable=subprocess-popen-preexec-fn
        if not peers.eventually(self._answers):
            raise RuntimeError(f"p2pd does not start: {(self.folder / 'log').read_text()}")
        me = peer_info(first(self.simple((1, IDENTIFY)), 4))
        self.id = me["id"]
        self.addrs = [f"{addr}/p2p/{self.id}" for addr in me["addrs"]]

    def _answers(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"p2pd ended: {(self.folder / 'log').read_text()}")
        try:
            self.request((1, IDENTIFY))[1].close()
        except OSError:
            return False
        return True

    def request(self, *request):
        """(the fields of the reply, the connection, which a stream goes on in)."""
        channel = socket.socket(socket.AF_UNIX)
        channel.settimeout(TIMEOUT + 5)
        try:
            channel.connect(str(self.folder / "control"))
            channel.sendall(prefixed(message(*request)))
            reply = fields(read_prefixed(channel))
            if first(reply, 1, 0):
                raise peers.Refused(first(fields(first(reply, 2)), 1).decode())
        except BaseException:
            channel.close()
            raise
        return reply, channel

    def simple(self, *request):
        reply, channel = self.request(*request)
        channel.close()
        return reply

    def connect(self, peer):
        """`peer` is an address, or an id alone, whose addresses it then asks kad for."""
        transport, name = split_peer(peer) if "/" in peer else ("", peer)
        where = [(2, address(transport))] if transport else []
        self.simple((1, CONNECT), (2, message((1, from_base58(name)), *where, (3, TIMEOUT))))

    def stream(self, peer, protocol):
        """A stream of that protocol, as a socket; dials first where `peer` is an address."""
        if "/" in peer:
            self.connect(peer)
            peer = split_peer(peer)[1]
        wish = message((1, from_base58(peer)), (2, protocol), (3, TIMEOUT))
        return self.request((1, STREAM_OPEN), (3, wish))[1]

    def serve(self, protocol, handle):
        """Calls handle(socket) in a thread of its own for each stream that others open."""
        path = self.folder / secrets.token_hex(4)
        door = socket.socket(socket.AF_UNIX)
        door.bind(str(path))
        door.listen(1024)  # more at once are refused

        def one(channel):
            with channel:
                read_prefixed(channel)  # who it is, from where, which protocol
                handle(channel)

        def accept():
            while True:
                threading.Thread(target=one, args=(door.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        wish = message((1, address_of_socket(path)), (2, protocol), (3, 0))
        self.simple((1, STREAM_HANDLER), (4, wish))

    def find(self, peer):
        """Its addresses, as kad knows them."""
        reply = self.simple((1, DHT), (5, message((1, FIND_PEER), (2, from_base58(peer)))))
        return {"addrs": peer_info(first(fields(first(reply, 5)), 2))["addrs"]}

    def list_peers(self):
        found = self.simple((1, LIST_PEERS)).get(6, [])
        return {"peers": [peer_info(peer) for peer in found]}

    def ping(self, peer):
        with self.stream(peer, "/ipfs/ping/1.0.0") as channel:
            sent = secrets.token_bytes(PING_BYTES)
            channel.sendall(sent)
            if read_exactly(channel, PING_BYTES) != sent:
                raise ValueError("other bytes came back")

    def identify(self, peer):
        with self.stream(peer, "/ipfs/id/1.0.0") as channel:
            found = fields(read_prefixed(channel))
        return {"agent": first(found, 6).decode(), "version": first(found, 5).decode(),
                "protocols": sorted(name.decode() for name in found.get(3, [])),
                "addrs": [address_text(a) for a in found.get(2, [])],
                "observed": address_text(first(found, 4)), "key": first(found, 1).hex()}

    def echo(self, peer, size):
        sent = os.urandom(size)
        with self.stream(peer, peers.ECHO) as channel:
            writer = threading.Thread(target=channel.sendall, args=(sent,), daemon=True)
            writer.start()
            if read_exactly(channel, size) != sent:
                raise ValueError("other bytes came back")
            writer.join()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def address_of_socket(path):
    unix = b"\x90\x03"
    return unix + prefixed(str(path).encode())


def echo_back(channel):
    with contextlib.suppress(ConnectionError):  # the other end need not wait for it
        while data := channel.recv(65536):
            channel.sendall(data)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--key", choices=peers.KEYS)
    parser.add_argument("--hidden")
    options, flags = parser.parse_known_args()
    flags += hidden_flags(options.hidden) if options.hidden else []
    with P2pd(*flags, key=options.key) as daemon:
        daemon.serve(peers.ECHO, echo_back)
        peers.say({"id": daemon.id, "addrs": daemon.addrs, "daemon": daemon.process.pid})
        peers.answer_commands({
            "connect": daemon.connect, "ping": daemon.ping, "identify": daemon.identify,
            "find": daemon.find, "peers": daemon.list_peers,
            "echo": lambda peer, bytes: daemon.echo(peer, bytes)})


if __name__ == "__main__":
    main()
