"""Names of blocks, the same as Spark's, which are also their file names."""

from __future__ import annotations


def rdd_block(rdd_id: int, split: int) -> str:
    """Name of one cached partition."""
    return f"rdd_{rdd_id}_{split}"


def rdd_prefix(rdd_id: int) -> str:
    """What the names of all cached partitions of an RDD begin with."""
    return f"rdd_{rdd_id}_"


def rdd_of(block_id: str) -> int:
    """The RDD that a cached partition belongs to."""
    return int(block_id.split("_")[1])


def shuffle_data_file(shuffle_id: int, map_index: int, task_id: int) -> str:
    """File of one map task's output, one for each attempt."""
    return f"shuffle_{shuffle_id}_{map_index}_{task_id}.data"


def shuffle_prefix(shuffle_id: int) -> str:
    """What the file names of a shuffle begin with."""
    return f"shuffle_{shuffle_id}_"


def broadcast_file(broadcast_id: int) -> str:
    """File of a broadcast value."""
    return f"broadcast_{broadcast_id}"


def task_result_file(task_id: int) -> str:
    """File of a result too large for a status message."""
    return f"taskresult_{task_id}"
