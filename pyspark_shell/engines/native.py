"""The embedded engine behind the port: what views ask of an application of this process.

Thread  any; `drain_changes` has one caller.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from pyspark_shell.api.debug_string import debug_string
from pyspark_shell.driver.driver import Driver
from pyspark_shell.driver.persisted_rdds import CachedNow
from pyspark_shell.engines.native_listings import NativeListings
from pyspark_shell.engines.native_orders import NativeOrders
from pyspark_shell.engines.native_threads import NativeThreads
from pyspark_shell.lineage.node import LineageNode, ShuffleDependency
from pyspark_shell.rest.port import Change, Json, Refusal
from pyspark_shell.status.api import RDDStorage
from pyspark_shell.status.app_status_store import shown
from pyspark_shell.status.rest_jobs import job_row
from pyspark_shell.status.rest_kills import kill_row
from pyspark_shell.status.rest_stages import stage_row
from pyspark_shell.status.rest_storage import rdd_row

# Kill cards that a view draws first.
SNAPSHOT_KILLS: Final = 20
# How often what no event tells is looked up: what processes use, what the cleaner does.
_LOOK_AGAIN_S: Final = 1.0
# Between two rows of the cleaner, however much it does meanwhile.
_CLEANER_S: Final = 0.25


class NativeEngine(NativeListings, NativeThreads, NativeOrders):
    """One application of this process, seen through the port."""

    def __init__(self, driver: Driver) -> None:
        super().__init__(driver)
        self._clock: Callable[[], float] = time.monotonic
        self._looked_again_at_s = self._told_cleaner_at_s = float("-inf")
        self._told: dict[str, object] = {}
        self._told_usage: dict[str, tuple[float | None, int]] = {}
        self._make_row: dict[str, Callable[[Any], Json | None]] = {
            "job": job_row,
            "stage": lambda stage: stage_row(stage, self._store),
            "executor": self._executor_row,
            "rdd": self._rdd_row,
            "kill": kill_row,
        }

    def cleaner(self, holders: bool = False) -> Json:
        """What the context cleaner watches; who holds each is looked for only if `holders`."""
        return self._driver.cleaner_view.describe(holders)

    def lineage(self, kind: str, entity_id: int) -> Json:
        """What an RDD, or what a shuffle reads, is made from."""
        thing = self._driver.cleaner_view.find(kind, entity_id)
        node = thing.parent if isinstance(thing, ShuffleDependency) else thing
        if not isinstance(node, LineageNode):
            raise Refusal(404, f"the cleaner watches no {kind[:40]} {entity_id} that has a lineage")
        text = debug_string(node, self._cached)
        return {"kind": kind, "id": entity_id, "lines": text.split("\n")}

    def _cached(self, node: LineageNode) -> CachedNow | None:
        """From the rows: a drawing of many RDDs must not ask the scheduler for each."""
        rdd = self._store.rdds.get(node.id)
        if rdd is None:
            return None
        return CachedNow(len(rdd.blocks), rdd.memory_bytes, rdd.disk_bytes)

    # Watching -----------------------------------------------------------------------------

    def snapshot(self) -> Json:
        """All that a view draws first, each list bounded, with `omitted` counts."""
        store = self._look()
        jobs, stages = shown(store.job_list()), shown(store.stage_list())
        return {
            "application": self.application(),
            "jobs": [job_row(job) for job in jobs],
            "stages": [stage_row(stage, store) for stage in stages],
            "executors": self.executors(),
            "rdds": [self._rdd_row(rdd) for rdd in store.cached_rdds()],
            "cleaner": self._driver.cleaner_view.header(),
            "kills": [kill_row(card) for card in store.kills.newest(SNAPSHOT_KILLS)],
            "omitted": {
                "jobs": len(store.jobs) - len(jobs),
                "stages": len(store.stages) - len(stages),
            },
        }

    def _rdd_row(self, rdd: RDDStorage) -> Json | None:
        """Without its blocks; None once all of them are gone."""
        memory_bytes = self._max_memory_bytes
        return rdd_row(rdd, self._store, memory_bytes, details=False) if rdd.blocks else None

    def drain_changes(self) -> list[Change]:
        """Rows that changed since the last call; one caller only."""
        self._look_again()
        rows, gone = self._store.take_changes()
        changes = [Change(each.kind, each.key, None) for each in gone]
        changes += [Change(row.kind, row.key, self._make_row[row.kind](row)) for row in rows]
        changes += self._own_changes()
        return changes

    def _look_again(self) -> None:
        """Mark executors that use more or less than they did."""
        now_s = self._clock()
        if now_s - self._looked_again_at_s < _LOOK_AGAIN_S:
            return
        self._looked_again_at_s = now_s
        before, self._told_usage = self._told_usage, {}
        for executor in self._store.executor_list():
            usage = self._usage_of(executor)
            self._told_usage[executor.id] = now = usage.cpu_percent, usage.rss_bytes >> 20
            if before.get(executor.id) != now:
                self._store.touch(executor)

    def _own_changes(self) -> list[Change]:
        """The application's row and the cleaner's, which no event marks."""
        changes = []
        application = self.application()
        if self._is_news("application", {**application, "attempts": ()}):
            changes.append(Change("application", self.application_id, application))
        view = self._driver.cleaner_view
        if self._may_tell_cleaner() and self._is_news("cleaner's version", view.version):
            self._told_cleaner_at_s = self._clock()
            changes.append(Change("cleaner", "cleaner", view.header()))
        return changes

    def _may_tell_cleaner(self) -> bool:
        """Whether it was not told just now; what is not told stays news."""
        is_due = self._clock() - self._told_cleaner_at_s >= _CLEANER_S
        return is_due or self._driver.is_stopped

    def _is_news(self, what: str, now: object) -> bool:
        if self._told.get(what) == now:
            return False
        self._told[what] = now
        return True
