"""Lengths, numbers and chunks in byte streams, as PySpark writes them: big-endian."""

from __future__ import annotations

import struct
from typing import IO, Any, Final, Protocol

_INT: Final = struct.Struct("!i")
_LONG: Final = struct.Struct("!q")
_BOOL: Final = struct.Struct("!?")

ReadStream = IO[bytes]


class WriteStream(Protocol):
    """What frames can be written to: a file, a socket's file, a ChunkedStream."""

    def write(self, data: Any, /) -> Any: ...


class SpecialLengths:
    """Frame lengths below zero, which announce something else than data."""

    END_OF_DATA_SECTION = -1
    PYTHON_EXCEPTION_THROWN = -2
    TIMING_DATA = -3
    END_OF_STREAM = -4
    NULL = -5
    START_ARROW_STREAM = -6
    START_OF_INIT_MESSAGE = -8


class ChunkedStream:
    """Cuts what is written to it into frames of a fixed length, for data whose length is unknown.

    The last frame may be shorter; a length of -1 comes after it.
    """

    def __init__(self, wrapped: IO[bytes], buffer_size: int) -> None:
        self.wrapped = wrapped
        self.buffer_size = buffer_size
        self._pending = bytearray()

    def write(self, bytes: Any) -> None:
        """Take in bytes, and pass on the frames that are full."""
        self._pending += bytes
        full = len(self._pending) - len(self._pending) % self.buffer_size
        for start in range(0, full, self.buffer_size):
            write_with_length(self._pending[start : start + self.buffer_size], self.wrapped)
        del self._pending[:full]

    def close(self) -> None:
        """Pass on the rest and the end mark, and close the stream below."""
        if self._pending:
            write_with_length(self._pending, self.wrapped)
        write_int(SpecialLengths.END_OF_DATA_SECTION, self.wrapped)
        self.wrapped.close()

    @property
    def closed(self) -> bool:
        """Whether the stream below is closed; writers of Arrow streams ask."""
        return self.wrapped.closed


def read_int(stream: ReadStream) -> int:
    """Read a signed number of four bytes; EOFError at the end of the stream."""
    number: int = _read(_INT, stream)
    return number


def write_int(value: int, stream: WriteStream) -> None:
    """Write a signed number as four bytes."""
    stream.write(_INT.pack(value))


def read_long(stream: ReadStream) -> int:
    """Read a signed number of eight bytes; EOFError at the end of the stream."""
    number: int = _read(_LONG, stream)
    return number


def write_long(value: int, stream: WriteStream) -> None:
    """Write a signed number as eight bytes."""
    stream.write(pack_long(value))


def pack_long(value: int) -> bytes:
    """Make the eight bytes of a signed number."""
    return _LONG.pack(value)


def read_bool(stream: ReadStream) -> bool:
    """Read a truth value of one byte; EOFError at the end of the stream."""
    truth: bool = _read(_BOOL, stream)
    return truth


def write_with_length(obj: Any, stream: WriteStream) -> None:
    """Write bytes as one frame."""
    write_int(len(obj), stream)
    stream.write(obj)


def _read(form: struct.Struct, stream: ReadStream) -> Any:
    data = stream.read(form.size)
    if not data:
        raise EOFError
    return form.unpack(data)[0]
