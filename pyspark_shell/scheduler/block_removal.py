"""Orders to forget blocks that executors have not all confirmed yet.

Thread  `BlockRemovals` lives in `dag-scheduler-event-loop`; any thread may wait for a
        `BlockRemoval`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from itertools import count


class BlockRemoval:
    """One order to all executors, and who has yet to answer it.

    Attributes
    ----------
    prefix
        What the names of the blocks begin with.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._silent: frozenset[str] | None = None  # None until the order is sent
        self._confirmed = threading.Event()

    def wait(self, timeout_s: float) -> bool:
        """Wait until all executors have forgotten the blocks, or are gone; False in time."""
        return self._confirmed.wait(timeout_s)

    @property
    def silent(self) -> list[str]:
        """Ids of the executors that have not answered."""
        return sorted(self._silent or (), key=int)

    # In the scheduler thread ----------------------------------------------------------

    def sent_to(self, executor_ids: Iterable[str]) -> None:
        """The order is on its way."""
        self._expect(frozenset(executor_ids))

    def confirmed_by(self, executor_id: str) -> bool:
        """An executor answered or is gone; says whether it was the last one."""
        self._expect((self._silent or frozenset()) - {executor_id})
        return not self._silent

    def _expect(self, silent: frozenset[str]) -> None:
        self._silent = silent
        if not silent:
            self._confirmed.set()


class BlockRemovals:
    """All removals that somebody has not confirmed."""

    def __init__(self) -> None:
        self._request_ids = count(1)
        self._open: dict[int, BlockRemoval] = {}

    def open(self, removal: BlockRemoval, executor_ids: Iterable[str]) -> int:
        """Begin to wait for answers; gives the number that they will bear."""
        request_id = next(self._request_ids)
        removal.sent_to(executor_ids)
        if removal.silent:
            self._open[request_id] = removal
        return request_id

    def confirmed(self, request_id: int, executor_id: str) -> None:
        """An executor has obeyed."""
        removal = self._open.get(request_id)
        if removal is not None and removal.confirmed_by(executor_id):
            del self._open[request_id]

    def executor_lost(self, executor_id: str) -> None:
        """An executor is gone, and all that it held with it."""
        for request_id in list(self._open):
            self.confirmed(request_id, executor_id)

    def __len__(self) -> int:
        return len(self._open)
