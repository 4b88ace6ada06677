"""Who kills an application and why, and how far that goes."""

from __future__ import annotations

import time

from pyspark_shell.common.config_entry import Settings
from pyspark_shell.common.record import record
from pyspark_shell.common.ui_config import (
    KILL_CELL_GRACE_PERIOD,
    KILL_CHILDREN,
    KILL_CONTEXT_TIMEOUT,
    KILL_GRACE_PERIOD,
    KILL_INTERRUPT_ATTEMPTS,
    KILL_JOBS_TIMEOUT,
    KILL_TERMINATE,
    KILL_TERMINATE_TIMEOUT,
    KILL_THREADS,
)


@record
class KillRecord:
    """Who ended the application, when, and why.

    Attributes
    ----------
    who
        A person's or program's name for where the kill came from.
    site
        The line of code that asked, empty if it came from outside.
    spares_code
        Whether only the context ends: nothing of the user's code is interrupted or ended.
    """

    reason: str
    who: str
    at_ms: int
    site: str
    spares_code: bool = False

    @property
    def message(self) -> str:
        """Spark's sentence."""
        return f"Application has been killed. Reason: {self.reason}"

    def __str__(self) -> str:
        when = time.strftime("%H:%M:%S", time.localtime(self.at_ms / 1000))
        site = f", {self.site}" if self.site else ""
        return f"{self.message} (by {self.who} at {when}{site})"


@record
class KillPolicy:
    """How far a kill goes; times in seconds."""

    jobs_timeout_s: float
    context_timeout_s: float
    grace_s: float
    cell_grace_s: float
    interrupt_attempts: int
    threads: str
    children: str
    terminate: bool | None
    terminate_timeout_s: float

    @classmethod
    def read(cls, conf: Settings) -> KillPolicy:
        """The policy of a configuration."""
        return cls(
            KILL_JOBS_TIMEOUT.read(conf),
            KILL_CONTEXT_TIMEOUT.read(conf),
            KILL_GRACE_PERIOD.read(conf),
            KILL_CELL_GRACE_PERIOD.read(conf),
            KILL_INTERRUPT_ATTEMPTS.read(conf),
            KILL_THREADS.read(conf),
            KILL_CHILDREN.read(conf),
            KILL_TERMINATE.read(conf),
            KILL_TERMINATE_TIMEOUT.read(conf),
        )
