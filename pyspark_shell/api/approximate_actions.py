"""The part of RDD whose actions may answer before all tasks have ended, or from sketches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial, reduce
from typing import Any

from pyspark_shell.api.rdd_base import RDDPart, T
from pyspark_shell.common.portable_hash import portable_hash
from pyspark_shell.lineage import partition_functions as tasks
from pyspark_shell.statistics.approximate_evaluators import estimate_mean, estimate_sum
from pyspark_shell.statistics.bounded_float import BoundedFloat
from pyspark_shell.statistics.hyper_log_log import HyperLogLog
from pyspark_shell.statistics.stat_counter import StatCounter


class ApproximateActions(RDDPart[T]):
    """Estimates, within a time or an error.

    When the time is over the job goes on in the background, as in Spark; `sc.cancelAllJobs()` and
    the panel end it.
    """

    def countApprox(self, timeout: int, confidence: float = 0.95) -> int:
        """Count the records, or estimate the count from the tasks that end in time.

        Parameters
        ----------
        timeout
            Milliseconds to wait.
        confidence
            Has no influence on the count.

        Examples
        --------
        >>> sc.parallelize(range(1000), 10).countApprox(10_000, 1.0)
        1000
        """
        counts = self._finished_in_time(tasks.count_records, timeout)
        stats = (StatCounter([float(count)]) for count in counts)
        return int(estimate_sum(stats, self.getNumPartitions(), confidence))

    def sumApprox(self: RDDPart[Any], timeout: int, confidence: float = 0.95) -> BoundedFloat:
        """Add up the records, or estimate the sum from the tasks that end in time.

        Parameters
        ----------
        timeout
            Milliseconds to wait.
        confidence
            Probability with which the sum shall be within the bounds.

        Returns
        -------
        A float that has `low`, `high` and `confidence`; the confidence is 1.0 where all tasks
        ended.

        Examples
        --------
        >>> total = sc.parallelize(range(1000), 10).sumApprox(10_000)
        >>> total, total.low, total.confidence
        (499500.0, 499500.0, 1.0)
        """
        sums = self._finished_in_time(tasks.sum_as_float, timeout)
        stats = (StatCounter([one_sum]) for one_sum in sums)
        return estimate_sum(stats, self.getNumPartitions(), confidence)

    def meanApprox(self: RDDPart[Any], timeout: int, confidence: float = 0.95) -> BoundedFloat:
        """Take the mean of the records, or estimate it from the tasks that end in time.

        The result has bounds, as that of `sumApprox`.

        Parameters
        ----------
        timeout, confidence
            As in `sumApprox`.

        Examples
        --------
        >>> sc.parallelize(range(1000), 10).meanApprox(10_000)
        499.5
        """
        stats = self._finished_in_time(tasks.stats_of_floats, timeout)
        return estimate_mean(stats, self.getNumPartitions(), confidence)

    def _finished_in_time(
        self, function: Callable[[Iterator[Any]], Any], timeout_ms: int
    ) -> Iterable[Any]:
        job = self.ctx._submit_on_partitions(self, function)
        try:
            return job.result(timeout_ms / 1000)
        except TimeoutError:
            return job.partial().values()

    def countApproxDistinct(self, relativeSD: float = 0.05) -> int:
        """Estimate how many different records there are.

        Parameters
        ----------
        relativeSD
            Relative standard deviation of the estimate; a smaller one takes more memory, at least
            0.000017.

        Notes
        -----
        HyperLogLog++ on the records' hashes, as Spark has it.

        Examples
        --------
        >>> sc.parallelize([n % 20 for n in range(1000)]).countApproxDistinct()
        19
        """
        if relativeSD < 0.000017:
            raise ValueError("relativeSD should be greater than 0.000017")
        sketches = self._run(partial(tasks.sketch_of_hashes, relativeSD, portable_hash))
        return reduce(HyperLogLog.merge, sketches, HyperLogLog.with_error(relativeSD)).cardinality()
