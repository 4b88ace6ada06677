"""Classes that are fields and little else, as `dataclasses` makes them, for a part of the price.

A driver has 140 of them, and they were close to half of its start: `dataclasses` compiles up to
eight methods for each. Here only `__init__` is compiled. What a class does is the same: fields in
slots, frozen unless told otherwise, compared, hashed and shown by its fields, matched by position.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar, overload

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:  # Python 3.11 has it

    def dataclass_transform(**_: Any) -> Callable[[Any], Any]:
        return lambda decorator: decorator


T = TypeVar("T")

_NOTHING: Final = object()


class _Field(NamedTuple):
    """How a field differs from those that are only annotated."""

    default: Any = _NOTHING
    default_factory: Callable[[], Any] | None = None
    init: bool = True
    compare: bool = True
    repr: bool = True


def field(
    *,
    default: Any = _NOTHING,
    default_factory: Callable[[], Any] | None = None,
    init: bool = True,
    compare: bool = True,
    repr: bool = True,
) -> Any:
    """Say more of a field than its type, as `dataclasses.field` does."""
    return _Field(default, default_factory, init, compare, repr)


@overload
def record(cls: type[T], /) -> type[T]: ...
@overload
def record(
    *, frozen: bool = True, eq: bool = True, order: bool = False
) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(
    cls: type[T] | None = None, /, *, frozen: bool = True, eq: bool = True, order: bool = False
) -> Any:
    """Make a class of its annotations.

    Parameters
    ----------
    frozen : whether fields can be set once only, by `__init__`
    eq : whether instances with equal fields are equal; else each is itself
    order : whether they are also compared by their fields, in order

    Examples
    --------
    >>> @record
    ... class Split:
    ...     path: str
    ...     start: int = 0
    >>> Split("a.txt")
    Split(path='a.txt', start=0)
    >>> Split("a.txt") == Split("a.txt", 0)
    True
    """
    if cls is None:
        return lambda decorated: _made(decorated, frozen, eq, order)
    return _made(cls, frozen, eq, order)


def field_names(cls: type) -> tuple[str, ...]:
    """Return the names of a record's fields that `__init__` takes, in order."""
    names: tuple[str, ...] = cls.__match_args__  # type: ignore[attr-defined]
    return names


def replace(instance: T, **changes: Any) -> T:
    """Return a record with some fields changed.

    >>> @record
    ... class Split:
    ...     path: str
    ...     start: int = 0
    >>> replace(Split("a.txt"), start=7)
    Split(path='a.txt', start=7)
    """
    kept = {
        name: getattr(instance, name) for name in field_names(type(instance)) if name not in changes
    }
    return type(instance)(**kept, **changes)


def _made(cls: type, frozen: bool, eq: bool, order: bool) -> type:
    namespace = dict(cls.__dict__)
    own_fields = {
        name: _as_field(namespace.pop(name, _NOTHING))
        for name, annotation in cls.__annotations__.items()
        if not str(annotation).startswith("ClassVar")
    }
    fields: dict[str, _Field] = getattr(cls, "__record_fields__", {}) | own_fields
    namespace.pop("__dict__", None)
    namespace.pop("__weakref__", None)
    namespace["__slots__"] = tuple(own_fields)
    namespace["__record_fields__"] = fields
    namespace["__match_args__"] = tuple(name for name, each in fields.items() if each.init)
    own = namespace.keys()
    methods: dict[str, Any] = {} if "__repr__" in own else {"__repr__": _repr_of(fields)}
    if eq:
        methods |= _equality(fields, frozen, order)
    if frozen:
        methods |= _FROZEN
        if "__reduce__" not in own:
            methods |= _pickling(fields)
    made: Any = type(cls)(cls.__name__, cls.__bases__, namespace | methods)
    made.__qualname__ = cls.__qualname__
    made.__init__ = _init_of(made, fields, frozen)
    return made  # type: ignore[no-any-return]


def _as_field(default: Any) -> _Field:
    return default if isinstance(default, _Field) else _Field(default)


def _init_of(cls: Any, fields: dict[str, _Field], frozen: bool) -> Callable[..., None]:
    """Compile `__init__`, in the module of the class, so that its annotations can be resolved."""
    known: dict[str, Any] = {"_NOTHING": _NOTHING}
    parameters, lines = ["self"], []
    for name, each in fields.items():
        value = name
        if each.default_factory is not None:
            known[f"_new_{name}"] = each.default_factory
            value = f"_new_{name}()"
            if each.init:
                parameters.append(f"{name}=_NOTHING")
                value = f"{value} if {name} is _NOTHING else {name}"
        elif not each.init:
            continue  # left for __post_init__, or for later
        elif each.default is not _NOTHING:
            known[f"_default_{name}"] = each.default
            parameters.append(f"{name}=_default_{name}")
        else:
            parameters.append(name)
        if frozen:
            known[f"_set_{name}"] = getattr(cls, name).__set__
            lines.append(f"_set_{name}(self, {value})")
        else:
            lines.append(f"self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    source = (
        f"def make({', '.join(known)}):\n"
        f" def __init__({', '.join(parameters)}):\n"
        f"  {'; '.join(lines) or 'pass'}\n"
        " return __init__"
    )
    scope: dict[str, Any] = {}
    exec(source, sys.modules[cls.__module__].__dict__, scope)
    init: Callable[..., None] = scope["make"](**known)
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    types = {name: cls.__annotations__[name] for name in fields if name in cls.__annotations__}
    init.__annotations__ = types | {"return": None}
    return init


def _values_of(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    if len(names) > 1:
        return operator.attrgetter(*names)
    if not names:
        return lambda self: ()
    only = operator.attrgetter(names[0])
    return lambda self: (only(self),)


def _repr_of(fields: dict[str, _Field]) -> Callable[[Any], str]:
    names = [name for name, each in fields.items() if each.repr]

    @recursive_repr()
    def __repr__(self: Any) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__qualname__}({shown})"

    return __repr__


def _equality(fields: dict[str, _Field], frozen: bool, order: bool) -> dict[str, Any]:
    values = _values_of([name for name, each in fields.items() if each.compare])

    def compared(how: Callable[[Any, Any], bool]) -> Callable[[Any, object], Any]:
        def method(self: Any, other: object) -> Any:
            if other.__class__ is self.__class__:
                return how(values(self), values(other))
            return NotImplemented

        return method

    def __hash__(self: Any) -> int:
        return hash(values(self))

    methods = {"__eq__": compared(operator.eq), "__hash__": __hash__ if frozen else None}
    if order:
        for how in (operator.lt, operator.le, operator.gt, operator.ge):
            methods[f"__{how.__name__}__"] = compared(how)
    return methods


def _pickling(fields: dict[str, _Field]) -> dict[str, Any]:
    """A frozen instance cannot be restored by setting its attributes."""
    values = _values_of(list(fields))

    def __getstate__(self: Any) -> tuple[Any, ...]:
        return values(self)

    def __setstate__(self: Any, state: tuple[Any, ...]) -> None:
        for name, value in zip(fields, state, strict=True):
            object.__setattr__(self, name, value)

    return {"__getstate__": __getstate__, "__setstate__": __setstate__}


def _refuse_to_set(self: Any, name: str, value: Any) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: Any, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


_FROZEN: Final = {"__setattr__": _refuse_to_set, "__delattr__": _refuse_to_delete}
