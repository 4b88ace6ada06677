"""Follows references backwards, from a thing to the containers, closures and RDDs that hold it.

Thread  any; each step stops all threads for as long as Python takes to look through its objects.
"""

from __future__ import annotations

import gc
import threading
import time
from collections import defaultdict, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextvars import Context
from functools import lru_cache, partial
from types import (
    AsyncGeneratorType,
    CellType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
    TracebackType,
)
from typing import Any, Final

from pyspark_shell.common.call_site import is_engine_file
from pyspark_shell.common.record import record, replace
from pyspark_shell.lineage.handle import NodeHandle
from pyspark_shell.lineage.node import LineageNode, ShuffleDependency
from pyspark_shell.lineage.steps import Step

# Containers within containers; hops through the engine's own objects do not count.
MAX_DEPTH: Final = 4
MAX_OBJECTS: Final = 2000
# Engine's objects lie within one another too.
_MAX_ROUNDS: Final = 16

_LABELS: Final[dict[type, str]] = {
    list: "list items in",
    tuple: "tuple items in",
    dict: "dict values in",
    set: "set items in",
    frozenset: "set items in",
    deque: "deque items in",
}
_PAUSED: Final = (GeneratorType, CoroutineType, AsyncGeneratorType)
_TRANSPARENT: Final = (ShuffleDependency, Step, FunctionType, MethodType)
_SKIPPED: Final = (
    FrameType,
    TracebackType,
    ModuleType,
    GetSetDescriptorType,
    MemberDescriptorType,
)
# What these hold lies in parts that nobody knows by name.
_IN_PARTS: Final[dict[type, str]] = {
    partial: "argument of",
    type(lru_cache(abs)): "cache of",
}
_CLOSURE: Final = "closure of"
# Nodes that a context or a cache consists of.
_PARTS: Final = frozenset(
    {"hamt", "hamt_bitmap_node", "hamt_array_node", "hamt_collision_node", "_lru_list_elem"}
)


@record
class Trail:
    """How an object holds the thing that was asked for.

    Attributes
    ----------
    holder
        The object.
    number
        Which of the things.
    child
        What an RDD on the way is called: `child RDD` if the thing is an RDD itself.
    rdd
        The last RDD on the way, empty if there is none: `child RDD 12`.
    inside
        Containers from that, or from the thing itself, to the object: what each holds the last in.
    depth
        How many containers there were in all.
    content, deeper
        What the object holds of the way, and what that holds of it; the search only.
    """

    holder: Any
    number: int = 0
    child: str = ""
    rdd: str = ""
    inside: tuple[str, ...] = ()
    depth: int = 0
    content: Any = None
    deeper: Any = None

    def path(self, root_path: str, root_name: str) -> str:
        """The whole way, from a name of the object on, as people say it."""
        place = " ".join((*self.inside, root_name)) if self.inside else root_path
        return f"{self.rdd} ({place})" if self.rdd else place


class ReferrerSearch:
    """One search, with its limits; for many things at once, since each step looks through all
    objects that Python has.

    Parameters
    ----------
    ignored
        Ids of objects that are not looked at: namespaces, and what the searcher itself holds.
    deadline_s
        When to give up, on the monotonic clock.
    """

    def __init__(self, ignored: Collection[int], deadline_s: float) -> None:
        self._ignored = set(ignored)
        self._deadline_s = deadline_s
        self._seen: set[tuple[int, int]] = set()  # number of the thing, id of the object
        self._max_seen = 0

    def trails(self, things: Sequence[Any]) -> Iterator[Trail]:
        """Ways from each of `things` to what holds it, shortest first; itself and its handles are
        among them.
        """
        frontier = [_beginning(number, thing) for number, thing in enumerate(things)]
        self._seen = {(trail.number, id(trail.holder)) for trail in frontier}
        self._max_seen = MAX_OBJECTS * len(frontier)
        for _ in range(_MAX_ROUNDS):
            yield from frontier
            frontier = self._step([t for t in frontier if name_of_its_own(t.holder) is None])
            if not frontier or self._is_exhausted():
                return

    def _step(self, frontier: list[Trail]) -> list[Trail]:
        by_id: defaultdict[int, list[Trail]] = defaultdict(list)
        for trail in frontier:
            by_id[id(trail.holder)].append(trail)
        holders = [trail.holder for trail in frontier]
        found = [r for r in gc.get_referrers(*holders) if r is not holders]
        following: list[Trail] = []
        for referrer in found:
            if self._is_exhausted():
                break
            if not self._is_skipped(referrer):
                for content in gc.get_referents(referrer):
                    for trail in by_id.get(id(content), ()):
                        following += self._followed(trail, referrer)
        return following

    def _followed(self, trail: Trail, referrer: Any) -> list[Trail]:
        """The trail to `referrer`, unless it leads in a circle, or too far."""
        key = trail.number, id(referrer)
        if key in self._seen or attributes_of(trail.holder) is referrer:
            return []
        self._seen.add(key)
        further = _extended(trail, referrer)
        return [further] if further.depth <= MAX_DEPTH else []

    def _is_exhausted(self) -> bool:
        return len(self._seen) > self._max_seen or time.monotonic() > self._deadline_s

    def _is_skipped(self, referrer: Any) -> bool:
        kind = type(referrer)
        return (
            id(referrer) in self._ignored
            or issubclass(kind, _SKIPPED)
            or kind is Trail
            or _is_engine_generator(referrer)
            or (
                str(kind.__module__).startswith("pyspark_shell.")
                and not issubclass(kind, _FOLLOWED)
            )
        )


# Objects of the engine that a user's values hold, or that hold them for a user.
_FOLLOWED: Final = (NodeHandle, LineageNode, ShuffleDependency, Step)


def _beginning(number: int, thing: Any) -> Trail:
    is_rdd = issubclass(type(thing), LineageNode)
    return Trail(thing, number, "child RDD" if is_rdd else "RDD")


def _extended(trail: Trail, referrer: Any) -> Trail:
    """The way to an object that holds the end of `trail`."""
    held, kind = trail.holder, type(referrer)
    onward = replace(trail, holder=referrer, content=held, deeper=trail.content)
    attributes = attributes_of(referrer)
    if attributes is held and type(held) is dict:  # one object, in two parts
        held = trail.content
        onward = replace(onward, inside=trail.inside[:-1], depth=trail.depth - 1)
    if issubclass(kind, LineageNode):
        return replace(onward, rdd=name_of_node(trail.child, referrer), inside=())
    if issubclass(kind, NodeHandle):
        if referrer._node is held:
            return onward
        return replace(onward, rdd=name_of_node(trail.child, referrer._node), inside=())
    if issubclass(kind, _TRANSPARENT) or _is_closure(trail, referrer):
        return onward
    if kind.__name__ in _PARTS:
        return replace(onward, content=trail.content) if _is_part(held) else onward
    if (named := _by_its_name(trail, referrer)) is not None:
        parts, label = named
        kept = trail.inside[: len(trail.inside) - parts]
        return replace(onward, inside=(*kept, label), depth=trail.depth - parts + 1)
    label = _CLOSURE if kind is CellType else _label(referrer, held, attributes)
    return replace(onward, inside=(*onward.inside, label), depth=onward.depth + 1)


def _is_part(value: Any) -> bool:
    return type(value).__name__ in _PARTS


def _by_its_name(trail: Trail, referrer: Any) -> tuple[int, str] | None:
    """For what holds a thing in dicts and tuples of its own: of how many the way has come out, and
    what the thing is called there.
    """
    held, content = trail.holder, trail.content
    if isinstance(referrer, type) and type(held) is dict:
        return 1, f"attribute {_key(vars(referrer), content)} of"
    if isinstance(referrer, threading.local) and type(held) is type(content) is dict:
        return 2, f"thread-local {_key(content, trail.deeper)} of"
    if isinstance(referrer, Context):
        names = (each.name for each, value in referrer.items() if value is content)
        return 0, f"context variable {next(names, '?')} in"
    for base, label in _IN_PARTS.items():
        if isinstance(referrer, base):
            return int(type(held) in (tuple, dict)), label
    return None


def _is_engine_generator(value: Any) -> bool:
    """Whether it is a generator of ours, such as those of the search itself."""
    return type(value) is GeneratorType and is_engine_file(value.gi_code.co_filename)


def _is_closure(trail: Trail, referrer: Any) -> bool:
    """Whether a tuple is that of a function's cells."""
    return type(referrer) is tuple and type(trail.holder) is CellType


def _label(referrer: Any, held: Any, attributes: Mapping[str, Any] | None) -> str:
    kind = type(referrer)
    if issubclass(kind, _PAUSED):
        return f"paused {referrer.__qualname__} in"
    label = next((_LABELS[base] for base in kind.__mro__ if base in _LABELS), None)
    if label is not None:
        return label
    if attributes is not None:
        return f"attribute {_key(attributes, held)} of"
    return f"{kind.__name__} in"


def attributes_of(value: Any) -> Mapping[str, Any] | None:
    """An object's attributes; without running code of its class."""
    if issubclass(type(value), type) or not type(value).__dictoffset__:
        return None
    try:
        attributes = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return None
    return attributes if type(attributes) is dict else None


def _key(mapping: Mapping[str, Any], value: Any) -> str:
    return next((str(key) for key, held in list(mapping.items()) if held is value), "?")


def name_of_node(label: str, node: LineageNode) -> str:
    """Name a node; one that has no number yet is not given one."""
    return f"{label} {node.kind if node._id is None else node._id}"


def name_of_its_own(value: Any) -> str | None:
    """What a thread, a class or a context is called wherever it is; None for others."""
    if type(value) is threading.Thread:
        return f"thread {value.name}"
    if isinstance(value, type):
        return f"class {value.__qualname__}"
    return "a context" if isinstance(value, Context) else None
