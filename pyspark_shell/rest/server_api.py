"""The route table over HTTP, and Spark's classic addresses for kills.

Thread  the server's loop; what waits, a worker.
Source  Spark's JobsTab and StagesTab, and its filters, for the classic addresses.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import Any, Final

from tornado.iostream import StreamClosedError

from pyspark_shell.rest import json_text
from pyspark_shell.rest.handlers_tables import Download
from pyspark_shell.rest.port import Json, Refusal
from pyspark_shell.rest.request import Request, parse_body, parse_fields
from pyspark_shell.rest.routes import ROUTES, Match, RouteTable
from pyspark_shell.rest.security import same
from pyspark_shell.rest.server_door import WRITE_TIMEOUT_S
from pyspark_shell.rest.server_handlers import BaseHandler

_ROUTES: Final = RouteTable(ROUTES)
_PIECE_BYTES: Final = 256 << 10
_CSRF: Final = "Missing or invalid CSRF token on a state-changing endpoint."
_PREFETCH: Final = "Prefetch request rejected on a state-changing endpoint."


class RoutedHandler(BaseHandler):
    """Has a route's handler answer."""

    def check(self, match: Match) -> None:
        """Raise unless the application is there, and this user may ask this of it."""
        self.site.check_application(match.names.get("app"))
        self.site.check_rights(self.user, match.route.modifies, match.route.kills)

    async def carry_out(self, match: Match, body: Json) -> Any:
        """Call it, here or in a worker."""
        route = match.route
        self.check(match)
        work = partial(self._work, match, body)
        if not route.waits:
            if "app" in match.names:
                await self.door.caught_up()
            return work()
        if route.method == "GET":
            return await self.door.readers.run(work)
        try:
            return await self.door.orders.run(work)
        finally:
            self.door.recent.clear()

    def _work(self, match: Match, body: Json) -> Any:
        request = Request(
            engine=self.site.engine,
            names=match.names,
            query=self.fields,
            body=body,
            who="the web page" if self.is_by_cookie else "HTTP",
            now_ms=int(time.time() * 1000),
            thread_dumps=self.site.settings.thread_dumps,
        )
        return match.route.answer(request)


class ApiHandler(RoutedHandler):
    """Everything of the route table."""

    _found: dict[str, Match] | None = None

    def allowed_methods(self) -> tuple[str, ...]:
        return (*sorted(self._matches()), "OPTIONS")

    async def get(self) -> None:
        match = self._matches()["GET"]
        if match.route.waits or "app" not in match.names:
            value = await self.carry_out(match, {})
            if isinstance(value, Download):
                await self._send(value)
            else:
                self.answer(value, match.route.status)
            return
        self.check(match)
        text = json_text.compact if self.is_for_program else json_text.pretty
        address = f"{text.__name__} {self.request.uri}"
        recent, engine = self.door.recent, self.site.engine

        def make(milestone: int) -> bytes:
            made = text(self._work(match, {}))
            recent.put(address, milestone, made)
            return made

        def at_once() -> bytes | None:
            milestone = engine.milestones
            known = recent.get(address, milestone)
            if known is None and recent.is_polled(address, milestone):
                return make(milestone)
            return known

        answer = at_once()
        if answer is None:
            milestone = engine.milestones
            await self.door.caught_up()
            answer = make(milestone)
        self.stream.keep_answer(at_once)
        self.finish(answer)

    async def _send(self, download: Download) -> None:
        """Send a file piece by piece, as fast as the reader takes them."""
        with download.file as file:
            self.set_header("Content-Type", "application/octet-stream")
            self.set_header("Content-Disposition", f"attachment; filename={download.name}")
            try:
                while piece := file.read(_PIECE_BYTES):
                    self.write(piece)
                    await asyncio.wait_for(self.flush(), WRITE_TIMEOUT_S)
            except (StreamClosedError, TimeoutError, asyncio.TimeoutError):
                self.hang_up()

    async def post(self) -> None:
        self.check_order()
        match = self._matches()["POST"]
        body = parse_body(self.request.body)
        self.answer(await self.carry_out(match, body), match.route.status)

    def options(self) -> None:
        self.set_header("Allow", ",".join(self.allowed_methods()))
        self.set_status(204)

    def _matches(self) -> dict[str, Match]:
        if self._found is None:
            self._found = _ROUTES.find(self.request.path)
        if not self._found:
            raise Refusal(404, f"unknown path: {self.request.path[:200]}")
        return self._found


class ClassicKillHandler(RoutedHandler):
    """Spark's `/jobs/job/kill/?id=7` and `/stages/stage/kill/?id=2`, with the rules of Spark 4.3:
    POST, CSRF token, nothing that a browser fetches in advance. Refusals are told, but with
    `spark.pyshell.compat=spark` where Spark just leads back.
    """

    def allowed_methods(self) -> tuple[str, ...]:
        return ("GET", "POST") if self.site.settings.actions_via_get else ("POST",)

    async def get(self, kind: str) -> None:
        await self._kill(kind)

    async def post(self, kind: str) -> None:
        for name, values in parse_fields(self.request.body.decode(errors="replace")).items():
            self.fields.setdefault(name, []).extend(values)
        await self._kill(kind)

    async def _kill(self, kind: str) -> None:
        if self._is_prefetch():
            raise Refusal(403, _PREFETCH)
        self._check_form()
        try:
            answer, status = await self._order(kind)
        except Refusal as refusal:
            if not self.site.settings.like_spark:
                raise
            if refusal.status == 400:
                raise Refusal(500, refusal.message) from None
        else:
            if not (self.wants_page() or self.site.settings.like_spark):
                self.answer(answer, status)
                return
        self.redirect(f"/#{kind}", status=302)

    def _check_form(self) -> None:
        """Whoever asks, and however he has proved who he is: the form has the token of the page."""
        given = self.field("csrfToken") or self.request.headers.get("X-CSRF-Token") or ""
        if not same(given, self.site.secrets.csrf):
            raise Refusal(403, _CSRF)

    async def _order(self, kind: str) -> tuple[Any, int]:
        target = self.field("id")
        if target is None:
            # Spark's form without an id does nothing, and leads back.
            raise Refusal(
                404 if self.site.settings.like_spark else 400, "The parameter id is missing."
            )
        app = self.site.engine.application_id
        route = _ROUTES.find(f"/api/v1/applications/{app}/{kind}/id/kill")["POST"].route
        match = Match(route, {"app": app, kind.removesuffix("s"): target})
        return await self.carry_out(match, {}), route.status

    def _is_prefetch(self) -> bool:
        headers = self.request.headers
        purposes = (headers.get(name, "") for name in ("Purpose", "Sec-Purpose", "X-Moz"))
        return any("prefetch" in purpose.lower() for purpose in purposes)
