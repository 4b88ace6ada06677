"""Empties the engine's functions that an exception went through, so that it holds no RDD for them.

Thread  `Spark Context Cleaner`, a moment after the exception has left the engine: what still runs
        cannot be emptied.

Whoever keeps an exception, as a notebook keeps the last one, keeps the locals of all functions that
it went through. The user's own are the user's; `self` in ours would hold an RDD that nobody sees.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from functools import partial
from types import FrameType
from typing import Final

from pyspark_shell.common.call_site import is_engine_file
from pyspark_shell.driver.frame_locals import frames_of

# An exception leaves the engine within microseconds, unless `finally` blocks are slow.
_TRY_AFTER_S: Final = (0.05, 0.5, 5.0)

_PICKLERS: Final = frozenset({"pickle", "cloudpickle"})

Later = Callable[[float, Callable[[], object]], object]


def empty_frames_soon(error: BaseException, later: Later) -> None:
    """Have the engine's frames of an error emptied once it has left them.

    Parameters
    ----------
    later
        Calls something after so many seconds, in another thread.
    """
    try:
        reference: Callable[[], BaseException | None] = weakref.ref(error)
    except TypeError:  # Python's own exceptions; this one is held for that moment

        def reference() -> BaseException | None:
            return error

    _plan(reference, later, _TRY_AFTER_S)


def _plan(
    reference: Callable[[], BaseException | None], later: Later, after_s: tuple[float, ...]
) -> None:
    later(after_s[0], partial(_empty, reference, later, after_s[1:]))


def _empty(
    reference: Callable[[], BaseException | None], later: Later, after_s: tuple[float, ...]
) -> None:
    error = reference()
    if error is not None and not _empty_frames(error) and after_s:
        _plan(reference, later, after_s)


def _empty_frames(error: BaseException) -> bool:
    """Empty what has ended; says whether that was all."""
    all_ended = True
    for each in _chain(error):
        for frame in frames_of(each.__traceback__):
            if _is_ours(frame):
                try:
                    frame.clear()
                except RuntimeError:  # it still runs
                    all_ended = False
    return all_ended


def _is_ours(frame: FrameType) -> bool:
    """Whether a frame is of the engine, or of what pickles for it."""
    module = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    return module in _PICKLERS or is_engine_file(frame.f_code.co_filename)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            waiting += [each.__cause__, each.__context__]
            yield each
