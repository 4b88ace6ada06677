"""Writes and reads what `saveAsPickleFile` and `pickleFile` exchange with Spark.

Records are pickled in batches; up to ten batches form one Java-serialized `byte[][]`, which is one
value of a SequenceFile.

Source  Spark's RDD.saveAsObjectFile and SparkContext.objectFile over PySpark's BatchedSerializer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Final

from pyspark_shell.common import pickling
from pyspark_shell.common.errors import IllegalArgumentException
from pyspark_shell.hadoop.java_serial import dump_byte_arrays, load_byte_arrays
from pyspark_shell.hadoop.sequence_file import SequenceFileWriter, Sink, read_values
from pyspark_shell.hadoop.splits import FileSplit

_BATCHES_A_VALUE: Final = 10  # fixed in Spark
_BEST_BATCH_BYTES: Final = 1 << 16  # what PySpark's AutoBatchedSerializer aims at


def write_pickles(
    records: Iterable[Any],
    sink: Sink,
    batch_size: int = 10,
    dumps: Callable[[list[Any]], bytes] = pickling.dumps,
) -> None:
    """Write `records`, `batch_size` in a pickle (0: chosen by their size), into a new file."""
    if batch_size < 0:
        raise IllegalArgumentException(f"batchSize must be 0 or more, got {batch_size}.")
    writer = SequenceFileWriter(sink)
    pickles = _pickle_batches(iter(records), batch_size, dumps)
    while arrays := list(islice(pickles, _BATCHES_A_VALUE)):
        writer.append(dump_byte_arrays(arrays))


def _pickle_batches(
    records: Iterator[Any], batch_size: int, dumps: Callable[[list[Any]], bytes]
) -> Iterator[bytes]:
    size = batch_size or 1
    while batch := list(islice(records, size)):
        pickled = dumps(batch)
        yield pickled
        if batch_size == 0:
            if len(pickled) < _BEST_BATCH_BYTES:
                size *= 2
            elif len(pickled) > _BEST_BATCH_BYTES * 10:
                size = max(1, size // 2)


def read_pickles(
    split: FileSplit, loads: Callable[[bytes], list[Any]] = pickling.loads
) -> Iterator[list[Any]]:
    """Read the batches of a split from `sequence_file_splits`."""
    for value in read_values(split):
        yield from map(loads, load_byte_arrays(value))
