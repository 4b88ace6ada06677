"""Why a task attempt ended: a closed union, decided on with `match` and a final `assert_never`.

The texts are Spark's, as they appear in job errors, logs, and the UI.
"""

from __future__ import annotations

from pyspark_shell.common.block_manager_id import BlockManagerId
from pyspark_shell.common.record import field, record


@record
class Success:
    """The task's result arrived."""

    def __str__(self) -> str:
        return "Success"


@record
class Resubmitted:
    """A finished map task is run again, because its output went with its executor."""

    def __str__(self) -> str:
        return "Resubmitted (resubmitted due to lost executor)"


@record
class TaskResultLost:
    """The task finished, but its result could not be read."""

    def __str__(self) -> str:
        return "TaskResultLost (result lost from block manager)"


@record
class TaskKilled:
    """Somebody killed the attempt; never counts as a failure.

    Attributes
    ----------
    stack
        Where the kill met it, outermost frame first, without source; empty if nobody knows.
    """

    reason: str
    stack: str = field(default="", compare=False, repr=False)

    def __str__(self) -> str:
        return f"TaskKilled ({self.reason})"


@record
class ExceptionFailure:
    """The task's code raised.

    Attributes
    ----------
    pickled
        The exception, opened by the user's thread only; empty if it could not be pickled.
    """

    class_name: str
    description: str
    traceback: str
    pickled: bytes = b""
    retriable: bool = True

    def __str__(self) -> str:
        return (
            f"[PYTHON_EXCEPTION] An exception was thrown from the Python worker: {self.traceback}"
        )


@record
class FetchFailed:
    """Map outputs that the task needed could not be read; the map stage is run again.

    Attributes
    ----------
    writer
        Of the output that was wanted; None if there is none, as for a whole shuffle that is gone.
    """

    shuffle_id: int
    map_index: int
    reduce_id: int
    message: str
    writer: BlockManagerId | None = None

    def __str__(self) -> str:
        return (
            f"FetchFailed({self.writer or 'null'}, shuffleId={self.shuffle_id}, "
            f"mapIndex={self.map_index}, mapId={self.map_index}, reduceId={self.reduce_id}, "
            f"message=\n{self.message}\n)"
        )


@record
class ExecutorLostFailure:
    """The process that ran the task is gone.

    Attributes
    ----------
    caused_by_app
        Whether it counts as a failure of the task.
    """

    executor_id: str
    caused_by_app: bool
    reason: str

    def __str__(self) -> str:
        cause = (
            "exited caused by one of the running tasks"
            if self.caused_by_app
            else "exited unrelated to the running tasks"
        )
        return f"ExecutorLostFailure (executor {self.executor_id} {cause}) Reason: {self.reason}"


@record
class TaskCommitDenied:
    """The driver did not let the attempt publish its output; not a failure."""

    job_id: int
    partition: int
    attempt_number: int

    def __str__(self) -> str:
        return (
            f"TaskCommitDenied (Driver denied task commit) for job: {self.job_id}, "
            f"partition: {self.partition}, attemptNumber: {self.attempt_number}"
        )


TaskEndReason = (
    Success
    | Resubmitted
    | TaskResultLost
    | TaskKilled
    | ExceptionFailure
    | FetchFailed
    | ExecutorLostFailure
    | TaskCommitDenied
)


def counts_towards_failures(reason: TaskEndReason) -> bool:
    """Whether the end brings the task nearer to `spark.task.maxFailures`."""
    match reason:
        case ExceptionFailure() | TaskResultLost():
            return True
        case ExecutorLostFailure():
            return reason.caused_by_app
        case _:
            return False
