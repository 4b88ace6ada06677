"""Jupyter's side of the panel: HTTP from a browser in, a driver's answer out.

Everything needs a login, orders need the XSRF token; polling does not count as activity, so that
an open panel keeps no idle server alive.
Thread  jupyter-server's loop.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from typing import Any, Final

from jupyter_server.base.handlers import APIHandler
from tornado.httputil import HTTPServerRequest
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, authenticated

from pyspark_shell.rest.outside_kill import CannotKill
from pyspark_shell.rest.runtime_file import is_driver_id
from pyspark_shell.server_extension.drivers import Drivers
from pyspark_shell.server_extension.outside import kill_instead
from pyspark_shell.server_extension.routes import Call, NotAllowed, allowed
from pyspark_shell.server_extension.upstream import MAX_WAIT_S, Gone, Silent, Upstream

# How often a request that waits for another list looks at it.
_LOOK_S: Final = 0.5
_MAX_BODY_BYTES: Final = 64 << 10


class SparkHandler(APIHandler):
    """What all handlers share: the drivers, refusals as JSON."""

    _track_activity = False

    def initialize(self, drivers: Drivers) -> None:
        """Take the server's drivers."""
        self.drivers = drivers

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Tell a refusal in the words of the panel; never a stack."""
        problem = kwargs.get("exc_info", (None, None))[1]
        message = getattr(problem, "log_message", None) or getattr(problem, "reason", None)
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps({"error": message or self._reason}))

    def refuse(self, status: int, message: str, **body: Any) -> None:
        """Answer with a refusal."""
        self.set_status(status)
        self.finish(json.dumps({"error": message, **body}))


class DriversHandler(SparkHandler):
    """The list of drivers; with `version` and `wait`, when it has become another one."""

    @authenticated
    async def get(self) -> None:
        known = self.get_query_argument("version", "")
        deadline = time.monotonic() + _seconds(self.get_query_argument("wait", "0"))
        while True:
            listing = await self.drivers.listing()
            if listing.version != known or time.monotonic() >= deadline or _left(self.request):
                break
            await asyncio.sleep(_LOOK_S)
        self.finish({"drivers": listing.drivers, "version": listing.version})


class DriverHandler(SparkHandler):
    """One driver: what a route allows is passed on to it."""

    @authenticated
    async def get(self, driver_id: str, path: str) -> None:
        await self._pass_on(driver_id, path, None)

    @authenticated
    async def post(self, driver_id: str, path: str) -> None:
        self._track_activity = True
        await self._pass_on(driver_id, path, self._json_body())

    async def _pass_on(self, driver_id: str, path: str, body: object) -> None:
        query = {name: self.get_query_arguments(name) for name in self.request.query_arguments}
        columns = [name for text in query.pop("columns", []) for name in text.split(",")]
        try:
            call = allowed(str(self.request.method), path, query, body)
        except NotAllowed as refusal:
            return self.refuse(refusal.status, str(refusal))
        upstream = await self.drivers.find(driver_id) if is_driver_id(driver_id) else None
        if upstream is None:
            return self.refuse(404, "This driver has ended.")
        if call.application not in (None, upstream.entry.application_id):
            return self.refuse(404, "This driver has another application.")
        if call.route.template == "events":
            return await self._stream(upstream, call)
        await self._answer(upstream, call, _seconds(*query.get("wait", ["0"])), columns)

    async def _answer(
        self, upstream: Upstream, call: Call, wait_s: float, columns: list[str]
    ) -> None:
        try:
            answer = await upstream.ask(call, wait_s)
        except Gone:
            await self.drivers.forget(upstream.entry.id)
            return self.refuse(410, "This driver has ended.")
        except Silent:
            return await self._answer_for(upstream, call)
        body = answer.body
        if columns and isinstance(body, list):
            body = [{name: row[name] for name in columns if name in row} for row in body]
        self.set_status(answer.status)
        self.finish(json.dumps(body))

    async def _stream(self, upstream: Upstream, call: Call) -> None:
        """Pass events on until the browser leaves, or the driver ends."""
        events = upstream.events(call)
        try:
            async for event in events:
                self.set_header("Content-Type", "text/event-stream; charset=utf-8")
                self.set_header("Cache-Control", "no-cache")
                self.set_header("X-Accel-Buffering", "no")  # nginx, in front of many hubs
                self.write(event)
                await self.flush()
        except StreamClosedError:
            return
        except Gone:
            await self.drivers.forget(upstream.entry.id)
            return self.refuse(410, "This driver has ended.")
        except Silent:
            return await self._answer_for(upstream, call)
        finally:
            await events.aclose()
        self.finish()

    async def _answer_for(self, upstream: Upstream, call: Call) -> None:
        """Say what can be said, and end what can be ended, without the driver."""
        reason = "The driver does not answer."
        if call.is_kill:
            try:
                done = await asyncio.to_thread(kill_instead, upstream.entry, call)
            except CannotKill as problem:
                reason = f"{reason} {problem}"
            else:
                self.set_status(202)
                self.finish(json.dumps(done))
                return
        known = upstream.last_known
        more = {"snapshot": known.snapshot} if call.wants_all else {}
        self.refuse(504, reason, ageS=round(known.age_s, 1), **more)

    def _json_body(self) -> object:
        if len(self.request.body) > _MAX_BODY_BYTES:
            raise HTTPError(413, "The body is too large.")
        try:
            return json.loads(self.request.body or b"{}")
        except ValueError:
            raise HTTPError(400, "The body must be a JSON object.") from None


def _seconds(text: str, *_: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return min(max(value, 0.0), MAX_WAIT_S) if math.isfinite(value) else 0.0


def _left(request: HTTPServerRequest) -> bool:
    """Whether the browser has gone away meanwhile."""
    stream = getattr(request.connection, "stream", None)
    return stream is None or bool(stream.closed())
