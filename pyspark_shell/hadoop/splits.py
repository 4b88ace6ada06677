"""Cuts input files into the pieces that become partitions, in number and place as Spark does.

Source  Hadoop's FileInputFormat.getSplits (both APIs) and CombineFileInputFormat on one machine,
        with Spark's limits for whole files; empty splits are left out, as
        `spark.hadoopRDD.ignoreEmptySplits` has it by default.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from typing import Final

from pyspark_shell.common.errors import (
    IllegalArgumentException,
    InvalidInputException,
    SparkException,
)
from pyspark_shell.common.record import record
from pyspark_shell.hadoop.codecs import codec_of_path
from pyspark_shell.hadoop.paths import FileStatus, file_uri, list_status

LOCAL_BLOCK_BYTES: Final = 32 << 20  # fs.local.block.size
SEQUENCE_FILE_MIN_SPLIT_BYTES: Final = 100 << 10  # SequenceFile.SYNC_INTERVAL
MAX_PARTITION_BYTES: Final = 128 << 20  # spark.files.maxPartitionBytes
OPEN_COST_BYTES: Final = 4 << 20  # spark.files.openCostInBytes

_SLOP: Final = 1.1  # the last split of a file may be larger by a tenth


@record
class FileSplit:
    """`length` bytes of a file from byte `start` on."""

    path: str
    start: int
    length: int

    @property
    def end(self) -> int:
        """The byte after the last one."""
        return self.start + self.length


@record
class CombineFileSplit:
    """Whole files that are read by one task, in this order."""

    paths: tuple[str, ...]


def text_splits(paths: str, min_partitions: int) -> list[FileSplit]:
    """Cut text files; compressed ones only where their codec allows it.

    Raises
    ------
    InvalidInputException
        A path does not exist.
    SparkException
        A directory holds another directory.
    """
    files = list_status(paths)
    for file in files:
        if file.is_directory:
            raise SparkException(
                f"Path: {file.path} is a directory, which is not supported by the record reader "
                "when `mapreduce.input.fileinputformat.input.dir.recursive` is false."
            )
    return _cut_files(files, min_partitions, min_split_bytes=1)


def sequence_file_splits(paths: str, min_partitions: int) -> list[FileSplit]:
    """Cut SequenceFiles. A directory stands for its file `data`, as in Hadoop's MapFile."""
    files = [_data_file(file) if file.is_directory else file for file in list_status(paths)]
    return _cut_files(files, min_partitions, SEQUENCE_FILE_MIN_SPLIT_BYTES, is_text=False)


def _data_file(directory: FileStatus) -> FileStatus:
    path = posixpath.join(directory.path, "data")
    try:
        return next(file for file in list_status(path) if file.path == path)
    except (InvalidInputException, StopIteration):
        raise InvalidInputException(f"File {file_uri(path)} does not exist") from None


def _cut_files(
    files: Sequence[FileStatus], min_partitions: int, min_split_bytes: int, *, is_text: bool = True
) -> list[FileSplit]:
    if min_partitions < 0:
        raise IllegalArgumentException(f"Illegal Capacity: {min_partitions}")
    goal = sum(file.length for file in files) // max(1, min_partitions)
    split_bytes = max(min_split_bytes, min(goal, LOCAL_BLOCK_BYTES))
    splits: list[FileSplit] = []
    for file in files:
        codec = codec_of_path(file.path) if is_text else None
        if codec is None or codec.splittable:
            splits += _cut(file, split_bytes)
        elif file.length:
            splits.append(FileSplit(file.path, 0, file.length))
    return splits


def _cut(file: FileStatus, split_bytes: int) -> Iterator[FileSplit]:
    start = 0
    while (file.length - start) / split_bytes > _SLOP:
        yield FileSplit(file.path, start, split_bytes)
        start += split_bytes
    if start < file.length:
        yield FileSplit(file.path, start, file.length - start)


def binary_record_splits(paths: str, record_length: int) -> list[FileSplit]:
    """Cut files of records of fixed length between records, each split a block or less."""
    if record_length <= 0:
        raise IllegalArgumentException(
            f"recordLength must be at least 1 byte, got {record_length}."
        )
    split_bytes = max(1, LOCAL_BLOCK_BYTES // record_length) * record_length
    splits: list[FileSplit] = []
    for file in list_status(paths):
        if file.is_directory:
            raise SparkException(f"Not a file: {file_uri(file.path)}")
        splits += _cut(file, split_bytes)
    return splits


def whole_text_splits(paths: str, min_partitions: int) -> list[CombineFileSplit]:
    """Pack whole files for `wholeTextFiles`, full from total / min_partitions bytes on."""
    files = _plain_files(paths)
    total = sum(file.length for file in files)
    return _pack(files, -(-total // max(1, min_partitions)))


def binary_splits(
    paths: str,
    min_partitions: int,
    default_parallelism: int,
    *,
    max_partition_bytes: int = MAX_PARTITION_BYTES,
    open_cost_bytes: int = OPEN_COST_BYTES,
) -> list[CombineFileSplit]:
    """Pack whole files for `binaryFiles`: every file counts `open_cost_bytes` more than it has."""
    files = _plain_files(paths)
    total = sum(file.length + open_cost_bytes for file in files)
    per_core = total // max(default_parallelism, min_partitions)
    return _pack(files, min(max_partition_bytes, max(open_cost_bytes, per_core)))


def _plain_files(paths: str) -> list[FileStatus]:
    return [file for file in list_status(paths) if not file.is_directory]


def _pack(files: Sequence[FileStatus], max_bytes: int) -> list[CombineFileSplit]:
    """Fill splits until they reach `max_bytes` (0: no limit).

    Files with bytes have a place, this machine, and go first; what is left over of them joins the
    empty files, which have none, in the order of the listing.
    """
    with_bytes = [index for index, file in enumerate(files) if file.length]
    placed, left = _fill([files[index] for index in with_bytes], max_bytes)
    left_over = set(with_bytes[len(with_bytes) - len(left) :])
    rest = [file for i, file in enumerate(files) if not file.length or i in left_over]
    more, last = _fill(rest, max_bytes)
    groups = [*placed, *more, *([last] if last else [])]
    return [CombineFileSplit(tuple(file.path for file in group)) for group in groups]


def _fill(
    files: Sequence[FileStatus], max_bytes: int
) -> tuple[list[list[FileStatus]], list[FileStatus]]:
    full: list[list[FileStatus]] = []
    current: list[FileStatus] = []
    size = 0
    for file in files:
        current.append(file)
        size += file.length
        if max_bytes and size >= max_bytes:
            full.append(current)
            current, size = [], 0
    return full, current
