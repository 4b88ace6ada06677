"""Recognises trivial lambdas and gives the C function that means exactly the same.

A lambda costs 40-100 ns a call, `operator.add` a third of it. Only what is provably equal is
replaced: the code object must be the one that a lambda of the table compiles to, constants and
their types included, with no default, no closure and no global name. The interpreter itself
compiles the table, so no byte code is written down here.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from itertools import repeat
from operator import itemgetter
from types import CodeType, FunctionType
from typing import Any, Final

from pyspark_shell.lineage.steps import Step
from pyspark_shell.shuffle.aggregator import identity

_NESTED: Final = 0x10  # CO_NESTED: the lambda stands in a function; says nothing about what it does

_CodeKey = tuple[Any, ...]


class PairWith(Step):
    """`(record, f)` for each record, where `f` is a constant."""

    __slots__ = ()

    def apply(self, index: int, records: Iterator[Any]) -> Iterator[Any]:
        return zip(records, repeat(self.f), strict=False)


# Not built from one another in a loop: each line shows what is taken for equal.
_UNARY: Final[tuple[tuple[Callable[..., Any], Callable[..., Any]], ...]] = (
    (lambda x: x, identity),
    (lambda x: x[0], itemgetter(0)),
    (lambda x: x[1], itemgetter(1)),
    (lambda x: x[2], itemgetter(2)),
    (lambda x: x[-1], itemgetter(-1)),
    (lambda x: (x[0], x[1]), itemgetter(0, 1)),
    (lambda x: (x[1], x[0]), itemgetter(1, 0)),
    (lambda x: -x, operator.neg),
    (lambda x: not x, operator.not_),
)
_BINARY: Final[tuple[tuple[Callable[..., Any], Callable[..., Any]], ...]] = (
    (lambda x, y: x + y, operator.add),
    (lambda x, y: x * y, operator.mul),
    (lambda x, y: x - y, operator.sub),
    (lambda x, y: x & y, operator.and_),
    (lambda x, y: x | y, operator.or_),
)
_PAIRS: Final[tuple[tuple[Callable[..., Any], Any], ...]] = (
    (lambda x: (x, 1), 1),
    (lambda x: (x, 0), 0),
    (lambda x: (x, 1.0), 1.0),
    (lambda x: (x, None), None),
    (lambda x: (x, True), True),
)


def _key(code: CodeType) -> _CodeKey:
    return (
        code.co_code,
        code.co_consts,
        tuple(map(type, code.co_consts)),
        code.co_names,
        code.co_argcount,
        code.co_posonlyargcount,
        code.co_kwonlyargcount,
        code.co_flags & ~_NESTED,
    )


def _table(models: tuple[tuple[Callable[..., Any], Any], ...]) -> dict[_CodeKey, Any]:
    return {_key(model.__code__): known for model, known in models}


_FUNCTIONS: Final[dict[_CodeKey, Callable[..., Any]]] = _table(_UNARY + _BINARY)
_CONSTANTS: Final[dict[_CodeKey, Any]] = _table(_PAIRS)
_UNKNOWN: Final = object()


def known_function(function: Callable[..., Any]) -> Callable[..., Any]:
    """The C function equal to `function`, or `function` itself if none is known.

    Examples
    --------
    >>> known_function(lambda left, right: left + right)
    <built-in function add>
    >>> known_function(lambda pair: pair[1])
    operator.itemgetter(1)
    >>> known_function(len)
    <built-in function len>
    """
    if not _is_plain(function):
        return function
    return _lookup(_FUNCTIONS, function, function)  # type: ignore[no-any-return]


def known_key(key: Callable[..., Any] | None) -> Callable[..., Any] | None:
    """`known_function` of a key function, None if there is none."""
    return None if key is None else known_function(key)


def known_pairing(function: Callable[..., Any]) -> PairWith | None:
    """The step that does what `lambda x: (x, constant)` does, None if `function` is something else.

    Examples
    --------
    >>> list(known_pairing(lambda word: (word, 1)).apply(0, iter("ab")))
    [('a', 1), ('b', 1)]
    """
    if not _is_plain(function):
        return None
    constant = _lookup(_CONSTANTS, function, _UNKNOWN)
    return None if constant is _UNKNOWN else PairWith(constant)


def _is_plain(function: Callable[..., Any]) -> bool:
    return (
        type(function) is FunctionType
        and not function.__defaults__
        and not function.__kwdefaults__
        and not function.__closure__
    )


def _lookup(table: dict[_CodeKey, Any], function: Any, otherwise: Any) -> Any:
    try:
        return table.get(_key(function.__code__), otherwise)
    except TypeError:  # a constant that cannot be hashed
        return otherwise
