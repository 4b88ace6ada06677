"""Who killed what, why, and what became of it: one card for each kill.

Owns    the newest cards, and which task's end each of them waits for.
Thread  `order` from any, before the scheduler is told, and then what the target was faster by; the
        rest belongs to the status listener.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import count
from typing import ClassVar, Final

from pyspark_shell.common.kill_text import is_forced, reason_in
from pyspark_shell.common.native_stacks import with_source
from pyspark_shell.common.record import field, record, replace
from pyspark_shell.listener.events import SparkListenerSchedulerState

# What a view shows at once, and as many again for those who ask later.
_REMEMBERED: Final = 40
# Kills of these have an end of their own, besides those of what runs there.
_PROCESSES: Final = ("executor", "application")


@record(frozen=False, eq=False)
class KilledTask:
    """One task that a kill ended, or is about to.

    Attributes
    ----------
    ended_after_ms
        From the order to the task's end; None while it runs.
    forced
        Whether its process had to be ended.
    last_stack
        Where it was when the kill met it, or when it was last looked at: lines as a traceback has
        them, the outermost frame first.
    """

    task_id: int
    executor_id: str
    pid: int
    ended_after_ms: int | None = None
    forced: bool = False
    last_stack: tuple[str, ...] = ()


@record
class LeftThread:
    """A thread of the user's that a kill of the application left alone."""

    name: str
    is_daemon: bool


@record(frozen=False, eq=False)
class KillCard:
    """One kill, from its order until all that it hit has ended.

    Attributes
    ----------
    scope
        `job`, `stage`, `task`, `group`, `tag`, `executor` or `application`.
    target
        Which one: an id or a name.
    job_ids
        Jobs that it was to end.
    waits_for
        Those of them whose end is not known yet.
    took_ms
        From the order to the last end; None until then.
    threads
        The user's threads that went on when all else had ended.
    """

    kind: ClassVar[str] = "kill"
    card_id: int
    scope: str
    target: str
    who: str
    reason: str
    at_ms: int
    job_ids: list[int]
    waits_for: set[int] = field(default_factory=set)
    tasks: dict[int, KilledTask] = field(default_factory=dict)
    took_ms: int | None = None
    threads: tuple[LeftThread, ...] = ()

    @property
    def key(self) -> str:
        """What identifies the row among its kind."""
        return str(self.card_id)

    def end_if_done(self, now_ms: int) -> None:
        """Note the end once nothing is left to wait for."""
        if self.took_ms is not None or self.waits_for:
            return
        ends = [task.ended_after_ms for task in list(self.tasks.values())]
        known = [end for end in ends if end is not None]
        if len(known) < len(ends):
            return
        # Work is over with its last task, processes are when they are gone.
        is_process = self.scope in ("executor", "application")
        self.took_ms = max(known) if known and not is_process else max(0, now_ms - self.at_ms)


class KillLog:
    """The newest cards of one application.

    Attributes
    ----------
    dying
        Cards that wait for a task's end, oldest first, by task id.
    """

    def __init__(self) -> None:
        self._ids = count()
        self.cards: deque[KillCard] = deque(maxlen=_REMEMBERED)
        self.dying: dict[int, tuple[KillCard, ...]] = {}

    # From any thread ------------------------------------------------------------

    def order(
        self,
        scope: str,
        target: str,
        who: str,
        reason: str,
        at_ms: int,
        job_ids: Iterable[int] = (),
        tasks: Iterable[KilledTask] = (),
    ) -> KillCard:
        """Write a kill down; to be called before it is carried out."""
        jobs = list(job_ids)
        card = KillCard(next(self._ids), scope, target, who, reason, at_ms, jobs, set(jobs))
        self._wait_for(card, tasks)
        if scope not in _PROCESSES:
            card.end_if_done(at_ms)  # nothing of it runs
        self.cards.append(card)
        return card

    def threads_left(self, threads: Sequence[LeftThread]) -> list[KillCard]:
        """The cards of the application's kill; these threads go on."""
        cards = [card for card in list(self.cards) if card.scope == "application"]
        for card in cards:
            card.threads = tuple(threads)
        return cards

    def newest(self, number: int = _REMEMBERED) -> list[KillCard]:
        """So many cards, newest first."""
        return list(self.cards)[: -number - 1 : -1]

    # For the listener, and for an order that finds that its target was faster --------

    def _wait_for(self, card: KillCard, tasks: Iterable[KilledTask]) -> None:
        for task in tasks:
            if task.task_id not in card.tasks:
                card.tasks[task.task_id] = task
                self.dying[task.task_id] = (*self.dying.get(task.task_id, ()), card)

    def job_ended(
        self, job_id: int, error: str, now_ms: int, running: Sequence[KilledTask]
    ) -> list[KillCard]:
        """The cards of a job that was cancelled while these tasks of it ran, oldest first; without
        an order it was the user's code.
        """
        cards = self._cards_of(job_id)
        cards = cards or [self.order("job", str(job_id), "", reason_in(error), now_ms, [job_id])]
        for card in cards:
            self._wait_for(card, [replace(task) for task in running])
            card.waits_for.discard(job_id)
            card.end_if_done(now_ms)
        return cards

    def job_was_faster(self, job_id: int, now_ms: int) -> list[KillCard]:
        """The cards of a job that ended by itself before its kill."""
        cards = self._cards_of(job_id)
        for card in cards:
            card.waits_for.discard(job_id)
            card.end_if_done(now_ms)
        return cards

    def _cards_of(self, job_id: int) -> list[KillCard]:
        return [card for card in list(self.cards) if job_id in card.waits_for]

    def task_ended(
        self, task_id: int, ended_ms: int, reason: str, stack: str = ""
    ) -> tuple[KillCard, ...]:
        """The cards of a task that has ended; the kill met it there."""
        cards = self.dying.pop(task_id, ())
        for card in cards:
            task = card.tasks[task_id]
            task.ended_after_ms = max(0, ended_ms - card.at_ms)
            task.forced = is_forced(reason)
            if stack:
                frames = map(with_source, stack.splitlines())
                task.last_stack = tuple(line for each in frames for line in each.splitlines())
            card.end_if_done(ended_ms)
        return cards

    def task_was_faster(self, task_id: int, now_ms: int) -> tuple[KillCard, ...]:
        """The cards of a task that had ended when its kill was written down."""
        cards = self.dying.pop(task_id, ())
        for card in cards:
            task = card.tasks[task_id]
            if task.ended_after_ms is None:
                task.ended_after_ms = max(0, now_ms - card.at_ms)
            card.end_if_done(now_ms)
        return cards

    def executor_ended(self, executor_id: str, now_ms: int) -> list[KillCard]:
        """The cards of an executor that is gone."""
        cards = [c for c in list(self.cards) if c.scope == "executor" and c.target == executor_id]
        for card in cards:
            card.end_if_done(now_ms)
        return cards

    def task_is_stuck(self, task_id: int, stack: str) -> tuple[KillCard, ...]:
        """The cards of a killed task that still runs; this is where."""
        cards = self.dying.get(task_id, ())
        for card in cards:
            card.tasks[task_id].last_stack = tuple(stack.splitlines())
        return cards

    def correct(self, event: SparkListenerSchedulerState) -> list[KillCard]:
        """The cards that waited for what the scheduler does not know to run."""
        waiting = [card for card in list(self.cards) if card.took_ms is None]
        for task_id in self.dying.keys() - event.task_ids:
            for card in self.dying.pop(task_id):
                card.tasks[task_id].ended_after_ms = max(0, event.time_ms - card.at_ms)
        for card in waiting:
            card.waits_for &= event.job_ids
            card.end_if_done(event.time_ms)
        return [card for card in waiting if card.took_ms is not None]
