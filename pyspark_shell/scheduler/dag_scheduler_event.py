"""What other threads ask of the scheduler.

Any thread posts these; the scheduler's one thread reads them and takes all decisions, so that
nobody locks. What executors say comes in as messages (`executor.messages`), not as events of this
kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pyspark_shell.common.cell import Cell
from pyspark_shell.common.record import record
from pyspark_shell.lineage.node import LineageNode
from pyspark_shell.scheduler.job_waiter import JobWaiter
from pyspark_shell.scheduler.stage import StageInput


@record
class JobSubmitted:
    """Run a function on some partitions of a node.

    Attributes
    ----------
    final_input
        Closure of the final stage, and one pickled partition per entry of `partitions`.
    map_inputs
        The same for the map stage of each shuffle above the node, by shuffle id.
    properties
        Local properties of the submitting thread, copied.
    """

    job_id: int
    node: LineageNode
    partitions: Sequence[int]
    final_input: StageInput
    map_inputs: Mapping[int, StageInput]
    waiter: JobWaiter
    properties: Mapping[str, str]
    call_site: str


@record
class JobCancelled:
    """End a job; `interrupt` None: as its `spark.job.interruptOnCancel` says."""

    job_id: int
    reason: str | None
    interrupt: bool | None = None


@record
class StageCancelled:
    """End all jobs that use a stage."""

    stage_id: int
    reason: str | None


@record
class JobGroupCancelled:
    """End all active jobs of a group, and with `cancel_future_jobs` those submitted later."""

    group_id: str
    cancel_future_jobs: bool
    reason: str | None


@record
class JobTagCancelled:
    """End all active jobs with a tag."""

    tag: str
    reason: str | None


@record
class CellCancelled:
    """End all active jobs of a notebook's cell, also those of its threads; `on_job` hears which."""

    cell: Cell
    on_job: Callable[[int], None]


@record
class AllJobsCancelled:
    """End all active jobs."""


@record
class RDDRemoved:
    """Forget the cached blocks of an RDD; the files are removed by the caller."""

    rdd_id: int


@record
class ShuffleRemoved:
    """Forget the map outputs of a shuffle; the files are removed by the caller."""

    shuffle_id: int


DAGSchedulerEvent = (
    JobSubmitted
    | JobCancelled
    | StageCancelled
    | JobGroupCancelled
    | JobTagCancelled
    | CellCancelled
    | AllJobsCancelled
    | RDDRemoved
    | ShuffleRemoved
)
