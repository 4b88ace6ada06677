"""A listener, as what serves its connections sees it.

Thread  the server's loop.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from pyspark_shell.common.record import field, record
from pyspark_shell.rest.events import ChangeFeed
from pyspark_shell.rest.known_requests import KnownRequests
from pyspark_shell.rest.recent_answers import RecentAnswers
from pyspark_shell.rest.server_site import Site
from pyspark_shell.rest.workers import Workers

# A reader that takes nothing for this long is gone.
WRITE_TIMEOUT_S: Final = 20.0
# Nobody waits longer for the newest news; what is known by then is told.
CATCH_UP_S: Final = 1.0


@record(frozen=False)
class Door:
    """One listener, as its handlers see it.

    Attributes
    ----------
    is_private
        Whether only this user can connect: a unix socket, where names of hosts mean nothing.
    known
        How requests are answered that were let in before, by their bytes.
    idle
        Set while no request is being answered.
    """

    site: Site
    feed: ChangeFeed
    readers: Workers
    orders: Workers
    is_private: bool
    recent: RecentAnswers
    known: KnownRequests = field(default_factory=KnownRequests)
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    _unanswered: int = 0

    def __post_init__(self) -> None:
        self.idle.set()

    async def caught_up(self) -> None:
        """Wait until the rows know all that happened before, without keeping the loop; rows that
        are far behind are shown as they are.
        """
        loop = asyncio.get_running_loop()
        reached = loop.create_future()

        def tell() -> None:
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(reached.cancel)

        if not self.site.engine.when_caught_up(tell):
            await asyncio.wait([reached], timeout=CATCH_UP_S)

    def begin(self) -> None:
        """A request has come."""
        self._unanswered += 1
        self.idle.clear()

    def end(self) -> None:
        """It was answered, or the reader went away."""
        self._unanswered -= 1
        if not self._unanswered:
            self.idle.set()
