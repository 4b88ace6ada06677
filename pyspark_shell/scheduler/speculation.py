"""When a task counts as slow, by what the others of its stage took and read.

Owns    durations and record rates of one stage attempt.
Thread  `dag-scheduler-event-loop`.
Source  Spark's TaskSetManager.checkSpeculatableTasks and its TaskProcessRateCalculator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark_shell.common.record import record


@record
class SpeculationLimits:
    """When tasks get copies; times in seconds.

    Attributes
    ----------
    quantile, multiplier, min_runtime_s
        A task is slow when this share of the stage succeeded and it runs longer than this many
        medians.
    threshold_s
        And when it runs longer than this, however few succeeded, if the stage has no more tasks
        than `executor_slots`; None: never.
    rate_multiplier
        A task that reads records at more than this share of the others' rate is not slow but has
        more to do; None: rates do not count.
    long_run_factor
        From so many times the limit on they do not count either.
    """

    quantile: float = 0.9
    multiplier: float = 3.0
    min_runtime_s: float = 0.1
    threshold_s: float | None = None
    executor_slots: int = 1
    rate_multiplier: float | None = 0.75
    long_run_factor: float = 2.0


class SlowTasks:
    """Tells which running tasks of one stage attempt are slow."""

    def __init__(self, limits: SpeculationLimits, num_tasks: int) -> None:
        self._limits = limits
        self._num_tasks = num_tasks
        self._durations_s: list[float] = []
        self._records = 0
        self._rates: dict[int, float] = {}  # of running tasks, records a second

    def succeeded(self, task_id: int, duration_s: float, records: int) -> None:
        """Compare the others with this one."""
        self._durations_s.append(duration_s)
        self._records += records
        self._rates.pop(task_id, None)

    def progressed(self, task_id: int, runtime_s: float, records: int) -> None:
        """Note what a running task has read so far."""
        if runtime_s > 0:
            self._rates[task_id] = records / runtime_s

    def among(self, runtimes_s: Mapping[int, float], num_successful: int) -> list[int]:
        """Those that deserve a copy, of running tasks and how long each has run."""
        limits = self._limits
        if num_successful >= max(1, int(limits.quantile * self._num_tasks)):
            slow_s = max(limits.multiplier * _median(self._durations_s), limits.min_runtime_s)
            slow = [task_id for task_id, runtime_s in runtimes_s.items() if runtime_s > slow_s]
            return [task for task in slow if self._is_inefficient(task, runtimes_s[task], slow_s)]
        if limits.threshold_s is None or self._num_tasks > limits.executor_slots:
            return []
        slow_s = max(limits.threshold_s, limits.min_runtime_s)
        return [task_id for task_id, runtime_s in runtimes_s.items() if runtime_s > slow_s]

    def _is_inefficient(self, task_id: int, runtime_s: float, slow_s: float) -> bool:
        """Whether it is slow for what it reads; a task that told nothing of that is."""
        limits = self._limits
        if limits.rate_multiplier is None or not self._records:
            return True
        if runtime_s > limits.long_run_factor * slow_s:
            return True
        usual = self._records / max(sum(self._durations_s), 1e-9)
        return self._rates.get(task_id, 0.0) < usual * limits.rate_multiplier


def _median(durations_s: Sequence[float]) -> float:
    # The standard library's `statistics` takes 5 ms to import, of a start-up of 200.
    return sorted(durations_s)[len(durations_s) // 2]
