"""What a user may ask of, and say to, the context cleaner.

Thread  any of the user's.
Source  Spark's ContextCleaner has the `doCleanup` methods and the listeners; the rest is ours.
"""

from __future__ import annotations

from typing import Any

from pyspark_shell.driver.cleanup import Cleanup
from pyspark_shell.driver.cleanup_task import (
    CleanAccum,
    CleanBroadcast,
    CleanCheckpoint,
    CleanRDD,
    CleanShuffle,
    CleanupTask,
)
from pyspark_shell.driver.context_cleaner import ContextCleaner


class Cleaner:
    """Removes cached partitions, shuffle files and broadcasts that nobody refers to any more.

    `sc.cleaner` is one, unless `spark.cleaner.referenceTracking` is off. It works by itself: within
    a moment after the last reference to an RDD is gone, so is what was stored for it.

    Examples
    --------
    >>> squares = sc.parallelize(range(4)).map(lambda n: n * n).cache()
    >>> squares.count()
    4
    >>> sc.cleaner.clean(squares)
    True
    >>> squares.sum()
    14
    """

    def __init__(self, cleanup: Cleanup, cleaner: ContextCleaner) -> None:
        self._cleanup = cleanup
        self._cleaner = cleaner

    def __repr__(self) -> str:
        header = self._cleanup.view.header()
        tracked = sum(header["tracked"].values())
        return f"<Cleaner {header['state']}, {tracked} tracked, {header['queue']} queued>"

    # Looking ----------------------------------------------------------------------------

    def describe(self, holders: bool = False) -> dict[str, Any]:
        """The cleaner's state, and a row in `rows` for each thing that it watches or has cleaned.

        Parameters
        ----------
        holders
            Whether to look for what keeps each thing alive, which may take a few seconds.

        Examples
        --------
        >>> numbers = sc.parallelize([1, 2]).setName("numbers").cache()
        >>> [row["name"] for row in sc.cleaner.describe()["rows"] if row["kind"] == "rdd"][:1]
        ['numbers']
        """
        return self._cleanup.view.describe(holders)

    def holders(self, thing: Any) -> list[str]:
        """What keeps a thing alive, in words: `variable r`, `Out[4]`, `last exception`.

        Examples
        --------
        >>> def hold(rdd):
        ...     return [path.split(" (")[0] for path in sc.cleaner.holders(rdd)]
        >>> hold(sc.parallelize([1, 2]))
        ["thread MainThread: local 'rdd' in hold"]
        """
        return [holder.path for holder in self._cleanup.view.holders_of(thing)]

    def preview(self, thing: Any) -> dict[str, Any]:
        """What would be removed if a thing were deleted; nothing is changed.

        Parameters
        ----------
        thing
            The name of a variable, or an RDD, broadcast or accumulator, which then is taken to lose
            all the names that `forget` would take away.

        Returns
        -------
        `frees` has a row for each thing that would go, with its parents; `memoryBytes` and
        `diskBytes` are their sums; `stillHeldBy` tells what would keep the thing itself.

        Raises
        ------
        PySparkValueError
            There is no variable of this name.

        Examples
        --------
        >>> sc.cleaner.preview("no_such_variable")
        Traceback (most recent call last):
            ...
        pyspark_shell.errors.exceptions.base.PySparkValueError: There is no variable ...
        """
        return self._cleanup.view.preview(thing)

    # Doing ------------------------------------------------------------------------------

    def attachListener(self, listener: Any) -> None:
        """Have `listener` told of what is cleaned, in the cleaner's thread.

        Of its methods `rddCleaned(id)`, `shuffleCleaned(id)`, `broadcastCleaned(id)`,
        `accumCleaned(id)` and `checkpointCleaned(id)` those are called that it has.

        Examples
        --------
        >>> class Notes:
        ...     cleaned = []
        ...     def rddCleaned(self, rddId):
        ...         self.cleaned.append(rddId)
        >>> sc.cleaner.attachListener(Notes())
        >>> numbers = sc.parallelize([1, 2]).cache()
        >>> sc.cleaner.doCleanupRDD(numbers.id(), blocking=True)
        >>> numbers.id() in Notes.cleaned
        True
        """
        self._cleaner.attach_listener(listener)

    def registerSparkListenerForCleanup(self, listenerOwner: Any, listener: Any) -> None:
        """Take a listener off the listener bus once nobody refers to its owner any more."""
        self._cleanup.track_listener(listenerOwner, listener)

    def clean(self, thing: Any, blocking: bool = True) -> bool:
        """Remove what is stored for a thing now, though it is still referred to.

        An RDD is computed again when it is used; a broadcast is gone for good.

        Parameters
        ----------
        thing
            A cached RDD, a broadcast or an accumulator.
        blocking
            Whether to wait until executors have confirmed it.

        Returns
        -------
        Whether the cleaner watched it, and nothing went wrong.

        Examples
        --------
        >>> sc.cleaner.clean(sc.parallelize([1, 2]))
        False
        """
        tasks = self._cleanup.view.tasks_of(thing)
        return bool(tasks) and all([self._cleaner.clean(task, blocking) for task in tasks])

    def forget(self, thing: Any) -> dict[str, Any]:
        """Take away the names that a notebook has for a thing, so that it can be cleaned.

        Variables, outputs (`Out[4]`, `_4`, `_`), IPython's hidden copies, and the last exception if
        one of its functions had the thing. Other RDDs, lists and threads keep it.
        """
        return self._cleanup.view.forget_thing(thing)

    def collect(self) -> dict[str, Any]:
        """Collect reference cycles now, which is what lets things in a cycle be cleaned.

        Examples
        --------
        >>> sorted(sc.cleaner.collect())
        ['collected', 'tookMs']
        """
        return self._cleanup.view.collect_garbage()

    def doCleanupRDD(self, rddId: int, blocking: bool) -> None:
        """Remove the cached partitions of an RDD."""
        self._do(CleanRDD(rddId), blocking)

    def doCleanupShuffle(self, shuffleId: int, blocking: bool) -> None:
        """Remove the files of a shuffle; a later job writes them again."""
        self._do(CleanShuffle(shuffleId), blocking)

    def doCleanupBroadcast(self, broadcastId: int, blocking: bool) -> None:
        """Remove a broadcast's file, and its value in all executors."""
        self._do(CleanBroadcast(broadcastId), blocking)

    def doCleanupAccum(self, accId: int, blocking: bool) -> None:
        """Take no more updates for an accumulator."""
        self._do(CleanAccum(accId), blocking)

    def doCleanCheckpoint(self, rddId: int, blocking: bool = True) -> None:
        """Remove the files of an RDD's reliable checkpoint."""
        self._do(CleanCheckpoint(rddId), blocking)

    doCleanupCheckpoint = doCleanCheckpoint

    def _do(self, task: CleanupTask, blocking: bool) -> None:
        """Clean in the calling thread; what goes wrong is logged, as Spark does."""
        self._cleaner.clean(task, blocking)
