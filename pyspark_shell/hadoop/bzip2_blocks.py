"""Decompresses single blocks of a bzip2 file, so that a split can begin anywhere in it.

A block begins at any bit, with the 48 bits 0x314159265359, and ends where the next block or the end
of its stream (0x177245385090) begins. A header, an end mark and its checksum around it make it a
stream of its own.
"""

from __future__ import annotations

import bz2
from collections.abc import Iterator
from typing import Final

from pyspark_shell.common.record import record
from pyspark_shell.hadoop.local_files import InputFile

_BLOCK_MAGIC: Final = 0x314159265359
_END_MAGIC: Final = 0x177245385090
_MAGIC_BITS: Final = 48
_CHECKSUM_BITS: Final = 32


@record
class Bzip2Block:
    """A decompressed block; `offset` is the byte of the file in which its first bit stands."""

    offset: int
    data: bytes


@record(order=True)
class _Mark:
    bit: int
    magic: int


def read_blocks(file: InputFile, start: int) -> Iterator[Bzip2Block]:
    """Decompress the blocks that begin at byte `start` or later, one by one, over all streams.

    Raises
    ------
    EOFError
        The last block is cut off.
    """
    begun: int | None = None
    for mark in _marks(file, start):
        if begun is not None:
            yield Bzip2Block(begun // 8, _decompress(file, begun, mark.bit))
        begun = mark.bit if mark.magic == _BLOCK_MAGIC else None
    if begun is not None:
        raise EOFError("Unexpected end of input stream")


def _decompress(file: InputFile, first_bit: int, end_bit: int) -> bytes:
    first_byte, end_byte = first_bit // 8, -(-end_bit // 8)
    bits = int.from_bytes(file.read_at(first_byte, end_byte - first_byte), "big")
    size = end_bit - first_bit
    bits = bits >> (end_byte * 8 - end_bit) & ((1 << size) - 1)
    checksum = bits >> (size - _MAGIC_BITS - _CHECKSUM_BITS) & ((1 << _CHECKSUM_BITS) - 1)
    bits = (bits << _MAGIC_BITS | _END_MAGIC) << _CHECKSUM_BITS | checksum
    size += _MAGIC_BITS + _CHECKSUM_BITS
    padding = -size % 8
    return bz2.decompress(b"BZh9" + (bits << padding).to_bytes((size + padding) // 8, "big"))


def _marks(file: InputFile, start: int) -> Iterator[_Mark]:
    """Find both magics from byte `start` on; a mark stretches over at most seven bytes."""
    window, window_start = b"", start
    for block in file.blocks(start):
        window += block
        yield from _marks_in(window, window_start * 8)
        window_start += max(0, len(window) - 6)
        window = window[-6:]
    yield from _marks_in(window + b"\0", window_start * 8)


def _marks_in(window: bytes, first_bit: int) -> list[_Mark]:
    found = []
    for shift, magic, core in _CORES:
        at = window.find(core, 1)
        while at >= 0:
            seven = int.from_bytes(window[at - 1 : at + 6], "big")
            if at + 6 <= len(window) and seven >> (8 - shift) & ((1 << _MAGIC_BITS) - 1) == magic:
                found.append(_Mark(first_bit + (at - 1) * 8 + shift, magic))
            at = window.find(core, at + 1)
    return sorted(found)


def _cores() -> Iterator[tuple[int, int, bytes]]:
    """For each magic and each bit at which it may begin: the five whole bytes in its middle."""
    for magic in (_BLOCK_MAGIC, _END_MAGIC):
        for shift in range(8):
            yield shift, magic, (magic << (8 - shift)).to_bytes(7, "big")[1:6]


_CORES: Final = tuple(_cores())
