"""Turns Python objects into bytes and back: records in batches, closures once a stage.

Plain data goes through the C pickler; classes and functions that other processes cannot import
(notebook classes, lambdas) travel by value, as `cloudpickle` does it.
"""

from __future__ import annotations

import copyreg
import io
import marshal
import pickle
from collections.abc import Callable
from functools import lru_cache
from pickle import PicklingError
from types import CodeType, FunctionType, MethodType
from typing import Any, Final

import cloudpickle

from pyspark_shell.common.errors import SparkException

PROTOCOL: Final = 5

loads = pickle.loads

_ATOMS: Final = frozenset({int, str, bytes, bool, float, complex, type(None)})


@lru_cache(maxsize=1024)
def load_code(data: bytes) -> CodeType:
    """A code object, made once a process; each task's functions are made anew around it."""
    code: CodeType = marshal.loads(data)
    return code


def _reduce_code(code: CodeType) -> tuple[Any, ...]:
    """Code as Python's own files hold it, with the name of its file, which cloudpickle takes away
    and tracebacks and stacks need. Executors run the same Python.
    """
    try:
        return load_code, (marshal.dumps(code),)
    except ValueError:  # a constant that no compiler makes
        reduced: tuple[Any, ...] = _CLOUDPICKLE_TABLE[CodeType](code)
        return reduced


def _is_ours(obj: object) -> bool:
    module = getattr(obj, "__module__", None)
    return isinstance(module, str) and module.startswith("pyspark_shell.")


def _reduce_method(method: MethodType) -> tuple[Any, ...]:
    """A method as cloudpickle takes it, but the engine's own class methods, which go by name.

    Under that name their class has the method; the bare function, which cloudpickle takes, is found
    nowhere.
    """
    owner = method.__self__
    if isinstance(owner, type) and _is_ours(method.__func__):
        return getattr, (owner, method.__name__)
    reduced: tuple[Any, ...] = _CLOUDPICKLE_TABLE[MethodType](method)
    return reduced


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """cloudpickle's, told that the engine's own classes and functions can be imported everywhere.

    Finding that out takes cloudpickle several microseconds each, and every job's closure names a
    dozen. For the same reason its table of reducers, a chain of two that Python code looks through
    for each object, is made one.
    """

    def __init__(
        self, file: io.BytesIO, buffer_callback: Callable[[pickle.PickleBuffer], Any] | None
    ) -> None:
        # Before the C pickler is made, which looks for it once.
        self.dispatch_table = {
            **copyreg.dispatch_table,
            **_CLOUDPICKLE_TABLE,
            CodeType: _reduce_code,
            MethodType: _reduce_method,
        }
        super().__init__(file, PROTOCOL, buffer_callback)

    def reducer_override(self, obj: Any) -> Any:
        if not isinstance(obj, _BY_NAME):
            return NotImplemented
        if _is_ours(obj):
            return NotImplemented
        return super().reducer_override(obj)


# What cloudpickle's `reducer_override` looks at; all else it leaves to the tables of reducers.
_BY_NAME: Final = (type, FunctionType)
_CLOUDPICKLE_TABLE: Final = cloudpickle.Pickler.dispatch_table.maps[0]


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
            _Pickler(file, buffer_callback).dump(value)
        except (PicklingError, SparkException):  # the latter: what may not travel says so itself
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
