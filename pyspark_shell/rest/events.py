"""Numbered changes of one application, for those who watch: server-sent events and long polls.

Owns    the numbers, and a ring of the newest changes. The engine is asked for changes only while
        somebody watches; who has missed some, or comes from another life, gets a snapshot. A row is
        told as it is, so of several changes of one row only the last counts.
Thread  the server's loop.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pyspark_shell.common.record import record
from pyspark_shell.rest.port import Change, Engine, Json

log: Final = logging.getLogger("pyspark_shell.SparkUI")

# As often as a person sees: Spark's `spark.ui.liveUpdate.period`.
PERIOD_S: Final = 0.1
# Who polls comes again within this time, or has left.
AWAY_S: Final = 1.0
# More than a reader misses while its page reconnects; a snapshot is cheaper beyond it.
CAPACITY: Final = 2000


@record
class Numbered:
    """A change with its number; the next one has the next number."""

    seq: int
    change: Change

    def to_json(self) -> Json:
        """As it is sent."""
        change = self.change
        return {"seq": self.seq, "kind": change.kind, "key": change.key, "row": change.row}


class ChangeFeed:
    """What has happened, in order.

    Parameters
    ----------
    engine
        Asked by this feed alone for its changes.
    period_s
        How often it is asked.
    capacity
        How many changes are kept.
    """

    def __init__(
        self, engine: Engine, period_s: float = PERIOD_S, capacity: int = CAPACITY
    ) -> None:
        self._engine = engine
        self._period_s = period_s
        self._ring: deque[Numbered] = deque(maxlen=capacity)
        self._watchers = 0
        self._pump: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._between_polls: deque[float] = deque()
        self.life = secrets.token_hex(4)
        self.seq = 0
        self.is_closed = False

    def __repr__(self) -> str:
        return f"<ChangeFeed {self.life}-{self.seq}: {self._watchers} watch>"

    # Reading ------------------------------------------------------------------------------------

    def missed(self, seq: int, life: str | None = None) -> list[Numbered] | None:
        """The changes after `seq`, the last of each row; None if they are not all known."""
        if (life is not None and life != self.life) or not 0 <= seq <= self.seq:
            return None
        if seq < self.seq - len(self._ring):
            return None
        newest: dict[tuple[str, str], Numbered] = {}
        for each in reversed(self._ring):
            if each.seq <= seq:
                break
            newest.setdefault((each.change.kind, each.change.key), each)
        return sorted(newest.values(), key=lambda each: each.seq)

    def snapshot(self) -> Json:
        """All there is, and the number from which changes go on."""
        seq = self.seq  # before the rows: a change in between is told twice, never lost
        return {"seq": seq, "life": self.life, "snapshot": self._engine.snapshot()}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Have changes collected during the block; what came before it is collected at once."""
        self._watchers += 1
        try:
            if not self.is_closed:
                self.collect()
                if self._pump is None:
                    self._pump = asyncio.ensure_future(self._collect_for_ever())
            yield
        finally:
            self._watchers -= 1
            if not self._watchers and self._pump is not None:
                self._pump.cancel()
                self._pump = None

    async def wait(self, seq: int, timeout_s: float) -> bool:
        """Wait until there is something after `seq`, or the end; False if the time is up."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while self.seq <= seq and not self.is_closed:
            left_s = deadline - asyncio.get_running_loop().time()
            if left_s <= 0:
                return False
            try:
                await asyncio.wait_for(self._news.wait(), left_s)
            except (TimeoutError, asyncio.TimeoutError):  # two classes before Python 3.11
                return False
        return True

    # Long polls ---------------------------------------------------------------------------------

    def poll_began(self) -> None:
        """Somebody asks for changes."""
        if self._between_polls:
            self._between_polls.popleft()

    def poll_answered(self) -> None:
        """Somebody was answered, and asks again soon unless it was the end."""
        if not self.is_closed:
            self._between_polls.append(asyncio.get_running_loop().time())

    async def wait_for_polls(self, timeout_s: float) -> None:
        """Wait for those who are between two polls; who has stayed away for long does not count."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while loop.time() < deadline:
            while self._between_polls and self._between_polls[0] < loop.time() - AWAY_S:
                self._between_polls.popleft()
            if not self._between_polls:
                return
            await asyncio.sleep(0.01)

    # Writing ------------------------------------------------------------------------------------

    def collect(self) -> None:
        """Number what has changed since the last time."""
        try:
            changes = self._engine.drain_changes()
        except Exception:
            log.exception("the changes of the application could not be read")
            return
        self._append(changes)

    def close(self) -> None:
        """Tell those who watch the last changes, and that the application has stopped."""
        self.collect()
        try:
            row = {**self._engine.snapshot()["application"], "state": "stopped"}
            self._append([Change("application", self._engine.application_id, row)])
        except Exception:
            log.exception("the last state of the application could not be read")
        self.is_closed = True
        self._tell()

    def _append(self, changes: list[Change]) -> None:
        for change in changes:
            self.seq += 1
            self._ring.append(Numbered(self.seq, change))
        if changes:
            self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _collect_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._period_s)
            self.collect()
