"""Moves records between stages, and combines, groups and sorts them on both sides.

Owns    what a task holds back for a shuffle: dicts of combiners, sorted runs, their spill files;
        the map outputs, and the table of where they lie.
Thread  the task's; the table of map outputs is the scheduler thread's.
Imports common, storage.

The names below are those of PySpark's module of this name; they are for users. `MemoryBytesSpilled`
and `DiskBytesSpilled` are there too and show what this process has spilled in the present task.
"""

from __future__ import annotations

from pyspark_shell.shuffle.aggregator import (
    Aggregator,
    GroupAggregator,
    Merger,
    SimpleAggregator,
)
from pyspark_shell.shuffle.external_list import ExternalList, ExternalListOfList
from pyspark_shell.shuffle.external_merger import ExternalMerger
from pyspark_shell.shuffle.external_sorter import ExternalSorter
from pyspark_shell.shuffle.group_by import ExternalGroupBy, GroupByKey
from pyspark_shell.shuffle.spill_file import SPILL_METRICS
from pyspark_shell.shuffle.used_memory import _get_local_dirs, get_used_memory

__all__ = [
    "Aggregator",
    "ExternalGroupBy",
    "ExternalList",
    "ExternalListOfList",
    "ExternalMerger",
    "ExternalSorter",
    "GroupAggregator",
    "GroupByKey",
    "Merger",
    "SimpleAggregator",
    "_get_local_dirs",
    "get_used_memory",
]


def __getattr__(name: str) -> int:
    if name == "MemoryBytesSpilled":
        return SPILL_METRICS.memory_bytes_spilled
    if name == "DiskBytesSpilled":
        return SPILL_METRICS.disk_bytes_spilled
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
