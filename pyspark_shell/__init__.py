"""Spark in Python, without a JVM: the names of PySpark's top level.

Each name is imported when it is first used, so that executors, which need few of them, start fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pyspark_shell.common.context_ui import set_ui_maker
from pyspark_shell.version import __version__

if TYPE_CHECKING:
    from pyspark_shell.api.context import SparkContext
    from pyspark_shell.api.profiler import BasicProfiler, Profiler
    from pyspark_shell.api.rdd import RDD, RDDBarrier
    from pyspark_shell.api.row import Row
    from pyspark_shell.api.spark_files import SparkFiles
    from pyspark_shell.api.spark_session import SparkSession
    from pyspark_shell.api.status_tracker import (
        SparkExecutorInfo,
        SparkJobInfo,
        SparkStageInfo,
        StatusTracker,
    )
    from pyspark_shell.api.threads import InheritableThread, inheritable_thread_target
    from pyspark_shell.common.serializers import CPickleSerializer, MarshalSerializer
    from pyspark_shell.common.spark_conf import SparkConf
    from pyspark_shell.common.storage_level import StorageLevel
    from pyspark_shell.lineage.task_context import (
        BarrierTaskContext,
        BarrierTaskInfo,
        TaskContext,
    )
    from pyspark_shell.shared_variables.accumulators import Accumulator, AccumulatorParam
    from pyspark_shell.shared_variables.broadcast import Broadcast

__all__ = [
    "RDD",
    "Accumulator",
    "AccumulatorParam",
    "BarrierTaskContext",
    "BarrierTaskInfo",
    "BasicProfiler",
    "Broadcast",
    "CPickleSerializer",
    "InheritableThread",
    "MarshalSerializer",
    "Profiler",
    "RDDBarrier",
    "Row",
    "SparkConf",
    "SparkContext",
    "SparkExecutorInfo",
    "SparkFiles",
    "SparkJobInfo",
    "SparkSession",
    "SparkStageInfo",
    "StatusTracker",
    "StorageLevel",
    "TaskContext",
    "__version__",
    "inheritable_thread_target",
]

_HOMES = {
    "RDD": "api.rdd",
    "Accumulator": "shared_variables.accumulators",
    "AccumulatorParam": "shared_variables.accumulators",
    "BarrierTaskContext": "lineage.task_context",
    "BarrierTaskInfo": "lineage.task_context",
    "BasicProfiler": "api.profiler",
    "Broadcast": "shared_variables.broadcast",
    "CPickleSerializer": "common.serializers",
    "InheritableThread": "api.threads",
    "MarshalSerializer": "common.serializers",
    "Profiler": "api.profiler",
    "RDDBarrier": "api.rdd",
    "Row": "api.row",
    "SparkConf": "common.spark_conf",
    "SparkContext": "api.context",
    "SparkExecutorInfo": "api.status_tracker",
    "SparkFiles": "api.spark_files",
    "SparkJobInfo": "api.status_tracker",
    "SparkSession": "api.spark_session",
    "SparkStageInfo": "api.status_tracker",
    "StatusTracker": "api.status_tracker",
    "StorageLevel": "common.storage_level",
    "TaskContext": "lineage.task_context",
    "inheritable_thread_target": "api.threads",
    "_jupyter_labextension_paths": "server_extension.extension",
    "_jupyter_server_extension_points": "server_extension.extension",
    "_load_jupyter_server_extension": "server_extension.extension",
    "keyword_only": "util",
    "load_ipython_extension": "shell.notebook",
    "unload_ipython_extension": "shell.notebook",
}


def _show(context: Any) -> Any:
    from pyspark_shell.engines.spark_ui import SparkUI

    return SparkUI(context)


set_ui_maker(_show)


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
