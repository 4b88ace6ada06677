"""Frames on a stream socket: magic, type, capped length, body.

A wrong frame raises `ProtocolError`; its receiver closes the connection, since what follows has no
meaning.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

_HEADER: Final = struct.Struct("<2sBxI")
_MAGIC: Final = b"PS"
# A stage's closure may be large; nothing legitimate comes near this.
MAX_BODY_BYTES: Final = 1 << 31
# What one `recv` asks for. Python allocates all of it first and gives back what did not come: below
# malloc's threshold for a mapping of its own that is free, above it some 20 us a message.
READ_BYTES: Final = 1 << 16


class ProtocolError(Exception):
    """The peer sent bytes that are no frame."""


def pack_frame(kind: int, body: bytes) -> bytes:
    """One frame, ready to send."""
    if len(body) >= MAX_BODY_BYTES:
        raise ProtocolError(
            f"a message of {len(body)} bytes is too large; 2 GiB at most can be sent"
        )
    return _HEADER.pack(_MAGIC, kind, len(body)) + body


class FrameReader:
    """Cuts what a socket delivers into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Take bytes in; yields `(kind, body)` of each frame that is complete now.

        Raises
        ------
        ProtocolError
            The bytes do not begin with a frame.
        """
        buffer = self._buffer
        if not buffer and len(data) >= _HEADER.size:
            magic, kind, length = _HEADER.unpack_from(data)
            if magic == _MAGIC and len(data) == _HEADER.size + length:
                yield kind, data[_HEADER.size :]  # the usual case: exactly one frame
                return
        buffer += data
        start = 0
        while len(buffer) - start >= _HEADER.size:
            magic, kind, length = _HEADER.unpack_from(buffer, start)
            if magic != _MAGIC or length >= MAX_BODY_BYTES:
                raise ProtocolError(f"not a frame: {bytes(buffer[start : start + 8])!r}")
            end = start + _HEADER.size + length
            if len(buffer) < end:
                break
            body = bytes(buffer[start + _HEADER.size : end])
            start = end
            yield kind, body
        del buffer[:start]
