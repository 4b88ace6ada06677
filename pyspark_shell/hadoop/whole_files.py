"""Reads whole files and records of fixed length.

Source  Spark's WholeTextFileRecordReader, PortableDataStream, FixedLengthBinaryRecordReader.
"""

from __future__ import annotations

from collections.abc import Iterator

from pyspark_shell.common.errors import SparkException
from pyspark_shell.hadoop import utf8
from pyspark_shell.hadoop.codecs import codec_of_path
from pyspark_shell.hadoop.local_files import BLOCK_BYTES, InputFile
from pyspark_shell.hadoop.paths import file_uri
from pyspark_shell.hadoop.splits import CombineFileSplit, FileSplit


def read_whole_texts(
    split: CombineFileSplit, use_unicode: bool = True
) -> Iterator[tuple[str, str]] | Iterator[tuple[bytes, bytes]]:
    """Read (`file:` name, content) of each file, decompressed by suffix.

    With `use_unicode=False` both the name and the content are UTF-8 bytes, as in PySpark. A byte
    order mark stays; malformed UTF-8 is replaced.
    """
    return _decoded_texts(split) if use_unicode else _encoded_texts(split)


def _decoded_texts(split: CombineFileSplit) -> Iterator[tuple[str, str]]:
    for path in split.paths:
        yield file_uri(path), utf8.decode(_content(path))


def _encoded_texts(split: CombineFileSplit) -> Iterator[tuple[bytes, bytes]]:
    for path in split.paths:
        yield file_uri(path).encode("utf-8", "replace"), utf8.clean(_content(path))


def _content(path: str) -> bytes:
    codec = codec_of_path(path)
    with InputFile(path) as file:
        if codec is None:
            return file.read_at(0, file.size)
        return b"".join(codec.decompress(file.blocks(), file_uri(path)))


def read_binary_files(split: CombineFileSplit) -> Iterator[tuple[str, bytes]]:
    """Read (`file:` name, bytes) of each file; nothing is decompressed."""
    for path in split.paths:
        with InputFile(path) as file:
            content = file.read_at(0, file.size)
        yield file_uri(path), content


def read_records(split: FileSplit, record_length: int) -> Iterator[list[bytes]]:
    """Read the records of a split from `binary_record_splits`, in lists of about `BLOCK_BYTES`.

    Raises
    ------
    SparkException
        The file is compressed, or its last record is cut off.
    """
    if codec_of_path(split.path):
        raise SparkException(
            "FixedLengthRecordReader does not support reading compressed files: "
            f"{file_uri(split.path)}"
        )
    batch_bytes = max(1, BLOCK_BYTES // record_length) * record_length
    with InputFile(split.path) as file:
        for start in range(split.start, split.end, batch_bytes):
            data = file.read_at(start, min(batch_bytes, split.end - start))
            if len(data) % record_length:
                raise SparkException(
                    f"{file_uri(split.path)} has {file.size} bytes, which is no multiple of the "
                    f"record length {record_length}; its last record is cut off."
                )
            yield [data[at : at + record_length] for at in range(0, len(data), record_length)]
