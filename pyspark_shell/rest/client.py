"""Speaks HTTP to one driver, over its unix socket, else over TCP.

Thread  any; each call makes a connection of its own.

A driver whose interpreter is held by C code, or that is stopped, says nothing: every call has a
time limit, and `NoAnswer` is a result that callers count on.
"""

from __future__ import annotations

import errno
import http.client
import json
import os
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import quote, urlencode

from pyspark_shell.common.native_threads import passes_interpreter_on
from pyspark_shell.rest.port import Refusal
from pyspark_shell.rest.runtime_file import RuntimeEntry

API: Final = "/api/v1"
# A driver under load answers within some ms; the system may hold a thread up for longer.
TIMEOUT_S: Final = 2.0
_MAX_BODY_BYTES: Final = 64 << 20
# What a connection fails with where a server has closed its sockets.
_CLOSED: Final = frozenset(
    os.strerror(number).lower() for number in (errno.ECONNREFUSED, errno.ENOENT)
)


def segment(text: str) -> str:
    """A name, such as a job group's, as one segment of a path.

    Examples
    --------
    >>> f"jobGroups/{segment('a/b c')}/kill"
    'jobGroups/a%2Fb%20c/kill'
    """
    return quote(text, safe="")


class NoAnswer(Exception):
    """A driver did not answer, or not with what it should.

    Attributes
    ----------
    entry
        The driver.
    reason
        How it failed to.
    """

    def __init__(self, entry: RuntimeEntry, reason: str) -> None:
        super().__init__(f"Driver {entry.id} (pid {entry.pid}) does not answer: {reason}.")
        self.entry = entry
        self.reason = reason


def is_closed(reason: str) -> bool:
    """Whether a driver did not answer because it listens no more, as one does that is ending.

    Parameters
    ----------
    reason
        As `NoAnswer` has it.
    """
    return reason in _CLOSED


class DriverClient:
    """One driver, as seen from another process.

    Parameters
    ----------
    timeout_s
        How long a call may take, if it does not say.
    """

    def __init__(self, entry: RuntimeEntry, timeout_s: float = TIMEOUT_S) -> None:
        self.entry = entry
        self.timeout_s = timeout_s

    def get(self, path: str, timeout_s: float | None = None, /, **query: Any) -> Any:
        """What the driver says about `path`, below its application unless it begins with `/`.

        Raises
        ------
        NoAnswer
            It said nothing in time.
        Refusal
            It said no.
        """
        words = {key: _word(value) for key, value in query.items() if value is not None}
        url = self._url(path) + (f"?{urlencode(words)}" if words else "")
        return self._call("GET", url, None, timeout_s)

    def post(
        self,
        path: str,
        body: Any = None,
        timeout_s: float | None = None,
        /,
        busy_s: float = 0.0,
    ) -> Any:
        """Give an order; the answer says what became of it. Raises as `get` does.

        Parameters
        ----------
        busy_s
            How much longer it may take if Python runs in the driver, so that it will answer.
        """
        url, content = self._url(path), body if body is not None else {}
        return self._call("POST", url, content, timeout_s, busy_s)

    def _url(self, path: str) -> str:
        if path.startswith("/"):
            return path
        base = f"{API}/applications/{segment(self.entry.application_id)}"
        return f"{base}/{path}" if path else base

    def _call(
        self, method: str, url: str, body: Any, timeout_s: float | None, busy_s: float = 0.0
    ) -> Any:
        limit_s = self.timeout_s if timeout_s is None else timeout_s
        headers = {"Authorization": f"token {self.entry.token}", "Connection": "close"}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        with self._told(limit_s):
            connection = _Connection(self.entry, limit_s)
            try:
                connection.request(method, url, data, headers)
                if busy_s and not connection.has_answer() and passes_interpreter_on(self.entry.pid):
                    connection.extend(busy_s)
                response = connection.getresponse()
                content = _read_all(response, connection)
            finally:
                connection.close()
        return self._answer(response.status, content)

    @contextmanager
    def _told(self, limit_s: float) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            raise NoAnswer(self.entry, f"nothing came within {limit_s:g} s") from None
        except http.client.HTTPException as problem:
            name = type(problem).__name__
            raise NoAnswer(self.entry, f"the answer was no HTTP ({name})") from None
        except BlockingIOError:
            raise NoAnswer(self.entry, "too many wait for it") from None
        except OSError as problem:
            reason = (problem.strerror or str(problem)).lower()
            raise NoAnswer(self.entry, reason) from None

    def _answer(self, status: int, content: bytes) -> Any:
        try:
            answer = json.loads(content) if content else {}
        except ValueError:
            if status < 400:
                raise NoAnswer(self.entry, "the answer was no JSON") from None
            answer = {}
        if status < 400:
            return answer
        if not isinstance(answer, dict):
            answer = {}
        message = str(answer.pop("error", "") or f"HTTP {status}")
        raise Refusal(status, message, answer)


class _Connection(http.client.HTTPConnection):
    """A connection all of whose waits share one deadline."""

    def __init__(self, entry: RuntimeEntry, limit_s: float) -> None:
        super().__init__("localhost", entry.port or None, timeout=limit_s)
        self._entry = entry
        self._deadline_s = time.monotonic() + limit_s

    def connect(self) -> None:
        if self._entry.socket:
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._limit()
            self.sock.connect(self._entry.socket)
        elif self._entry.port:
            self.sock = socket.create_connection(("127.0.0.1", self._entry.port), self._left_s())
        else:
            raise OSError("it listens nowhere")
        self._limit()

    @property
    def is_late(self) -> bool:
        return time.monotonic() >= self._deadline_s

    def has_answer(self) -> bool:
        """Wait until the deadline for the first of it."""
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return bool(poll.poll(self._left_s() * 1000))

    def extend(self, by_s: float) -> None:
        """Put the deadline off."""
        self._deadline_s += by_s
        self._limit()

    def _left_s(self) -> float:
        return max(0.001, self._deadline_s - time.monotonic())

    def _limit(self) -> None:
        self.sock.settimeout(self._left_s())


def _read_all(response: http.client.HTTPResponse, connection: _Connection) -> bytes:
    parts: list[bytes] = []
    size = 0
    while part := response.read1(1 << 16):
        parts.append(part)
        size += len(part)
        if size > _MAX_BODY_BYTES:
            raise OSError("the answer was too large")
        if connection.is_late:
            raise TimeoutError
    return b"".join(parts)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
