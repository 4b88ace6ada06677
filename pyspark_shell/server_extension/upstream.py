"""Speaks to one driver for all panels: over its unix socket, with its token, for a limited time.

A driver that is silent is asked one question, by all together: each that it does not take stays in
the queue of its socket, which is short.
Thread  jupyter-server's loop.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncGenerator
from typing import Any, Final
from urllib.parse import quote, urlsplit

from tornado.httpclient import HTTPClientError, HTTPRequest, HTTPResponse
from tornado.netutil import Resolver
from tornado.simple_httpclient import HTTPTimeoutError, SimpleAsyncHTTPClient

from pyspark_shell.common.record import record
from pyspark_shell.rest import discovery
from pyspark_shell.rest.runtime_file import RuntimeEntry
from pyspark_shell.server_extension.columns import shown
from pyspark_shell.server_extension.event_stream import (
    HEARTBEAT,
    Event,
    EventStream,
    StreamEnded,
)
from pyspark_shell.server_extension.last_known import LastKnown
from pyspark_shell.server_extension.routes import Call

# What a driver under load needs at most; silence is told after it.
ANSWER_S: Final = 2.0
# A kill that is not acknowledged by then is carried out from outside.
KILL_ANSWER_S: Final = 1.0
# The longest that a driver may be asked to hold a request.
MAX_WAIT_S: Final = 30.0
# Long polls of that many views at once; more wait their turn.
_MAX_CLIENTS: Final = 64
# A driver that nobody has asked anything for so long is asked whether it answers.
_QUIET_S: Final = 5.0


class Silent(Exception):
    """A driver did not answer in time."""


class Gone(Exception):
    """A driver has ended, or listens no more."""


@record
class Answer:
    """What a driver said."""

    status: int
    body: Any


class Upstream:
    """One driver, as this server reaches it."""

    def __init__(self, entry: RuntimeEntry) -> None:
        self.entry = entry
        self.last_known = LastKnown()
        self._place: tuple[socket.AddressFamily, Any] = (
            (socket.AF_UNIX, entry.socket)
            if entry.socket
            else (socket.AF_INET, ("127.0.0.1", entry.port))
        )
        self._client = SimpleAsyncHTTPClient(
            force_instance=True, max_clients=_MAX_CLIENTS, resolver=_Place(*self._place)
        )
        self._probe: asyncio.Task[None] | None = None

    def close(self) -> None:
        """Give the connections up."""
        if self._probe is not None:
            self._probe.cancel()
        self._client.close()

    def look(self) -> None:
        """See whether it answers, if nobody has asked it anything lately; does not wait."""
        if self.last_known.age_s > _QUIET_S and self._probe is None:
            self._probe = asyncio.ensure_future(self._ask_until_it_answers())

    async def ask(self, call: Call, wait_s: float = 0.0) -> Answer:
        """Pass a call on.

        Parameters
        ----------
        wait_s
            How long the driver was asked to hold it.

        Raises
        ------
        Silent
            It said nothing in time.
        Gone
            It no longer listens.
        """
        if self.last_known.is_silent:
            await self._await_a_sign(KILL_ANSWER_S if call.is_kill else ANSWER_S)
        limit_s = KILL_ANSWER_S if call.is_kill else wait_s + ANSWER_S
        response = await self._fetch(
            self._url(call.path),
            limit_s,
            method=call.route.method,
            body=None if call.body is None else json.dumps(call.body),
        )
        body = _json(response.body)
        if call.route.template in ("snapshot", "changes"):
            body = shown(body)
            if isinstance(body, dict):
                self.last_known.take(body)
        return Answer(response.code, body)

    async def events(self, call: Call) -> AsyncGenerator[bytes, None]:
        """Pass the driver's events on as they come, and between them whether it still answers: with
        heartbeats, or with `silent` and how long it has been.

        Ends with the driver's own end, or with the generator. Raises as `ask` does, before the
        first event.
        """
        if self.last_known.is_silent:
            await self._await_a_sign(ANSWER_S)
        stream = await self._open(call)
        knows_nothing = call.wants_all
        try:
            while True:
                event = await stream.next(ANSWER_S)
                if event is None:
                    event = await self._sign(knows_nothing)
                else:
                    self.last_known.answered()
                    event = self._slim(event)
                knows_nothing = knows_nothing and not event.kind
                yield event.encode()
        except StreamEnded:
            return
        finally:
            stream.close()

    async def _open(self, call: Call) -> EventStream:
        stream = EventStream(*self._place)
        target = urlsplit(self._url(call.path))
        path = f"{target.path}?{target.query}"
        try:
            status = await asyncio.wait_for(stream.open(path, self.entry.token), ANSWER_S)
        except (TimeoutError, asyncio.TimeoutError):
            stream.close()
            self.last_known.fell_silent()
            raise Silent from None
        except (OSError, ValueError, IndexError) as problem:
            stream.close()
            raise await self._missing(problem) from None
        if status != 200:
            stream.close()
            raise Gone(f"HTTP {status}")
        self.last_known.answered()
        return stream

    async def _sign(self, with_snapshot: bool) -> Event:
        try:
            await self._await_a_sign(ANSWER_S)
        except Silent:
            known = self.last_known
            more = {"snapshot": known.snapshot} if with_snapshot else {}
            return Event("", "silent", {"ageS": round(known.age_s, 1), **more})
        return HEARTBEAT

    def _slim(self, event: Event) -> Event:
        """An event with the columns that the panel shows; what it tells is remembered."""
        if event.kind == "snapshot":
            answer = shown(event.data)
            self.last_known.take(answer)
            return Event(event.number, event.kind, answer)
        if event.kind == "change":
            life, _, seq = event.number.rpartition("-")
            answer = shown({"life": life, "seq": int(seq), "changes": [event.data]})
            self.last_known.take(answer)
            return Event(event.number, event.kind, answer["changes"][0])
        return event

    async def _fetch(self, url: str, limit_s: float, **more: Any) -> HTTPResponse:
        """Send a request; a limit of 0 is none. Raises as `ask` does."""
        request = HTTPRequest(
            url,
            headers={
                "Authorization": f"token {self.entry.token}",
                "Content-Type": "application/json",
            },
            connect_timeout=limit_s,
            request_timeout=limit_s,
            follow_redirects=False,
            **more,
        )
        try:
            response = await self._client.fetch(request, raise_error=False)
        except HTTPTimeoutError:
            self.last_known.fell_silent()
            raise Silent from None
        except (HTTPClientError, OSError) as problem:
            raise await self._missing(problem) from None
        self.last_known.answered()
        return response

    async def _missing(self, problem: Exception) -> Silent | Gone:
        """What it means that a driver could not be asked."""
        if _says_that_nobody_listens(problem) or not await self._lives():
            return Gone(str(problem))
        self.last_known.fell_silent()  # too many wait for it already
        return Silent()

    async def _lives(self) -> bool:
        living = await asyncio.to_thread(discovery.drivers)
        return any(entry == self.entry for entry in living)

    async def _await_a_sign(self, limit_s: float) -> None:
        """Wait for the answer to the one question that it has; raises as `ask` does."""
        if self._probe is None:
            self._probe = asyncio.ensure_future(self._ask_until_it_answers())
        done, _ = await asyncio.wait([self._probe], timeout=limit_s)
        if self.last_known.is_silent or not done:
            self.last_known.fell_silent()
            raise Silent

    async def _ask_until_it_answers(self) -> None:
        """Ask the driver who it is, for as long as it takes, or until it has ended."""
        silence = asyncio.get_running_loop().call_later(ANSWER_S, self.last_known.fell_silent)
        try:
            await self._fetch("http://localhost/api/v1/version", 0)
        except (Silent, Gone):
            self.last_known.fell_silent()
            await asyncio.sleep(ANSWER_S)  # its queue is full, or it ends
        finally:
            silence.cancel()
            self._probe = None

    def _url(self, path: str) -> str:
        if path.startswith("/"):
            return f"http://localhost{path}"
        application = quote(self.entry.application_id, safe="")
        return f"http://localhost/api/v1/applications/{application}/{path}".rstrip("/")


def _says_that_nobody_listens(problem: Exception) -> bool:
    cause = getattr(problem, "real_error", None) or problem
    return isinstance(cause, (ConnectionRefusedError, FileNotFoundError))


class _Place(Resolver):
    """Every name means the driver's own socket."""

    # Tornado's resolvers begin in `initialize`.
    def initialize(self, family: socket.AddressFamily, address: Any) -> None:
        self._family = family
        self._address = address

    async def resolve(
        self, host: str, port: int, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[tuple[int, Any]]:
        return [(self._family, self._address)]


def _json(body: bytes) -> Any:
    try:
        return json.loads(body) if body else {}
    except ValueError:
        return {}
