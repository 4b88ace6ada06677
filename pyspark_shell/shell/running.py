"""The application that the shell speaks of: that of the active context."""

from __future__ import annotations

from pyspark_shell.api.context import SparkContext
from pyspark_shell.driver.console_progress_bar import ConsoleProgressBar
from pyspark_shell.engines.spark_ui import SparkUI
from pyspark_shell.rest.port import Engine, Json
from pyspark_shell.status.rest_jobs import job_row


def running_context() -> SparkContext | None:
    """The context that runs, None if none does; asking does not start one."""
    return SparkContext._active_spark_context


def running_engine() -> Engine | None:
    """The engine of the context that runs, None if none does."""
    context = running_context()
    ui = None if context is None else context.__dict__.get("_ui")
    return ui.engine if isinstance(ui, SparkUI) else None


def progress_bar() -> ConsoleProgressBar | None:
    """The line that shows progress, None where there is none."""
    context = running_context()
    driver = None if context is None else context.__dict__.get("_driver")
    return None if driver is None else driver.progress


def running_jobs() -> list[Json]:
    """Jobs that run, oldest first, as far as it is known by now.

    It waits for nothing, so a prompt may ask at every key.
    """
    context = running_context()
    driver = None if context is None else context.__dict__.get("_driver")
    if driver is None:
        return []
    store = driver.status_store
    jobs = (store.job(job_id) for job_id in sorted(store.active_job_ids()))
    return [job_row(job) for job in jobs if job is not None]
