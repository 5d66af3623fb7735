"""A C-STORE by hand, for values that no library would send."""

import socket
import struct


def store(port: int, data_set: bytes, *, sop_class: str, sop_instance: str, calling: str, called: str) -> int:
    """Associate, send one object in explicit little endian, release; returns the DIMSE status."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
        sock.sendall(_associate(sop_class.encode(), calling.encode(), called.encode()))
        kind, _ = _pdu(sock)
        assert kind == 2, "the association was not accepted"
        sock.sendall(_data(_command(sop_class.encode(), sop_instance.encode()), 3))
        for at in range(0, len(data_set), 16000):
            part = data_set[at : at + 16000]
            sock.sendall(_data(part, 2 if at + len(part) == len(data_set) else 0))
        kind, body = _pdu(sock)
        assert kind == 4, "no response"
        at = body.index(b"\x00\x00\x00\x09\x02\x00\x00\x00")
        sock.sendall(b"\x05\0\0\0\0\x04\0\0\0\0")
        _pdu(sock)
        return int(struct.unpack_from("<H", body, at + 8)[0])


def _item(kind: int, value: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(value)) + value


def _associate(sop_class: bytes, calling: bytes, called: bytes) -> bytes:
    context = bytes((1, 0, 0, 0)) + _item(0x30, sop_class) + _item(0x40, b"1.2.840.10008.1.2.1")
    user = _item(0x51, struct.pack(">I", 16384)) + _item(0x52, b"2.25.1")
    body = struct.pack(">HH16s16s32x", 1, 0, called.ljust(16), calling.ljust(16))
    body += _item(0x10, b"1.2.840.10008.3.1.1.1") + _item(0x20, context) + _item(0x50, user)
    return struct.pack(">BBI", 1, 0, len(body)) + body


def _element(number: int, value: bytes) -> bytes:
    value += b"\0" * (len(value) % 2)
    return struct.pack("<HHI", 0, number, len(value)) + value


def _command(sop_class: bytes, sop_instance: bytes) -> bytes:
    body = _element(0x0002, sop_class) + _element(0x0100, b"\1\0") + _element(0x0110, b"\1\0")
    body += _element(0x0700, b"\0\0") + _element(0x0800, b"\0\0") + _element(0x1000, sop_instance)
    return _element(0, struct.pack("<I", len(body))) + body


def _data(part: bytes, flags: int) -> bytes:
    return struct.pack(">BBIIBB", 4, 0, len(part) + 6, len(part) + 2, 1, flags) + part


def _pdu(sock: socket.socket) -> tuple[int, bytes]:
    kind, length = struct.unpack(">BxI", _exactly(sock, 6))
    return kind, _exactly(sock, length)


def _exactly(sock: socket.socket, count: int) -> bytes:
    parts = b""
    while len(parts) < count:
        more = sock.recv(count - len(parts))
        assert more, "the peer closed the connection"
        parts += more
    return parts
