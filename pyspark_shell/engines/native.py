"""The embedded engine behind the port: what views ask of, and say to, an application of this
process.

Thread  any; `drain_changes` has one caller.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from pyspark_shell.driver.driver import Driver
from pyspark_shell.engines.native_listings import NativeListings
from pyspark_shell.engines.native_orders import NativeOrders
from pyspark_shell.engines.native_threads import NativeThreads
from pyspark_shell.rest.port import Change, Json
from pyspark_shell.status.api import JobData, StageData
from pyspark_shell.status.app_status_store import Row
from pyspark_shell.status.rest_jobs import job_row
from pyspark_shell.status.rest_kills import kill_row
from pyspark_shell.status.rest_stages import stage_row
from pyspark_shell.status.rest_storage import rdd_row

# What a view draws first; the rest is asked for when somebody scrolls there.
SNAPSHOT_JOBS: Final = 220
SNAPSHOT_STAGES: Final = 200
SNAPSHOT_KILLS: Final = 20


class NativeEngine(NativeListings, NativeThreads, NativeOrders):
    """One application of this process, seen through the port."""

    def __init__(self, driver: Driver) -> None:
        super().__init__(driver)
        self._told: dict[str, Json] = {}
        self._make_row: dict[str, Callable[[Any], Json]] = {
            "job": job_row,
            "stage": lambda stage: stage_row(stage, self._store),
            "executor": self._executor_row,
            "rdd": lambda rdd: rdd_row(rdd, self._store, self._max_memory_bytes, details=False),
            "kill": kill_row,
        }

    def cleaner(self, holders: bool = False) -> Json:
        """What the context cleaner watches; who holds each is looked for only if `holders`."""
        return self._driver.cleaner_view.describe(holders)

    # Watching -----------------------------------------------------------------------------

    def snapshot(self) -> Json:
        """All that a view draws first, each list bounded, with `omitted` counts."""
        self._store.begin_looking()
        store = self._look()
        jobs = _listed_jobs(store.job_list())
        stages = _listed_stages(store.stage_list(), jobs)
        return {
            "application": self.application(),
            "jobs": [job_row(job) for job in jobs],
            "stages": [stage_row(stage, store) for stage in stages],
            "executors": self.executors(),
            "rdds": [self._make_row["rdd"](rdd) for rdd in store.cached_rdds()],
            "cleaner": self._driver.cleaner_view.header(),
            "kills": [kill_row(card) for card in store.kills.newest(SNAPSHOT_KILLS)],
            "omitted": {
                "jobs": len(store.jobs) - len(jobs),
                "stages": len(store.stages) - len(stages),
            },
        }

    def drain_changes(self) -> list[Change]:
        """Rows that changed since the last call; one caller only."""
        self._reconcile()
        rows, gone = self._store.take_changes()
        changes = [Change(each.kind, each.key, None) for each in gone]
        changes += [self._change(row) for row in rows]
        changes += self._changes_nobody_marks()
        return changes

    def _change(self, row: Row) -> Change:
        return Change(row.kind, row.key, self._make_row[row.kind](row))

    def _changes_nobody_marks(self) -> list[Change]:
        """What no event tells: the application's state, the cleaner's, what processes use."""
        application = self.application()
        rows = {("application", self.application_id): application}
        rows["cleaner", "cleaner"] = self._driver.cleaner_view.header()
        return [
            Change(kind, key, row) for (kind, key), row in rows.items() if self._is_news(kind, row)
        ]

    def _is_news(self, kind: str, row: Json) -> bool:
        shown = {name: value for name, value in row.items() if name != "attempts"}
        if self._told.get(kind) == shown:
            return False
        self._told[kind] = shown
        return True


def _listed_jobs(jobs: list[JobData]) -> list[JobData]:
    """All that run or are being killed, and the newest of the others; newest first."""
    unfinished = {job.job_id for job in jobs if not job.is_finished}
    room = max(0, SNAPSHOT_JOBS - len(unfinished))
    ended = [job.job_id for job in jobs if job.job_id not in unfinished]
    listed = unfinished | set(ended[:room])
    return [job for job in jobs if job.job_id in listed]


def _listed_stages(stages: list[StageData], jobs: list[JobData]) -> list[StageData]:
    """Those of jobs that run, and the newest of the others; newest first."""
    running = {job.job_id for job in jobs if not job.is_finished}
    listed, room = [], SNAPSHOT_STAGES
    for stage in stages:
        if not running.isdisjoint(stage.job_ids):
            listed.append(stage)
        elif room:
            room -= 1
            listed.append(stage)
    return listed
