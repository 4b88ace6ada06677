"""Says what keeps a waiting thread, and which thread has it, where Python really knows.

It knows whom a `join` waits for, and who owns a reentrant lock. A plain lock has no owner: then
only its name in the source is told. No code of the user's runs: attributes are read from the
objects' own dictionaries.
"""

from __future__ import annotations

import linecache
import re
import threading
from types import FrameType
from typing import Any, Final

from pyspark_shell.common.record import record

_NAME: Final = r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"
_TAKES_LOCK: Final = (
    re.compile(rf"\bwith\s+{_NAME}\s*(?:as\b|:|,)"),
    re.compile(rf"{_NAME}\.acquire\("),
)
_OWNER: Final = re.compile(r"owner=(\d+) count=([1-9]\d*)")
_JOINS: Final = ("join", "_wait_for_tstate_lock")
_LOCKS: Final = (type(threading.Lock()), type(threading.RLock()))


@record
class Blocker:
    """What a thread waits for.

    Attributes
    ----------
    thread_id
        The thread that has it, or is it; None if Python does not know.
    """

    what: str
    thread_id: int | None


def blocker_of(frame: FrameType) -> Blocker | None:
    """What the thread whose innermost frame this is waits for; None if that cannot be told."""
    code = frame.f_code
    if code.co_filename.endswith("threading.py") and code.co_name in _JOINS:
        thread = frame.f_locals.get("self")
        if isinstance(thread, threading.Thread):
            return Blocker(f"thread {thread.name}", thread.ident)
        return None
    line = linecache.getline(code.co_filename, frame.f_lineno)
    for pattern in _TAKES_LOCK:
        found = pattern.search(line)
        if found is not None:
            return _lock(found[1], frame)
    return None


def _lock(name: str, frame: FrameType) -> Blocker | None:
    first, *attributes = name.split(".")
    value = frame.f_locals.get(first, frame.f_globals.get(first))
    for attribute in attributes:
        value = _own_attribute(value, attribute)
    if type(value) not in _LOCKS:
        return None
    found = _OWNER.search(repr(value))
    return Blocker(f"lock {name}", int(found[1]) if found else None)


def _own_attribute(value: Any, name: str) -> Any:
    """What an object's dictionary holds; a property or `__getattr__` is not asked."""
    try:
        own = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return None
    return own.get(name) if isinstance(own, dict) else None
