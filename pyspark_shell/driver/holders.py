"""Finds what keeps an RDD, a shuffle, a broadcast or any other object alive, and says it in words.

Owns    nothing: what a search finds is told in text, and no reference is left behind.
Thread  any.

First names are compared: variables, outputs, locals of running and failed functions, and for RDDs
the lineage of each RDD that has a name. Only then are references followed backwards, which is slow.
"""

from __future__ import annotations

import gc
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import BuiltinFunctionType, CellType, FunctionType, ModuleType
from typing import Any, Final

from pyspark_shell.common.record import record
from pyspark_shell.driver.holder_roots import (
    LAST_EXCEPTION,
    Root,
    exception_roots,
    namespaces,
    notebook_roots,
    roots,
)
from pyspark_shell.driver.referrers import (
    ReferrerSearch,
    attributes_of,
    name_of_its_own,
    name_of_node,
)
from pyspark_shell.lineage.handle import node_of
from pyspark_shell.lineage.node import LineageNode, ShuffleDependency

# A search for one thing; and all that follow references for the rows of a table.
_LIMIT_S: Final = 2.0
_LIMIT_FOR_ALL_S: Final = 1.0
# Types of what modules are full of, and which hold nothing of interest.
_ATOMS: Final = (str, int, float, type(None), type, BuiltinFunctionType, ModuleType)


@record
class Holder:
    """One way in which a thing is kept alive.

    Attributes
    ----------
    path
        As people say it: `variable r`, `Out[4]`, `child RDD 12 (variable joined)`.
    forgettable
        Whether `forget` would take it away.
    is_named
        Whether the search came to a name; else to something that nothing was found to hold.
    """

    path: str
    forgettable: bool = False
    is_named: bool = True


@record
class Forgotten:
    """What `forget` did.

    Attributes
    ----------
    forgotten
        Paths of the names that were taken away.
    still_held_by
        What keeps the thing alive nevertheless.
    """

    forgotten: tuple[str, ...]
    still_held_by: tuple[Holder, ...]

    def to_json(self) -> dict[str, list[str]]:
        """The paths alone."""
        return {
            "forgotten": list(self.forgotten),
            "stillHeldBy": [holder.path for holder in self.still_held_by],
        }


class HolderSearch:
    """Searches for holders at one moment.

    Parameters
    ----------
    running_jobs
        The last node of each active job, by job id.
    without
        Chooses names to search as if they were gone.
    """

    def __init__(
        self,
        running_jobs: Mapping[int, LineageNode] | None = None,
        without: Callable[[Root], bool] = lambda _: False,
    ) -> None:
        self._jobs = running_jobs or {}
        self._without = without
        self._names: dict[int, list[tuple[str, str]]] | None = None

    def _roots(self) -> Iterator[Root]:
        return (root for root in roots() if not self._without(root))

    def holders_of(self, thing: Any) -> list[Holder]:
        """What keeps a thing alive; for an RDD what keeps its node, whichever handle it is asked
        with.
        """
        subject = subject_of(thing)
        [named] = self._named([subject])
        deadline_s = time.monotonic() + _LIMIT_S
        [referring] = self._by_reference([subject], deadline_s)
        return _distinct([*named, *referring])

    def holders_of_all(self, things: Sequence[Any]) -> list[list[Holder]]:
        """The same for many; first references to those are followed that no name was found for,
        then, if there is time, to the others.
        """
        subjects = [subject_of(thing) for thing in things]
        found = self._named(subjects)
        deadline_s = time.monotonic() + _LIMIT_FOR_ALL_S
        is_named = [bool(holders) for holders in found]
        for wanted in (False, True):
            numbers = [
                number
                for number, subject in enumerate(subjects)
                if subject is not None and is_named[number] is wanted
            ]
            chosen = [subjects[number] for number in numbers]
            referring = self._by_reference(chosen, deadline_s, things, subjects)
            for number, holders in zip(numbers, referring, strict=True):
                found[number] = _distinct([*found[number], *holders])
        return found

    def forget(self, thing: Any) -> Forgotten:
        """Take away the names that a notebook has for a thing, and the last exception if that
        holds it.
        """
        subject = subject_of(thing)
        names: list[_Name] = []
        for found in (notebook_roots(), exception_roots()):
            names += _names_of(subject, found)
        for name in names:
            name.drop()
        self._names = None
        paths = tuple(dict.fromkeys(name.path for name in names))
        if LAST_EXCEPTION in paths:
            gc.collect()  # an exception and the functions that it went through hold one another
        return Forgotten(paths, tuple(self.holders_of(subject)))

    # By name ------------------------------------------------------------------------------

    def _named(self, subjects: Sequence[Any]) -> list[list[Holder]]:
        """Holders that have a name themselves, for each subject."""
        numbers = {id(subject): n for n, subject in enumerate(subjects) if subject is not None}
        found: list[list[Holder]] = [[] for _ in subjects]
        for root in self._roots():
            number = numbers.get(id(root.value))
            if number is not None:
                found[number].append(Holder(root.path, root.drop is not None))
            node = node_of(root.value)
            for held in () if node is None else lineage(node):
                number = numbers.get(id(held.thing))
                if number is not None:
                    found[number].append(held.holder(root))
        for job_id, node in self._jobs.items():
            for held in lineage(node):
                number = numbers.get(id(held.thing))
                if number is not None:
                    found[number].append(Holder(f"running job {job_id}"))
        return [_distinct(holders) for holders in found]

    # By reference -------------------------------------------------------------------------

    def _by_reference(
        self, subjects: Sequence[Any], deadline_s: float, *own: object
    ) -> list[list[Holder]]:
        """Holders at the end of chains of references, for each subject; where none has a name,
        what kind it is.

        Parameters
        ----------
        own
            What the search itself holds the subjects in.
        """
        if self._names is None:
            self._names = self._names_by_id()
        spaces = [*namespaces(), subjects, own, self._jobs, self._names]
        ignored = {id(space) for space in (*own, *spaces)}
        del spaces
        found: list[list[Holder]] = [[] for _ in subjects]
        unnamed: list[dict[int, str]] = [{} for _ in subjects]
        for trail in ReferrerSearch(ignored, deadline_s).trails(subjects) if subjects else ():
            name = name_of_its_own(trail.holder)
            if name is not None:
                found[trail.number].append(Holder(trail.path(name, name)))
                continue
            for path, bare_name in self._names.get(id(trail.holder), ()):
                found[trail.number].append(Holder(trail.path(path, bare_name)))
            # A dict that proves to be an object's attributes is no holder beside the object.
            unnamed[trail.number].pop(id(attributes_of(trail.holder)), None)
            if (trail.rdd or trail.inside) and type(trail.holder) is not CellType:
                kind = f"an unnamed {type(trail.holder).__name__}"
                unnamed[trail.number][id(trail.holder)] = trail.path(kind, kind)
        return [
            holders or [Holder(text, is_named=False) for text in list(texts.values())[-1:]]
            for holders, texts in zip(found, unnamed, strict=True)
        ]

    def _names_by_id(self) -> dict[int, list[tuple[str, str]]]:
        """Path and bare name of every named value that may hold others, by the value's id."""
        names: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
        for root in self._roots():
            if not issubclass(type(root.value), _ATOMS) and not _is_plain_function(root.value):
                names[id(root.value)].append((root.path, root.name))
        return dict(names)


@record
class _Name:
    """A name that can be taken away; without the value."""

    path: str
    drop: Callable[[], object]

    @classmethod
    def of(cls, root: Root) -> _Name:
        assert root.drop is not None
        return cls(root.path, root.drop)


@record
class _Held:
    """A node or shuffle that is alive as long as `reader` is.

    Attributes
    ----------
    is_own
        Whether it is the reader itself, or a shuffle that the reader's own tasks read.
    """

    thing: Any
    reader: LineageNode
    is_own: bool

    def holder(self, root: Root) -> Holder:
        """How a name of the reader holds it."""
        if self.thing is self.reader:
            return Holder(root.path, root.drop is not None)
        label = "RDD" if isinstance(self.thing, ShuffleDependency) else "child RDD"
        path = f"{name_of_node(label, self.reader)} ({root.path})"
        return Holder(path, self.is_own and root.drop is not None)


def _names_of(subject: Any, found: Iterator[Root]) -> Iterator[_Name]:
    for root in found:
        if root.drop is not None and is_name_of(root.value, subject):
            yield _Name.of(root)


def lineage(reader: LineageNode) -> Iterator[_Held]:
    """Everything that a node keeps alive, itself included."""
    seen = {id(reader)}
    stack = [(reader, True)]
    while stack:
        node, same_stage = stack.pop()
        yield _Held(node, reader, node is reader)
        above = [(parent, same_stage) for parent in node.live_parents()]
        shuffle = node.live_shuffle()
        if shuffle is not None:
            yield _Held(shuffle, reader, same_stage)
            above.append((shuffle.parent, False))
        for parent, stage in above:
            if id(parent) not in seen:
                seen.add(id(parent))
                stack.append((parent, stage))


def subject_of(thing: Any) -> Any:
    """What has to go: the node for a handle, else the thing itself."""
    node = node_of(thing)
    return thing if node is None else node


def is_name_of(value: Any, subject: Any) -> bool:
    """Whether a name for `value` is a name for `subject`."""
    if value is subject:
        return True
    node = node_of(value)
    return node is not None and any(held.is_own and held.thing is subject for held in lineage(node))


def _is_plain_function(value: Any) -> bool:
    """Whether it is a function that holds nothing of its own."""
    return type(value) is FunctionType and value.__closure__ is value.__defaults__ is None


def _distinct(holders: list[Holder]) -> list[Holder]:
    """Each path once."""
    return list({holder.path: holder for holder in reversed(holders)}.values())[::-1]


# For shells ---------------------------------------------------------------------------------


def holders_of(thing: Any) -> list[Holder]:
    """What keeps a thing alive, but for running jobs, which only its driver knows.

    Examples
    --------
    >>> numbers = [1, 2, 3]
    >>> kept = {"mine": numbers}
    >>> [holder.path for holder in holders_of(numbers)]  # doctest: +SKIP
    ['variable numbers', 'dict values in kept']
    """
    return HolderSearch().holders_of(thing)


def forget(thing: Any) -> Forgotten:
    """Take away the names that a notebook has for a thing; what holds on is told."""
    return HolderSearch().forget(thing)
