"""One block on disk: a header with length and CRC32, then the bytes; written aside, then renamed.

A reader gets exactly the bytes that were written, or `BlockDamaged`; never a part and never
another block.
"""

from __future__ import annotations

import errno
import mmap
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

_MAGIC: Final = b"PSB1"
_HEADER: Final = struct.Struct("<4sIQQ")  # magic, CRC32 of the body, length of the body, flags
HEADER_BYTES: Final = _HEADER.size
MAY_GO_TO_DISK: Final = 1  # flag: an evicted block is moved to disk, not dropped
_DISK_ERRORS: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)
# Below this a read() is faster than a mapping.
_MAP_FROM_BYTES: Final = 64 * 1024


class BlockDamaged(OSError):
    """The file is not what its writer left: wrong magic, length or CRC."""


class BlockWriter:
    """Collects the body of one block; `write` may be called with any bytes-like object."""

    def __init__(self, file: BinaryIO, path: str, flags: int = 0) -> None:
        self._file = file
        self.path = path
        self._flags = flags
        self._crc = 0
        self.bytes_written = 0
        file.write(_HEADER.pack(_MAGIC, 0, 0, flags))

    def write(self, data: bytes | memoryview) -> None:
        """Append to the body."""
        self._crc = zlib.crc32(data, self._crc)
        self.bytes_written += data.nbytes if isinstance(data, memoryview) else len(data)
        _write_all(self._file, data)

    def written(self, length: int) -> memoryview:
        """The first `length` bytes of the body, if the file is not buffered; they outlive it."""
        with open(self.path, "rb", buffering=0) as file:
            return _read_all(file, _HEADER.size + length)[_HEADER.size :]

    def finish(self) -> None:
        """Fill the header in; the file may be renamed after this."""
        self._file.flush()
        self._file.seek(0)
        self._file.write(_HEADER.pack(_MAGIC, self._crc, self.bytes_written, self._flags))
        self._file.flush()


def _write_all(file: BinaryIO, data: bytes | memoryview) -> None:
    """Write all of it; a file without a buffer takes only what there is room for."""
    size = data.nbytes if isinstance(data, memoryview) else len(data)
    taken = file.write(data)
    while taken < size:
        taken += file.write(memoryview(data).cast("B")[taken:])


@contextmanager
def writing_block(
    path: str, flags: int = 0, buffer_bytes: int = 256 * 1024
) -> Iterator[BlockWriter]:
    """Write a block to a temporary name beside `path`; it appears under `path` whole or not at
    all.

    With `buffer_bytes=0` what was written before a write failed can be read again.
    """
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "wb", buffering=buffer_bytes) as file:
            writer = BlockWriter(file, temporary, flags)
            yield writer
            writer.finish()
        os.rename(temporary, path)
    except BaseException as error:
        remove_quietly(temporary)
        name_the_file(error, path)
        raise


def name_the_file(error: BaseException, path: str) -> None:
    """Add the path to the error of a disk that is full or broken; the system names none."""
    if isinstance(error, OSError) and error.filename is None and error.errno in _DISK_ERRORS:
        error.filename = path


def write_block(path: str, fill: Callable[[BlockWriter], object]) -> int:
    """Write one block with `fill`; returns the bytes of its body."""
    with writing_block(path) as writer:
        fill(writer)
    return writer.bytes_written


def read_block(path: str) -> memoryview:
    """The body of a block, checked.

    Large blocks are mapped privately, so arrays that point into them may be written to
    without changing the file.

    Raises
    ------
    FileNotFoundError
        There is no such block.
    BlockDamaged
        The bytes are not those that were written.
    """
    with open(path, "rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        data = _read_all(file, size)
    if len(data) < _HEADER.size:
        raise BlockDamaged(f"block {path} has {len(data)} bytes, less than its header")
    magic, crc, length, _ = _HEADER.unpack_from(data)
    body = data[_HEADER.size :]
    if magic != _MAGIC or length != len(body):
        raise BlockDamaged(f"block {path} should have {length} bytes, it has {len(body)}")
    if zlib.crc32(body) != crc:
        raise BlockDamaged(f"block {path}: its CRC32 does not match its bytes")
    return body


def _read_all(file: BinaryIO, size: int) -> memoryview:
    if size < _MAP_FROM_BYTES:
        return memoryview(file.read(size))
    return memoryview(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_COPY))


def read_flags(path: str) -> int:
    """Flags that the block was written with; 0 if it is gone or damaged."""
    try:
        with open(path, "rb", buffering=0) as file:
            return int(_HEADER.unpack(file.read(_HEADER.size))[3])
    except (OSError, struct.error):
        return 0


def remove_quietly(path: str) -> bool:
    """Remove a file that may be gone already; says whether it was there."""
    try:
        os.unlink(path)
    except OSError:
        return False
    return True
