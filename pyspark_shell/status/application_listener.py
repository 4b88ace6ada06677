"""Turns what happens to the application and to cached blocks into rows of the status store.

Thread  the bus's `spark-listener-group-appStatus`, after `AppStatusListener`.
Source  Spark's AppStatusListener.
"""

from __future__ import annotations

from pyspark_shell.listener.events import (
    SparkListenerApplicationEnd,
    SparkListenerApplicationStart,
    SparkListenerBlockManagerAdded,
    SparkListenerBlockUpdated,
    SparkListenerEnvironmentUpdate,
    SparkListenerResourceProfileAdded,
    SparkListenerStageSubmitted,
    SparkListenerUnpersistRDD,
)
from pyspark_shell.status.api import CachedBlock, ExecutorSummary, RDDStorage
from pyspark_shell.status.app_status_store import AppStatusStore
from pyspark_shell.storage.block_id import rdd_of


class ApplicationListener:
    """Keeps what `store` knows of the application itself and of its cached RDDs."""

    def __init__(self, store: AppStatusStore) -> None:
        self._store = store

    # The application --------------------------------------------------------------

    def onApplicationStart(self, event: SparkListenerApplicationStart) -> None:
        """Its name and when it began."""
        self._store.application.start = event

    def onApplicationEnd(self, event: SparkListenerApplicationEnd) -> None:
        """When it ended."""
        self._store.application.end_time_ms = event.time_ms
        driver = self._store.executors.get("driver")
        if driver is not None:
            self._store.touch(driver)

    def onEnvironmentUpdate(self, event: SparkListenerEnvironmentUpdate) -> None:
        """What it runs with."""
        self._store.application.environment = event

    def onResourceProfileAdded(self, event: SparkListenerResourceProfileAdded) -> None:
        """What executors offer and tasks take."""
        self._store.application.profiles[event.resource_profile_id] = event

    def onBlockManagerAdded(self, event: SparkListenerBlockManagerAdded) -> None:
        """A process holds blocks; the driver is listed for that alone."""
        executors = self._store.executors
        row = executors.get(event.executor_id)
        if row is None and event.executor_id == "driver":
            row = ExecutorSummary("driver", event.host, event.time_ms, 0)
            executors["driver"] = row
        if row is not None:
            row.max_memory_bytes = event.max_memory_bytes
            self._store.touch(row)

    # Cached RDDs ------------------------------------------------------------------

    def onStageSubmitted(self, event: SparkListenerStageSubmitted) -> None:
        """Names the persisted RDDs whose blocks the stage may write."""
        info = event.stage_info
        for rdd in info.rdd_infos:
            if not rdd.storage_level.is_valid:
                continue
            row = self._store.rdds.get(rdd.rdd_id)
            if row is None:
                stage = self._store.stages.get((info.stage_id, info.attempt_number))
                jobs = stage.jobs if stage is not None else ()
                row = self._store.rdds[rdd.rdd_id] = RDDStorage(rdd, jobs[0] if jobs else None)
            row.info = rdd
            self._store.touch(row)

    def onBlockUpdated(self, event: SparkListenerBlockUpdated) -> None:
        """A block came, moved or went."""
        row = self._store.rdds.get(rdd_of(event.block_id))
        if row is None:
            return
        if event.memory_bytes or event.disk_bytes:
            row.blocks[event.block_id] = CachedBlock(
                event.block_id, event.executor_id, event.memory_bytes, event.disk_bytes
            )
        else:
            row.blocks.pop(event.block_id, None)
        self._store.touch(row)

    def onUnpersistRDD(self, event: SparkListenerUnpersistRDD) -> None:
        """All blocks of an RDD were given up."""
        row = self._store.rdds.pop(event.rdd_id, None)
        if row is not None:
            self._store.forget(row)
