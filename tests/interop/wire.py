"""The encodings that a daemon's control protocol needs: varints, protobuf, base58, addresses."""
import ipaddress
import struct

DIGITS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
# Protocols of multiaddr: name, code, bytes of the value (-1: a length goes before it).
PROTOCOLS = (("ip4", 4, 4), ("tcp", 6, 2), ("ip6", 41, 16), ("dns", 53, -1), ("dns4", 54, -1),
             ("dns6", 55, -1), ("udp", 273, 2), ("p2p-circuit", 290, 0), ("p2p", 421, -1))


def varint(number):
    out = bytearray()
    while number > 0x7f:
        out.append(number & 0x7f | 0x80)
        number >>= 7
    return bytes((*out, number))


def read_varint(data, at=0):
    """(number, where it ends)."""
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 0x7f) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at


def prefixed(data):
    return varint(len(data)) + data


def message(*fields):
    """A protobuf message of (number, value): int, bytes, str; None is left out."""
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        elif value is not None:
            value = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + prefixed(value)
    return out


def fields(data):
    """{number: [value...]}; numbers of fixed width are left as bytes."""
    found, at = {}, 0
    while at < len(data):
        key, at = read_varint(data, at)
        if key & 7 == 0:
            value, at = read_varint(data, at)
        else:
            size, at = read_varint(data, at) if key & 7 == 2 else ({1: 8, 5: 4}[key & 7], at)
            value, at = data[at:at + size], at + size
        found.setdefault(key >> 3, []).append(value)
    return found


def first(found, number, default=b""):
    return found.get(number, [default])[0]


def base58(data):
    number, out = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        out = DIGITS[digit] + out
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + out


def from_base58(text):
    number = 0
    for digit in text:
        number = number * 58 + DIGITS.index(digit)
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def address(text):
    """The bytes of a multiaddr."""
    out, words = b"", iter(text.strip("/").split("/"))
    for name in words:
        code, size = next((code, size) for known, code, size in PROTOCOLS if known == name)
        out += varint(code)
        if name in ("ip4", "ip6"):
            out += ipaddress.ip_address(next(words)).packed
        elif size == 2:
            out += struct.pack(">H", int(next(words)))
        elif size == -1:
            word = next(words)
            out += prefixed(from_base58(word) if name == "p2p" else word.encode())
    return out


def address_text(data):
    out, at = "", 0
    while at < len(data):
        code, at = read_varint(data, at)
        name, size = next((name, size) for name, known, size in PROTOCOLS if known == code)
        if size == -1:
            size, at = read_varint(data, at)
        value, at = data[at:at + size], at + size
        out += "/" + name
        if name in ("ip4", "ip6"):
            out += f"/{ipaddress.ip_address(value)}"
        elif name in ("tcp", "udp"):
            out += f"/{int.from_bytes(value, 'big')}"
        elif size:
            out += "/" + (base58(value) if name == "p2p" else value.decode())
    return out


def split_peer(text):
    """(transport address, base58 peer id) of an address that ends in /p2p/ID."""
    transport, _, peer = text.rpartition("/p2p/")
    return transport, peer
