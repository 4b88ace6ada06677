"""Row: a tuple whose fields have names.

Source  PySpark's Row; without `spark.sql.legacy` switches.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pyspark_shell.common.errors import PySparkValueError


class Row(tuple[Any, ...]):
    """A record with named fields, or, made of names alone, a maker of such records.

    Examples
    --------
    >>> ada = Row(name="Ada", born=1815)
    >>> ada.name, ada["born"], "born" in ada
    ('Ada', 1815, True)
    >>> Point = Row("x", "y")
    >>> Point(1, 2)
    Row(x=1, y=2)
    """

    __fields__: list[str]

    def __new__(cls, *args: Any, **kwargs: Any) -> Row:
        if args and kwargs:
            raise PySparkValueError(
                "A Row has either values by name or values by place, not both; "
                f"got {len(args)} by place and {len(kwargs)} by name."
            )
        row = tuple.__new__(cls, args or kwargs.values())
        if kwargs:
            row.__fields__ = list(kwargs)
        return row

    def __call__(self, *values: Any) -> Row:
        """Make a row whose fields have this row's values as names."""
        if len(values) > len(self):
            raise PySparkValueError(
                f"Can not create Row with fields {tuple(self)}, "
                f"expected {len(self)} values but got {values}."
            )
        return _named(list(self), values)

    def asDict(self, recursive: bool = False) -> dict[str, Any]:
        """The fields as a dictionary.

        Parameters
        ----------
        recursive
            Turn rows inside of the values into dictionaries too.

        Examples
        --------
        >>> Row(name="Ada", at=Row(x=1)).asDict(recursive=True)
        {'name': 'Ada', 'at': {'x': 1}}
        """
        values = map(_plain, self) if recursive else self
        return dict(zip(self._names(), values, strict=False))

    def _names(self) -> list[str]:
        names: list[str] | None = self.__dict__.get("__fields__")
        if names is None:
            raise TypeError("Cannot convert a Row class into dict")
        return names

    def __contains__(self, item: object) -> bool:
        if "__fields__" in self.__dict__:
            return item in self.__fields__
        return super().__contains__(item)

    def __getitem__(self, item: Any) -> Any:
        if isinstance(item, int | slice):
            return super().__getitem__(item)
        try:
            return super().__getitem__(self._names().index(item))
        except (ValueError, IndexError, TypeError):
            raise PySparkValueError(f"{item!r} is no field of {self!r}.") from None

    def __getattr__(self, name: str) -> Any:
        fields: list[str] = self.__dict__.get("__fields__", [])
        if name.startswith("__") or name not in fields:
            raise AttributeError(name)
        return super().__getitem__(fields.index(name))

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "__fields__":
            raise RuntimeError("Row is read-only")
        self.__dict__[name] = value

    def __reduce__(self) -> Any:
        if "__fields__" in self.__dict__:
            return _named, (self.__fields__, tuple(self))
        return Row, tuple(self)

    def __repr__(self) -> str:
        if "__fields__" in self.__dict__:
            pairs = zip(self.__fields__, self, strict=False)
            return f"Row({', '.join(f'{name}={value!r}' for name, value in pairs)})"
        return f"<Row({', '.join(repr(value) for value in self)})>"


def _named(names: Iterable[str], values: Iterable[Any]) -> Row:
    row = tuple.__new__(Row, values)
    row.__fields__ = list(names)
    return row


def _plain(value: Any) -> Any:
    if isinstance(value, Row):
        return value.asDict(recursive=True)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value
