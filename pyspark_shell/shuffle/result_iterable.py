"""The values of one key, as `groupByKey` and `cogroup` hand them out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class SizedIterable(Protocol[T_co]):
    """What can be gone through more than once, and knows its length."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[T_co]: ...


class ResultIterable(Iterable[T], Generic[T]):
    """Values with a length that can be gone through again and again, and pickled.

    Parameters
    ----------
    data
        A list, or an external list whose values lie on disk.

    Examples
    --------
    >>> values = ResultIterable([1, 2, 3])
    >>> len(values), list(values), list(values)
    (3, [1, 2, 3], [1, 2, 3])
    """

    __slots__ = ("data",)

    index = 0

    def __init__(self, data: SizedIterable[T]) -> None:
        self.data = data

    @property
    def maxindex(self) -> int:
        """How many values there are."""
        return len(self.data)

    def __iter__(self) -> Iterator[T]:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)

    def __reduce__(self) -> tuple[Any, ...]:
        return ResultIterable, (self.data,)
