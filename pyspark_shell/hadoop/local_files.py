"""Local files with the checksums that Hadoop keeps beside them.

`part-00000` has `.part-00000.crc`: eight bytes of header, then a CRC-32 for every 512 bytes. Files
without one are read unchecked.

Source  Hadoop's ChecksumFileSystem, as LocalFileSystem uses it.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from types import TracebackType
from typing import Final
from zlib import crc32

from pyspark_shell.common.errors import ChecksumException, InvalidInputException
from pyspark_shell.hadoop.paths import file_uri

# Read and written at once. Below the 128 KiB from which on malloc asks the system for each buffer,
# which made the splitting into lines half as fast.
BLOCK_BYTES: Final = 1 << 16

_MAGIC: Final = b"crc\0"
_BYTES_PER_CHECKSUM: Final = 512  # Hadoop's default


def checksum_path(path: str) -> str:
    """Name the checksum file of `path`.

    >>> checksum_path("/out/part-00000")
    '/out/.part-00000.crc'
    """
    directory, name = os.path.split(path)
    return os.path.join(directory, f".{name}.crc")


class InputFile:
    """A file open for reading at any offset; checks what it reads where there are checksums."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._checksums = _Checksums.load(path)
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:  # removed since the splits were made
            raise InvalidInputException(f"File {file_uri(path)} does not exist") from None
        self.size: Final = os.fstat(self._descriptor).st_size

    def read_at(self, offset: int, size: int) -> bytes:
        """Read up to `size` bytes; fewer only at the end of the file.

        Raises
        ------
        ChecksumException
            A chunk that holds some of the bytes differs from what was written.
        """
        size = min(size, self.size - offset)
        if size <= 0:
            return b""
        if self._checksums is None:
            return self._read_fully(offset, size)
        unit = self._checksums.bytes_per_checksum
        before = offset % unit
        data = self._read_fully(offset - before, -(-(before + size) // unit) * unit)
        self._checksums.verify(self.path, data, offset - before)
        return data[before : before + size]

    def _read_fully(self, offset: int, size: int) -> bytes:
        data = os.pread(self._descriptor, size, offset)
        while 0 < len(data) < min(size, self.size - offset):
            more = os.pread(self._descriptor, size - len(data), offset + len(data))
            if not more:
                break
            data += more
        return data

    def blocks(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Read from `start` to `end` (the end of the file if None) in blocks of `BLOCK_BYTES`."""
        end = self.size if end is None else min(end, self.size)
        while start < end:
            block = self.read_at(start, min(BLOCK_BYTES, end - start))
            if not block:
                return
            start += len(block)
            yield block

    def close(self) -> None:
        """Close; once is enough, more do no harm."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __enter__(self) -> InputFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Checksums:
    def __init__(self, bytes_per_checksum: int, sums: bytes) -> None:
        self.bytes_per_checksum = bytes_per_checksum
        self._sums = sums

    @staticmethod
    def load(path: str) -> _Checksums | None:
        """Read the checksums of `path`; None if there are none or, as in Hadoop, no such header."""
        try:
            with open(checksum_path(path), "rb") as file:
                content = file.read()
        except OSError:
            return None
        if len(content) < 8 or not content.startswith(_MAGIC):
            return None
        (unit,) = struct.unpack_from(">I", content, 4)
        return _Checksums(unit, content[8:]) if unit else None

    def verify(self, path: str, data: bytes, offset: int) -> None:
        """Check `data`, which stands at `offset`, a multiple of `bytes_per_checksum`."""
        got = _checksums_of(data, self.bytes_per_checksum)
        first = offset // self.bytes_per_checksum
        expected = self._sums[4 * first : 4 * (first + len(got))]
        if struct.pack(f">{len(got)}I", *got) == expected:
            return
        for index, value in enumerate(got):
            stored = expected[4 * index : 4 * index + 4]
            if stored != struct.pack(">I", value):
                where = f"{file_uri(path)} at {offset + index * self.bytes_per_checksum}"
                wanted = struct.unpack(">i", stored)[0] if len(stored) == 4 else "none"
                raise ChecksumException(
                    f"Checksum error: {where} exp: {wanted} got: {_signed(value)}. "
                    f"The file was changed after it was written; if that was on purpose, "
                    f"remove {checksum_path(path)}."
                )


def _checksums_of(data: bytes | bytearray, unit: int) -> list[int]:
    with memoryview(data) as view:
        return [crc32(view[start : start + unit]) for start in range(0, len(data), unit)]


def _signed(value: int) -> int:
    return value - (1 << 32) if value >= 1 << 31 else value


class OutputFile:
    """A new file, written in order, whose checksum file appears when it is closed.

    As a context manager it is completed only if the body ended well.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._file = open(path, "wb")  # noqa: SIM115
        self._pending = bytearray()
        self._sums: list[int] = []

    def write(self, data: bytes) -> None:
        """Append `data`; it may stay in memory until `close`."""
        self._pending += data
        if len(self._pending) >= BLOCK_BYTES:
            self._flush(len(self._pending) // _BYTES_PER_CHECKSUM * _BYTES_PER_CHECKSUM)

    def _flush(self, size: int) -> None:
        data = bytes(memoryview(self._pending)[:size])
        del self._pending[:size]
        self._sums += _checksums_of(data, _BYTES_PER_CHECKSUM)
        self._file.write(data)

    def close(self) -> None:
        """Write the rest and the checksums; more than once does no harm."""
        if self._file.closed:
            return
        self._flush(len(self._pending))
        self._file.close()
        with open(checksum_path(self.path), "wb") as file:
            file.write(_MAGIC + struct.pack(">I", _BYTES_PER_CHECKSUM))
            file.write(struct.pack(f">{len(self._sums)}I", *self._sums))

    def discard(self) -> None:
        """Close without completing; the file stays, without checksums."""
        self._file.close()

    def __enter__(self) -> OutputFile:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error_type is None:
            self.close()
        else:
            self.discard()
