"""The part of SparkContext that makes broadcasts and accumulators."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any, ClassVar

from pyspark_shell.api.context_base import ContextBase
from pyspark_shell.shared_variables.accumulators import (
    Accumulator,
    AccumulatorParam,
    default_param,
)
from pyspark_shell.shared_variables.broadcast import (
    Broadcast,
    BroadcastManager,
    BroadcastPickleRegistry,
)


class SharedVariables(ContextBase):
    """broadcast, accumulator."""

    # Accumulator ids go on counting in the next context of the process, as PySpark's do.
    # No lock: a finalizer may want one while another is given out in the same thread.
    _accumulator_ids: ClassVar[Iterator[int]] = count()

    @property
    def _broadcasts(self) -> BroadcastManager:
        return self._engine.broadcasts

    @property
    def _pickled_broadcast_vars(self) -> BroadcastPickleRegistry:
        """The broadcasts that were pickled in this thread since the registry was cleared."""
        return self._broadcasts.pickled

    def broadcast(self, value: Any) -> Broadcast[Any]:
        """Send a value to all processes, each of which reads it once, when a task first uses it.

        Parameters
        ----------
        value
            Anything that can be pickled; later changes to it are not seen.

        Raises
        ------
        PicklingError
            It cannot be pickled.

        Examples
        --------
        >>> primes = sc.broadcast([2, 3, 5, 7])
        >>> sc.range(10).filter(lambda n: n in primes.value).count()
        4
        """
        return Broadcast(self, value, self._pickled_broadcast_vars)

    def accumulator(
        self, value: Any, accum_param: AccumulatorParam[Any] | None = None
    ) -> Accumulator[Any]:
        """A variable that tasks add to and the driver reads.

        Parameters
        ----------
        value
            What it begins with.
        accum_param
            How values are added; may be left out for int, float and complex.

        Raises
        ------
        TypeError
            No param is given and `value` is no number.

        Examples
        --------
        >>> empty = sc.accumulator(0)
        >>> sc.parallelize(["a", "", ""]).foreach(lambda line: empty.add(not line))
        >>> empty.value
        2
        """
        param = default_param(value) if accum_param is None else accum_param
        accumulator = Accumulator(next(SharedVariables._accumulator_ids), value, param)
        self._engine.accumulators.register(accumulator)
        return accumulator
