"""How one configuration key is declared and read: its name, default, parser and meaning.

A parser raises ValueError whose text says what it wants; `ConfigEntry.read` adds key and value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

from pyspark_shell.common.errors import IllegalConfig
from pyspark_shell.common.record import record

T = TypeVar("T")

INFINITY: Final = float("inf")
COMPAT_KEY: Final = "spark.pyshell.compat"

_BYTE_UNITS: Final[dict[str, int]] = {
    unit: 1 << (10 * power)
    for power, units in enumerate(
        (("b",), ("k", "kb"), ("m", "mb"), ("g", "gb"), ("t", "tb"), ("p", "pb"))
    )
    for unit in units
}
_SECOND_UNITS: Final = {
    "ns": 1e-9,
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "min": 60.0,
    "h": 3600.0,
    "d": 86400.0,
}
_BYTES: Final = re.compile(r"(\d+)([a-z]+)?")
_SECONDS: Final = re.compile(r"(-?\d+(?:\.\d+)?)([a-z]+)?")


class Settings(Protocol):
    """What an entry asks of a configuration; `SparkConf` is one."""

    def get(self, key: str) -> str | None:
        """The value as text, None if it is not set."""


@record
class ConfigEntry(Generic[T]):
    """One `spark.*` key.

    Parameters
    ----------
    key, default
        Name, and the value when neither the key nor its fallback is set.
    parse
        Turns the text into the value; its ValueError says what would be right.
    doc
        What the key decides, with the unit of the value.
    spark_default
        Spark's own default where `default` differs on purpose; taken if `spark.pyshell.compat` is
        `spark`.
    fallback
        The entry whose value is taken when this key is not set.
    has_effect
        Whether anybody reads the key. Spark programs set some that nothing here depends on.
    """

    key: str
    default: T
    parse: Callable[[str], T]
    doc: str
    spark_default: T | None = None
    fallback: ConfigEntry[T] | None = None
    has_effect: bool = True

    def read(self, conf: Settings) -> T:
        """Value of the key in `conf`.

        Raises
        ------
        IllegalConfig
            The text cannot be parsed.
        """
        text = conf.get(self.key)
        if text is not None:
            return self._parsed(text)
        if self.fallback is not None:
            return self.fallback.read(conf)
        if self.spark_default is not None and conf.get(COMPAT_KEY) == "spark":
            return self.spark_default
        return self.default

    def _parsed(self, text: str) -> T:
        try:
            return self.parse(text)
        except ValueError as error:
            raise IllegalConfig(
                f"{self.key} must be {error}, got {text!r}. "
                f"Set it with SparkConf().set({self.key!r}, ...); it means: {self.doc}"
            ) from None


def parse_bytes(text: str, unit: str = "b") -> int:
    """Read a size such as `512m`; a bare number is counted in `unit`.

    Examples
    --------
    >>> parse_bytes("512m"), parse_bytes("2", unit="k"), parse_bytes("1GB")
    (536870912, 2048, 1073741824)
    """
    found = _BYTES.fullmatch(text.strip().lower())
    if found is None or (found[2] or unit) not in _BYTE_UNITS:
        raise ValueError("a whole number with a unit of b, k, m, g, t or p, such as 512m")
    return int(found[1]) * _BYTE_UNITS[found[2] or unit]


def parse_mebibytes(text: str) -> int:
    """Read a size into bytes; a bare number counts MiB, as Spark's memory keys do."""
    return parse_bytes(text, unit="m")


def parse_kibibytes(text: str) -> int:
    """Read a size into bytes; a bare number counts KiB, as Spark's buffer keys do."""
    return parse_bytes(text, unit="k")


def parse_seconds(text: str, unit: str = "s") -> float:
    """Read a duration such as `100ms`, `30min` or `infinity`; a bare number is counted in `unit`.

    Examples
    --------
    >>> parse_seconds("100ms"), parse_seconds("30min"), parse_seconds("-1")
    (0.1, 1800.0, -1.0)
    """
    wanted = text.strip().lower()
    if wanted in ("infinity", "inf"):
        return INFINITY
    found = _SECONDS.fullmatch(wanted)
    if found is None or (found[2] or unit) not in _SECOND_UNITS:
        raise ValueError("a number with a unit of us, ms, s, min, h or d, such as 10s")
    return float(found[1]) * _SECOND_UNITS[found[2] or unit]


def parse_milliseconds(text: str) -> float:
    """Read a duration into seconds; a bare number counts milliseconds."""
    return parse_seconds(text, unit="ms")


def parse_boolean(text: str) -> bool:
    """Read `true` or `false`, in any case."""
    wanted = text.strip().lower()
    if wanted not in ("true", "false"):
        raise ValueError("true or false")
    return wanted == "true"


def parse_int(text: str) -> int:
    """Read a whole number."""
    try:
        return int(text.strip())
    except ValueError:
        raise ValueError("a whole number") from None


def parse_float(text: str) -> float:
    """Read a number."""
    try:
        return float(text.strip())
    except ValueError:
        raise ValueError("a number") from None


def parse_positive(text: str) -> float:
    """Read a number above 0."""
    number = parse_float(text)
    if not number > 0:
        raise ValueError("a number above 0")
    return number


def parse_text(text: str) -> str:
    """Take the text as it is."""
    return text


def parse_pattern(text: str) -> str:
    """Take a regular expression that can be compiled."""
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"a regular expression ({error})") from None
    return text


def parse_list(text: str) -> tuple[str, ...]:
    """Read a comma-separated list; blanks around items and empty items are dropped."""
    return tuple(item for item in map(str.strip, text.split(",")) if item)


def at_least(minimum: int) -> Callable[[str], int]:
    """Make a parser of whole numbers from `minimum` up."""

    def parse(text: str) -> int:
        value = parse_int(text)
        if value < minimum:
            raise ValueError(f"at least {minimum}")
        return value

    return parse


def one_of(*choices: str) -> Callable[[str], str]:
    """Make a parser that accepts `choices` in any case and gives them in their own."""
    spelled = {choice.lower(): choice for choice in choices}

    def parse(text: str) -> str:
        value = spelled.get(text.strip().lower())
        if value is None:
            raise ValueError(f"one of {', '.join(choices)}")
        return value

    return parse


def optional(parse: Callable[[str], T]) -> Callable[[str], T | None]:
    """Widen a parser for entries whose default is None."""

    def parse_optional(text: str) -> T | None:
        return parse(text)

    return parse_optional
