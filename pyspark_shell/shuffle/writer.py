"""The map side of a shuffle: deals records out to reduce partitions and leaves one data file.

Owns    the buckets and spill files of one map task.
Thread  the task's main thread.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Final

from pyspark_shell.common.metrics import TaskMetrics
from pyspark_shell.common.pickling import dumps
from pyspark_shell.common.portable_hash import PLAIN_KEYS, portable_hash
from pyspark_shell.shuffle.data_file import Part, chain_segments, write_data_file
from pyspark_shell.shuffle.used_memory import give_memory_back
from pyspark_shell.storage.block_file import remove_quietly
from pyspark_shell.storage.record_batches import encode_frame

_SAMPLE: Final = 64
# Buckets are pickled when about this much is in them (in pickled bytes): large enough for good
# frames with hundreds of partitions, small against any executor's memory.
_BUFFER_BYTES: Final = 16 << 20
_MAX_BUFFERED: Final = 1 << 18


class ShuffleWriter:
    """Writes the output of one map task.

    Parameters
    ----------
    path
        The data file to leave.
    spill_directory
        Where spill files go meanwhile.
    memory_bytes
        Pickled data held before it is spilled.
    """

    def __init__(
        self,
        path: str,
        partitions: int,
        partition_function: Callable[[Any], int],
        spill_directory: str,
        memory_bytes: int,
        metrics: TaskMetrics,
    ) -> None:
        self._path = path
        self._pid = os.getpid()
        self._partitions = partitions
        self._partition_function = partition_function
        self._spill_directory = spill_directory
        self._memory_bytes = memory_bytes
        self._buffer_bytes = min(_BUFFER_BYTES, memory_bytes // 2)
        self._metrics = metrics
        self._pickled: list[list[Part]] = [[] for _ in range(partitions)]
        self._pickled_bytes = 0
        self._spills: list[tuple[str, int]] = []

    def write(self, records: Iterable[tuple[Any, Any]]) -> int:
        """Write all records; returns the bytes of the data file's segments."""
        try:
            self._deal(iter(records))
            return self._finish()
        finally:
            for path, _ in self._spills:
                remove_quietly(path)

    def _deal(self, records: Iterator[tuple[Any, Any]]) -> None:
        chunk = list(islice(records, _SAMPLE))
        limit = _records_per_buffer(chunk, self._buffer_bytes)
        deal = (
            _deal_by_hash if self._partition_function is portable_hash else self._deal_by_function
        )
        while chunk:
            buckets: list[list[Any]] = [[] for _ in range(self._partitions)]
            deal(chunk, buckets)
            deal(islice(records, limit - len(chunk)), buckets)
            count = sum(map(len, buckets))
            self._metrics.shuffle_write_records += count
            before = self._pickled_bytes
            self._pickle(buckets)
            limit = _next_limit(count, self._pickled_bytes - before, self._buffer_bytes)
            if self._pickled_bytes > self._memory_bytes:
                self._spill()
            chunk = list(islice(records, 1))

    def _deal_by_function(
        self, records: Iterable[tuple[Any, Any]], buckets: list[list[Any]]
    ) -> None:
        appends = [bucket.append for bucket in buckets]
        function, partitions = self._partition_function, self._partitions
        for record in records:
            appends[function(record[0]) % partitions](record)

    def _pickle(self, buckets: list[list[Any]]) -> None:
        for pickled, bucket in zip(self._pickled, buckets, strict=True):
            if bucket:
                parts = encode_frame(bucket)
                pickled.extend(parts)
                self._pickled_bytes += sum(
                    p.nbytes if isinstance(p, memoryview) else len(p) for p in parts
                )

    def _spill(self) -> None:
        path = os.path.join(
            self._spill_directory,
            f"{os.path.basename(self._path)}.{len(self._spills)}.{self._pid}.spill",
        )
        self._spills.append((path, self._partitions))
        spilled = write_data_file(path, self._pickled)
        self._metrics.disk_bytes_spilled += spilled
        self._metrics.memory_bytes_spilled += self._pickled_bytes
        self._pickled = [[] for _ in range(self._partitions)]
        self._pickled_bytes = 0
        give_memory_back()

    def _finish(self) -> int:
        if os.getpid() != self._pid:
            raise RuntimeError("user code forked, and the child came back out of it")
        started = time.perf_counter_ns()
        segments: Iterable[Iterable[Part]] = self._pickled
        if self._spills:
            segments = (
                chain_segments(self._spills, partition, rest)
                for partition, rest in enumerate(self._pickled)
            )
        size = write_data_file(self._path, segments)
        self._metrics.shuffle_write_bytes += size
        self._metrics.shuffle_write_time_ns += time.perf_counter_ns() - started
        return size


def _deal_by_hash(records: Iterable[tuple[Any, Any]], buckets: list[list[Any]]) -> None:
    """Deal by `portable_hash`, which for most keys is the builtin hash."""
    appends = [bucket.append for bucket in buckets]
    partitions, plain = len(buckets), PLAIN_KEYS
    for record in records:
        key = record[0]
        appends[(hash(key) if type(key) in plain else portable_hash(key)) % partitions](record)


def _records_per_buffer(sample: list[Any], buffer_bytes: int) -> int:
    if len(sample) < _SAMPLE:
        return _SAMPLE
    return _next_limit(len(sample), len(dumps(sample)), buffer_bytes)


def _next_limit(records: int, pickled_bytes: int, buffer_bytes: int) -> int:
    average = pickled_bytes / max(records, 1)
    return int(min(_MAX_BUFFERED, max(_SAMPLE, buffer_bytes / max(average, 1))))
