"""The block RPCs of Petals by hand: messages, tensors, metadata, frames, calls.

A caller is a daemon of p2pd.py, a stream of it a socket: what is sent, and when, is up to the test.
To be imported by the Python of hivemind, which has MessagePack and numpy.
spec: hivemind/proto/runtime.proto, hivemind/p2p/p2p_daemon.py, petals/server/handler.py
"""
import contextlib
import os
import selectors
import socket
import struct

import msgpack
import numpy

from p2pd import read_exactly, read_prefixed
from wire import fields, first, message, prefixed

HANDLER = "TransformerConnectionHandler."
MESSAGE, ERROR = b"\0", b"\1"
END = ERROR + bytes(8)  # of the requests
NONE, FLOAT16 = 0, 2  # compressions
TUPLE = 0x40  # hivemind's extension of MessagePack
NUMBERS = {"float32": "<f4", "float16": "<f2", "int64": "<i8", "bfloat16": "<u2"}
ANSWER = 20  # seconds until an answer counts as missing


class Failed(Exception):
    """The other side answered with an error; its text."""


# -- tensors

def tensor(array, dtype=None, compression=NONE, **changed):
    """A message of that array; `changed` replaces buffer, size or dtype by what is not so."""
    array = numpy.asarray(array)
    dtype = dtype or str(array.dtype)
    if compression == FLOAT16:
        data = array.astype("<f2").tobytes()
    elif dtype == "bfloat16":
        data = to_bfloat16(array).tobytes()
    else:
        data = array.astype(NUMBERS[dtype]).tobytes()
    parts = {"buffer": data or None, "size": array.shape, "dtype": dtype, **changed}
    size = b"".join(map(varint64, parts["size"]))
    return message((1, parts["buffer"]), (2, size), (4, parts["dtype"]),
                   (5, compression or None))


def varint64(number):
    """As protobuf writes it, the negative ones too."""
    out, number = bytearray(), number % 2**64
    while number > 0x7f:
        out.append(number & 0x7f | 0x80)
        number >>= 7
    return bytes((*out, number))


def to_bfloat16(array):
    bits = numpy.ascontiguousarray(array, "<f4").view("<u4")
    return ((bits + 0x7fff + (bits >> 16 & 1)) >> 16).astype("<u2")


def from_bfloat16(bits):
    return (bits.astype("<u4") << 16).view("<f4")


class Tensor:
    """A message that came: its numbers as an array, and all the rest of it."""

    def __init__(self, data):
        found = fields(data)
        self.dtype, self.compression = first(found, 4).decode(), first(found, 5, 0)
        self.buffer, size = first(found, 1), first(found, 2)
        self.size, at = [], 0
        while at < len(size):
            number, at = read_varint_at(size, at)
            self.size.append(number)
        kind = "float16" if self.compression == FLOAT16 else self.dtype
        flat = numpy.frombuffer(self.buffer, NUMBERS[kind])
        flat = from_bfloat16(flat) if kind == "bfloat16" else flat
        self.array = flat.astype("<f4").reshape(self.size)

    def is_16_bit(self):
        return self.compression == FLOAT16 or self.dtype in ("bfloat16", "float16")


def read_varint_at(data, at):
    number = shift = 0
    while True:
        number |= (data[at] & 0x7f) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return number, at


NO_FLOATS, NO_IDS = tensor([], "float32"), tensor([], "int64")


# -- metadata and requests

def pack(value):
    """As hivemind writes it: tuples are an extension."""
    def other(value):
        return msgpack.ExtType(TUPLE, msgpack.packb(list(value), default=other, strict_types=True))
    return msgpack.packb(value, default=other, strict_types=True)


def unpack(data):
    """The reverse; other extensions are left as they are."""
    def extension(code, data):
        return tuple(unpack(data)) if code == TUPLE else msgpack.ExtType(code, data)
    return msgpack.unpackb(data, ext_hook=extension, raw=False)


def request(uid, tensors=(), metadata=None):
    """An ExpertRequest; metadata is a map, or bytes that are sent as they are."""
    if isinstance(metadata, dict):
        metadata = pack(metadata)
    return message((1, uid), *((2, one) for one in tensors), (3, metadata))


def step(uid, hidden, prompts=NO_FLOATS, ids=NO_IDS, **metadata):
    """A request of rpc_inference; hidden is an array, or a tensor as it is."""
    hidden = hidden if isinstance(hidden, bytes) else tensor(hidden, "float32")
    return request(uid, (hidden, prompts, ids), metadata)


def tensors_of(response):
    return [Tensor(data) for data in fields(response).get(2, ())]


def frame(data, marker=MESSAGE):
    return marker + struct.pack(">Q", len(data)) + data


def error_text(data):
    return first(fields(data), 1).decode()


# -- calls

def unary(caller, peer, method, asked, deadline=ANSWER):
    """The response to a call; raises Failed."""
    with caller.stream(peer, HANDLER + method) as channel:
        channel.settimeout(deadline)
        call = message((1, os.urandom(16)), (3, message((1, b"\0"), (2, HANDLER + method))
                                             + b"\x1a" + prefixed(asked)))
        channel.sendall(prefixed(call))
        answer = fields(first(fields(read_prefixed(channel)), 4))
    if 2 in answer:
        raise Failed(first(answer, 2).decode())
    return first(answer, 1)


class Stream:
    """A stream of messages, to be sent and read by hand."""

    def __init__(self, caller, peer, method="rpc_inference"):
        self.channel = caller.stream(peer, HANDLER + method)
        self.channel.settimeout(ANSWER)

    def send(self, data):
        """Bytes as they are; False: the other side has closed."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.channel.sendall(data)
            return True
        return False

    def ask(self, *requests):
        for one in requests:
            self.send(frame(one))

    def read(self):
        """(marker, data) of the next frame; None: the end."""
        try:
            marker = self.channel.recv(1)
            if not marker:
                return None
            size, = struct.unpack(">Q", read_exactly(self.channel, 8))
            return marker, read_exactly(self.channel, size)
        except ConnectionResetError:
            return None

    def answer(self):
        """The next response; raises Failed with the text of an error, EOFError at the end."""
        got = self.read()
        if got is None:
            raise EOFError("the stream was closed")
        if got[0] == ERROR:
            raise Failed(error_text(got[1]))
        return got[1]

    def run(self, asked):
        """One step: the array that it gives."""
        self.ask(asked)
        return tensors_of(self.answer())[0].array

    def end(self):
        """As a client does it: an empty request, then the end of the requests; True: closed."""
        self.ask(b"")
        self.send(END)
        return self.read() is None

    def close(self):
        self.channel.close()

    def reset(self):
        """Both directions at once, whatever is under way."""
        with contextlib.suppress(OSError):
            self.channel.shutdown(socket.SHUT_RDWR)
        self.channel.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def as_they_answer(streams, deadline):
    """The streams, each when something can be read of it: nobody promises an order."""
    with selectors.DefaultSelector() as waiting:
        for stream in streams:
            waiting.register(stream.channel, selectors.EVENT_READ, stream)
        while waiting.get_map():
            ready = waiting.select(deadline)
            if not ready:
                raise TimeoutError(f"{len(waiting.get_map())} streams are not answered")
            for key, _ in ready:
                waiting.unregister(key.fileobj)
                yield key.data
