"""Reads a driver's server-sent events, one by one.

Asked as HTTP/1.0, a driver sends them as they are until one of both closes the connection.
Thread  jupyter-server's loop.
"""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any, Final

from tornado.iostream import IOStream, StreamClosedError, UnsatisfiableReadError

from pyspark_shell.common.record import record

# A snapshot of an application with thousands of rows has some MB.
_MAX_EVENT_BYTES: Final = 64 << 20
_MAX_HEAD_BYTES: Final = 64 << 10


class StreamEnded(Exception):
    """The driver sends no more."""


@record
class Event:
    """One event; `kind` is empty for a heartbeat."""

    number: str
    kind: str
    data: Any

    @classmethod
    def read(cls, text: bytes) -> Event:
        """Take an event to pieces."""
        fields = dict(
            line.split(": ", 1) for line in text.decode(errors="replace").splitlines() if line
        )
        data = fields.get("data")
        return cls(fields.get("id", ""), fields.get("event", ""), json.loads(data or "null"))

    def encode(self) -> bytes:
        """As it is sent."""
        if not self.kind:
            return b": \n\n"
        data = json.dumps(self.data, separators=(",", ":"))
        number = f"id: {self.number}\n" if self.number else ""
        return f"{number}event: {self.kind}\ndata: {data}\n\n".encode()


HEARTBEAT: Final = Event("", "", None)


class EventStream:
    """One connection.

    Parameters
    ----------
    address
        What a socket of `family` connects to.
    """

    def __init__(self, family: socket.AddressFamily, address: Any) -> None:
        self._address = address
        self._stream = IOStream(socket.socket(family, socket.SOCK_STREAM))
        self._reading: asyncio.Future[bytes] | None = None

    async def open(self, target: str, token: str) -> int:
        """Ask for the events; returns HTTP's status.

        Raises
        ------
        OSError
            Nobody listens there, or nobody answers.
        """
        await self._stream.connect(self._address)
        head = f"GET {target} HTTP/1.0\r\nHost: localhost\r\nAuthorization: token {token}\r\n\r\n"
        await self._stream.write(head.encode())
        answer = await self._stream.read_until(b"\r\n\r\n", max_bytes=_MAX_HEAD_BYTES)
        return int(answer.split(b" ", 2)[1])

    async def next(self, limit_s: float) -> Event | None:
        """Wait for an event; None if none has come in time.

        Raises
        ------
        StreamEnded
            There will be none.
        """
        if self._reading is None:
            reading = self._stream.read_until(b"\n\n", max_bytes=_MAX_EVENT_BYTES)
            self._reading = asyncio.ensure_future(reading)
        done, _ = await asyncio.wait([self._reading], timeout=limit_s)
        if not done:
            return None
        reading, self._reading = self._reading, None
        try:
            return Event.read(reading.result())
        except (StreamClosedError, UnsatisfiableReadError, ValueError):
            raise StreamEnded from None

    def close(self) -> None:
        """Hang up."""
        if self._reading is not None:
            self._reading.cancel()
        self._stream.close()
