"""Which task set goes first: FIFO by job, or FAIR between pools.

Thread  `dag-scheduler-event-loop`.
Source  Spark's Pool, SchedulingAlgorithm and SchedulableBuilder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from pyspark_shell.common.errors import IllegalConfig
from pyspark_shell.common.record import field, record
from pyspark_shell.scheduler.task_set_manager import TaskSetManager

FIFO: Final = "FIFO"
FAIR: Final = "FAIR"
DEFAULT_POOL: Final = "default"


@record(frozen=False)
class Pool:
    """Task sets that share a weight and a minimum share of the slots."""

    name: str
    mode: str = FIFO
    weight: int = 1
    min_share: int = 0
    task_sets: list[TaskSetManager] = field(default_factory=list)

    @property
    def running(self) -> int:
        """Tasks of the pool that run."""
        return sum(len(task_set.running) for task_set in self.task_sets)

    def ordered(self) -> list[TaskSetManager]:
        """The pool's task sets, first come first served or least served first."""
        if len(self.task_sets) < 2:
            return self.task_sets
        if self.mode == FIFO:
            return sorted(self.task_sets, key=lambda t: (t.job_id, t.stage.stage_id))
        return sorted(self.task_sets, key=lambda t: (len(t.running), t.name))


class Pools:
    """All pools; in FIFO mode there is one.

    Parameters
    ----------
    allocation
        Pools declared in the allocation file.
    """

    def __init__(self, mode: str = FIFO, allocation: Sequence[Pool] = ()) -> None:
        self._mode = mode
        self._pools = {pool.name: pool for pool in allocation}
        self._pools.setdefault(DEFAULT_POOL, Pool(DEFAULT_POOL))

    def add(self, task_set: TaskSetManager, pool_name: str | None) -> None:
        """Put a task set into its pool; an unknown name makes a pool with defaults."""
        name = (pool_name or DEFAULT_POOL) if self._mode == FAIR else DEFAULT_POOL
        self._pools.setdefault(name, Pool(name)).task_sets.append(task_set)

    def remove(self, task_set: TaskSetManager) -> str | None:
        """Take a task set out; its pool's name."""
        for pool in self._pools.values():
            if task_set in pool.task_sets:
                pool.task_sets.remove(task_set)
                return pool.name
        return None

    def all(self) -> list[TaskSetManager]:
        """Every task set."""
        return [task_set for pool in self._pools.values() for task_set in pool.task_sets]

    def ordered(self) -> list[TaskSetManager]:
        """Every task set, the one to serve next first."""
        busy = [pool for pool in self._pools.values() if pool.task_sets]
        if len(busy) == 1:
            return busy[0].ordered()
        busy.sort(key=_fairness)
        return [task_set for pool in busy for task_set in pool.ordered()]

    @property
    def is_fair(self) -> bool:
        """Whether the order changes with every launch."""
        return self._mode == FAIR

    def snapshot(self) -> list[Pool]:
        """The pools, for reading."""
        return list(self._pools.values())


def _fairness(pool: Pool) -> tuple[Any, ...]:
    """Pools below their minimum share first, by how far; then by weighted load; then by name."""
    running = pool.running
    needy = running < pool.min_share
    share = running / max(pool.min_share, 1) if needy else running / pool.weight
    return not needy, share, pool.name


def read_allocation_file(path: str, warn: Callable[[str], None]) -> list[Pool]:
    """Pools of a Spark allocation file (XML).

    Raises
    ------
    IllegalConfig
        The file cannot be read or is no allocation file.
    """
    from xml.etree import ElementTree

    try:
        root = ElementTree.parse(path.removeprefix("file:")).getroot()
    except (OSError, ElementTree.ParseError) as error:
        raise IllegalConfig(
            f"spark.scheduler.allocation.file: {path} cannot be read: {error}. "
            "It should hold <allocations><pool name=...>...</pool></allocations>."
        ) from error
    return [_pool(element, warn) for element in root.findall("pool")]


def _pool(element: Any, warn: Callable[[str], None]) -> Pool:
    name = element.get("name", DEFAULT_POOL)

    def text(tag: str, default: str) -> str:
        return (element.findtext(tag) or default).strip()

    mode = text("schedulingMode", FIFO).upper()
    if mode not in (FIFO, FAIR):
        warn(f"pool {name}: scheduling mode {mode!r} is neither FIFO nor FAIR, FIFO is used")
        mode = FIFO
    return Pool(
        name,
        mode,
        _number(name, text("weight", "1"), 1, warn),
        _number(name, text("minShare", "0"), 0, warn),
    )


def _number(pool: str, text: str, least: int, warn: Callable[[str], None]) -> int:
    """A whole number; its least value, which is the default, in place of a bad or smaller one."""
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least:
        warn(f"pool {pool}: {text!r} is no whole number from {least} up, {least} is used")
        return least
    return number
