"""A node of hivemind's DHT that answers as a test says, well or badly; for the Python of hivemind.

It takes callers one thread each, and every protocol of `Server.protocols` is a function of the
request that returns what is sent back: bytes, or one of SILENT and UNFINISHED.
"""
import contextlib
import hashlib
import socket
import struct
import threading
import time

import raw
from raw import ACK, DATA, ECHO, FIN, SYN, WINDOW, yamux_frame
from wire import base58, fields, first, message, prefixed, read_varint

IDENTIFY, KAD = b"/ipfs/id/1.0.0", b"/ipfs/kad/1.0.0"
PING, STORE, FIND = (b"DHTProtocol.rpc_" + name for name in (b"ping", b"store", b"find"))
EARLY = (4, message((2, raw.YAMUX)))
FIND_NODE = 4
SILENT = object()  # no answer, ever
ANSWER, ERROR = 1, 2  # what an envelope's answer holds


class Unfinished(bytes):
    """An answer after which the stream is left open."""


def double(number, value):
    """A field of a protobuf message; None is left out."""
    return b"" if value is None else bytes([number << 3 | 1]) + struct.pack("<d", value)


class Stream:
    """A stream that the caller opened: what came, and who serves it."""

    def __init__(self):
        self.data, self.agreed, self.name, self.answered = b"", False, None, False

    def line(self):
        """The next line of multistream-select; None: not all of it is here."""
        if not self.data:
            return None
        size, at = read_varint(self.data)
        if len(self.data) < at + size:
            return None
        text, self.data = self.data[at:at + size - 1], self.data[at + size:]
        return text


class Accepted(raw.Connection):
    """A connection that was accepted; `run` serves it to its end."""

    def __init__(self, connected, server):  # pylint: disable=super-init-not-called
        self.begin(connected)
        self.server, self.streams, self.lock = server, {}, threading.Lock()

    def read_line(self):
        size, byte = 0, 0x80
        for shift in range(0, 63, 7):
            byte = self.receive(1)[0]
            size |= (byte & 0x7f) << shift
            if byte < 0x80:
                break
        return self.receive(size)[:-1]

    def be_secured(self):
        assert (self.read_line(), self.read_line()) == (raw.HEADER, raw.NOISE)
        self.send(raw.lines(raw.HEADER, raw.NOISE))
        handshake, me = raw.Handshake(), self.server.identity
        self.send(raw.noise_frame(handshake.answer(
            self.receive_frame(), me.payload(raw.raw_public(handshake.static), EARLY))))
        handshake.end(self.receive_frame())
        self.received, self.sent = handshake.ciphers()

    def run(self):
        with self, contextlib.suppress(raw.Closed, OSError):
            self.be_secured()
            while True:
                self.take(*self.read_yamux())

    def say(self, number, data, flags=0):
        with self.lock:
            self.write(yamux_frame(DATA, flags, number, len(data), data))

    def take(self, kind, flags, number, length, body):
        if kind == ECHO and flags & SYN:
            with self.lock:
                self.write(yamux_frame(ECHO, ACK, 0, length))
        if kind not in (DATA, WINDOW):
            return
        if flags & SYN:
            self.streams[number] = Stream()
            with self.lock:
                self.write(yamux_frame(WINDOW, ACK, number, 0))
        if stream := self.streams.get(number):
            stream.data += body
            self.serve(number, stream)

    def serve(self, number, stream):
        while not stream.name and (text := stream.line()) is not None:
            if not stream.agreed:
                stream.agreed = True
                self.say(number, raw.lines(text))
            elif text in self.server.protocols:
                stream.name = text
                self.say(number, raw.lines(text))
            else:
                self.say(number, raw.lines(b"na"))
        if stream.name == raw.PING and stream.data:
            self.say(number, stream.data)
            stream.data = b""
        elif stream.name and not stream.answered:
            self.answer(number, stream)

    def answer(self, number, stream):
        """An answer is given once, when the request is whole; identify has none."""
        request = b""
        if stream.name != IDENTIFY:
            if not stream.data:
                return
            size, at = read_varint(stream.data)
            if len(stream.data) < at + size:
                return
            request = stream.data[at:at + size]
        stream.answered = True
        threading.Thread(target=self.reply, args=(number, stream.name, request),
                         daemon=True).start()

    def reply(self, number, name, request):
        """In a thread of its own: it may take its time."""
        made = self.server.protocols[name](request)
        if made is not SILENT:
            self.say(number, prefixed(made), 0 if isinstance(made, Unfinished) else FIN)


class Server:
    """A good node, until a test changes `protocols` or one of the parts that they are made of."""

    def __init__(self):
        self.identity = raw.Identity()
        key = self.identity.public
        self.peer = b"\0" + bytes([len(key)]) + key
        self.id = base58(self.peer)
        self.node = message((1, hashlib.sha1(self.peer).digest()))
        self.protocols = {
            raw.PING: lambda _: SILENT, IDENTIFY: self.identify, KAD: self.kad,
            PING: self.unary(self.ping), STORE: self.unary(self.store),
            FIND: self.unary(lambda request: self.find(request))}
        self.asked = []  # names of the calls
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.addr = f"/ip4/127.0.0.1/tcp/{self.listener.getsockname()[1]}/p2p/{self.id}"
        self.open = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connected = self.listener.accept()[0]
                self.open.append(connected)
                threading.Thread(target=Accepted(connected, self).run, daemon=True).start()

    def close(self):
        for one in (self.listener, *self.open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    # -- what it says

    def identify(self, _):
        names = [(3, name) for name in self.protocols]
        return message((1, self.identity.public), *names, (5, "ipfs/0.1.0"), (6, "answering/1.0"))

    @staticmethod
    def kad(_):
        return message((1, FIND_NODE))

    def envelope(self, call_id, kind, data):
        return message((1, call_id), (4, message((kind, data))))

    def unary(self, handler):
        """A call of hivemind: `handler` has the request inside, and may raise ValueError."""
        def answer(request):
            outside = fields(request)
            call = fields(first(outside, 3))
            self.asked.append(first(call, 2))
            try:
                kind, data = ANSWER, handler(first(call, 3))
            except ValueError as error:
                kind, data = ERROR, str(error)
            if data is SILENT:
                return SILENT
            return self.envelope(first(outside, 1), kind, data)
        return answer

    def ping(self, request):
        available = (5, 1) if first(fields(request), 3, 0) else (5, None)
        return message((2, self.node)) + double(4, time.time()) + message(available)

    def find(self, request):
        return message(*((2, b"") for _ in fields(request).get(2, ())), (3, self.node))

    def store(self, request):
        count = len(fields(request).get(2, ()))
        return message((1, b"\1" * count), (2, self.node))
