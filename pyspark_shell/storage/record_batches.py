"""Records as a stream of frames: each frame is one pickled batch with its large buffers beside it.

Layout of a frame (little endian): `u32 pickle bytes, u32 number of buffers`, the pickle, then for
each buffer `u64 length` and its bytes. Buffers (numpy arrays and others that support pickle
protocol 5) are not copied on reading: they point into the mapped file.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any, Final

from pyspark_shell.common.pickling import dumps

_HEADER: Final = struct.Struct("<II")
_LENGTH: Final = struct.Struct("<Q")

# Batches grow until a frame is about this large; PySpark's automatic batches aim at 64 KiB, ours
# at more since a frame here is never copied between two processes' pipes.
TARGET_FRAME_BYTES: Final = 256 * 1024
FIRST_BATCH: Final = 128
_MAX_BATCH: Final = 1 << 16
# Buffers smaller than this are cheaper inside the pickle.
_OUT_OF_BAND_BYTES: Final = 4096


class FrameTooLarge(ValueError):
    """One batch pickled to more than a frame can hold."""


def encode_frame(records: list[Any]) -> list[bytes | memoryview]:
    """Pickle one batch; the parts belong one after another into the file."""
    first = records[0] if records else None
    if _has_buffers(first):
        return _encode_with_buffers(records)
    payload = dumps(records)
    return [_header(len(payload), 0), payload]


def _has_buffers(record: Any) -> bool:
    if type(record) is tuple:
        return any(map(_has_buffers, record))
    return hasattr(type(record), "__array_interface__") or type(record) is bytearray


def _encode_with_buffers(records: Any) -> list[bytes | memoryview]:
    buffers: list[memoryview] = []

    def take(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes < _OUT_OF_BAND_BYTES:
            return True
        buffers.append(raw)
        return False

    payload = dumps(records, take)
    parts: list[bytes | memoryview] = [_header(len(payload), len(buffers)), payload]
    for buffer in buffers:
        parts += (_LENGTH.pack(buffer.nbytes), buffer)
    return parts


def _header(payload_bytes: int, buffers: int) -> bytes:
    if payload_bytes > 0xFFFFFFFF:
        raise FrameTooLarge(
            f"one batch of records pickled to {payload_bytes} bytes, 4 GiB at most fit"
        )
    return _HEADER.pack(payload_bytes, buffers)


def encode_value(value: Any) -> list[bytes | memoryview]:
    """One value as a frame, such as a task's result; `decode_value` gives it back."""
    if type(value) is not list:
        if _has_buffers(value):
            return _encode_with_buffers(value)
        payload = dumps(value)
    elif value and _has_buffers(value[0]):
        return _encode_with_buffers(value)
    else:
        payload = dumps(value)
    return [_header(len(payload), 0), payload]


def decode_value(data: memoryview) -> Any:
    """The value of the only frame in `data`."""
    return next(_frames(data))


def write_records(records: Iterable[Any], write: Callable[[bytes | memoryview], Any]) -> int:
    """Write all records as frames; returns how many there were."""
    iterator = iter(records)
    size, count = FIRST_BATCH, 0
    while batch := list(islice(iterator, size)):
        count += len(batch)
        written = 0
        for part in encode_frame(batch):
            write(part)
            written += part.nbytes if isinstance(part, memoryview) else len(part)
        size = next_batch_size(size, written)
    return count


def next_batch_size(size: int, frame_bytes: int) -> int:
    """How many records the next batch should have, after `size` of them took `frame_bytes`."""
    if frame_bytes < TARGET_FRAME_BYTES and size < _MAX_BATCH:
        return size * 2
    if frame_bytes > 4 * TARGET_FRAME_BYTES and size > 1:
        return max(1, size // 2)
    return size


def read_batches(data: memoryview) -> Iterator[list[Any]]:
    """The batches of a stream of frames; out-of-band buffers point into `data`."""
    return _frames(data)


def _frames(data: memoryview) -> Iterator[Any]:
    position, end = 0, len(data)
    unpack, header_bytes, loads = _HEADER.unpack_from, _HEADER.size, pickle.loads
    while position < end:
        payload_bytes, buffers = unpack(data, position)
        start = position + header_bytes
        position = start + payload_bytes
        payload = data[start:position]
        if not buffers:
            yield loads(payload)
            continue
        views = []
        for _ in range(buffers):
            (length,) = _LENGTH.unpack_from(data, position)
            position += _LENGTH.size
            views.append(data[position : position + length])
            position += length
        yield loads(payload, buffers=views)


def are_immutable(records: list[Any], depth: int = 3) -> bool:
    """Whether no record can be changed in place, so that several readers may share them.

    Looks at the types only, at C speed; tuples are opened `depth` levels deep.
    """
    types = set(map(type, records))
    if types <= _IMMUTABLE:
        return True
    if depth == 0 or not types <= _IMMUTABLE_OR_TUPLE:
        return False
    tuples = records if types == {tuple} else [r for r in records if type(r) is tuple]
    return are_immutable(list(chain.from_iterable(tuples)), depth - 1)


_IMMUTABLE: Final = frozenset({int, float, str, bytes, bool, complex, type(None)})
_IMMUTABLE_OR_TUPLE: Final = _IMMUTABLE | {tuple}
