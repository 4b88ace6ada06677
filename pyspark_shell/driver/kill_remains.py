"""What a killed application has left in an interactive process, and who asks about it.

Owns    the question of the shell that this process is, if it is one.
Thread  `stop-spark-context`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyspark_shell.common.record import record
from pyspark_shell.common.ui_config import KILL_CHILDREN, KILL_THREADS


@record
class KillRemains:
    """What runs on.

    Attributes
    ----------
    threads
        Names of the user's threads, each with its share of a core in percent if that is known.
    children
        Processes that user code has started.
    main_goes_on
        Whether the killed cell itself did not stop.
    end_process
        Ends the children and this process, at once; does not return.
    """

    threads: Sequence[tuple[str, float | None]]
    children: Sequence[int]
    main_goes_on: bool
    end_process: Callable[[], None]

    def __bool__(self) -> bool:
        return bool(self.threads or self.children or self.main_goes_on)

    def burn_cpu(self, above_percent: float) -> bool:
        """Whether somebody has to end them for the processor to be free, as far as is known."""
        busy = any((percent or 0.0) > above_percent for _, percent in self.threads)
        return busy or bool(self.children) or self.main_goes_on

    def names(self) -> str:
        """All of it in words.

        Examples
        --------
        >>> KillRemains([("loader", 97.6), ("pool", 0.0)], [4711], True, exit).names()
        'this cell, thread loader (98 % CPU), thread pool, process 4711'
        """
        told = ["this cell"] * self.main_goes_on
        for name, percent in self.threads:
            told.append(f"thread {name}" + (f" ({percent:.0f} % CPU)" if percent else ""))
        return ", ".join(told + [f"process {pid}" for pid in self.children])

    def what_to_do(self, kind: str) -> str:
        """The line for whoever sits at a shell or notebook that cannot ask.

        Examples
        --------
        >>> print(KillRemains([("loader", None)], [4711], False, exit).what_to_do("terminal"))
        Not ended by the kill: thread loader, process 4711. Leave the shell to end them, ...
        """
        end = "Restart the kernel" if kind == "kernel" else "Leave the shell"
        keys = [KILL_THREADS.key + "=interrupt"] * bool(self.threads)
        keys += [KILL_CHILDREN.key + "=kill"] * bool(self.children)
        next_time = f"; with {' and '.join(keys)} the next kill ends them too" if keys else ""
        return (
            f"Not ended by the kill: {self.names()}. {end} to end them, or let them run{next_time}."
        )


_question: Callable[[KillRemains], None] | None = None


def let_ask(question: Callable[[KillRemains], None]) -> None:
    """Have the user of this process asked; for a shell with a terminal."""
    global _question
    _question = question


def question() -> Callable[[KillRemains], None] | None:
    """What asks the user; None if nothing can."""
    return _question
