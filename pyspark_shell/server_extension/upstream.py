"""Speaks to one driver for all panels: over its unix socket, with its token, for a limited time.

Thread  jupyter-server's loop.
"""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.netutil import Resolver
from tornado.simple_httpclient import HTTPTimeoutError, SimpleAsyncHTTPClient

from pyspark_shell.rest.runtime_file import RuntimeEntry
from pyspark_shell.server_extension.columns import shown
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


class Silent(Exception):
    """A driver did not answer in time."""


class Gone(Exception):
    """Nobody listens where a driver was."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a driver said."""

    status: int
    body: Any


class Upstream:
    """One driver, as this server reaches it."""

    def __init__(self, entry: RuntimeEntry) -> None:
        self.entry = entry
        self.last_known = LastKnown()
        self._client = SimpleAsyncHTTPClient(
            force_instance=True, max_clients=_MAX_CLIENTS, resolver=_Place(entry)
        )

    def close(self) -> None:
        """Give the connections up."""
        self._client.close()

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
        limit_s = KILL_ANSWER_S if call.is_kill else wait_s + ANSWER_S
        request = HTTPRequest(
            self._url(call.path),
            method=call.route.method,
            headers={
                "Authorization": f"token {self.entry.token}",
                "Content-Type": "application/json",
            },
            body=None if call.body is None else json.dumps(call.body),
            connect_timeout=limit_s,
            request_timeout=limit_s,
            follow_redirects=False,
        )
        try:
            response = await self._client.fetch(request, raise_error=False)
        except HTTPTimeoutError:
            self.last_known.fell_silent()
            raise Silent from None
        except (HTTPClientError, OSError) as problem:
            raise Gone(str(problem)) from None
        self.last_known.answered()
        body = _json(response.body)
        if call.route.template in ("snapshot", "changes"):
            body = shown(body)
            if isinstance(body, dict):
                self.last_known.take(body)
        return Answer(response.code, body)

    def _url(self, path: str) -> str:
        application = quote(self.entry.application_id, safe="")
        return f"http://localhost/api/v1/applications/{application}/{path}"


class _Place(Resolver):
    """Every name means the driver's own socket."""

    # Tornado's resolvers begin in `initialize`.
    def initialize(self, entry: RuntimeEntry) -> None:
        self._address: Any = entry.socket or ("127.0.0.1", entry.port)
        self._family = socket.AF_UNIX if entry.socket else socket.AF_INET

    async def resolve(
        self, host: str, port: int, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[tuple[int, Any]]:
        return [(self._family, self._address)]


def _json(body: bytes) -> Any:
    try:
        return json.loads(body) if body else {}
    except ValueError:
        return {}
