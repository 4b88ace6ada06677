"""Answers as JSON text: compact for programs, pretty as Spark's for people.

Source  Jackson's default pretty printer, which Spark uses: ` : ` between key and value, arrays in
        one line, objects over several.
"""

from __future__ import annotations

import json
from typing import Any, Final

from pyspark_shell.status.rest_format import FinishedRow

# ASCII alone: also half a surrogate pair, which no UTF-8 can hold, stays readable.
_COMPACT: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def compact(value: Any) -> bytes:
    """The shortest text.

    Examples
    --------
    >>> compact({"a": [1, None], "b": float("nan")})
    b'{"a":[1,null],"b":"NaN"}'
    """
    if isinstance(value, list):  # listings, whose rows mostly are the same as the last time
        return b"[" + b",".join(map(_row, value)) + b"]"
    return _compact(value)


def _row(value: Any) -> bytes:
    """One row of a listing; a finished one is written once."""
    if not isinstance(value, FinishedRow):
        return _compact(value)
    if value.text is None:
        value.text = _compact(value)
    return value.text


def _compact(value: Any) -> bytes:
    try:
        return _COMPACT(value).encode()
    except ValueError:
        return _COMPACT(_finite(value)).encode()


def pretty(value: Any) -> bytes:
    r"""The text that people like to read.

    Examples
    --------
    >>> print(pretty([{"a": 1, "b": [1, 2], "c": {}, "d": []}]).decode())
    [ {
      "a" : 1,
      "b" : [ 1, 2 ],
      "c" : { },
      "d" : [ ]
    } ]
    """
    return _pretty(_finite(value), "").encode()


def _pretty(value: Any, indent: str) -> str:
    if isinstance(value, dict):
        if not value:
            return "{ }"
        deeper = indent + "  "
        lines = (f"{deeper}{_COMPACT(str(k))} : {_pretty(v, deeper)}" for k, v in value.items())
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(value, (list, tuple)):
        return f"[ {', '.join(_pretty(each, indent) for each in value)} ]" if value else "[ ]"
    return _COMPACT(value)


def _finite(value: Any) -> Any:
    """The value with NaN and the infinities as texts, as Jackson writes them: JSON has none."""
    if isinstance(value, float):
        if value != value:
            return "NaN"
        if value in (float("inf"), float("-inf")):
            return "Infinity" if value > 0 else "-Infinity"
    elif isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    elif isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return value
