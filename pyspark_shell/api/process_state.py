"""What a context replaces in its process; a context made by a task has to give it back.

`spark.executor.allowSparkContext` lets a task make a context of its own, in an executor that serves
tasks of the outer application afterwards.
"""

from __future__ import annotations

from pyspark_shell.common.record import record
from pyspark_shell.lineage.files_directory import FilesDirectory
from pyspark_shell.shared_variables.accumulators import (
    DriverAccumulators,
    driver_accumulators,
    install_driver_accumulators,
)
from pyspark_shell.shared_variables.broadcast import BroadcastManager


@record
class ProcessState:
    """How this process finds broadcasts, accumulators and shipped files."""

    broadcasts: BroadcastManager | None
    accumulators: DriverAccumulators | None
    files: str | None

    @classmethod
    def take(cls) -> ProcessState:
        """Note the present state."""
        return cls(BroadcastManager.current(), driver_accumulators(), FilesDirectory.current())

    def restore(self) -> None:
        """Put it back."""
        if self.broadcasts is not None:
            self.broadcasts.install()
        install_driver_accumulators(self.accumulators)
        FilesDirectory.install(self.files)
