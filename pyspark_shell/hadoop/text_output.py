"""Writes records as lines: `str(record)` and a \\n, through a codec if there is one."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any, Final

from pyspark_shell.hadoop import utf8
from pyspark_shell.hadoop.codecs import CompressionCodec
from pyspark_shell.hadoop.sequence_file import Sink

_BATCH: Final = 128  # lines joined at once: enough for speed, few enough for long ones


def write_lines(records: Iterable[Any], sink: Sink, codec: CompressionCodec | None = None) -> None:
    """Write each record as a line of UTF-8.

    Bytes are written as they are, but what is malformed in them becomes U+FFFD, as in Spark. A line
    end inside of a record makes it two lines.
    """
    compressor = codec.new_compressor() if codec else None
    remaining = iter(records)
    while batch := list(islice(remaining, _BATCH)):
        lines = [record if type(record) is str else _line(record) for record in batch]
        lines.append("")
        data = "\n".join(lines).encode("utf-8")
        sink.write(compressor.compress(data) if compressor else data)
    if compressor:
        sink.write(compressor.flush())


def _line(record: object) -> str:
    return utf8.decode(record) if isinstance(record, bytes) else str(record)
