"""The reduce side of a shuffle: reads one partition's segment of every map output, in place.

Thread  the task's main thread.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from pyspark_shell.common.metrics import TaskMetrics
from pyspark_shell.shuffle.data_file import read_segment
from pyspark_shell.shuffle.map_output import FetchFailedException, MapOutputs
from pyspark_shell.storage.record_batches import read_batches


def read_partition(
    outputs: MapOutputs, reduce_id: int, metrics: TaskMetrics
) -> Iterator[list[Any]]:
    """Batches of `(key, value)` records, map partitions in their order.

    Raises
    ------
    FetchFailedException
        An output is missing or its bytes are not those that were written. Records of earlier
        outputs may have been given already; the task has to fail.
    """
    for map_index in range(len(outputs.files)):
        data = _fetch(outputs, map_index, reduce_id)
        metrics.shuffle_read_blocks += 1
        metrics.shuffle_read_bytes += len(data)
        for batch in read_batches(data):
            metrics.shuffle_read_records += len(batch)
            yield batch


def _fetch(outputs: MapOutputs, map_index: int, reduce_id: int) -> memoryview:
    try:
        return _read(outputs, map_index, reduce_id)
    except OSError as error:
        reason = f"map output {outputs.files[map_index]} cannot be read: {error.strerror or error}"
        bad_files = {map_index: outputs.files[map_index] or ""}
        bad_files.update(_other_bad_files(outputs, map_index + 1, reduce_id))
        raise FetchFailedException(
            outputs.shuffle_id, map_index, reduce_id, reason, bad_files
        ) from error


def _read(outputs: MapOutputs, map_index: int, reduce_id: int) -> memoryview:
    file_name = outputs.files[map_index]
    if file_name is None:
        raise FileNotFoundError(
            f"Missing an output location for shuffle {outputs.shuffle_id} partition {reduce_id}"
        )
    path = os.path.join(outputs.directory, file_name)
    return read_segment(path, outputs.num_partitions, reduce_id)


def _other_bad_files(outputs: MapOutputs, first: int, reduce_id: int) -> dict[int, str]:
    """Look at the remaining outputs too, so that one more attempt can recompute them all."""
    bad = {}
    for map_index in range(first, len(outputs.files)):
        try:
            _read(outputs, map_index, reduce_id)
        except OSError:
            bad[map_index] = outputs.files[map_index] or ""
    return bad
