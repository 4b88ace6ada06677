"""A value that is sent to every process once, as a file, and pickles by its id only.

Owns    on the driver, the files and handles of broadcasts; in an executor, the values it has
        unpickled.
Thread  the user's threads on the driver; the task's main thread in an executor.
"""

from __future__ import annotations

import os
import pickle
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from typing import Any, BinaryIO, ClassVar, Final, Generic, TypeVar
from weakref import WeakValueDictionary

from pyspark_shell.common.errors import PySparkRuntimeError, SparkException
from pyspark_shell.shared_variables.broadcast_file import (
    is_broadcast_file,
    pickle_broadcast,
    read_broadcast_file,
    write_broadcast_file,
)
from pyspark_shell.storage.block_file import remove_quietly
from pyspark_shell.storage.block_id import broadcast_file

T = TypeVar("T")

# A loop that broadcasts anew in every round must not fill executors until the cleaner comes: a
# guess.
_MAX_VALUES_PER_EXECUTOR: Final = 100


class Broadcast(Generic[T]):
    """A value that all tasks can read; made by `SparkContext.broadcast`.

    The value is pickled when the broadcast is made, so later changes to the original are not seen.
    Each process unpickles it once, when it is first used there; large arrays share one memory.

    Parameters
    ----------
    sc
        The context, on the driver.
    value
        What to send.
    path
        Without a context: a file to take the value from.

    Examples
    --------
    >>> names = sc.broadcast({1: "one", 2: "two"})
    >>> sc.parallelize([2, 1]).map(lambda number: names.value[number]).collect()
    ['two', 'one']
    >>> names.destroy()
    """

    def __init__(
        self,
        sc: Any = None,
        value: Any = None,
        pickle_registry: BroadcastPickleRegistry | None = None,
        path: str | None = None,
        sock_file: str | None = None,
    ) -> None:
        self._manager: BroadcastManager | None = None
        self._pickle_registry = pickle_registry
        # Guards the first read of the file; reentrant, as reading runs the user's code, and
        # finalizers may read it too.
        self._loading = threading.RLock()
        self._destroyed_at: str | None = None
        if sc is None:
            self._path = sock_file if path is None else path
            self._id = -1
            return
        manager: BroadcastManager = sc._broadcasts
        self._id = manager.next_id()
        self._path = manager.path(self._id)
        write_broadcast_file(self._path, value)
        manager.register(self)

    @property
    def value(self) -> T:
        """The value, read from its file the first time.

        Raises
        ------
        SparkException
            The broadcast was destroyed.

        Examples
        --------
        >>> sc.broadcast({"a": 1}).value
        {'a': 1}
        """
        if not hasattr(self, "_value"):
            with self._loading:
                if not hasattr(self, "_value"):
                    self._value = self._read()
        return self._value

    def _read(self) -> T:
        self._assert_alive()
        if self._path is None:
            raise _not_loaded(self._id)
        return self.load_from_path(self._path)

    def unpersist(self, blocking: bool = False) -> None:
        """Have executors forget the value; the next task that uses it reads it again.

        Parameters
        ----------
        blocking
            Whether to wait until they have.

        Raises
        ------
        PySparkRuntimeError
            INVALID_BROADCAST_OPERATION: called in a task.
        SparkException
            The broadcast was destroyed.

        Examples
        --------
        >>> names = sc.broadcast(["zero", "one"])
        >>> names.unpersist()
        >>> sc.parallelize([1]).map(lambda number: names.value[number]).collect()
        ['one']
        """
        manager = self._driver_side("unpersisted")
        self._assert_alive()
        manager.forget(self._id, blocking)

    def destroy(self, blocking: bool = False) -> None:
        """Remove the value everywhere, for good. It stays readable here if it was read before.

        Parameters
        ----------
        blocking
            Whether to wait until executors have forgotten it.

        Raises
        ------
        PySparkRuntimeError
            INVALID_BROADCAST_OPERATION: called in a task.
        SparkException
            The broadcast was destroyed before.

        Examples
        --------
        >>> names = sc.broadcast(["zero", "one"])
        >>> names.destroy()
        >>> names.value
        Traceback (most recent call last):
        pyspark_shell...SparkException: ... Attempted to use Broadcast(...) after ...
        """
        manager = self._driver_side("destroyed")
        self._assert_alive()
        self._destroyed_at = manager.call_site()
        manager.remove(self._id, blocking)

    def dump(self, value: T, f: BinaryIO) -> None:
        """Pickle `value` into the open file `f` and close it.

        Parameters
        ----------
        value
            Not the broadcast's own: any value.
        f
            Open for writing bytes.

        Raises
        ------
        PicklingError
            "Could not serialize broadcast: ...", naming what cannot be pickled.

        Examples
        --------
        >>> import os, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Broadcast().dump([1, 2], open(os.path.join(folder, "numbers"), "wb"))
        ...     Broadcast(path=os.path.join(folder, "numbers")).value
        [1, 2]
        """
        with f:
            f.write(pickle_broadcast(value))

    def load(self, file: BinaryIO) -> T:
        """Read a value that `dump` wrote from an open file.

        Parameters
        ----------
        file
            Open for reading bytes; stays open.

        Examples
        --------
        >>> import io, pickle
        >>> Broadcast().load(io.BytesIO(pickle.dumps("spark")))
        'spark'
        """
        value: T = pickle.load(file)
        return value

    def load_from_path(self, path: str) -> T:
        """Read the value in a file.

        Parameters
        ----------
        path
            Of a file that `dump` or the engine wrote.

        Examples
        --------
        >>> import os, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Broadcast().dump("spark", open(os.path.join(folder, "word"), "wb"))
        ...     Broadcast().load_from_path(os.path.join(folder, "word"))
        'spark'
        """
        if is_broadcast_file(path):
            value: T = read_broadcast_file(path)
            return value
        with open(path, "rb", 1 << 20) as file:
            return self.load(file)

    def __reduce__(self) -> tuple[Any, ...]:
        self._driver_side("serialized")
        if self._destroyed_at is not None:
            raise SparkException(f"Task not serializable: {self._after_destruction()}")
        if self._pickle_registry is not None:
            self._pickle_registry.add(self)
        return _from_id, (self._id,)

    def _driver_side(self, operation: str) -> BroadcastManager:
        if self._manager is None:
            raise PySparkRuntimeError(
                errorClass="INVALID_BROADCAST_OPERATION",
                messageParameters={"operation": operation},
            )
        return self._manager

    def _assert_alive(self) -> None:
        if self._destroyed_at is not None:
            raise SparkException(
                message=self._after_destruction(), errorClass="INTERNAL_ERROR_BROADCAST"
            )

    def _after_destruction(self) -> str:
        return (
            f"Attempted to use Broadcast({self._id}) after it was destroyed "
            f"({self._destroyed_at})  SQLSTATE: XX000"
        )


class BroadcastPickleRegistry(threading.local):
    """The broadcasts that were pickled in this thread since the last `clear`: those a closure uses.

    It does not hold them: the closure does.
    """

    def __init__(self) -> None:
        self._registry: WeakValueDictionary[int, Broadcast[Any]] = WeakValueDictionary()

    def __iter__(self) -> Iterator[Broadcast[Any]]:
        yield from self._registry.values()

    def add(self, broadcast: Broadcast[Any]) -> None:
        """Note that `broadcast` was pickled."""
        self._registry[broadcast._id] = broadcast

    def clear(self) -> None:
        """Forget what was noted; called after a job's closures were pickled."""
        self._registry.clear()


class BroadcastManager:
    """Knows the broadcasts of an application in one process.

    Parameters
    ----------
    directory
        The application's folder for broadcast files.
    forget_in_executors
        On the driver: called with a block's name when executors should drop its value, and whether
        to wait until they have.
    call_site
        On the driver: tells where the user called from.
    on_new
        On the driver: called with each new broadcast.
    """

    _current: ClassVar[BroadcastManager | None] = None

    def __init__(
        self,
        directory: str,
        forget_in_executors: Callable[[str, bool], object] | None = None,
        call_site: Callable[[], str] | None = None,
        on_new: Callable[[Broadcast[Any]], object] | None = None,
    ) -> None:
        self._on_new = on_new
        self._directory = directory
        self._forget_in_executors = forget_in_executors
        self.call_site = call_site or (lambda: "unknown")
        self._handles: WeakValueDictionary[int, Broadcast[Any]] = WeakValueDictionary()
        self._used: OrderedDict[int, Broadcast[Any]] = OrderedDict()
        self._ids = count()
        self.pickled = BroadcastPickleRegistry()

    @classmethod
    def current(cls) -> BroadcastManager | None:
        """The manager of this process; unpickled code cannot be handed one."""
        return cls._current

    def install(self) -> None:
        """Make this the manager that unpickling finds."""
        BroadcastManager._current = self

    def uninstall(self) -> None:
        """Take it back, if it still is the one."""
        if BroadcastManager._current is self:
            BroadcastManager._current = None

    def path(self, broadcast_id: int) -> str:
        """The file of a broadcast."""
        return os.path.join(self._directory, broadcast_file(broadcast_id))

    # On the driver --------------------------------------------------------------

    def next_id(self) -> int:
        """A new broadcast's id."""
        return next(self._ids)

    def register(self, broadcast: Broadcast[Any]) -> None:
        """Take charge of a broadcast made here, for as long as somebody holds it."""
        broadcast._manager = self
        broadcast._pickle_registry = self.pickled
        self._handles[broadcast._id] = broadcast
        if self._on_new is not None:
            self._on_new(broadcast)

    def forget(self, broadcast_id: int, blocking: bool) -> None:
        """Have executors drop the value, with `blocking` until they have; its file stays."""
        if self._forget_in_executors is not None:
            self._forget_in_executors(broadcast_file(broadcast_id), blocking)

    def remove(self, broadcast_id: int, blocking: bool = False) -> None:
        """Drop the value everywhere and delete the file."""
        remove_quietly(self.path(broadcast_id))
        self.forget(broadcast_id, blocking)

    def assert_empty(self) -> None:
        """Raise on the driver if it has read a broadcast's file as an executor does."""
        assert not self._used, f"values of broadcasts {list(self._used)} are kept"

    # In an executor -------------------------------------------------------------

    def find(self, broadcast_id: int) -> Broadcast[Any]:
        """The broadcast of this id.

        On the driver the handle itself, elsewhere one of this process.
        """
        broadcast = self._handles.get(broadcast_id) or self._used.get(broadcast_id)
        if broadcast is None:
            broadcast = Broadcast(path=self.path(broadcast_id))
            broadcast._id = broadcast_id
            self._used[broadcast_id] = broadcast
            while len(self._used) > _MAX_VALUES_PER_EXECUTOR:
                self._used.popitem(last=False)
        else:
            with suppress(KeyError):  # a driver's handle, or just dropped by the message thread
                self._used.move_to_end(broadcast_id)
        return broadcast

    def drop(self, block_name: str) -> None:
        """Forget the value whose file has this name.

        A task that holds it keeps it until its end.
        """
        _, _, number = block_name.partition("_")
        if number.isdigit():
            self._used.pop(int(number), None)


def _from_id(broadcast_id: int) -> Broadcast[Any]:
    manager = BroadcastManager.current()
    if manager is None:
        raise _not_loaded(broadcast_id)
    return manager.find(broadcast_id)


def _not_loaded(broadcast_id: int) -> PySparkRuntimeError:
    return PySparkRuntimeError(
        errorClass="BROADCAST_VARIABLE_NOT_LOADED",
        messageParameters={"variable": str(broadcast_id)},
    )
