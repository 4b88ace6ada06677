"""What a panel may ask of, and say to, one application: the only door between views and engines.

Rows are JSON-ready dictionaries with the field names of Spark's REST API; ours stand beside them.
Everything may be called from any thread, answers from memory, and never runs user code. A row of
an answer may be another answer's too: who wants to change it takes a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from pyspark_shell.common.record import record

Json = dict[str, Any]


class Refusal(Exception):
    """A request that is not carried out, and why.

    Parameters
    ----------
    status
        HTTP's number for it: 400 cannot be understood, 403 not allowed, 404 unknown, 409 too late.
    message
        What happened, with the value seen.
    body
        More for programs, in the JSON of the answer beside `error`.
    """

    def __init__(self, status: int, message: str, body: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.body = dict(body or {})


@record
class KillOrder:
    """How a kill is asked for.

    Attributes
    ----------
    reason
        What those whose work is killed are told.
    who
        Where the order came from, as people say it: `the web page`, `JupyterLab`, `the command`.
    interrupt
        Whether to raise in the tasks at once; None: as the job was started with.
    """

    reason: str
    who: str = ""
    interrupt: bool | None = None


@record
class Change:
    """One row that is new or different.

    Attributes
    ----------
    kind
        `application`, `job`, `stage`, `executor`, `rdd`, `cleaner` or `kill`.
    key
        Which row: what identifies it among its kind.
    row
        The row as a listing gives it; None if it was forgotten.
    """

    kind: str
    key: str
    row: Json | None


class Engine(Protocol):
    """One application.

    Raises
    ------
    Refusal
        By each method that takes an id or gives an order.
    """

    @property
    def application_id(self) -> str: ...

    @property
    def milestones(self) -> int:
        """Grows with everything that happens but the starts and ends of single tasks."""

    def when_caught_up(self, tell: Callable[[], object]) -> bool:
        """Have `tell` called, in any thread, once all that has happened until now is in the rows;
        True if it is already, and then `tell` is not called. In the server's loop the listings
        below do not wait for it themselves.
        """

    # Spark's listings ---------------------------------------------------------------------

    def application(self) -> Json:
        """ApplicationInfo."""

    def jobs(self, statuses: Sequence[str] = ()) -> list[Json]:
        """JobData of all jobs, newest first; `statuses` in Spark's upper-case words."""

    def job(self, job_id: int) -> Json:
        """JobData of one."""

    def stages(
        self,
        statuses: Sequence[str] = (),
        details: bool = False,
        quantiles: Sequence[float] | None = None,
    ) -> list[Json]:
        """StageData of all attempts, newest first; with `quantiles` how tasks and executors
        differ.
        """

    def stage(
        self, stage_id: int, details: bool = True, quantiles: Sequence[float] | None = None
    ) -> list[Json]:
        """StageData of all attempts of one stage, with its tasks if `details`."""

    def stage_attempt(
        self,
        stage_id: int,
        attempt: int,
        details: bool = True,
        quantiles: Sequence[float] | None = None,
    ) -> Json:
        """StageData of one attempt."""

    def task_story(self, stage_id: int, index: int) -> list[Json]:
        """All attempts of one task: where each ran, and how it ended."""

    def task_summary(self, stage_id: int, attempt: int, quantiles: Sequence[float]) -> Json:
        """TaskMetricDistributions."""

    def task_list(
        self,
        stage_id: int,
        attempt: int,
        offset: int = 0,
        length: int = 20,
        sort_by: str = "ID",
        statuses: Sequence[str] = (),
    ) -> list[Json]:
        """TaskData; `sort_by` is `ID`, `runtime` (slowest last) or `-runtime`."""

    def executors(self, active_only: bool = True) -> list[Json]:
        """ExecutorSummary of the driver and all executors."""

    def executor_threads(self, executor_id: str) -> list[Json]:
        """ThreadStackTrace of the driver's threads (`driver`) or of an executor's."""

    def task_threads(self, task_id: int) -> Json:
        """ThreadStackTrace of the thread that runs a task, with `sameLineSeconds`."""

    def storage(self) -> list[Json]:
        """RDDStorageInfo of what is cached."""

    def storage_rdd(self, rdd_id: int) -> Json:
        """RDDStorageInfo of one, with its blocks."""

    def environment(self) -> Json:
        """ApplicationEnvironmentInfo, secrets redacted."""

    def event_log(self) -> str | None:
        """The event log's file or folder as it is called now; None if none is written."""

    # Ours ---------------------------------------------------------------------------------

    def kills(self) -> list[Json]:
        """The newest kills and what became of them, newest first."""

    def listener_bus(self) -> list[Json]:
        """Each queue of events: how many wait, how many may, how many were dropped."""

    def cleaner(self, holders: bool = False) -> Json:
        """What the context cleaner watches; who holds each is looked for only if `holders`."""

    def lineage(self, kind: str, entity_id: int) -> Json:
        """What an RDD, or what a shuffle reads, is made from: `lines` of `toDebugString`.

        Raises
        ------
        Refusal
            404: the cleaner does not watch such a thing.
        """

    def collect_garbage(self) -> Json:
        """Collect reference cycles now; how many objects were found and how long it took."""

    def forget(self, kind: str, entity_id: int) -> Json:
        """Drop what a notebook's names hold of an entity (`rdd`, `broadcast`, `shuffle`)."""

    def unpersist(self, rdd_id: int) -> Json:
        """Give an RDD's cached blocks up."""

    def logs(self, executor_id: str, stream: str, offset: int, length: int) -> Json:
        """A piece of an executor's output; a negative offset counts from the end."""

    def snapshot(self) -> Json:
        """All that a view draws first: `application`, `jobs`, `stages`, `executors`, `rdds`,
        `cleaner`, `kills`, each list bounded, with `omitted` counts.
        """

    def drain_changes(self) -> list[Change]:
        """Rows that changed since the last call; one caller only."""

    # Orders -------------------------------------------------------------------------------

    def kill_job(self, job_id: int, order: KillOrder) -> Json: ...

    def kill_stage(self, stage_id: int, order: KillOrder) -> Json: ...

    def kill_task(self, task_id: int, order: KillOrder) -> Json: ...

    def kill_job_group(self, group: str, order: KillOrder, future: bool = False) -> Json: ...

    def kill_tag(self, tag: str, order: KillOrder) -> Json: ...

    def kill_executor(self, executor_id: str, order: KillOrder) -> Json: ...

    def interrupt_thread(self, thread_id: int) -> Json:
        """Raise KeyboardInterrupt in a thread of the user's own code, by Python's id of it."""

    def kill_application(self, order: KillOrder) -> Json: ...
