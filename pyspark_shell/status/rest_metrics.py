"""What tasks used and moved, under Spark's names: flat for a stage, in groups for a task.

Everything is on one machine, so what Spark splits into remote and local is local here; what belongs
to merged shuffles, which there are none of, is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from pyspark_shell.common.metrics import TaskMetrics
from pyspark_shell.status.rest_format import Json

# Spark's peaks per executor, by Spark's names; there is no JVM to tell of.
PEAK_NAMES: Final = (
    "JVMHeapMemory", "JVMOffHeapMemory", "OnHeapExecutionMemory", "OffHeapExecutionMemory",
    "OnHeapStorageMemory", "OffHeapStorageMemory", "OnHeapUnifiedMemory", "OffHeapUnifiedMemory",
    "DirectPoolMemory", "MappedPoolMemory", "ProcessTreeJVMVMemory", "ProcessTreeJVMRSSMemory",
    "ProcessTreePythonVMemory", "ProcessTreePythonRSSMemory", "ProcessTreeOtherVMemory",
    "ProcessTreeOtherRSSMemory", "MinorGCCount", "MinorGCTime", "MajorGCCount", "MajorGCTime",
    "TotalGCTime", "ConcurrentGCCount", "ConcurrentGCTime",
)  # fmt: skip
_PUSHED: Final = (
    "corruptMergedBlockChunks", "mergedFetchFallbackCount", "remoteMergedBlocksFetched",
    "localMergedBlocksFetched", "remoteMergedChunksFetched", "localMergedChunksFetched",
    "remoteMergedBytesRead", "localMergedBytesRead", "remoteMergedReqsDuration",
)  # fmt: skip


def peaks(rss_bytes: int = 0) -> Json:
    """Spark's ExecutorMetrics; of these only Python's memory is known."""
    return {**dict.fromkeys(PEAK_NAMES, 0), "ProcessTreePythonRSSMemory": rss_bytes}


def stage_metrics(metrics: TaskMetrics) -> Json:
    """As StageData has them."""
    return {
        "executorDeserializeTime": metrics.executor_deserialize_time_ms,
        "executorDeserializeCpuTime": 0,
        "executorRunTime": metrics.executor_run_time_ms,
        "executorCpuTime": metrics.executor_cpu_time_ns,
        "resultSize": metrics.result_size_bytes,
        "jvmGcTime": metrics.gc_time_ms,
        "resultSerializationTime": metrics.result_serialization_time_ms,
        "memoryBytesSpilled": metrics.memory_bytes_spilled,
        "diskBytesSpilled": metrics.disk_bytes_spilled,
        "peakExecutionMemory": metrics.peak_execution_memory_bytes,
        "inputBytes": metrics.input_bytes,
        "inputRecords": metrics.input_records,
        "outputBytes": metrics.output_bytes,
        "outputRecords": metrics.output_records,
        "shuffleRemoteBlocksFetched": 0,
        "shuffleLocalBlocksFetched": metrics.shuffle_read_blocks,
        "shuffleFetchWaitTime": metrics.shuffle_fetch_wait_ms,
        "shuffleRemoteBytesRead": 0,
        "shuffleRemoteBytesReadToDisk": 0,
        "shuffleLocalBytesRead": metrics.shuffle_read_bytes,
        "shuffleReadBytes": metrics.shuffle_read_bytes,
        "shuffleReadRecords": metrics.shuffle_read_records,
        "shuffleCorruptMergedBlockChunks": 0,
        "shuffleMergedFetchFallbackCount": 0,
        "shuffleMergedRemoteBlocksFetched": 0,
        "shuffleMergedLocalBlocksFetched": 0,
        "shuffleMergedRemoteChunksFetched": 0,
        "shuffleMergedLocalChunksFetched": 0,
        "shuffleMergedRemoteBytesRead": 0,
        "shuffleMergedLocalBytesRead": 0,
        "shuffleRemoteReqsDuration": 0,
        "shuffleMergedRemoteReqsDuration": 0,
        "shuffleWriteBytes": metrics.shuffle_write_bytes,
        "shuffleWriteTime": metrics.shuffle_write_time_ns,
        "shuffleWriteRecords": metrics.shuffle_write_records,
    }


def task_metrics(metrics: TaskMetrics) -> Json:
    """As TaskData has them."""
    return {
        "executorDeserializeTime": metrics.executor_deserialize_time_ms,
        "executorDeserializeCpuTime": 0,
        "executorRunTime": metrics.executor_run_time_ms,
        "executorCpuTime": metrics.executor_cpu_time_ns,
        "resultSize": metrics.result_size_bytes,
        "jvmGcTime": metrics.gc_time_ms,
        "resultSerializationTime": metrics.result_serialization_time_ms,
        "memoryBytesSpilled": metrics.memory_bytes_spilled,
        "diskBytesSpilled": metrics.disk_bytes_spilled,
        "peakExecutionMemory": metrics.peak_execution_memory_bytes,
        "inputMetrics": {"bytesRead": metrics.input_bytes, "recordsRead": metrics.input_records},
        "outputMetrics": {
            "bytesWritten": metrics.output_bytes,
            "recordsWritten": metrics.output_records,
        },
        "shuffleReadMetrics": {
            "remoteBlocksFetched": 0,
            "localBlocksFetched": metrics.shuffle_read_blocks,
            "fetchWaitTime": metrics.shuffle_fetch_wait_ms,
            "remoteBytesRead": 0,
            "remoteBytesReadToDisk": 0,
            "localBytesRead": metrics.shuffle_read_bytes,
            "recordsRead": metrics.shuffle_read_records,
            "remoteReqsDuration": 0,
            "shufflePushReadMetrics": dict.fromkeys(_PUSHED, 0),
        },
        "shuffleWriteMetrics": {
            "bytesWritten": metrics.shuffle_write_bytes,
            "writeTime": metrics.shuffle_write_time_ns,
            "recordsWritten": metrics.shuffle_write_records,
        },
    }


def distributions(
    rows: Sequence[tuple[TaskMetrics, int, int, int]], quantiles: Sequence[float]
) -> Json:
    """As TaskMetricDistributions has them.

    Parameters
    ----------
    rows
        Metrics, and in milliseconds duration, scheduler delay and the time that the result was
        fetched, of each task that succeeded.
    """
    at = [min(int(q * len(rows)), len(rows) - 1) for q in quantiles]

    def spread(values: list[int]) -> list[float]:
        values.sort()
        return [float(values[index]) for index in at]

    def of(metric: Callable[[TaskMetrics], int]) -> list[float]:
        return spread([metric(metrics) for metrics, *_ in rows])

    nothing = [0.0] * len(quantiles)
    return {
        "quantiles": list(quantiles),
        "duration": spread([duration for _, duration, _, _ in rows]),
        "executorDeserializeTime": of(lambda m: m.executor_deserialize_time_ms),
        "executorDeserializeCpuTime": nothing,
        "executorRunTime": of(lambda m: m.executor_run_time_ms),
        "executorCpuTime": of(lambda m: m.executor_cpu_time_ns),
        "resultSize": of(lambda m: m.result_size_bytes),
        "jvmGcTime": of(lambda m: m.gc_time_ms),
        "resultSerializationTime": of(lambda m: m.result_serialization_time_ms),
        "gettingResultTime": spread([getting for *_, getting in rows]),
        "schedulerDelay": spread([delay for _, _, delay, _ in rows]),
        "peakExecutionMemory": of(lambda m: m.peak_execution_memory_bytes),
        "memoryBytesSpilled": of(lambda m: m.memory_bytes_spilled),
        "diskBytesSpilled": of(lambda m: m.disk_bytes_spilled),
        "inputMetrics": {
            "bytesRead": of(lambda m: m.input_bytes),
            "recordsRead": of(lambda m: m.input_records),
        },
        "outputMetrics": {
            "bytesWritten": of(lambda m: m.output_bytes),
            "recordsWritten": of(lambda m: m.output_records),
        },
        "shuffleReadMetrics": {
            "readBytes": of(lambda m: m.shuffle_read_bytes),
            "readRecords": of(lambda m: m.shuffle_read_records),
            "remoteBlocksFetched": nothing,
            "localBlocksFetched": of(lambda m: m.shuffle_read_blocks),
            "fetchWaitTime": of(lambda m: m.shuffle_fetch_wait_ms),
            "remoteBytesRead": nothing,
            "remoteBytesReadToDisk": nothing,
            "totalBlocksFetched": of(lambda m: m.shuffle_read_blocks),
            "remoteReqsDuration": nothing,
            "shufflePushReadMetricsDist": dict.fromkeys(_PUSHED, nothing),
        },
        "shuffleWriteMetrics": {
            "writeBytes": of(lambda m: m.shuffle_write_bytes),
            "writeRecords": of(lambda m: m.shuffle_write_records),
            "writeTime": of(lambda m: m.shuffle_write_time_ns),
        },
    }
