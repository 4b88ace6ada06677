"""Which notebook cell, or input of a terminal shell, the running code belongs to.

A thread belongs to the cell whose code started it, work in a thread pool to the cell that submitted
it, a coroutine to the cell that made it: whatever cell runs in the main thread meanwhile.

Owns    the cell of each thread and context; the replacement of `ThreadPoolExecutor.submit`.
Thread  any.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from types import FrameType
from typing import Any, Final

from pyspark_shell.common.record import record
from pyspark_shell.common.thread_starts import THREAD_STARTS

CELL_ID: Final = "spark.pyshell.cell.id"
CELL_PROMPT: Final = "spark.pyshell.cell.prompt"
CELL_THREAD: Final = "spark.pyshell.cell.thread"

_STARTED_IN: Final = "_pyspark_shell_cell"


@record
class Cell:
    """One run of a cell.

    Attributes
    ----------
    id
        The notebook's id of the cell; empty in a terminal.
    prompt
        Its number, as `In [7]` shows it.
    """

    id: str
    prompt: int

    @property
    def name(self) -> str:
        """As people say it."""
        return f"In[{self.prompt}]"

    def owns(self, properties: Mapping[str, str]) -> bool:
        """Whether a job with these properties is of this run of the cell."""
        return (
            properties.get(CELL_PROMPT) == str(self.prompt) and properties.get(CELL_ID) == self.id
        )

    @classmethod
    def of_thread_with(cls, properties: Mapping[str, str]) -> Cell | None:
        """The cell whose thread or pool submitted a job with these properties; None if the cell's
        own code did, or no cell's.
        """
        if not properties.get(CELL_THREAD):
            return None
        return cls(properties.get(CELL_ID, ""), int(properties.get(CELL_PROMPT, 0)))

    def properties(self) -> dict[str, str]:
        """What a job that the calling thread submits says of its cell."""
        thread = threading.current_thread()
        is_main = thread is threading.main_thread()
        return {
            CELL_ID: self.id,
            CELL_PROMPT: str(self.prompt),
            CELL_THREAD: "" if is_main else thread.name,
        }


_foreground: Cell | None = None
_current: Final[ContextVar[Cell | None]] = ContextVar("pyspark_shell_cell", default=None)


def current_cell() -> Cell | None:
    """The cell that the calling code belongs to; None outside of cells.

    Examples
    --------
    >>> set_cell(Cell("", 7))
    >>> current_cell().name
    'In[7]'
    >>> set_cell(None)
    """
    return _current.get() or cell_of(threading.current_thread())


def set_cell(cell: Cell | None) -> None:
    """From here on the calling code belongs to `cell`."""
    global _foreground
    _current.set(cell)
    if threading.current_thread() is threading.main_thread():
        _foreground = cell


def foreground_cell() -> Cell | None:
    """The cell that the main thread runs, or awaits; None between cells. For interrupts."""
    return _foreground


def cell_of(thread: threading.Thread) -> Cell | None:
    """The cell whose code started a thread; None if none did."""
    cell: Cell | None = getattr(thread, _STARTED_IN, None)
    return cell


def _inherit(thread: threading.Thread, starter: FrameType) -> None:
    cell = current_cell()
    if cell is not None:
        setattr(thread, _STARTED_IN, cell)


class CellInheritance:
    """Hands cells on to threads and to the work of thread pools, from `begin` to `end`."""

    def __init__(self) -> None:
        self._submit: Any = None

    def begin(self) -> None:
        """Begin to hand them on; a second call does nothing."""
        if self._submit is not None:
            return
        from concurrent.futures import ThreadPoolExecutor

        original = self._submit = ThreadPoolExecutor.submit

        def submit(pool: Any, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
            cell = current_cell()
            return original(pool, fn if cell is None else _InCell(fn, cell), *args, **kwargs)

        ThreadPoolExecutor.submit = submit  # type: ignore[method-assign]
        THREAD_STARTS.add(_inherit)

    def end(self) -> None:
        """Put Python's own methods back."""
        if self._submit is None:
            return
        from concurrent.futures import ThreadPoolExecutor

        ThreadPoolExecutor.submit = self._submit  # type: ignore[method-assign]
        self._submit = None
        THREAD_STARTS.remove(_inherit)


class _InCell:
    """A function that runs as a part of a cell, in whatever thread."""

    __slots__ = ("_cell", "_function")

    def __init__(self, function: Callable[..., Any], cell: Cell) -> None:
        self._function = function
        self._cell = cell

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        before = _current.set(self._cell)
        try:
            return self._function(*args, **kwargs)
        finally:
            _current.reset(before)


CELL_INHERITANCE: Final = CellInheritance()

# Names of code -------------------------------------------------------------------------------


def _no_name(file: str) -> str | None:
    return None


_name_of_file: Callable[[str], str | None] = _no_name


def name_cell_files(name_of_file: Callable[[str], str | None] | None) -> None:
    """Have places in the code of cells told as `In[7]:3`.

    Parameters
    ----------
    name_of_file
        The name of the cell whose code has this file name, `In[7]`; None for other files.
    """
    global _name_of_file
    _name_of_file = name_of_file or _no_name


def name_of_file(file: str) -> str | None:
    """The cell whose code has this file name, `In[7]`; None for other files."""
    return _name_of_file(file)


def named_by_cell(frame: str, file: str) -> str:
    """A frame of a traceback, as text; that of a cell's code begins as IPython has it.

    Examples
    --------
    >>> named_by_cell('  File "totals.py", line 3, in parse', "totals.py")
    '  File "totals.py", line 3, in parse'
    """
    cell = _name_of_file(file)
    return frame if cell is None else frame.replace(f'File "{file}"', f"Cell {cell}", 1)


def place(file: str, line: int) -> str:
    """A line of code, as people say it.

    Examples
    --------
    >>> place("/home/me/totals.py", 3)
    '/home/me/totals.py:3'
    """
    return f"{_name_of_file(file) or file}:{line}"
