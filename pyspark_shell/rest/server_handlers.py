"""What all handlers share: who asks, what goes into headers, how a refusal is told.

Every answer but the page and its files is JSON; every refusal is `{"error": ...}` with the status
that says what kind it is, and never a stack.
Thread  the server's loop.
Source  Spark's HttpSecurityFilter for headers.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable
from typing import Any, Final

from tornado.web import HTTPError, RequestHandler

from pyspark_shell.common.errors import SparkContextStopped
from pyspark_shell.rest import json_text, pages
from pyspark_shell.rest.port import Refusal
from pyspark_shell.rest.request import parse_fields
from pyspark_shell.rest.security import bearer_token, is_local_host, is_same_origin, same
from pyspark_shell.rest.server_door import WRITE_TIMEOUT_S, Door
from pyspark_shell.rest.server_site import Site
from pyspark_shell.rest.server_stream import PolledStream

log: Final = logging.getLogger("pyspark_shell.SparkUI")


class BaseHandler(RequestHandler):  # type: ignore[misc]
    """Lets a request in, or says why not."""

    door: Door
    user: str | None = None
    is_by_cookie = False
    _is_counted = False

    # What a path can be asked; the rest is refused with 405.
    allowed: tuple[str, ...] = ("GET",)

    def initialize(self, door: Door) -> None:
        self.door = door
        self.nonce = secrets.token_urlsafe(16)

    @property
    def site(self) -> Site:
        """What is served."""
        return self.door.site

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-cache, no-store, must-revalidate")
        self.set_header("X-Frame-Options", "SAMEORIGIN")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("X-XSS-Protection", "0")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")
        self.set_header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'self'")

    def compute_etag(self) -> None:
        """None: answers are never stored."""
        return None

    # Who asks -----------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Check where the request comes from and who sends it, before anything else."""
        self._is_counted = True
        self.door.begin()
        host = self.request.headers.get("Host", "")
        if not self.door.is_private and not is_local_host(host):
            raise Refusal(403, f"The Host header names another machine: {host[:100]!r}.")
        self.fields = parse_fields(self.request.query)
        self._authenticate()
        method = str(self.request.method)
        if method not in self.allowed_methods():
            raise HTTPError(405)
        origin = self.request.headers.get("Origin")
        is_order = method != "GET" and not self.door.is_private
        if is_order and origin is not None and not is_same_origin(origin, host):
            raise Refusal(403, f"The order comes from a page of {origin[:100]!r}.")
        access = self.site.settings.access
        self.user = access.acting(access.owner, self.field("doAs"))
        self.site.check_rights(self.user, modifies=False, kills=False)

    def allowed_methods(self) -> tuple[str, ...]:
        """What this path can be asked; raises for one that leads nowhere."""
        return self.allowed

    def _authenticate(self) -> None:
        secret = self.site.secrets
        header = self.request.headers.get("Authorization")
        token = self.field("token") if header is None else bearer_token(header)
        if token is not None:
            if not same(token, secret.token):
                raise Refusal(401, "The token is not the one of this application.")
            return
        if not same(self.get_cookie(self.site.cookie) or "", secret.session):
            raise Refusal(401, "A token is needed: Authorization: token ..., or ?token=....")
        self.is_by_cookie = True

    def check_order(self) -> None:
        """Raise unless our own page, or a program, gives the order: cookies come along with
        whatever page makes a browser send.
        """
        if not self.is_by_cookie:
            return
        given = self.request.headers.get("X-CSRF-Token") or ""
        if not same(given, self.site.secrets.csrf):
            raise Refusal(403, "The CSRF token is missing or wrong; reload the page.")

    def field(self, name: str) -> str | None:
        """The first value of a parameter of the query."""
        values = self.fields.get(name)
        return values[0] if values else None

    # The answer ---------------------------------------------------------------------------------

    def answer(self, value: Any, status: int = 200) -> None:
        """Send JSON, compact to programs: they ask for it by name, or come through the socket."""
        text = json_text.compact if self.is_for_program else json_text.pretty
        self.set_status(status)
        self.finish(text(value))

    @property
    def is_for_program(self) -> bool:
        """Whether the answer is read by a program, which wants it short."""
        accepted = self.request.headers.get("Accept", "")
        return self.door.is_private or "application/json" in accepted

    def finish(self, chunk: Any = None) -> Awaitable[None]:
        """Send what was written; a reader that does not take it loses its connection."""
        written = super().finish(chunk)
        if not written.done():
            timer = asyncio.get_running_loop().call_later(WRITE_TIMEOUT_S, self.hang_up)
            written.add_done_callback(lambda _: timer.cancel())
        return written  # type: ignore[no-any-return]

    @property
    def stream(self) -> PolledStream:
        """What the request came through."""
        stream: PolledStream = self.request.connection.stream
        return stream

    def hang_up(self) -> None:
        """Close the connection."""
        self.stream.close()

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Say what is wrong."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, SparkContextStopped):
            error = Refusal(503, "The application has stopped.")
        elif status_code == 405:
            error = self._wrong_method()
        if isinstance(error, Refusal):
            if error.status == 401:
                self.set_header("WWW-Authenticate", "token")
                if self.wants_page():
                    self._ask_for_token(error)
                    return
            self.answer({"error": error.message, **error.body}, error.status)
            return
        self.answer({"error": _SENTENCES.get(status_code, self._reason)}, status_code)

    def _wrong_method(self) -> Refusal:
        """What a method is told that this path cannot be asked, be it one that nobody knows."""
        try:
            methods = self.allowed_methods()
        except Refusal as unknown_path:
            return unknown_path
        self.set_header("Allow", ",".join(methods))
        method = str(self.request.method)[:20]
        return Refusal(405, f"This path can be asked {' or '.join(methods)}, not {method}.")

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        if not isinstance(value, (HTTPError, Refusal, SparkContextStopped)):
            what = f"{self.request.method} {self.request.path}"
            log.error("%s failed", what, exc_info=(typ, value, tb))

    def on_finish(self) -> None:
        self.stream.answered()
        self._end()

    def on_connection_close(self) -> None:
        self._end()

    def _end(self) -> None:
        if self._is_counted:
            self._is_counted = False
            self.door.end()

    # Pages --------------------------------------------------------------------------------------

    def send_page(self, page: bytes, status: int = 200) -> None:
        """Send HTML that may run our scripts and no others."""
        self.set_status(status)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Content-Security-Policy", pages.policy(self.nonce))
        self.finish(page)

    def wants_page(self) -> bool:
        """Whether a browser asks for something that a person will see."""
        return "text/html" in self.request.headers.get("Accept", "")

    def _ask_for_token(self, error: Refusal) -> None:
        # A browser that comes from another site leaves a strict cookie at home; when our own page
        # reloads itself, it brings it.
        again = self.request.headers.get("Sec-Fetch-Site") == "cross-site"
        self.send_page(pages.login(self.nonce, error.message, again), 401)


_SENTENCES: Final = {
    400: "The request cannot be understood.",
    404: "There is nothing here.",
    500: "The request failed; the driver's log has the reason.",
}
