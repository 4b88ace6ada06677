"""Daemon threads with the names that Spark gives the same roles."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

DAG_SCHEDULER: Final = "dag-scheduler-event-loop"
CONTEXT_CLEANER: Final = "Spark Context Cleaner"
PERIODIC_GC: Final = "context-cleaner-periodic-gc"
STOP_CONTEXT: Final = "stop-spark-context"
INTERRUPT_MAIN: Final = "interrupt-killed-main"
EXECUTOR_MESSAGES: Final = "executor-messages"
SPARK_UI: Final = "SparkUI"
PROGRESS: Final = "refresh progress"
IDLE_WATCH: Final = "idle-watch"
CELL_PROGRESS: Final = "SparkCellProgress"
PANEL: Final = "SparkPanel"
LISTENER_PREFIX: Final = "spark-listener-group-"
ENGINE_THREADS: Final = frozenset(
    {
        DAG_SCHEDULER,
        CONTEXT_CLEANER,
        PERIODIC_GC,
        STOP_CONTEXT,
        INTERRUPT_MAIN,
        EXECUTOR_MESSAGES,
        SPARK_UI,
        PROGRESS,
        IDLE_WATCH,
        CELL_PROGRESS,
        PANEL,
    }
)


def is_server_thread() -> bool:
    """Whether the caller is the web server's loop, which must not wait for anything."""
    return threading.current_thread().name == SPARK_UI


def start_daemon(name: str, target: Callable[[], None]) -> threading.Thread:
    """Start a daemon thread of the engine.

    It has none of the starting thread's debugger or trace settings.
    """
    thread = threading.Thread(target=target, name=name, daemon=True)
    thread.start()
    return thread
