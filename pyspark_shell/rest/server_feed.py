"""Changes over HTTP: server-sent events, long polls, and the snapshot that both begin with.

Thread  the server's loop.
Source  the HTML standard for `text/event-stream`: `id`, `event`, `data`, comment lines.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from tornado.iostream import StreamClosedError

from pyspark_shell.rest import json_text
from pyspark_shell.rest.events import Numbered
from pyspark_shell.rest.port import Refusal
from pyspark_shell.rest.server_door import WRITE_TIMEOUT_S
from pyspark_shell.rest.server_handlers import BaseHandler

# A reader learns within this time that the connection is dead.
HEARTBEAT_S: Final = 10.0
DEFAULT_WAIT_S: Final = 20.0
MAX_WAIT_S: Final = 60.0
_NOTHING_YET: Final = -1


class SnapshotHandler(BaseHandler):
    """All there is."""

    async def get(self, app: str) -> None:
        self.site.check_application(app)
        await self.door.caught_up()
        self.answer(self.door.feed.snapshot())


class ChangesHandler(BaseHandler):
    """Answers when something has changed after `since`, or when `wait` seconds are over."""

    async def get(self, app: str) -> None:
        self.site.check_application(app)
        feed = self.door.feed
        since, life = self.number("since", _NOTHING_YET), self.field("life")
        wait_s = min(max(self.number("wait", int(DEFAULT_WAIT_S)), 0), MAX_WAIT_S)
        feed.poll_began()
        with feed.watching():
            if feed.missed(since, life) == []:
                await feed.wait(since, wait_s)
            changes = feed.missed(since, life)
            feed.poll_answered()
            if changes is None:
                await self.door.caught_up()
                self.answer(feed.snapshot())
                return
            rows = [each.to_json() for each in changes]
            self.answer({"seq": feed.seq, "life": feed.life, "changes": rows})

    def number(self, name: str, default: int) -> int:
        """A parameter's number; what is none is refused."""
        text = self.field(name)
        if text is None:
            return default
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 15):
            raise Refusal(400, f"{name} must be a number, got {text[:40]!r}.")
        return int(text)


class EventsHandler(ChangesHandler):
    """A stream of events: first a snapshot, unless the reader says what it has seen."""

    _is_open = True

    async def get(self, app: str) -> None:
        self.site.check_application(app)
        feed = self.door.feed
        life, seq = self._last_seen()
        self.set_header("Content-Type", "text/event-stream; charset=utf-8")
        with feed.watching():
            while self._is_open:
                changes = feed.missed(seq, life) if life is not None else None
                if changes is None:
                    await self.door.caught_up()
                    snapshot = feed.snapshot()
                    life, seq = feed.life, snapshot["seq"]
                    await self._send(_event("snapshot", f"{life}-{seq}", snapshot))
                elif changes:
                    seq = feed.seq
                    await self._send(b"".join(_change(feed.life, each) for each in changes))
                elif feed.is_closed:
                    break
                elif not await feed.wait(seq, HEARTBEAT_S):
                    await self._send(b": \n\n")

    def on_connection_close(self) -> None:
        self._is_open = False
        super().on_connection_close()

    def _last_seen(self) -> tuple[str | None, int]:
        """Life and number of the last event that the reader got, from the header of a browser that
        comes back, else from the query.
        """
        life, dash, seq = self.request.headers.get("Last-Event-ID", "").rpartition("-")
        if dash and seq.isascii() and seq.isdigit() and len(seq) <= 15:
            return life, int(seq)
        return self.field("life"), self.number("since", _NOTHING_YET)

    async def _send(self, data: bytes) -> None:
        """Write, and wait until the reader has it: who is slow gets fewer events, and who takes
        nothing is dropped.
        """
        self.write(data)
        try:
            await asyncio.wait_for(self.flush(), WRITE_TIMEOUT_S)
        except (StreamClosedError, TimeoutError, asyncio.TimeoutError):
            self._is_open = False
            self.hang_up()


def _change(life: str, each: Numbered) -> bytes:
    return _event("change", f"{life}-{each.seq}", each.to_json())


def _event(kind: str, number: str, data: Any) -> bytes:
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (
        number.encode(),
        kind.encode(),
        json_text.compact(data),
    )
