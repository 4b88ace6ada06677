"""Spark's ExecutorSummary as JSON, with what we know beside it: process, state, what it runs."""

from __future__ import annotations

from pyspark_shell.common.record import record
from pyspark_shell.status.api import CachedBlock, ExecutorSummary
from pyspark_shell.status.app_status_store import AppStatusStore
from pyspark_shell.status.rest_format import Json, date, now_ms, optional_date, present
from pyspark_shell.status.rest_metrics import peaks

DRIVER = "driver"


@record
class Usage:
    """What a process uses now; None where it is not known."""

    cpu_percent: float | None = None
    rss_bytes: int = 0


def executor_row(
    executor: ExecutorSummary, store: AppStatusStore, usage: Usage, max_memory_bytes: int
) -> Json:
    """One executor, or the driver."""
    blocks = blocks_on(executor.id, store)
    memory_bytes = sum(block.memory_bytes for block in blocks)
    is_driver = executor.id == DRIVER
    return present(
        {
            "id": executor.id,
            "hostPort": executor.host_port,
            "isActive": executor.is_active,
            "rddBlocks": len(blocks),
            "memoryUsed": memory_bytes,
            "diskUsed": sum(block.disk_bytes for block in blocks),
            "totalCores": executor.total_cores,
            "maxTasks": executor.total_cores,
            "activeTasks": executor.active_tasks,
            "failedTasks": executor.failed_tasks,
            "completedTasks": executor.completed_tasks,
            "totalTasks": executor.total_tasks,
            "totalDuration": now_ms() - executor.add_time_ms
            if is_driver
            else executor.total_duration_ms,
            "totalGCTime": executor.total_gc_time_ms,
            "totalInputBytes": executor.total_input_bytes,
            "totalShuffleRead": executor.total_shuffle_read_bytes,
            "totalShuffleWrite": executor.total_shuffle_write_bytes,
            "isBlacklisted": False,
            "maxMemory": max_memory_bytes,
            "addTime": date(executor.add_time_ms),
            "removeTime": optional_date(executor.remove_time_ms),
            "removeReason": executor.remove_reason,
            "executorLogs": {} if is_driver else log_links(executor.id, store),
            "memoryMetrics": {
                "usedOnHeapStorageMemory": memory_bytes,
                "usedOffHeapStorageMemory": 0,
                "totalOnHeapStorageMemory": max_memory_bytes,
                "totalOffHeapStorageMemory": 0,
            },
            "blacklistedInStages": [],
            "peakMemoryMetrics": peaks(usage.rss_bytes),
            "attributes": {},
            "resources": {},
            "resourceProfileId": 0,
            "isExcluded": False,
            "excludedInStages": [],
            "pid": executor.pid,
            "state": _state(executor, store),
            "taskIds": list(executor.running),
            "keptBecause": "" if is_driver else kept_because(executor, store),
            "idleSince": None if is_driver else executor.idle_since_ms,
            "cpuPercent": usage.cpu_percent,
            "rssBytes": usage.rss_bytes,
            "forcedKills": executor.forced_kills,
        }
    )


def log_links(executor_id: str, store: AppStatusStore) -> Json:
    """Where an executor's output can be read, below the address of the application's server."""
    start = store.application.start
    base = f"/api/v1/applications/{start.app_id if start is not None else ''}"
    return {
        stream: f"{base}/executors/{executor_id}/logs?stream={stream}"
        for stream in ("stdout", "stderr")
    }


def _state(executor: ExecutorSummary, store: AppStatusStore) -> str:
    """`idle`, `busy`, `killing` or `dead`."""
    if not executor.is_active:
        return "dead"
    running = list(executor.running)
    if any(task_id in store.kills.dying for task_id in running):
        return "killing"
    return "busy" if running else "idle"


def kept_because(executor: ExecutorSummary, store: AppStatusStore) -> str:
    """Why an executor's process is there; empty for one that is gone.

    Nothing that is cached or shuffled keeps one: blocks are files of the application.
    """
    if not executor.is_active:
        return ""
    running = list(executor.running)
    dying = [task_id for task_id in running if task_id in store.kills.dying]
    if dying:
        return f"killed {_tasks(dying)} not yet ended"
    if running:
        return f"running {_tasks(running)}"
    return "idle, ready for the next task"


def _tasks(task_ids: list[int]) -> str:
    noun = "task" if len(task_ids) == 1 else "tasks"
    return f"{noun} {', '.join(map(str, task_ids))}"


def blocks_on(executor_id: str, store: AppStatusStore) -> list[CachedBlock]:
    """Cached blocks that an executor used last; those of dead ones, which are files of the
    application, count as the driver's.
    """
    found = []
    for rdd in list(store.rdds.values()):
        found += [b for b in list(rdd.blocks.values()) if holder_of(b, store) == executor_id]
    return found


def holder_of(block: CachedBlock, store: AppStatusStore) -> str:
    """The executor that a block counts for."""
    executor = store.executors.get(block.executor_id)
    return block.executor_id if executor is not None and executor.is_active else DRIVER
