"""Profiles the tasks of each RDD, when `spark.python.profile` is true.

A profiler travels with the task. It runs the task's function under cProfile and adds what it saw to
an accumulator, from which its copy in the driver reads.

Thread  `profile` the task's, all else the user's.
Source  PySpark's profiler module, without the profilers of SQL functions.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pstats import Stats


class AccumulatorContext(Protocol):
    """What a profiler asks of the SparkContext."""

    def accumulator(self, value: Any, accum_param: Any = None) -> Any:
        """Make an accumulator that merges with `accum_param`."""


class Profiler:
    """Base of profilers; a class of yours may be given to SparkContext as `profiler_cls`.

    Parameters
    ----------
    ctx
        The context whose tasks are profiled.

    Examples
    --------
    >>> class TaskCount(Profiler):
    ...     def __init__(self, ctx):
    ...         self.tasks = ctx.accumulator(0)
    ...
    ...     def profile(self, func, *args, **kwargs):
    ...         self.tasks.add(1)
    ...         return func(*args, **kwargs)
    ...
    ...     def stats(self):
    ...         return self.tasks.value
    >>> profiler = TaskCount(sc)
    >>> profiler.profile(max, 2, 3), profiler.stats()
    (3, 1)
    """

    def __init__(self, ctx: AccumulatorContext) -> None:
        pass

    def profile(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call `func` in a task, and keep account.

        Parameters
        ----------
        func
            The whole of the task, but for unpickling it.
        *args, **kwargs
            What to call it with.

        Returns
        -------
        What `func` gave.

        Examples
        --------
        >>> class Announcer(Profiler):
        ...     def profile(self, func, *args, **kwargs):
        ...         print("a task begins")
        ...         return func(*args, **kwargs)
        >>> Announcer(sc).profile(max, 2, 3)
        a task begins
        3
        """
        raise NotImplementedError

    def stats(self) -> Any:
        """Give what was collected from all tasks so far, None before the first.

        Examples
        --------
        >>> class Forgetful(Profiler):
        ...     def stats(self):
        ...         return None
        >>> Forgetful(sc).stats() is None
        True
        """
        raise NotImplementedError

    def show(self, id: int) -> None:
        """Print the account of an RDD.

        Parameters
        ----------
        id
            Number of the RDD that the profiled stage ends in, for the title.

        Examples
        --------
        >>> class Forgetful(Profiler):
        ...     def show(self, id):
        ...         print(f"RDD {id}: nothing")
        >>> Forgetful(sc).show(7)
        RDD 7: nothing
        """
        raise NotImplementedError

    def dump(self, id: int, path: str) -> None:
        """Write the account of an RDD into a directory.

        Parameters
        ----------
        id
            As in `show`, for the name of the file.
        path
            The directory; it may have to be made.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> class Forgetful(Profiler):
        ...     def dump(self, id, path):
        ...         pathlib.Path(path, f"{id}.txt").write_text("nothing")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Forgetful(sc).dump(7, folder)
        ...     [file.name for file in pathlib.Path(folder).iterdir()]
        ['7.txt']
        """
        raise NotImplementedError


class PStatsParam:
    """Merges accounts of cProfile in an accumulator."""

    @staticmethod
    def zero(value: Stats | None) -> None:
        """Give the account of nothing."""

    @staticmethod
    def addInPlace(value1: Stats | None, value2: Stats | None) -> Stats | None:
        """Add the second account to the first."""
        if value1 is None:
            return value2
        if value2 is not None:
            value1.add(value2)
        return value1


class BasicProfiler(Profiler):
    """The default: cProfile, added up over the tasks of the RDD.

    Parameters
    ----------
    ctx
        The context whose tasks are profiled.

    Examples
    --------
    >>> profiler = BasicProfiler(sc)
    >>> profiler.profile(sum, [1, 2])
    3
    """

    def __init__(self, ctx: AccumulatorContext) -> None:
        super().__init__(ctx)
        self._accumulator = ctx.accumulator(None, PStatsParam)

    def profile(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call `func` under cProfile; gives its result. A call that raises is not counted.

        Parameters
        ----------
        func, *args, **kwargs
            As in `Profiler.profile`.

        Examples
        --------
        >>> BasicProfiler(sc).profile(sorted, "cab", reverse=True)
        ['c', 'b', 'a']
        """
        import cProfile
        import pstats

        profile = cProfile.Profile()
        result = profile.runcall(func, *args, **kwargs)
        account = pstats.Stats(profile)
        account.stream = None  # type: ignore[attr-defined]  # an output stream cannot be pickled
        account.strip_dirs()
        self._accumulator.add(account)
        return result

    def stats(self) -> Stats | None:
        """Give the added account of all tasks so far, a `pstats.Stats`; None before the first.

        Examples
        --------
        >>> profiler = BasicProfiler(sc)
        >>> profiler.stats() is None
        True
        >>> profiler.profile(sum, [1, 2])
        3
        >>> profiler.stats().total_calls > 0
        True
        """
        account: Stats | None = self._accumulator.value
        return account

    def show(self, id: int) -> None:
        """Print the account of an RDD, the most expensive functions first; nothing before a task.

        Parameters
        ----------
        id
            As in `Profiler.show`.

        Examples
        --------
        >>> profiler = BasicProfiler(sc)
        >>> profiler.profile(sum, [1, 2])
        3
        >>> profiler.show(7)
        ============================================================
        Profile of RDD<id=7>
        ============================================================
                 ... function calls in ... seconds
        ...
        """
        account = self.stats()
        if account:
            line = "=" * 60
            print(f"{line}\nProfile of RDD<id={id}>\n{line}")
            account.sort_stats("time", "cumulative").print_stats()

    def dump(self, id: int, path: str) -> None:
        """Write the account of an RDD as `rdd_<id>.pstats`; nothing before a task.

        Parameters
        ----------
        id
            As in `Profiler.show`.
        path
            The directory, made if need be.

        Examples
        --------
        >>> import os, tempfile
        >>> profiler = BasicProfiler(sc)
        >>> profiler.profile(sum, [1, 2])
        3
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     profiler.dump(7, folder)
        ...     os.listdir(folder)
        ['rdd_7.pstats']
        """
        os.makedirs(path, exist_ok=True)
        account = self.stats()
        if account:
            account.dump_stats(os.path.join(path, f"rdd_{id}.pstats"))


class ProfilerCollector:
    """Keeps the profilers of all RDDs that ran, and shows or dumps them at the program's end.

    Parameters
    ----------
    profiler_cls
        Makes the profiler of an RDD.
    udf_profiler_cls, memory_profiler_cls
        For SQL functions; kept, and not used.
    dump_path
        Directory for the accounts; None to print them.
    """

    def __init__(
        self,
        profiler_cls: type[Profiler],
        udf_profiler_cls: type[Profiler] | None = None,
        memory_profiler_cls: type[Profiler] | None = None,
        dump_path: str | None = None,
    ) -> None:
        self.profiler_cls = profiler_cls
        self.udf_profiler_cls = udf_profiler_cls
        self.memory_profiler_cls = memory_profiler_cls
        self.profile_dump_path = dump_path
        self.profilers: list[list[Any]] = []
        """A list of RDD id, profiler, and whether it was shown, for each; PySpark's form."""

    def new_profiler(self, ctx: AccumulatorContext) -> Profiler:
        """Make the profiler of an RDD that is about to run."""
        return self.profiler_cls(ctx)

    def add_profiler(self, id: int, profiler: Profiler) -> None:
        """Keep the profiler of the RDD `id`."""
        if not self.profilers:
            if self.profile_dump_path:
                atexit.register(self.dump_profiles, self.profile_dump_path)
            else:
                atexit.register(self.show_profiles)
        self.profilers.append([id, profiler, False])

    def dump_profiles(self, path: str) -> None:
        """Write all accounts into the directory `path`, and forget them."""
        for rdd_id, profiler, _ in self.profilers:
            profiler.dump(rdd_id, path)
        self.profilers = []

    def show_profiles(self) -> None:
        """Print the accounts that were not printed yet."""
        for entry in self.profilers:
            rdd_id, profiler, shown = entry
            if profiler and not shown:
                profiler.show(rdd_id)
                entry[2] = True
