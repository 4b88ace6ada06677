"""Turns Python objects into bytes and back: records in batches, closures once a stage.

Plain data goes through the C pickler; classes and functions that other processes cannot import
(notebook classes, lambdas) travel by value, as `cloudpickle` does it.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from pickle import PicklingError
from typing import Any, Final

import cloudpickle

PROTOCOL: Final = 5

loads = pickle.loads

_ATOMS: Final = frozenset({int, str, bytes, bool, float, complex, type(None)})


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """cloudpickle's, told that the engine's own classes and functions can be imported everywhere.

    Finding that out takes cloudpickle several microseconds each, and every job's closure names a
    dozen.
    """

    def reducer_override(self, obj: Any) -> Any:
        module = getattr(obj, "__module__", None)
        if (
            isinstance(module, str)
            and module.startswith("pyspark_shell.")
            and hasattr(obj, "__qualname__")
        ):
            return NotImplemented
        return super().reducer_override(obj)


def dumps(value: Any, buffer_callback: Callable[[pickle.PickleBuffer], Any] | None = None) -> bytes:
    """Pickle `value`; functions and classes of `__main__` by value.

    Raises
    ------
    PicklingError
        With PySpark's wording, naming the type that cannot be pickled.
    """
    if type(value) in _ATOMS:
        return pickle.dumps(value, PROTOCOL)
    with io.BytesIO() as file:
        try:
            _Pickler(file, PROTOCOL, buffer_callback).dump(value)
        except PicklingError:
            raise
        except RecursionError as error:
            raise PicklingError(
                f"Could not serialize object: {type(error).__name__}: {error}. "
                "It is nested too deeply to be pickled."
            ) from error
        except Exception as error:
            raise PicklingError(_explain(error)) from error
        return file.getvalue()


def _explain(error: Exception) -> str:
    text = str(error)
    if "'i' format requires" in text:
        return f"Object too large to serialize: {text}"
    return f"Could not serialize object: {type(error).__name__}: {text}"
