"""Every exception that a user of the package can meet.

PySparkException
├── PySparkRuntimeError (RuntimeError)
│   └── SparkContextStopped (AttributeError)
├── PySparkValueError (ValueError) · PySparkTypeError (TypeError) · PySparkAttributeError ·
PySparkKeyError
├── PySparkIndexError · PySparkAssertionError · PySparkNotImplementedError · PySparkImportError
├── PySparkPicklingError (PicklingError)
└── SparkException                         what PySpark shows as Py4JJavaError
    ├── IllegalArgumentException (ValueError)
    │   └── IllegalConfig
    ├── InvalidInputException (FileNotFoundError)
    ├── FileAlreadyExistsException (FileExistsError)
    ├── ChecksumException · SparkUnsupportedOperationException
    └── JobFailed                          the action's job ended without a result
        ├── PythonException                a task's Python code raised
        ├── SparkJobCancelled              somebody killed the job
        └── CollectTooLarge                the results would not fit into the driver

TaskKilledException (BaseException)        raised inside a task; user code must not swallow it
SparkApplicationKilled (KeyboardInterrupt) raised in the driver's main thread
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pickle import PicklingError
from typing import ClassVar

from pyspark_shell.common.error_conditions import ERROR_CONDITIONS


class PySparkException(Exception):
    """Base of all errors of the package.

    Parameters
    ----------
    message
        The text, when there is no error class.
    errorClass
        Name of a row of `ERROR_CONDITIONS`; its template is filled with `messageParameters`.
    messageParameters
        Values for the `<holes>` of the template.

    Raises
    ------
    ValueError
        No message, and an error class that has no row.
    """

    def __init__(
        self,
        message: str | None = None,
        errorClass: str | None = None,
        messageParameters: Mapping[str, str] | None = None,
    ) -> None:
        self._error_class = errorClass
        self._message_parameters = dict(messageParameters or {})
        self._message = _fill(errorClass, self._message_parameters) if message is None else message
        super().__init__(self._message)

    def getCondition(self) -> str | None:
        """Name of the error condition, None for errors without one."""
        return self._error_class

    def getErrorClass(self) -> str | None:
        """Older name of `getCondition`."""
        return self._error_class

    def getMessageParameters(self) -> dict[str, str] | None:
        """Values that were put into the condition's template."""
        return self._message_parameters

    def getMessage(self) -> str:
        """The text with the condition's name in front, as `str()` gives it."""
        return str(self)

    def getSqlState(self) -> str | None:
        """SQLSTATE of the condition; none of the conditions used here has one."""
        return None

    def __str__(self) -> str:
        if self._error_class is None:
            return self._message
        return f"[{self._error_class}] {self._message}"

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self._message, self.__dict__)


def _fill(error_class: str | None, parameters: Mapping[str, str]) -> str:
    if error_class is None:
        return ""
    text = ERROR_CONDITIONS.get(error_class)
    if text is None:
        raise ValueError(f"Cannot find main error class '{error_class}'")
    for name, value in parameters.items():
        text = text.replace(f"<{name}>", str(value))
    return text


def _rebuild(
    cls: type[PySparkException], message: str, state: dict[str, object]
) -> PySparkException:
    error = cls.__new__(cls, message)
    error.args = (message,)
    error.__dict__.update(state)
    return error


class PySparkRuntimeError(PySparkException, RuntimeError):
    """A call that is wrong in the present state."""


class PySparkValueError(PySparkException, ValueError):
    """A value that is not accepted."""


class PySparkTypeError(PySparkException, TypeError):
    """A value of a type that is not accepted."""


class PySparkAttributeError(PySparkException, AttributeError):
    """An attribute that does not exist."""


class PySparkKeyError(PySparkException, KeyError):
    """A key that does not exist."""

    __str__ = PySparkException.__str__


class PySparkIndexError(PySparkException, IndexError):
    """An index outside of its range."""


class PySparkAssertionError(PySparkException, AssertionError):
    """A condition that must hold does not."""


class PySparkNotImplementedError(PySparkException, NotImplementedError):
    """A feature that this engine does not have."""


class PySparkImportError(PySparkException, ImportError):
    """A package that is needed and not installed."""


class PySparkPicklingError(PySparkException, PicklingError):
    """A value that cannot be sent to another process."""


# Where PySpark has them: tracebacks, and programs that look at the full name, say so.
for _error in (
    PySparkException,
    PySparkRuntimeError,
    PySparkValueError,
    PySparkTypeError,
    PySparkAttributeError,
    PySparkKeyError,
    PySparkIndexError,
    PySparkAssertionError,
    PySparkNotImplementedError,
    PySparkImportError,
    PySparkPicklingError,
):
    _error.__module__ = "pyspark_shell.errors.exceptions.base"


class SparkContextStopped(PySparkRuntimeError, AttributeError):
    """A call on a context after its end; an AttributeError too, since PySpark raises that."""


class SparkException(PySparkException):
    """An error of the engine itself; PySpark shows these as `Py4JJavaError`."""


class IllegalArgumentException(SparkException, ValueError):
    """An argument that the engine refuses."""


class IllegalConfig(IllegalArgumentException):
    """A configuration value that cannot be used."""


class InvalidInputException(SparkException, FileNotFoundError):
    """Input files that do not exist."""

    __str__ = PySparkException.__str__


class FileAlreadyExistsException(SparkException, FileExistsError):
    """An output directory that is there already."""

    __str__ = PySparkException.__str__


class ChecksumException(SparkException):
    """A file whose bytes are not those that were written."""


class SparkUnsupportedOperationException(SparkException):
    """An operation that the object does not support in its present state."""


class JobFailed(SparkException):
    """A job that ended without a result.

    Attributes
    ----------
    job_id, stage_id
        What failed; None where it does not apply.
    remote_traceback
        Text of the traceback in the executor, empty if no Python code of a task failed.
    """

    job_id: int | None = None
    stage_id: int | None = None
    remote_traceback: str = ""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows: the user's own lines of the driver, then the text."""
        import traceback

        from pyspark_shell.common.call_site import is_engine_file
        from pyspark_shell.common.cell import named_by_cell

        frames = traceback.extract_tb(self.__traceback__)
        own = [f for f in frames if not is_engine_file(f.filename) and "IPython" not in f.filename]
        texts = zip(traceback.format_list(own), own, strict=True)
        shown = [named_by_cell(text.rstrip(), frame.filename) for text, frame in texts]
        return [*shown, "", f"{type(self).__name__}: {self}"]


class PythonException(JobFailed):
    """A task's Python code raised; the original error is `__cause__` where it could be sent."""


class SparkJobCancelled(JobFailed):
    """Somebody killed the job."""

    # What an interactive shell says of it; a shell that knows more replaces it.
    describe: ClassVar[Callable[[SparkJobCancelled], str]] = str

    def _render_traceback_(self) -> list[str]:
        return [f"Killed: {type(self).describe(self)}"]


class CollectTooLarge(JobFailed):
    """The job's results are larger than the driver may hold."""


class TaskKilledException(BaseException):
    """Raised inside a task that was killed.

    A BaseException, so that `except Exception` in user code does not swallow it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SparkApplicationKilled(KeyboardInterrupt):
    """Raised in the driver's own code when its application was killed."""

    # What an interactive shell says of it; a shell that knows more replaces it.
    describe: ClassVar[Callable[[SparkApplicationKilled], str]] = str

    def _render_traceback_(self) -> list[str]:
        return [f"Killed: {type(self).describe(self)}"]
