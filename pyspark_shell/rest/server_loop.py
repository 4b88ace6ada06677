"""Serves connections with tornado on a loop of its own, within limits, until it is told to stop.

Owns    the loop, the two HTTP servers, the feed of changes and the workers.
Thread  `SparkUI`. Imported when the first connection comes.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import suppress
from typing import Any, Final

from tornado.httpserver import HTTPServer
from tornado.web import Application

from pyspark_shell.common.threads import SPARK_UI
from pyspark_shell.rest.events import ChangeFeed
from pyspark_shell.rest.recent_answers import RecentAnswers
from pyspark_shell.rest.server_api import ApiHandler, ClassicKillHandler
from pyspark_shell.rest.server_door import Door
from pyspark_shell.rest.server_feed import ChangesHandler, EventsHandler, SnapshotHandler
from pyspark_shell.rest.server_handlers import BaseHandler
from pyspark_shell.rest.server_pages import (
    FileHandler,
    OldPageHandler,
    PageHandler,
    UnknownHandler,
)
from pyspark_shell.rest.server_site import Site
from pyspark_shell.rest.server_stream import PolledStream
from pyspark_shell.rest.workers import Workers

log: Final = logging.getLogger("pyspark_shell.SparkUI")

# A request's head must come within this time, and so must the next request on a connection.
IDLE_TIMEOUT_S: Final = 20.0
BODY_TIMEOUT_S: Final = 10.0
MAX_HEADER_BYTES: Final = 16 << 10
MAX_BODY_BYTES: Final = 64 << 10
# For each listener, so that strangers on the port cannot shut the socket's users out.
MAX_CONNECTIONS: Final = 512
# How long those who watch have to read the last state.
FAREWELL_S: Final = 1.0

_APP: Final = r"/api/v1/applications/([^/]+)"
_HANDLERS: Final[tuple[tuple[str, type[BaseHandler]], ...]] = (
    (_APP + "/events", EventsHandler),
    (_APP + "/changes", ChangesHandler),
    (_APP + "/snapshot", SnapshotHandler),
    (r"/api/v1/.+", ApiHandler),
    (r"/(jobs)/job/kill/?", ClassicKillHandler),
    (r"/(stages)/stage/kill/?", ClassicKillHandler),
    (r"/", PageHandler),
    (r"/(jobs|stages|storage|environment|executors)/?", OldPageHandler),
    (r"/static/([a-z_]+\.(?:js|css|svg))", FileHandler),
    (r".*", UnknownHandler),
)


class ServerLoop:
    """One life of the server, from the first connection to the end of the application."""

    def __init__(
        self,
        site: Site,
        unix: socket.socket | None,
        tcp: socket.socket | None,
        wake: socket.socket,
    ) -> None:
        self._site = site
        self._listeners = {"unix": unix, "tcp": tcp}
        self._wake = wake
        self._feed = ChangeFeed(site.engine, site.settings.live_update_s)
        self._readers = Workers(f"{SPARK_UI}-reader")
        self._orders = Workers(f"{SPARK_UI}-order")
        self._recent = RecentAnswers(site.settings.live_update_s)
        self._servers: list[_LimitedServer] = []

    def run(self) -> None:
        """Serve until the wake socket says something."""
        loop = asyncio.SelectorEventLoop()  # whatever policy the user has set
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(self._serve())
        finally:
            self._readers.close()
            self._orders.close()
            _cancel_all(loop)
            asyncio.set_event_loop(None)
            loop.close()

    def close_in_forked_child(self) -> None:
        """Close this process's copies of all sockets; loop and selector are the parent's."""
        for server in self._servers:
            server.close_sockets()

    async def _serve(self) -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._wake, stopping.set)
        for kind, listener in self._listeners.items():
            if listener is not None:
                self._servers.append(self._server(kind == "unix", listener))
        await stopping.wait()
        loop.remove_reader(self._wake)
        await self._say_farewell()

    def _server(self, is_private: bool, listener: socket.socket) -> _LimitedServer:
        workers = self._readers, self._orders
        door = Door(self._site, self._feed, *workers, is_private, self._recent)
        handlers = [(pattern, handler, {"door": door}) for pattern, handler in _HANDLERS]
        application = Application(handlers, log_function=lambda handler: None)
        server = _LimitedServer(
            application,
            idle_connection_timeout=IDLE_TIMEOUT_S,
            body_timeout=BODY_TIMEOUT_S,
            max_header_size=MAX_HEADER_BYTES,
            max_body_size=MAX_BODY_BYTES,
            max_buffer_size=MAX_BODY_BYTES + MAX_HEADER_BYTES,
        )
        server.door = door
        server.add_sockets([listener])
        return server

    async def _say_farewell(self) -> None:
        self._feed.close()
        await self._feed.wait_for_polls(FAREWELL_S)
        for server in self._servers:
            server.stop()
        with suppress(asyncio.TimeoutError, TimeoutError):
            await asyncio.wait_for(self._all_answered(), FAREWELL_S)
        for server in self._servers:
            with suppress(asyncio.TimeoutError, TimeoutError):
                await asyncio.wait_for(server.close_all_connections(), FAREWELL_S)

    async def _all_answered(self) -> None:
        for server in self._servers:
            await server.door.idle.wait()


class _LimitedServer(HTTPServer):  # type: ignore[misc]
    """Refuses connections beyond a number; knows its sockets."""

    door: Door

    def handle_stream(self, stream: Any, address: Any) -> None:
        if len(self._connections) >= MAX_CONNECTIONS:
            stream.close()
            return
        polled = PolledStream(
            stream.socket,
            self.door,
            patience_s=IDLE_TIMEOUT_S / 2,
            max_buffer_size=self.max_buffer_size,
            read_chunk_size=self.read_chunk_size,
        )
        super().handle_stream(polled, address)

    def close_sockets(self) -> None:
        """Close the sockets, and nothing else, in a forked child."""
        for connection in list(self._connections):
            sock = connection.stream.socket
            if sock is not None:
                with suppress(OSError):
                    sock.close()


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())
