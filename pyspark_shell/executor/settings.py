"""What an executor process must know from its start; made by the driver."""

from __future__ import annotations

from pyspark_shell.common.record import field, record
from pyspark_shell.storage.local_dirs import LocalDirs


@record
class ExecutorSettings:
    """Settings of all executors of one application.

    Attributes
    ----------
    sys_path
        The driver's `sys.path`, taken over once the engine itself is imported.
    memory_budget_bytes
        For cached blocks in memory, all executors together.
    executor_memory_bytes
        What one executor may use; a task's buffers and its hot cache are fractions of it.
    max_result_bytes
        A larger result is dropped in the executor; 0: no limit.
    address_space_bytes
        Hard limit of the process's address space; 0: none.
    watches_each_record
        Whether a task that reads looks for a kill at each record.
    alias_pyspark
        Whether `import pyspark` means this package, as it does in the driver.
    event_log
        The log that the guardian completes if the driver dies; empty if there is none.
    """

    application_id: str
    dirs: LocalDirs
    sys_path: tuple[str, ...]
    working_directory: str
    memory_budget_bytes: int
    executor_memory_bytes: int
    inline_result_bytes: int
    max_result_bytes: int
    heartbeat_interval_s: float
    address_space_bytes: int = 0
    preload: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    faulthandler: bool = True
    watches_each_record: bool = False
    alias_pyspark: bool = False
    event_log: str = ""
