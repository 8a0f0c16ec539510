"""A node that runs, and what it tells line by line; for the tests of `kwaainet start`."""
import ctypes
import fcntl
import json
import os
import queue
import signal
import socket
import struct
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))
from peers import die_with_parent  # pylint: disable=wrong-import-position

SOON = 20  # seconds until an event counts as missing
CLONE_NEWNET, CLONE_NEWUSER = 0x40000000, 0x10000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def own_network():
    """Loopback and nothing else, for this process and all that it starts; False: not allowed.

    Other tests of this machine hold ports of the range that a node looks for its own in.
    """
    flags = CLONE_NEWNET | (CLONE_NEWUSER if os.geteuid() else 0)
    user, group = os.geteuid(), os.getegid()
    if ctypes.CDLL(None, use_errno=True).unshare(flags) != 0:
        return False
    if flags & CLONE_NEWUSER:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    with socket.socket() as any_socket:
        asked = struct.pack("16sh14x", b"lo", 0)
        found = struct.unpack("16sh14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, asked))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", found | IFF_UP))
    return True


class Node:
    """`kwaainet start --json WORDS` in that home; killed when the block or this process ends."""

    command = "start"

    def __init__(self, home, *words, env=None, json_lines=True, before=None):
        self._lines, self.events, self.err = queue.Queue(), [], ""
        self._readers = []
        words = [self.command, *(["--json"] if json_lines else []), *map(str, words)]
        steps = [die_with_parent, *([before] if before else [])]  # in the child
        self.process = home.start(*words, env=env, preexec_fn=lambda: [step() for step in steps])
        for stream, keep in ((self.process.stdout, self._lines.put), (self.process.stderr,
                                                                      self._add_error)):
            self._readers.append(
                threading.Thread(target=self._read, args=(stream, keep), daemon=True))
            self._readers[-1].start()

    def _add_error(self, line):
        self.err += line.decode()

    @staticmethod
    def _read(stream, keep):
        for line in stream:
            keep(line)
        keep(b"")

    def line(self, deadline=SOON):
        """The next line, "" at the end."""
        try:
            line = self._lines.get(timeout=max(0, deadline))
        except queue.Empty:
            raise TimeoutError(f"silent for {deadline:.1f} s after {self.events[-3:]}: {self.err}"
                               ) from None
        if not line:
            self._lines.put(b"")
        return line.decode()

    def wait(self, event, deadline=SOON, **fields):
        """Read on until this happens; all that happened before is in `events`."""
        until = time.monotonic() + deadline
        while line := self.line(until - time.monotonic()):
            told = json.loads(line)
            self.events.append(told)
            if told["event"] == event and all(told[key] == fields[key] for key in fields):
                return told
        raise EOFError(f"ended without {event}: {self.rest()}{self.err}")

    def heard(self, event, **fields):
        """What it has said already, or says now."""
        for told in self.events:
            if told["event"] == event and all(told[key] == fields[key] for key in fields):
                return told
        return self.wait(event, **fields)

    def names(self):
        return [told["event"] for told in self.events]

    def rest(self):
        """The lines until the end, which must come."""
        text = ""
        while line := self.line():
            text += line
            if line.startswith("{"):
                self.events.append(json.loads(line))
        return text

    def end(self, number=signal.SIGINT):
        """Interrupt it, and its exit status."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self, deadline=SOON):
        status = self.process.wait(deadline)
        self.rest()
        return status

    @property
    def plan(self):
        return self.told("planned")["values"]

    def told(self, event):
        """The latest of that name."""
        return next(told for told in reversed(self.events) if told["event"] == event)

    @property
    def address(self):
        told = self.told("listening")
        return f"/ip4/127.0.0.1/tcp/{told['port']}/p2p/{told['peer_id']}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(SOON)
        for reader in self._readers:
            reader.join(SOON)
        self.process.stdout.close()
        self.process.stderr.close()


def first_of_a_swarm(home, *words, **options):
    """A node that is the bootstrap of others."""
    node = Node(home, "--set", "network.new_swarm=true", *words, **options)
    try:
        node.wait("announced")
    except BaseException:
        node.__exit__()
        raise
    return node
