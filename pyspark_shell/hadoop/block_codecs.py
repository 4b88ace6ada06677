"""Snappy, LZ4 and Zstandard streams, through the package `cramjam`, imported when first needed.

Hadoop frames the first two itself: the size of a block before compression, then chunks of it, each
after its compressed size; all sizes are big-endian, four bytes.

Source  Hadoop's BlockCompressorStream and BlockDecompressorStream.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any, Final

from pyspark_shell.common.errors import PySparkImportError

_BUFFER_BYTES: Final = (
    256 * 1024
)  # Hadoop's default for both codecs; its readers take no larger chunk
_SNAPPY_BLOCK_BYTES: Final = _BUFFER_BYTES - (_BUFFER_BYTES // 6 + 32)
_LZ4_BLOCK_BYTES: Final = _BUFFER_BYTES - (_BUFFER_BYTES // 255 + 16)


def _library(codec: str) -> Any:
    try:
        return getattr(import_module("cramjam"), codec)
    except ImportError as error:
        raise PySparkImportError(
            f"Files compressed with {codec} need the package cramjam, which is not installed. "
            "Install it with `pip install cramjam`, on every machine that runs tasks."
        ) from error


class BlockCompressor:
    """Cuts a stream into blocks and writes each with its sizes in front."""

    def __init__(self, compress_block: Callable[[bytes], bytes], block_bytes: int) -> None:
        self._compress_block = compress_block
        self._block_bytes = block_bytes
        self._pending = bytearray()
        self._is_empty = True

    def compress(self, data: bytes) -> bytes:
        """Take `data` in; return the blocks that are complete."""
        self._pending += data
        out = bytearray()
        while len(self._pending) >= self._block_bytes:
            out += self._block(bytes(self._pending[: self._block_bytes]))
            del self._pending[: self._block_bytes]
        return bytes(out)

    def flush(self) -> bytes:
        """Return the last block, or the mark of an empty stream."""
        if self._pending:
            return self._block(bytes(self._pending))
        return struct.pack(">I", 0) if self._is_empty else b""

    def _block(self, data: bytes) -> bytes:
        self._is_empty = False
        compressed = self._compress_block(data)
        return struct.pack(">II", len(data), len(compressed)) + compressed


def _decompress_blocks(
    chunks: Iterable[bytes], decompress_block: Callable[[bytes, int], bytes]
) -> Iterator[bytes]:
    stream = _Stream(iter(chunks))
    while (size := stream.read_size()) is not None:
        while size > 0:
            compressed_bytes = stream.read_size()
            if compressed_bytes is None:
                raise EOFError("Unexpected end of input stream")
            block = decompress_block(stream.read(compressed_bytes), size)
            size -= len(block)
            yield block


class _Stream:
    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._pending = bytearray()

    def _fill(self, size: int) -> int:
        for chunk in self._chunks:
            self._pending += chunk
            if len(self._pending) >= size:
                break
        return len(self._pending)

    def read(self, size: int) -> bytes:
        if len(self._pending) < size and self._fill(size) < size:
            raise EOFError("Unexpected end of input stream")
        data = bytes(memoryview(self._pending)[:size])
        del self._pending[:size]
        return data

    def read_size(self) -> int | None:
        """The next four bytes as a number; None at the end of the stream."""
        if not self._pending and not self._fill(4):
            return None
        return int.from_bytes(self.read(4), "big")


def snappy_compressor() -> BlockCompressor:
    """Start a stream as `.snappy` files hold it."""
    compress = _library("snappy").compress_raw
    return BlockCompressor(lambda data: bytes(compress(data)), _SNAPPY_BLOCK_BYTES)


def snappy_decompress(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress a `.snappy` stream block by block."""
    decompress = _library("snappy").decompress_raw
    return _decompress_blocks(chunks, lambda data, _: bytes(decompress(data)))


def lz4_compressor() -> BlockCompressor:
    """Start a stream as Hadoop's `.lz4` files hold it (not the format of the `lz4` command)."""
    compress = _library("lz4").compress_block
    return BlockCompressor(lambda data: bytes(compress(data, store_size=False)), _LZ4_BLOCK_BYTES)


def lz4_decompress(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress Hadoop's `.lz4` stream block by block."""
    decompress_into = _library("lz4").decompress_block_into

    def decompress_chunk(data: bytes, room: int) -> bytes:
        out = bytearray(room)
        size = decompress_into(data, out)
        return bytes(memoryview(out)[:size])

    def decompress(data: bytes, limit: int) -> bytes:
        try:
            return decompress_chunk(data, min(limit, _BUFFER_BYTES))
        except Exception:  # a writer with larger buffers, or damaged
            return decompress_chunk(data, limit)

    return _decompress_blocks(chunks, decompress)


class _ZstandardCompressor:
    def __init__(self) -> None:
        self._compressor = _library("zstd").Compressor()

    def compress(self, data: bytes) -> bytes:
        self._compressor.compress(data)
        return bytes(self._compressor.flush())

    def flush(self) -> bytes:
        return bytes(self._compressor.finish())


def zstd_compressor() -> _ZstandardCompressor:
    """Start a `.zst` stream."""
    return _ZstandardCompressor()


def zstd_decompress(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress a `.zst` stream, which is held in memory as a whole."""
    data = b"".join(chunks)
    if data:
        yield bytes(_library("zstd").decompress(data))
