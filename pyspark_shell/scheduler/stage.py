"""A set of tasks that need no shuffle among themselves, and what is left of it to do.

Thread  `dag-scheduler-event-loop`.
Source  Spark's Stage, ShuffleMapStage and ResultStage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark_shell.common.record import field, record
from pyspark_shell.lineage.node import LineageNode, ShuffleDependency
from pyspark_shell.listener.events import RDDInfo, StageInfo
from pyspark_shell.scheduler.job_waiter import JobWaiter
from pyspark_shell.scheduler.task_needs import NO_NEEDS, TaskNeeds


@record
class StageInput:
    """What the user's thread prepared for a stage.

    Attributes
    ----------
    closure, splits
        The pickled closure, and each partition pickled.
    needs
        What each task takes of its executor, by its resource profile.
    """

    closure: bytes
    splits: Sequence[bytes]
    needs: TaskNeeds = NO_NEEDS
    resource_profile_id: int = 0


@record(frozen=False, eq=False)
class ActiveJob:
    """A job that has not ended.

    Attributes
    ----------
    partitions
        Which partitions of the final node the job computes; task i computes the i-th of these.
    """

    job_id: int
    final_stage: Stage
    partitions: Sequence[int]
    waiter: JobWaiter
    properties: Mapping[str, str]
    call_site: str
    finished: bytearray = field(init=False)
    num_finished: int = 0
    started_s: float = 0.0
    stage_ids: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.finished = bytearray(len(self.partitions))

    @property
    def group(self) -> str | None:
        """The job group, if any."""
        return self.properties.get("spark.jobGroup.id")

    @property
    def tags(self) -> set[str]:
        """The job's tags."""
        return set(filter(None, self.properties.get("spark.job.tags", "").split(",")))


@record(frozen=False, eq=False)
class Stage:
    """One stage of the application; every attempt to run it gets a number.

    Attributes
    ----------
    node
        The last node that the stage's tasks compute.
    shuffle
        What its tasks write; None for the final stage of a job.
    job_ids
        Active jobs that need it.
    failed_attempts
        Attempts that ended with a fetch failure since the last success.
    committers
        By partition, the task that may publish its output; it goes when that one fails.
    """

    stage_id: int
    node: LineageNode
    shuffle: ShuffleDependency | None
    parents: tuple[Stage, ...]
    stage_input: StageInput
    call_site: str
    job_ids: set[int] = field(default_factory=set)
    active_job: ActiveJob | None = None
    next_attempt: int = 0
    pending_partitions: set[int] = field(default_factory=set)
    failed_attempts: set[int] = field(default_factory=set)
    committers: dict[int, int] = field(default_factory=dict)
    info: StageInfo = field(init=False)
    _rdd_infos: Sequence[RDDInfo] = ()

    @property
    def num_partitions(self) -> int:
        """Tasks of a first, whole attempt."""
        if self.active_job is not None:
            return len(self.active_job.partitions)
        return len(self.stage_input.splits)

    def describe_attempt(self, num_tasks: int) -> StageInfo:
        """A fresh description for the next attempt."""
        if not self._rdd_infos:
            self._rdd_infos = _rdd_infos(self.node)
        return StageInfo(
            stage_id=self.stage_id,
            attempt_number=self.next_attempt,
            name=self.call_site,
            num_tasks=num_tasks,
            rdd_infos=self._rdd_infos,
            parent_ids=tuple(sorted(parent.stage_id for parent in self.parents)),
            details=self.node.call_site,
            resource_profile_id=self.stage_input.resource_profile_id,
            is_shuffle_map=self.shuffle is not None,
        )

    def __repr__(self) -> str:
        kind = "ResultStage" if self.shuffle is None else "ShuffleMapStage"
        return f"{kind} {self.stage_id}"


def _parent_ids(node: LineageNode) -> tuple[int, ...]:
    shuffle = node.live_shuffle()
    read = () if shuffle is None else (shuffle.parent,)
    return tuple(parent.id for parent in (*node.live_parents(), *read))


def _known_partitions(node: LineageNode) -> int:
    """How many there are; the user's thread has worked them out, here no file is looked at."""
    source = node if node.checkpointed is None else node.checkpointed
    return len(source._partitions or ())


def _rdd_infos(last: LineageNode) -> list[RDDInfo]:
    infos, queue, seen = [], [last], {id(last)}
    while queue:
        node = queue.pop()
        parents = node.live_parents()
        for parent in parents:
            if id(parent) not in seen:
                seen.add(id(parent))
                queue.append(parent)
        infos.append(
            RDDInfo(
                node.id,
                node.name or node.kind,
                node.call_site,
                _known_partitions(node),
                node.storage_level,
                _parent_ids(node),
                node.is_barrier,
            )
        )
    infos.sort(key=lambda info: info.rdd_id)
    return infos
