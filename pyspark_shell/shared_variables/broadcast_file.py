"""One broadcast value on disk: its pickle, and beside it its large buffers, which readers map.

Layout of the block's body (little endian): `u64 pickle bytes, u64 number of buffers, u64 length of
each`, the pickle, then the buffers, each padded so that it begins at a multiple of 8 bytes.
"""

from __future__ import annotations

import pickle
import struct
from pickle import PickleBuffer, PicklingError
from typing import Any, Final

from pyspark_shell.common.pickling import dumps
from pyspark_shell.storage.block_file import read_block, writing_block

_COUNTS: Final = struct.Struct("<QQ")
# Smaller buffers stay inside the pickle: mapping them would save nothing. With one larger buffer
# the file is always large enough to be mapped, and mapped arrays may be written to.
_OUT_OF_BAND_BYTES: Final = 64 * 1024
# What numpy wants of float64 data.
_ALIGNMENT: Final = 8


def write_broadcast_file(path: str, value: Any) -> int:
    """Pickle `value` into `path`; returns the bytes of its body.

    Raises
    ------
    PicklingError
        "Could not serialize broadcast: ...", naming what cannot be pickled.
    """
    buffers: list[memoryview] = []

    def take(buffer: PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes < _OUT_OF_BAND_BYTES:
            return True
        buffers.append(raw)
        return False

    payload = pickle_broadcast(value, take)
    with writing_block(path) as block:
        block.write(_COUNTS.pack(len(payload), len(buffers)))
        block.write(struct.pack(f"<{len(buffers)}Q", *(buffer.nbytes for buffer in buffers)))
        block.write(payload)
        for buffer in buffers:
            block.write(bytes(-block.bytes_written % _ALIGNMENT))
            block.write(buffer)
        return block.bytes_written


def pickle_broadcast(value: Any, buffer_callback: Any = None) -> bytes:
    """Pickle a value with the error texts of broadcasts."""
    try:
        return dumps(value, buffer_callback)
    except PicklingError as error:
        text = str(error).removeprefix("Could not serialize object: ")
        raise PicklingError(f"Could not serialize broadcast: {text}") from error


def read_broadcast_file(path: str) -> Any:
    """The value; its large buffers are mapped privately, so that all processes share their memory.

    Raises
    ------
    FileNotFoundError
        The broadcast was destroyed, or the application ended.
    BlockDamaged
        The bytes are not those that were written.
    """
    body = read_block(path)
    payload_bytes, count = _COUNTS.unpack_from(body)
    lengths = struct.unpack_from(f"<{count}Q", body, _COUNTS.size)
    position = _COUNTS.size + 8 * count
    payload = body[position : position + payload_bytes]
    position += payload_bytes
    buffers = []
    for length in lengths:
        position += -position % _ALIGNMENT
        buffers.append(body[position : position + length])
        position += length
    return pickle.loads(payload, buffers=buffers)


def is_broadcast_file(path: str) -> bool:
    """Whether the engine wrote the file; otherwise it is a plain pickle."""
    with open(path, "rb", buffering=0) as file:
        return file.read(1) != pickle.PROTO
