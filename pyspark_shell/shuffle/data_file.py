"""The file that one map task leaves: a segment per reduce partition, then an index of them.

Layout: the segments one after another, then per partition `u64 offset, u64 length, u32 CRC32`,
then the footer `4 bytes magic, u32 partitions`. The CRC covers bytes, offset, length and partition,
so the reader of a segment notices a flipped bit in it, and an index that is not where it was.
"""

from __future__ import annotations

import mmap
import os
import struct
import zlib
from collections.abc import Iterable, Sequence
from typing import BinaryIO, Final

from pyspark_shell.storage.block_file import name_the_file, remove_quietly

_MAGIC: Final = b"PSS1"
_ENTRY: Final = struct.Struct("<QQI")
_PLACE: Final = struct.Struct("<QQI")  # offset, length, partition
_FOOTER: Final = struct.Struct("<4sI")
_MAP_FROM_BYTES: Final = 1 << 20
# Linux allows 1024 parts in one writev; a buffered file is as fast and simpler.
_BUFFER_BYTES: Final = 512 * 1024

Part = bytes | memoryview


class SegmentDamaged(OSError):
    """The bytes of a segment are not those that were written."""


def write_data_file(path: str, segments: Iterable[Iterable[Part]]) -> int:
    """Write a segment per partition, in order; the file appears whole. Returns the segments'
    bytes.
    """
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "wb", buffering=_BUFFER_BYTES) as file:
            size = _write(file, segments)
        os.rename(temporary, path)
    except BaseException as error:
        remove_quietly(temporary)
        name_the_file(error, path)
        raise
    return size


def _write(file: BinaryIO, segments: Iterable[Iterable[Part]]) -> int:
    index: list[bytes] = []
    offset = 0
    crc32, write = zlib.crc32, file.write
    for parts in segments:
        length, crc = 0, 0
        for part in parts:
            crc = crc32(part, crc)
            length += part.nbytes if isinstance(part, memoryview) else len(part)
            write(part)
        index.append(
            _ENTRY.pack(offset, length, crc32(_PLACE.pack(offset, length, len(index)), crc))
        )
        offset += length
    write(b"".join(index))
    write(_FOOTER.pack(_MAGIC, len(index)))
    return offset


def read_segment(path: str, partitions: int, partition: int) -> memoryview:
    """The checked bytes of one segment; large ones are mapped, not copied.

    Raises
    ------
    OSError
        The file is missing; `SegmentDamaged` when its bytes are wrong.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return read_segment_fd(fd, partitions, partition)
    finally:
        os.close(fd)


def read_segment_fd(fd: int, partitions: int, partition: int) -> memoryview:
    """`read_segment` of an open file."""
    size = os.fstat(fd).st_size
    index_at = size - _FOOTER.size - partitions * _ENTRY.size
    if index_at < 0:
        raise SegmentDamaged(f"it has {size} bytes, less than its index")
    entry = os.pread(fd, _ENTRY.size, index_at + partition * _ENTRY.size)
    if len(entry) < _ENTRY.size:
        raise SegmentDamaged("its index is cut off")
    offset, length, crc = _ENTRY.unpack(entry)
    if offset + length > index_at:
        raise SegmentDamaged(f"its index names bytes {offset} to {offset + length} of {index_at}")
    data = _read(fd, offset, length)
    if zlib.crc32(_PLACE.pack(offset, length, partition), zlib.crc32(data)) != crc:
        raise SegmentDamaged("its CRC32 does not match its bytes")
    return data


def _read(fd: int, offset: int, length: int) -> memoryview:
    if length < _MAP_FROM_BYTES:
        return memoryview(os.pread(fd, length, offset))
    start = offset - offset % mmap.ALLOCATIONGRANULARITY
    mapped = mmap.mmap(fd, offset - start + length, access=mmap.ACCESS_COPY, offset=start)
    return memoryview(mapped)[offset - start :]


def chain_segments(
    spills: Sequence[tuple[str, int]], partition: int, rest: Sequence[Part]
) -> Iterable[Part]:
    """One partition's bytes of several spill files `(path, partitions)`, then `rest`."""
    for path, partitions in spills:
        yield read_segment(path, partitions, partition)
    yield from rest
