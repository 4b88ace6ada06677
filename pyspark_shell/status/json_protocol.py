"""Turns events into the JSON of Spark's event log, which a History Server reads.

Source  Spark 4.3's JsonProtocol. Three things of it have nothing to tell here: accumulators of
        Python have no names, so `Accumulables` are empty; no executor has a JVM, so its memory
        pools are zeros; and no RDD has a `Scope`.

Readers are strict: numbers are numbers, and no required text is null. An event that Spark does not
have must not be written at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pyspark_shell.common.block_manager_id import BlockManagerId
from pyspark_shell.common.exhaustive import assert_never
from pyspark_shell.common.metrics import TaskMetrics
from pyspark_shell.common.storage_level import StorageLevel
from pyspark_shell.common.task_end import (
    ExceptionFailure,
    ExecutorLostFailure,
    FetchFailed,
    Resubmitted,
    Success,
    TaskCommitDenied,
    TaskEndReason,
    TaskKilled,
    TaskResultLost,
)
from pyspark_shell.listener.events import (
    RDDInfo,
    ResourceAmount,
    SparkListenerApplicationEnd,
    SparkListenerApplicationStart,
    SparkListenerBlockManagerAdded,
    SparkListenerBlockManagerRemoved,
    SparkListenerBlockUpdated,
    SparkListenerEnvironmentUpdate,
    SparkListenerEvent,
    SparkListenerExecutorAdded,
    SparkListenerExecutorRemoved,
    SparkListenerJobEnd,
    SparkListenerJobStart,
    SparkListenerResourceProfileAdded,
    SparkListenerStageCompleted,
    SparkListenerStageSubmitted,
    SparkListenerTaskEnd,
    SparkListenerTaskGettingResult,
    SparkListenerTaskStart,
    SparkListenerUnpersistRDD,
    StageInfo,
    TaskInfo,
)

Json = dict[str, Any]

PYTHON_EXCEPTION: Final = "org.apache.spark.api.python.PythonException"


def event_to_json(event: SparkListenerEvent) -> Json | None:
    """One event, its name first; None for events that Spark does not log."""
    describe = _DESCRIPTIONS.get(type(event))
    return None if describe is None else {"Event": type(event).__name__, **describe(event)}


def log_start(spark_version: str) -> Json:
    """The first line of every log."""
    return {"Event": "SparkListenerLogStart", "Spark Version": spark_version}


# The application ---------------------------------------------------------------------------


def _resource_profile_added(event: SparkListenerResourceProfileAdded) -> Json:
    executors, tasks = event.executor_resources.items(), event.task_resources.items()
    return {
        "Resource Profile Id": event.resource_profile_id,
        "Executor Resource Requests": {name: _executor_request(name, r) for name, r in executors},
        "Task Resource Requests": {
            name: {"Resource Name": name, "Amount": float(amount)} for name, amount in tasks
        },
    }


def _executor_request(name: str, request: ResourceAmount) -> Json:
    return {
        "Resource Name": name,
        "Amount": request.amount,
        "Discovery Script": request.discovery_script,
        "Vendor": request.vendor,
    }


def _block_manager_added(event: SparkListenerBlockManagerAdded) -> Json:
    return {
        "Block Manager ID": _block_manager_id(BlockManagerId(event.executor_id, event.host)),
        "Maximum Memory": event.max_memory_bytes,
        "Timestamp": event.time_ms,
        "Maximum Onheap Memory": event.max_memory_bytes,
        "Maximum Offheap Memory": 0,
    }


def _block_manager_removed(event: SparkListenerBlockManagerRemoved) -> Json:
    return {
        "Block Manager ID": _block_manager_id(BlockManagerId(event.executor_id, event.host)),
        "Timestamp": event.time_ms,
    }


def _block_manager_id(address: BlockManagerId) -> Json:
    return {"Executor ID": address.executor_id, "Host": address.host, "Port": address.port}


def _environment_update(event: SparkListenerEnvironmentUpdate) -> Json:
    runtime = event.runtime
    return {
        "JVM Information": {
            "Java Home": runtime.get("javaHome", ""),
            "Java Version": runtime.get("javaVersion", ""),
            "Scala Version": runtime.get("scalaVersion", ""),
        },
        "Spark Properties": dict(event.spark_properties),
        "Hadoop Properties": {},
        "System Properties": dict(event.system_properties),
        "Metrics Properties": {},
        "Classpath Entries": dict(event.classpath_entries),
    }


def _application_start(event: SparkListenerApplicationStart) -> Json:
    return {
        "App Name": event.app_name,
        "App ID": event.app_id,
        "Timestamp": event.time_ms,
        "User": event.spark_user,
    }


def _application_end(event: SparkListenerApplicationEnd) -> Json:
    return {"Timestamp": event.time_ms, "ExitCode": event.exit_code}


def _executor_added(event: SparkListenerExecutorAdded) -> Json:
    return {
        "Timestamp": event.time_ms,
        "Executor ID": event.executor_id,
        "Executor Info": {
            "Host": event.host,
            "Total Cores": event.total_cores,
            "Log Urls": {},  # its output is removed with the application
            "Attributes": {},
            "Resources": {},
            "Resource Profile Id": 0,
            "Registration Time": event.time_ms,
        },
    }


def _executor_removed(event: SparkListenerExecutorRemoved) -> Json:
    return {
        "Timestamp": event.time_ms,
        "Executor ID": event.executor_id,
        "Removed Reason": event.reason,
    }


def _block_updated(event: SparkListenerBlockUpdated) -> Json:
    """A block is a file of the application: told as the driver's, for else a reader would take it
    for lost with the executor that wrote it.
    """
    in_memory, on_disk = event.memory_bytes > 0, event.disk_bytes > 0
    return {
        "Block Updated Info": {
            "Block Manager ID": _block_manager_id(BlockManagerId("driver")),
            "Block ID": event.block_id,
            "Storage Level": _storage_level(StorageLevel(on_disk, in_memory, False, False)),
            "Memory Size": event.memory_bytes,
            "Disk Size": event.disk_bytes,
        }
    }


def _unpersist_rdd(event: SparkListenerUnpersistRDD) -> Json:
    return {"RDD ID": event.rdd_id}


# Jobs and stages ---------------------------------------------------------------------------


def _job_start(event: SparkListenerJobStart) -> Json:
    return {
        "Job ID": event.job_id,
        "Submission Time": event.time_ms,
        "Stage Infos": [_stage_info(info) for info in event.stage_infos],
        "Stage IDs": [info.stage_id for info in event.stage_infos],
        "Properties": _texts(event.properties),
    }


def _job_end(event: SparkListenerJobEnd) -> Json:
    result: Json = {"Result": "JobSucceeded"}
    if event.error is not None:
        exception = {"Message": event.error, "Stack Trace": stack_trace(event.error)}
        result = {"Result": "JobFailed", "Exception": exception}
    return {"Job ID": event.job_id, "Completion Time": event.time_ms, "Job Result": result}


def _stage_submitted(event: SparkListenerStageSubmitted) -> Json:
    return {"Stage Info": _stage_info(event.stage_info), "Properties": _texts(event.properties)}


def _stage_completed(event: SparkListenerStageCompleted) -> Json:
    return {"Stage Info": _stage_info(event.stage_info)}


def _stage_info(info: StageInfo) -> Json:
    ends: dict[str, int | str | None] = {
        "Submission Time": info.submission_time_ms,
        "Completion Time": info.completion_time_ms,
        "Failure Reason": info.failure_reason,
    }
    return {
        "Stage ID": info.stage_id,
        "Stage Attempt ID": info.attempt_number,
        "Stage Name": info.name,
        "Number of Tasks": info.num_tasks,
        "RDD Info": [_rdd_info(rdd) for rdd in info.rdd_infos],
        "Parent IDs": list(info.parent_ids),
        "Details": info.details,
        **{name: value for name, value in ends.items() if value is not None},
        "Accumulables": [],
        "Resource Profile Id": info.resource_profile_id,
        "Shuffle Push Enabled": False,
        "Shuffle Push Mergers Count": 0,
    }


def _rdd_info(info: RDDInfo) -> Json:
    return {
        "RDD ID": info.rdd_id,
        "Name": info.name,
        "Callsite": info.call_site,
        "Parent IDs": list(info.parent_ids),
        "Storage Level": _storage_level(info.storage_level),
        "Barrier": info.is_barrier,
        "DeterministicLevel": "DETERMINATE",
        "Number of Partitions": info.num_partitions,
        "Number of Cached Partitions": 0,
        "Memory Size": 0,
        "Disk Size": 0,
    }


def _storage_level(level: StorageLevel) -> Json:
    return {
        "Use Disk": level.useDisk,
        "Use Memory": level.useMemory,
        "Use Off Heap": level.useOffHeap,
        "Deserialized": level.deserialized,
        "Replication": level.replication,
    }


def _texts(properties: Mapping[str, object]) -> dict[str, str]:
    return {key: str(value) for key, value in properties.items()}


# Tasks -------------------------------------------------------------------------------------


def _task_start(event: SparkListenerTaskStart) -> Json:
    # The info is the task's one and only; by now the task may have ended.
    not_yet = {"Getting Result Time": 0, **_NOT_ENDED}
    return {
        "Stage ID": event.stage_id,
        "Stage Attempt ID": event.stage_attempt_id,
        "Task Info": {**_task_info(event.task_info), **not_yet},
    }


def _task_getting_result(event: SparkListenerTaskGettingResult) -> Json:
    return {"Task Info": {**_task_info(event.task_info), **_NOT_ENDED}}


def _task_end(event: SparkListenerTaskEnd) -> Json:
    metrics = event.task_metrics
    return {
        "Stage ID": event.stage_id,
        "Stage Attempt ID": event.stage_attempt_id,
        "Task Type": event.task_type,
        "Task End Reason": _reason(event.reason),
        "Task Info": _task_info(event.task_info),
        "Task Executor Metrics": _NO_JVM,
        **({"Task Metrics": _task_metrics(metrics)} if metrics is not None else {}),
    }


def _task_info(info: TaskInfo) -> Json:
    return {
        "Task ID": info.task_id,
        "Index": info.index,
        "Attempt": info.attempt_number,
        "Partition ID": info.partition_id,
        "Launch Time": info.launch_time_ms,
        "Executor ID": info.executor_id,
        "Host": info.host,
        "Locality": info.locality,
        "Speculative": info.speculative,
        "Getting Result Time": info.getting_result_time_ms,
        "Finish Time": info.finish_time_ms,
        "Failed": info.failed,
        "Killed": info.killed,
        "Accumulables": [],
    }


def _reason(reason: TaskEndReason) -> Json:
    match reason:
        case Success() | Resubmitted() | TaskResultLost():
            details: Json = {}
        case TaskKilled():
            details = {"Kill Reason": reason.reason, "Accumulator Updates": []}
        case ExceptionFailure():
            details = {
                "Class Name": PYTHON_EXCEPTION,
                "Description": str(reason),
                "Stack Trace": stack_trace(reason.traceback),
                "Full Stack Trace": str(reason),
                "Accumulator Updates": [],
            }
        case FetchFailed():
            writer = reason.writer
            address = {} if writer is None else {"Block Manager Address": _block_manager_id(writer)}
            details = {
                **address,
                "Shuffle ID": reason.shuffle_id,
                "Map ID": reason.map_index,
                "Map Index": reason.map_index,
                "Reduce ID": reason.reduce_id,
                "Message": reason.message,
            }
        case ExecutorLostFailure():
            details = {
                "Executor ID": reason.executor_id,
                "Exit Caused By App": reason.caused_by_app,
                "Loss Reason": reason.reason,
            }
        case TaskCommitDenied():
            details = {
                "Job ID": reason.job_id,
                "Partition ID": reason.partition,
                "Attempt Number": reason.attempt_number,
            }
        case _:
            assert_never(reason)
    return {"Reason": type(reason).__name__, **details}


_FRAME: Final = re.compile(r'^ *File "(.*)", line (\d+), in (.*)$', re.MULTILINE)


def stack_trace(text: str) -> list[Json]:
    """The frames of a Python traceback as Java's, the innermost first; none if it has none.

    Examples
    --------
    >>> stack_trace('  File "/home/me/job.py", line 7, in parse')[0]["Declaring Class"]
    'job'
    """
    frames: Sequence[tuple[str, str, str]] = _FRAME.findall(text)
    return [
        {
            "Declaring Class": file.rpartition("/")[2].removesuffix(".py"),
            "Method Name": function,
            "File Name": file,
            "Line Number": int(line),
        }
        for file, line, function in reversed(frames)
    ]


def _task_metrics(metrics: TaskMetrics) -> Json:
    return {
        "Executor Deserialize Time": metrics.executor_deserialize_time_ms,
        "Executor Deserialize CPU Time": 0,
        "Executor Run Time": metrics.executor_run_time_ms,
        "Executor CPU Time": metrics.executor_cpu_time_ns,
        "Peak Execution Memory": metrics.peak_execution_memory_bytes,
        "Peak On Heap Execution Memory": metrics.peak_execution_memory_bytes,
        "Peak Off Heap Execution Memory": 0,
        "Result Size": metrics.result_size_bytes,
        "JVM GC Time": metrics.gc_time_ms,
        "Result Serialization Time": metrics.result_serialization_time_ms,
        "Memory Bytes Spilled": metrics.memory_bytes_spilled,
        "Disk Bytes Spilled": metrics.disk_bytes_spilled,
        "Shuffle Read Metrics": {
            "Remote Blocks Fetched": 0,
            "Local Blocks Fetched": metrics.shuffle_read_blocks,
            "Fetch Wait Time": metrics.shuffle_fetch_wait_ms,
            "Remote Bytes Read": 0,
            "Remote Bytes Read To Disk": 0,
            "Local Bytes Read": metrics.shuffle_read_bytes,
            "Total Records Read": metrics.shuffle_read_records,
            "Remote Requests Duration": 0,
            "Push Based Shuffle": _NO_PUSH,
        },
        "Shuffle Write Metrics": {
            "Shuffle Bytes Written": metrics.shuffle_write_bytes,
            "Shuffle Write Time": metrics.shuffle_write_time_ns,
            "Shuffle Records Written": metrics.shuffle_write_records,
        },
        "Input Metrics": {
            "Bytes Read": metrics.input_bytes,
            "Records Read": metrics.input_records,
        },
        "Output Metrics": {
            "Bytes Written": metrics.output_bytes,
            "Records Written": metrics.output_records,
        },
        "Updated Blocks": [],
    }


_NO_PUSH: Final = dict.fromkeys(
    (
        "Corrupt Merged Block Chunks",
        "Merged Fetch Fallback Count",
        "Merged Remote Blocks Fetched",
        "Merged Local Blocks Fetched",
        "Merged Remote Chunks Fetched",
        "Merged Local Chunks Fetched",
        "Merged Remote Bytes Read",
        "Merged Local Bytes Read",
        "Merged Remote Requests Duration",
    ),
    0,
)
_NOT_ENDED: Final = {"Finish Time": 0, "Failed": False, "Killed": False}
_NO_JVM: Final = dict.fromkeys(
    (
        "JVMHeapMemory",
        "JVMOffHeapMemory",
        "OnHeapExecutionMemory",
        "OffHeapExecutionMemory",
        "OnHeapStorageMemory",
        "OffHeapStorageMemory",
        "OnHeapUnifiedMemory",
        "OffHeapUnifiedMemory",
        "DirectPoolMemory",
        "MappedPoolMemory",
        "ProcessTreeJVMVMemory",
        "ProcessTreeJVMRSSMemory",
        "ProcessTreePythonVMemory",
        "ProcessTreePythonRSSMemory",
        "ProcessTreeOtherVMemory",
        "ProcessTreeOtherRSSMemory",
        "MinorGCCount",
        "MinorGCTime",
        "MajorGCCount",
        "MajorGCTime",
        "TotalGCTime",
        "ConcurrentGCCount",
        "ConcurrentGCTime",
    ),
    0,
)

_DESCRIPTIONS: Final[Mapping[type[SparkListenerEvent], Callable[[Any], Json]]] = {
    SparkListenerApplicationEnd: _application_end,
    SparkListenerApplicationStart: _application_start,
    SparkListenerBlockManagerAdded: _block_manager_added,
    SparkListenerBlockManagerRemoved: _block_manager_removed,
    SparkListenerBlockUpdated: _block_updated,
    SparkListenerEnvironmentUpdate: _environment_update,
    SparkListenerExecutorAdded: _executor_added,
    SparkListenerExecutorRemoved: _executor_removed,
    SparkListenerJobEnd: _job_end,
    SparkListenerJobStart: _job_start,
    SparkListenerResourceProfileAdded: _resource_profile_added,
    SparkListenerStageCompleted: _stage_completed,
    SparkListenerStageSubmitted: _stage_submitted,
    SparkListenerTaskEnd: _task_end,
    SparkListenerTaskStart: _task_start,
    SparkListenerTaskGettingResult: _task_getting_result,
    SparkListenerUnpersistRDD: _unpersist_rdd,
}
