"""Brings an RDD to the driver one partition at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from pyspark_shell.api.rdd_base import JobWaiter, RDDPart, T

U = TypeVar("U")


class LocalIterator(RDDPart[T]):
    """The part of RDD that hands records out while later partitions have yet to be computed."""

    def toLocalIterator(self, prefetchPartitions: bool = False) -> Iterator[T]:
        """Iterate over all records; the driver holds one partition at a time, or two.

        Each partition is a job of its own, so an RDD that is dear to compute should be cached
        first.

        Parameters
        ----------
        prefetchPartitions
            Whether the next partition is computed while the one before is consumed. Closing the
            iterator cancels that job.

        Examples
        --------
        >>> list(sc.parallelize(range(4), 2).toLocalIterator())
        [0, 1, 2, 3]
        """
        self.ctx._assert_running()
        partitions = iter(range(self.getNumPartitions()))
        if not prefetchPartitions:
            return _one_by_one(self, partitions)
        return _prefetching(self, partitions, _submit_next(self, partitions))


def _one_by_one(rdd: RDDPart[U], partitions: Iterator[int]) -> Iterator[U]:
    with _open(rdd.ctx._open_iterators):
        for partition in partitions:
            [records] = rdd._run(list, [partition])
            yield from records


def _prefetching(
    rdd: RDDPart[U], partitions: Iterator[int], job: JobWaiter[list[U]] | None
) -> Iterator[U]:
    try:
        with _open(rdd.ctx._open_iterators):
            while job is not None:
                [records] = job.result()
                job = _submit_next(rdd, partitions)
                yield from records
    finally:
        if job is not None and not job.done:
            job.cancel("the iterator over the RDD was closed")


@contextmanager
def _open(iterators: set[object]) -> Iterator[None]:
    """Between two of its jobs the reader still uses the application."""
    mark = object()
    iterators.add(mark)
    try:
        yield
    finally:
        iterators.discard(mark)


def _submit_next(rdd: RDDPart[Any], partitions: Iterator[int]) -> JobWaiter[list[Any]] | None:
    partition = next(partitions, None)
    if partition is None:
        return None
    job: JobWaiter[list[Any]] = rdd.ctx._submit_on_partitions(rdd, list, [partition])
    return job
