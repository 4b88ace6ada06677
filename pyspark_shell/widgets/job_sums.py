"""What the jobs of one cell came to: sums, since the engine forgets jobs after some hundreds.

Thread  the caller sees to it that only one adds at a time.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark_shell.widgets.progress_text import Json, counted, duration_text


class JobSums:
    """Sums over the jobs of a cell that have ended.

    Examples
    --------
    >>> sums = JobSums()
    >>> sums.add({"jobId": 0, "status": "SUCCEEDED", "numCompletedTasks": 20,
    ...           "submittedAt": 1000, "completedAt": 3000})
    >>> sums.add({"jobId": 1, "status": "FAILED", "killState": "KILLED", "numCompletedTasks": 10,
    ...           "submittedAt": 2000, "completedAt": 5200})
    >>> sums.text([])
    '2 jobs · 30 tasks · 4.2 s · 1 killed'
    """

    def __init__(self) -> None:
        self.jobs = 0
        self.ended: set[int] = set()  # ids, of the application that runs
        self._tasks = 0
        self._killed = 0
        self._failed = 0
        self._began_ms = 0
        self._ended_ms = 0

    def add(self, row: Json) -> None:
        """Count a job that has ended."""
        if row["jobId"] in self.ended:
            return
        self.ended.add(row["jobId"])
        self.jobs += 1
        self._tasks += row.get("numCompletedTasks", 0)
        is_killed = "killState" in row
        self._killed += is_killed
        self._failed += row["status"] == "FAILED" and not is_killed
        began_ms = row.get("submittedAt") or 0
        self._began_ms = min(self._began_ms or began_ms, began_ms)
        self._ended_ms = max(self._ended_ms, row.get("completedAt") or began_ms)

    def new_application(self) -> None:
        """Job ids begin at 0 again."""
        self.ended.clear()

    def text(self, unfinished: Sequence[Json]) -> str:
        """In words.

        Parameters
        ----------
        unfinished
            Jobs that run, and killed ones with tasks that do not stop.
        """
        running = [row for row in unfinished if row["jobId"] not in self.ended]
        killing = len(unfinished) - len(running)
        tasks = self._tasks + sum(row.get("numCompletedTasks", 0) for row in running)
        parts = [counted(self.jobs + len(running), "job"), counted(tasks, "task")]
        parts += [duration_text(self._ended_ms - self._began_ms)] if self.jobs else []
        killed = self._killed - killing
        parts += [f"{len(running)} running"] if running else []
        parts += [f"{killing} killing"] if killing else []
        parts += [f"{killed} killed"] if killed > 0 else []
        parts += [f"{self._failed} failed"] if self._failed else []
        return " · ".join(parts)
