"""Hadoop's SequenceFile of NullWritable and BytesWritable: the container of pickle files.

A header names the classes and ends with 16 random bytes, the sync mark. The mark comes again about
every 100 KiB, behind four bytes of ones, so that a reader that starts anywhere finds a record.
Values may be compressed one by one or in blocks; what is written here is not, as Spark's default.

Source  Hadoop's SequenceFile, versions 5 and 6, and SequenceFileRecordReader.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import Final, Protocol

from pyspark_shell.common.errors import SparkException
from pyspark_shell.hadoop.codecs import CompressionCodec, codec_of_class
from pyspark_shell.hadoop.local_files import BLOCK_BYTES, InputFile
from pyspark_shell.hadoop.paths import file_uri
from pyspark_shell.hadoop.splits import SEQUENCE_FILE_MIN_SPLIT_BYTES, FileSplit

_MAGIC: Final = b"SEQ"
_VERSION: Final = 6
_OLDEST_VERSION: Final = 5
_KEY_CLASS: Final = "org.apache.hadoop.io.NullWritable"
_VALUE_CLASS: Final = "org.apache.hadoop.io.BytesWritable"
_SYNC_BYTES: Final = 16
_SYNC_ESCAPE: Final = b"\xff\xff\xff\xff"


class Sink(Protocol):
    """Where bytes go, such as an `OutputFile`."""

    def write(self, data: bytes, /) -> object:
        """Append `data`."""
        ...


class SequenceFileWriter:
    """Appends values to a new file; the caller closes the sink."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._sync = os.urandom(_SYNC_BYTES)
        self._position = 0
        self._last_sync = 0
        is_compressed = in_blocks = b"\0"
        no_metadata = struct.pack(">I", 0)
        self._write(_MAGIC + bytes([_VERSION]) + _text(_KEY_CLASS) + _text(_VALUE_CLASS))
        self._write(is_compressed + in_blocks + no_metadata + self._sync)

    def append(self, value: bytes) -> None:
        """Append one record with the empty key."""
        if self._position >= self._last_sync + SEQUENCE_FILE_MIN_SPLIT_BYTES:
            self._write(_SYNC_ESCAPE + self._sync)
            self._last_sync = self._position
        record_bytes, key_bytes = 4 + len(value), 0
        self._write(struct.pack(">III", record_bytes, key_bytes, len(value)) + value)

    def _write(self, data: bytes) -> None:
        self._sink.write(data)
        self._position += len(data)


def _text(value: str) -> bytes:
    return bytes([len(value)]) + value.encode()  # one byte says the length up to 127


def read_values(split: FileSplit) -> Iterator[bytes]:
    """Read the values of a split from `sequence_file_splits`.

    Records between two sync marks belong to the split in which the first of these marks begins.

    Raises
    ------
    SparkException
        It is not a SequenceFile, holds other classes, or is damaged.
    """
    with InputFile(split.path) as file:
        cursor = _Cursor(file)
        header = _Header.read(cursor)
        if split.start > cursor.position:
            _seek_sync(cursor, header.sync, split.start)
        if cursor.position >= split.end:
            return
        try:
            if header.in_blocks:
                yield from _block_values(cursor, header, split.end)
            else:
                yield from _record_values(cursor, header, split.end)
        except EOFError as error:
            raise SparkException(f"{file_uri(split.path)} is cut off: {error}") from error


class _Cursor:
    """Reads forward through a file with a buffer."""

    def __init__(self, file: InputFile) -> None:
        self.file = file
        self.position = 0
        self._buffer = b""
        self._buffer_start = 0

    @property
    def at_end(self) -> bool:
        return self.position >= self.file.size

    def take(self, size: int) -> bytes:
        begin = self.position - self._buffer_start
        data = self._buffer[begin : begin + size]
        if len(data) < size:
            self._buffer = self.file.read_at(self.position, max(size, BLOCK_BYTES))
            self._buffer_start = self.position
            data = self._buffer[:size]
        if len(data) < size:
            raise EOFError(f"{size} bytes wanted at {self.position}, {len(data)} are there")
        self.position += size
        return data

    def take_int(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def take_vint(self) -> int:
        first = int.from_bytes(self.take(1), "big", signed=True)
        if first >= -112:
            return first
        size, negative = (-120 - first, True) if first < -120 else (-112 - first, False)
        value = int.from_bytes(self.take(size), "big")
        return ~value if negative else value

    def take_text(self) -> str:
        return self.take(self.take_vint()).decode("utf-8", "replace")


class _Header:
    def __init__(self, sync: bytes, codec: CompressionCodec | None, in_blocks: bool) -> None:
        self.sync = sync
        self.codec = codec
        self.in_blocks = in_blocks

    @staticmethod
    def read(cursor: _Cursor) -> _Header:
        name = file_uri(cursor.file.path)
        try:
            magic, version = cursor.take(len(_MAGIC)), cursor.take(1)[0]
            if magic != _MAGIC:
                raise SparkException(f"{name} not a SequenceFile")
            if not _OLDEST_VERSION <= version <= _VERSION:
                raise SparkException(
                    f"{name} is a SequenceFile of version {version}, not {_VERSION}"
                )
            key_class, value_class = cursor.take_text(), cursor.take_text()
            is_compressed, in_blocks = cursor.take(1) != b"\0", cursor.take(1) != b"\0"
            codec = codec_of_class(cursor.take_text()) if is_compressed else None
            for _ in range(2 * cursor.take_int() if version >= _VERSION else 0):
                cursor.take_text()  # metadata: names and values
            sync = cursor.take(_SYNC_BYTES)
        except EOFError:
            raise SparkException(f"{name} not a SequenceFile") from None
        if (key_class, value_class) != (_KEY_CLASS, _VALUE_CLASS):
            raise SparkException(
                f"{name} holds keys of {key_class} and values of {value_class}, not pickled objects"
            )
        return _Header(sync, codec, in_blocks)


def _seek_sync(cursor: _Cursor, sync: bytes, start: int) -> None:
    """Move to the first mark that begins at `start` or later, or to the end."""
    tail = b""
    base = start + len(_SYNC_ESCAPE)
    for block in cursor.file.blocks(base):
        window = tail + block
        found = window.find(sync)
        if found >= 0:
            cursor.position = base - len(tail) + found - len(_SYNC_ESCAPE)
            return
        base += len(block)
        tail = window[1 - _SYNC_BYTES :]
    cursor.position = cursor.file.size


def _record_values(cursor: _Cursor, header: _Header, end: int) -> Iterator[bytes]:
    name = file_uri(cursor.file.path)
    while not cursor.at_end:
        begin = cursor.position
        length = cursor.take(4)
        if length == _SYNC_ESCAPE:
            _check_sync(cursor, header.sync)
            if begin >= end or cursor.at_end:
                return
            length = cursor.take(4)
        key_bytes = cursor.take_int()
        data = cursor.take(int.from_bytes(length, "big"))[key_bytes:]
        if header.codec:
            data = b"".join(header.codec.decompress([data], name))
        yield _bytes_writable(data, 0)


def _block_values(cursor: _Cursor, header: _Header, end: int) -> Iterator[bytes]:
    name = file_uri(cursor.file.path)
    assert header.codec is not None
    while cursor.position < min(end, cursor.file.size):
        cursor.take(len(_SYNC_ESCAPE))
        _check_sync(cursor, header.sync)
        count = cursor.take_vint()
        *_, compressed = [cursor.take(cursor.take_vint()) for _ in range(4)]
        values = b"".join(header.codec.decompress([compressed], name))
        offset = 0
        for _ in range(count):
            value = _bytes_writable(values, offset)
            offset += 4 + len(value)
            yield value


def _check_sync(cursor: _Cursor, sync: bytes) -> None:
    if cursor.take(_SYNC_BYTES) != sync:
        raise SparkException(
            f"{file_uri(cursor.file.path)} is corrupt: no sync mark before byte {cursor.position}"
        )


def _bytes_writable(data: bytes, offset: int) -> bytes:
    begin = offset + 4
    end = begin + int.from_bytes(data[offset:begin], "big")
    if len(data) < end:
        raise EOFError(f"a value of {end - begin} bytes has {len(data) - begin}")
    return data[begin:end]
