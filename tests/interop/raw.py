"""The steps of a libp2p connection, each done as a test says, well or badly; for the Python of
hivemind. A dialler is put together here, a server in answering.py."""
import hashlib
import hmac
import socket
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from wire import message, prefixed

HEADER, NOISE, YAMUX = b"/multistream/1.0.0", b"/noise", b"/yamux/1.0.0"
PING = b"/ipfs/ping/1.0.0"
SIGNED = b"noise-libp2p-static-key:"
DATA, WINDOW, ECHO, GO_AWAY = range(4)  # types of yamux frames
SYN, ACK, FIN, RST = 1, 2, 4, 8
FRAME_MAX = 65519  # bytes of the plaintext of a Noise frame


class Closed(Exception):
    """The other side ended it."""


def lines(*names):
    """Messages of multistream-select."""
    return b"".join(prefixed(name + b"\n") for name in names)


def noise_frame(data):
    return struct.pack(">H", len(data)) + data


def yamux_frame(kind, flags, stream, length, body=b""):
    return struct.pack(">BBHII", 0, kind, flags, stream, length) + body


def raw_public(key):
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def public_message(key):
    """The PublicKey message of an Ed25519 key."""
    return message((1, 1), (2, raw_public(key)))


class Identity:
    """An Ed25519 key; `payload` makes what it says of itself in the handshake."""

    def __init__(self, secret=None):
        self.key = (Ed25519PrivateKey.from_private_bytes(secret) if secret
                    else Ed25519PrivateKey.generate())
        self.public = public_message(self.key)

    def payload(self, static, *more):
        return message((1, self.public), (2, self.key.sign(SIGNED + static)), *more)


class Cipher:
    def __init__(self, key):
        self.cipher, self.count = ChaCha20Poly1305(key), 0

    def _nonce(self):
        self.count += 1
        return bytes(4) + struct.pack("<Q", self.count - 1)

    def seal(self, data, also=b""):
        return self.cipher.encrypt(self._nonce(), data, also)

    def open(self, data, also=b""):
        return self.cipher.decrypt(self._nonce(), data, also)


class Handshake:
    """Noise_XX_25519_ChaChaPoly_SHA256, both sides."""

    def __init__(self):
        self.static, self.ephemeral = X25519PrivateKey.generate(), X25519PrivateKey.generate()
        self.hash = self.chain = b"Noise_XX_25519_ChaChaPoly_SHA256"
        self.cipher = None
        self._mix(b"")

    def _mix(self, data):
        self.hash = hashlib.sha256(self.hash + data).digest()

    def _two(self, data):
        temporary = hmac.digest(self.chain, data, "sha256")
        first = hmac.digest(temporary, b"\1", "sha256")
        return first, hmac.digest(temporary, first + b"\2", "sha256")

    def _agree(self, ours, theirs):
        self.chain, key = self._two(ours.exchange(X25519PublicKey.from_public_bytes(theirs)))
        self.cipher = Cipher(key)

    def _sealed(self, data):
        sealed = self.cipher.seal(data, self.hash)
        self._mix(sealed)
        return sealed

    def _opened(self, data):
        plain = self.cipher.open(data, self.hash)
        self._mix(data)
        return plain

    def first(self):
        self._mix(raw_public(self.ephemeral))
        self._mix(b"")
        return raw_public(self.ephemeral)

    def second(self, data):
        """Their payload."""
        self.theirs = data[:32]
        self._mix(self.theirs)
        self._agree(self.ephemeral, self.theirs)
        static = self._opened(data[32:80])
        self._agree(self.ephemeral, static)
        return self._opened(data[80:])

    def third(self, payload):
        sealed = self._sealed(raw_public(self.static))
        self._agree(self.static, self.theirs)
        return sealed + self._sealed(payload)

    def answer(self, data, payload):
        """The second message, of who is dialled, to the first one."""
        self.theirs = data[:32]
        self._mix(self.theirs)
        self._mix(data[32:])
        ours = raw_public(self.ephemeral)
        self._mix(ours)
        self._agree(self.ephemeral, self.theirs)
        static = self._sealed(raw_public(self.static))
        self._agree(self.static, self.theirs)
        return ours + static + self._sealed(payload)

    def end(self, data):
        """The dialler's payload, in the third message."""
        self._agree(self.ephemeral, self._opened(data[:48]))
        return self._opened(data[48:])

    def ciphers(self):
        return map(Cipher, self._two(b""))


class Connection:
    """A TCP connection to `addr`; each step of the upgrade is a call."""

    def __init__(self, addr, timeout=3):
        words = addr.split("/")
        self.begin(socket.create_connection((words[2], int(words[4])), timeout))

    def begin(self, connected):
        self.socket = connected
        self.plain, self.sent, self.received = b"", None, None

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        """Bytes on TCP. What the other side no longer wants is lost."""
        try:
            self.socket.sendall(data)
        except OSError:
            pass

    def receive(self, size):
        data = b""
        while len(data) < size:
            try:
                part = self.socket.recv(size - len(data))
            except ConnectionError as error:
                raise Closed from error
            if not part:
                raise Closed
            data += part
        return data

    def receive_frame(self):
        return self.receive(struct.unpack(">H", self.receive(2))[0])

    def choose(self, name):
        self.send(lines(HEADER, name))
        self.receive(len(lines(HEADER, name)))

    def shake_hands(self, payload, spoil=None):
        """`payload(static)` is what is said of us; `spoil` changes the third message."""
        handshake = Handshake()
        self.send(noise_frame(handshake.first()))
        handshake.second(self.receive_frame())
        third = handshake.third(payload(raw_public(handshake.static)))
        self.send(noise_frame(spoil(third) if spoil else third))
        self.sent, self.received = handshake.ciphers()

    def secure(self, identity=None, muxer=True):
        """Up to yamux, agreed on the early way or in a negotiation of its own."""
        identity = identity or Identity()
        early = (4, message((2, YAMUX)))
        self.choose(NOISE)
        self.shake_hands(lambda static: identity.payload(static, *[early] * muxer))
        if not muxer:
            self.agree_on_yamux()
        return self

    def agree_on_yamux(self):
        self.write(lines(HEADER, YAMUX))
        self.read(len(lines(HEADER, YAMUX)))

    def write(self, data):
        """Plaintext in Noise frames."""
        for at in range(0, len(data), FRAME_MAX) or (0,):
            self.send(noise_frame(self.sent.seal(data[at:at + FRAME_MAX])))

    def read(self, size):
        while len(self.plain) < size:
            try:
                self.plain += self.received.open(self.receive_frame())
            except InvalidTag as error:
                raise Closed from error
        data, self.plain = self.plain[:size], self.plain[size:]
        return data

    def read_yamux(self):
        """(type, flags, stream, length, body)."""
        _, kind, flags, stream, length = struct.unpack(">BBHII", self.read(12))
        return kind, flags, stream, length, self.read(length) if kind == DATA else b""

    def open_stream(self, number, name, data=b""):
        """A stream, its protocol and first bytes in one go."""
        words = lines(HEADER, name) + data if name else data
        self.write(yamux_frame(WINDOW, SYN, number, 0))
        for at in range(0, len(words), 16384):
            part = words[at:at + 16384]
            self.write(yamux_frame(DATA, 0, number, len(part), part))

    def listen_to(self, number, wanted=None):
        """What comes on a stream: its bytes, to its end or up to `wanted`, and FIN, RST or 0."""
        got, ended = b"", 0
        while len(got) != wanted and not ended:
            kind, flags, stream, _, body = self.read_yamux()
            if kind in (DATA, WINDOW) and stream == number:
                got, ended = got + body, flags & (FIN | RST)
        return got, ended

    def is_alive(self, number=1001):
        """Whether a ping on a new stream is answered."""
        answer = lines(HEADER, PING) + b"p" * 32
        try:
            self.open_stream(number, PING, b"p" * 32)
            return self.listen_to(number, len(answer))[0] == answer
        except (Closed, TimeoutError):
            return False
