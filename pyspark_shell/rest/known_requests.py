"""Requests that were let in before, by their bytes: what goes before the text, and how that is had.

Nothing is decided here. How old a text may be is for `RecentAnswers` to say, for all who ask alike.
Thread  the server's loop.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from email.utils import formatdate
from typing import Final

from pyspark_shell.rest.recent_answers import MAX_BYTES

# Each client asks in its own words.
_KEPT: Final = 64
_END: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile(rb"Content-Length: \d+")
_DATE: Final = re.compile(rb"Date: [^\r]*")

# The text of an answer, made without waiting; None if that cannot be.
AtOnce = Callable[[], "bytes | None"]


class _Known:
    """One request, and its last answer."""

    __slots__ = ("answer", "at_once", "text")

    def __init__(self, answer: bytes, at_once: AtOnce) -> None:
        self.answer = answer
        self.text = answer.partition(_END)[2]
        self.at_once = at_once


class KnownRequests:
    """The newest requests of one listener."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    def put(self, request: bytes, answer: bytes, at_once: AtOnce) -> None:
        """Note how a request was answered, head and all; what is too large is made for each."""
        if len(answer) > MAX_BYTES:
            return
        self._known[request] = _Known(answer, at_once)
        self._known.move_to_end(request)
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)

    def answer(self, request: bytes) -> bytes | None:
        """Answer a request; None if it has to go the whole way."""
        known = self._known.get(request)
        if known is None:
            return None
        try:
            text = known.at_once()
        except Exception:
            return None  # the handlers know how to tell of it
        if text is not None and text is not known.text:
            known.answer, known.text = _with_text(known.answer, text), text
        return None if text is None else known.answer


def _with_text(answer: bytes, text: bytes) -> bytes:
    r"""An answer with another text, given now.

    Examples
    --------
    >>> _with_text(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: y\r\n\r\n{}", b"[1]")
    b'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX: y\r\n\r\n[1]'
    """
    head = answer.partition(_END)[0]
    head = _LENGTH.sub(b"Content-Length: %d" % len(text), head)
    head = _DATE.sub(b"Date: " + formatdate(usegmt=True).encode(), head)
    return head + _END + text
