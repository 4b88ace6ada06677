"""What a running task may know about itself, and how it learns that it was killed.

Thread  the task's main thread; `mark_killed` may be called by the message thread and by a signal
        handler.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar, Protocol

from pyspark_shell.common.errors import PySparkRuntimeError, PySparkTypeError, TaskKilledException
from pyspark_shell.common.metrics import TaskMetrics
from pyspark_shell.common.record import record
from pyspark_shell.shuffle.map_output import FetchFailedException, MapOutputs


class BarrierClient(Protocol):
    """How a barrier task meets the others of its stage."""

    def all_gather(self, message: str) -> list[str]:
        """Wait until every task of the stage has called; returns their messages in partition
        order.
        """


@record
class BarrierTaskInfo:
    """Address of one task of a barrier stage.

    Attributes
    ----------
    address
        `host:port` of the executor that runs it.
    """

    address: str


class _TheRunningOne(type):
    """Has `TaskContext()` give the running task's context; only the engine makes new ones."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        running: Any = TaskContext._taskContext
        if not (args or kwargs) and running is not None and cls in type(running).__mro__:
            return running
        return super().__call__(*args, **kwargs)


class TaskContext(metaclass=_TheRunningOne):
    """Information about the task that runs in this process.

    Examples
    --------
    >>> from pyspark_shell import TaskContext
    >>> sc.parallelize(range(2), 2).map(lambda _: TaskContext.get().partitionId()).collect()
    [0, 1]
    >>> TaskContext.get() is None
    True
    """

    _taskContext: ClassVar[TaskContext | None] = None
    # Whether reading looks for a kill at each record, as Spark does: needed where no exception is
    # raised in a killed task, and dear where one is.
    watches_each_record: ClassVar[bool] = False

    def __init__(
        self,
        stage_id: int = 0,
        stage_attempt: int = 0,
        partition_id: int = 0,
        attempt_number: int = 0,
        task_attempt_id: int = 0,
        local_properties: dict[str, str] | None = None,
        resources: dict[str, Any] | None = None,
        cpus: Decimal = Decimal(1),
    ) -> None:
        self._stageId = stage_id
        self._stageAttempt = stage_attempt
        self._partitionId = partition_id
        self._attemptNumber = attempt_number
        self._taskAttemptId = task_attempt_id
        self._localProperties = local_properties or {}
        self._resources = resources or {}
        self._cpuAmount = cpus
        self.kill_reason: str | None = None
        self.metrics = TaskMetrics()
        self.fetch_failure: FetchFailedException | None = None
        self._map_outputs: dict[int, MapOutputs] = {}
        self._on_completion: list[Callable[[TaskContext], Any]] = []
        self._barrier_client: BarrierClient | None = None
        self._barrier_addresses: tuple[str, ...] = ()
        self.ask_to_commit: Callable[[], bool] | None = None

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        state.update(_on_completion=[], _barrier_client=None, _map_outputs={}, fetch_failure=None)
        state.update(ask_to_commit=None)
        return state

    @classmethod
    def get(cls) -> TaskContext | None:
        """The running task's context, or None on the driver.

        Examples
        --------
        >>> sc.parallelize([1], 1).map(lambda _: TaskContext.get() is None).collect()
        [False]
        >>> TaskContext.get() is None
        True
        """
        return TaskContext._taskContext

    def stageId(self) -> int:
        """Id of the stage that the task belongs to, from 0 in each application.

        Examples
        --------
        >>> stages = sc.parallelize(range(4), 4).map(lambda _: TaskContext.get().stageId())
        >>> len(set(stages.collect()))
        1
        """
        return self._stageId

    def partitionId(self) -> int:
        """Index of the partition that the task computes, from 0.

        Examples
        --------
        >>> sc.parallelize("abc", 3).map(lambda c: (c, TaskContext.get().partitionId())).collect()
        [('a', 0), ('b', 1), ('c', 2)]
        """
        return self._partitionId

    def attemptNumber(self) -> int:
        """How often the task was tried before; 0 the first time.

        Examples
        --------
        >>> sc.parallelize([1], 1).map(lambda _: TaskContext.get().attemptNumber()).collect()
        [0]
        """
        return self._attemptNumber

    def taskAttemptId(self) -> int:
        """Id of this attempt, unique in the application; `sc.killTaskAttempt` takes it.

        Examples
        --------
        >>> attempts = sc.parallelize(range(4), 4).map(lambda _: TaskContext.get().taskAttemptId())
        >>> len(set(attempts.collect()))
        4
        """
        return self._taskAttemptId

    def getLocalProperty(self, key: str) -> str | None:
        """A local property of the thread that submitted the job, as it was; None if not set.

        Parameters
        ----------
        key
            As `sc.setLocalProperty` was told it.

        Examples
        --------
        >>> sc.setLocalProperty("team", "search")
        >>> teams = sc.parallelize([1]).map(lambda _: TaskContext.get().getLocalProperty("team"))
        >>> teams.collect()
        ['search']
        >>> sc.setLocalProperty("team", None)
        """
        return self._localProperties.get(key)

    def cpus(self) -> int:
        """CPUs given to the task (`spark.task.cpus`, or its resource profile's), rounded down.

        Examples
        --------
        >>> sc.parallelize([1], 1).map(lambda _: TaskContext.get().cpus()).collect()
        [1]
        """
        return int(self._cpuAmount)

    def cpuAmount(self) -> Decimal:
        """CPUs given to the task, exactly.

        Examples
        --------
        >>> sc.parallelize([1], 1).map(lambda _: TaskContext.get().cpuAmount()).collect()
        [Decimal('1')]
        """
        return self._cpuAmount

    def resources(self) -> dict[str, Any]:
        """Resources given to the task: `ResourceInformation` by name, CPUs not among them.

        Examples
        --------
        >>> sc.parallelize([1], 1).map(lambda _: TaskContext.get().resources()).collect()
        [{}]
        """
        return self._resources

    def isInterrupted(self) -> bool:
        """Whether the task was killed and should end.

        Examples
        --------
        >>> sc.parallelize([1], 1).map(lambda _: TaskContext.get().isInterrupted()).collect()
        [False]
        """
        return self.kill_reason is not None

    def killTaskIfInterrupted(self) -> None:
        """Raise if the task was killed; for loops that the engine does not see.

        Raises
        ------
        TaskKilledException
            It was. No `Exception`, so that only what is meant to catches it.

        Examples
        --------
        >>> def count_down(n):
        ...     while n > 0:
        ...         TaskContext.get().killTaskIfInterrupted()
        ...         n -= 1
        ...     return n
        >>> sc.parallelize([5], 1).map(count_down).collect()
        [0]
        """
        if self.kill_reason is not None:
            raise TaskKilledException(self.kill_reason)

    # For the engine --------------------------------------------------------------

    def mark_killed(self, reason: str) -> None:
        """Note that the task has to end; the first reason stays."""
        if self.kill_reason is None:
            self.kill_reason = reason

    def add_task_completion_listener(self, listener: Callable[[TaskContext], Any]) -> None:
        """Have `listener` called when the task ends, however it ends; last added, first called."""
        self._on_completion.append(listener)

    def give_map_outputs(self, outputs: dict[int, MapOutputs]) -> None:
        """Tell the task where the shuffles that it reads lie."""
        self._map_outputs = outputs

    def map_outputs(self, shuffle_id: int) -> MapOutputs:
        """Where the map side of a shuffle lies.

        Raises
        ------
        FetchFailedException
            The scheduler gave none, because the stage seemed not to need it (its RDD was cached).
        """
        try:
            return self._map_outputs[shuffle_id]
        except KeyError:
            raise FetchFailedException(
                shuffle_id,
                -1,
                self._partitionId,
                f"Missing an output location for shuffle {shuffle_id}",
            ) from None

    def may_commit(self) -> bool:
        """Whether this attempt may publish its output; the driver knows, and where there is none,
        yes.
        """
        return self.ask_to_commit is None or self.ask_to_commit()

    def run_completion_listeners(self) -> None:
        """Call the listeners, each once."""
        while self._on_completion:
            self._on_completion.pop()(self)


class BarrierTaskContext(TaskContext):
    """Context of a task in a barrier stage, whose tasks all run at once and can wait for one
    another.

    Examples
    --------
    >>> from pyspark_shell import BarrierTaskContext
    >>> def greatest_of_all(numbers):
    ...     messages = BarrierTaskContext.get().allGather(str(max(numbers)))
    ...     yield max(int(message) for message in messages)
    >>> sc.parallelize([1, 5, 2, 3], 2).barrier().mapPartitions(greatest_of_all).collect()
    [5, 5]
    """

    @classmethod
    def get(cls) -> BarrierTaskContext:
        """The running barrier task's context.

        Raises
        ------
        PySparkRuntimeError
            NOT_IN_BARRIER_STAGE: called elsewhere, the driver included.

        Examples
        --------
        >>> barrier = sc.parallelize("ab", 2).barrier()
        >>> barrier.mapPartitions(lambda _: [BarrierTaskContext.get().partitionId()]).collect()
        [0, 1]
        >>> BarrierTaskContext.get()
        Traceback (most recent call last):
        pyspark_shell...PySparkRuntimeError: [NOT_IN_BARRIER_STAGE] ...
        """
        context = TaskContext._taskContext
        if not isinstance(context, BarrierTaskContext):
            raise PySparkRuntimeError(errorClass="NOT_IN_BARRIER_STAGE", messageParameters={})
        return context

    def barrier(self) -> None:
        """Wait until all tasks of the stage have called this.

        Every task must call it equally often.

        Raises
        ------
        SparkException
            A task of the stage failed, or did not come within `spark.barrier.sync.timeout`.

        Examples
        --------
        >>> def together(records):
        ...     BarrierTaskContext.get().barrier()
        ...     return records
        >>> sc.parallelize("ab", 2).barrier().mapPartitions(together).collect()
        ['a', 'b']
        """
        self._client().all_gather("")

    def allGather(self, message: str = "") -> list[str]:
        """Wait for all tasks of the stage and give each one's message, in partition order.

        Parameters
        ----------
        message
            What this task has to say.

        Raises
        ------
        PySparkTypeError
            NOT_STR: it is no str.
        SparkException
            As `barrier`.

        Examples
        --------
        >>> def tell(records):
        ...     return [BarrierTaskContext.get().allGather(",".join(records))]
        >>> sc.parallelize("abc", 2).barrier().mapPartitions(tell).collect()
        [['a', 'b,c'], ['a', 'b,c']]
        """
        if not isinstance(message, str):
            raise PySparkTypeError(
                errorClass="NOT_STR",
                messageParameters={"arg_name": "message", "arg_type": type(message).__name__},
            )
        return self._client().all_gather(message)

    def getTaskInfos(self) -> list[BarrierTaskInfo]:
        """Addresses of all tasks of the stage, in partition order.

        Examples
        --------
        >>> barrier = sc.parallelize("ab", 2).barrier()
        >>> barrier.mapPartitions(lambda _: BarrierTaskContext.get().getTaskInfos()).count()
        4
        """
        self._client()
        return [BarrierTaskInfo(address) for address in self._barrier_addresses]

    def _client(self) -> BarrierClient:
        if self._barrier_client is None:
            raise PySparkRuntimeError(errorClass="NOT_IN_BARRIER_STAGE", messageParameters={})
        return self._barrier_client

    def attach(self, client: BarrierClient, addresses: tuple[str, ...]) -> None:
        """Give the context its way to the other tasks; done by the executor."""
        self._barrier_client = client
        self._barrier_addresses = addresses
