"""Spark's RDDStorageInfo as JSON."""

from __future__ import annotations

from pyspark_shell.common.storage_level import StorageLevel
from pyspark_shell.status.api import CachedBlock, RDDStorage
from pyspark_shell.status.app_status_store import AppStatusStore
from pyspark_shell.status.rest_executors import holder_of
from pyspark_shell.status.rest_format import Json, present
from pyspark_shell.status.rest_jobs import cell_of


def rdd_row(
    rdd: RDDStorage, store: AppStatusStore, max_memory_bytes: int, details: bool = True
) -> Json:
    """One persisted RDD; with `details` its blocks and where they are."""
    blocks = list(rdd.blocks.values())
    return present(
        {
            "id": rdd.info.rdd_id,
            "name": rdd.info.name,
            "numPartitions": max(rdd.info.num_partitions, len(blocks)),
            "numCachedPartitions": len(blocks),
            "storageLevel": str(rdd.info.storage_level),
            "memoryUsed": rdd.memory_bytes,
            "diskUsed": rdd.disk_bytes,
            "dataDistribution": _distribution(blocks, store, max_memory_bytes) if details else None,
            "partitions": [_block_row(block, store) for block in blocks] if details else None,
            "callSite": rdd.info.call_site,
            "cell": cell_of(rdd.job),
        }
    )


def _distribution(
    blocks: list[CachedBlock], store: AppStatusStore, max_memory_bytes: int
) -> list[Json]:
    by_holder: dict[str, list[CachedBlock]] = {}
    for block in blocks:
        by_holder.setdefault(holder_of(block, store), []).append(block)
    return [
        _share(holder, held, store, max_memory_bytes) for holder, held in sorted(by_holder.items())
    ]


def _share(
    holder: str, blocks: list[CachedBlock], store: AppStatusStore, max_memory_bytes: int
) -> Json:
    used = sum(block.memory_bytes for block in blocks)
    left = max(0, max_memory_bytes - used)
    executor = store.executors.get(holder)
    return {
        "address": executor.host_port if executor is not None else "",
        "memoryUsed": used,
        "memoryRemaining": left,
        "diskUsed": sum(block.disk_bytes for block in blocks),
        "onHeapMemoryUsed": used,
        "offHeapMemoryUsed": 0,
        "onHeapMemoryRemaining": left,
        "offHeapMemoryRemaining": 0,
        "executorId": holder,
    }


def _block_row(block: CachedBlock, store: AppStatusStore) -> Json:
    level = StorageLevel(bool(block.disk_bytes), bool(block.memory_bytes), False, False)
    return {
        "blockName": block.block_id,
        "storageLevel": str(level),
        "memoryUsed": block.memory_bytes,
        "diskUsed": block.disk_bytes,
        "executors": [holder_of(block, store)],
    }
