"""A connection that knows what was just asked: who polls is answered before anything is parsed.

Those who poll send the same bytes each time. Bytes that tornado and the handlers have let in and
answered are answered as `KnownRequests` says; all others go the whole way.
Thread  the server's loop.
"""

from __future__ import annotations

import asyncio
import re
import socket
from typing import Any, Final

from tornado.iostream import IOStream

from pyspark_shell.rest.known_requests import AtOnce
from pyspark_shell.rest.server_door import WRITE_TIMEOUT_S, Door

_END: Final = b"\r\n\r\n"
# Requests whose meaning does not end with their head, or that ask for more than an answer.
_MORE_THAN_A_QUESTION: Final = re.compile(
    rb"\r\n(?:content-length|transfer-encoding|connection|expect|upgrade)[ \t]*:", re.IGNORECASE
)


class PolledStream(IOStream):  # type: ignore[misc]
    """The stream of one connection.

    Parameters
    ----------
    door
        The door that it came through, as `Door` has it.
    patience_s
        So long after its last whole request a connection is answered here. Tornado sees no request
        then, and would close the connection as an idle one.
    limits
        As of `IOStream`.
    """

    def __init__(
        self, sock: socket.socket, door: Door, *, patience_s: float, **limits: Any
    ) -> None:
        super().__init__(sock, **limits)
        self._door = door
        self._patience_s = patience_s
        self._clock = asyncio.get_running_loop().time
        self._whole_until_s = self._clock() + patience_s
        # All that was read has its answer.
        self._is_idle = True
        # What is being answered, if it came as one piece and nothing has come since.
        self._request: bytes | None = None
        # How its text is had, if it may be answered so again, and what was written.
        self._at_once: AtOnce | None = None
        self._written: list[bytes] = []

    def read_from_fd(self, buf: bytearray | memoryview) -> int | None:
        """Read for tornado, but for a request that is answered here: it does not see that one."""
        count: int | None = super().read_from_fd(buf)
        if not count:
            return count
        request = bytes(buf[:count]) if self._is_idle else None
        if request is not None and self._answer_again(request):
            return None
        self._is_idle = False
        self._request = request if request is not None and _is_a_question(request) else None
        return count

    def write(self, data: bytes | memoryview) -> asyncio.Future[None]:
        """Write, and remember an answer that is to be kept."""
        if self._at_once is not None:
            self._written.append(bytes(data))
        future: asyncio.Future[None] = super().write(data)
        return future

    def keep_answer(self, at_once: AtOnce) -> None:
        """What is written next is for all who send the same bytes, as long as its text can be had
        without waiting.
        """
        self._at_once = at_once

    def answered(self) -> None:
        """The request that came last has its answer."""
        if self._request is not None:  # else there may be others, which still wait for theirs
            if self._at_once is not None:
                self._door.known.put(self._request, b"".join(self._written), self._at_once)
            self._request = None
            self._is_idle = True
            self._whole_until_s = self._clock() + self._patience_s
        self._at_once = None
        self._written.clear()

    def _answer_again(self, request: bytes) -> bool:
        if self.writing() or self._clock() > self._whole_until_s:
            return False
        answer = self._door.known.answer(request)
        if answer is None:
            return False
        written = self.write(answer)
        if not written.done():
            timer = asyncio.get_running_loop().call_later(WRITE_TIMEOUT_S, self.close)
            written.add_done_callback(lambda _: timer.cancel())
        return True


def _is_a_question(request: bytes) -> bool:
    r"""Whether these are the bytes of one request, all of it, that does nothing but ask.

    Examples
    --------
    >>> _is_a_question(b"GET /api/v1/version HTTP/1.1\r\nHost: localhost\r\n\r\n")
    True
    >>> _is_a_question(b"GET /api/v1/version HTTP/1.1\r\nConnection: close\r\n\r\n")
    False
    """
    return (
        request.startswith(b"GET /")
        and request.find(_END) == len(request) - len(_END)
        and request.count(b"\n") == request.count(b"\r\n")
        and request.partition(b"\r\n")[0].endswith(b" HTTP/1.1")
        and _MORE_THAN_A_QUESTION.search(request) is None
    )
