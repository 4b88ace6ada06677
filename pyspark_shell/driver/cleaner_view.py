"""What the context cleaner watches and does, as rows for a panel.

Owns    nothing; it reads the cleaner's table and looks sizes up, and keeps no entity alive.
Thread  any.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final

from pyspark_shell.driver.cleanup_task import KINDS, CleanRDD, CleanSparkListener, CleanupTask
from pyspark_shell.driver.context_cleaner import ContextCleaner
from pyspark_shell.driver.garbage_collection import GarbageCollection
from pyspark_shell.driver.going_names import GoingNames
from pyspark_shell.driver.holders import Holder, HolderSearch, subject_of
from pyspark_shell.driver.stored_sizes import Footprint, StoredSizes
from pyspark_shell.driver.tracked_entities import Entity, EntityState
from pyspark_shell.lineage.node import LineageNode
from pyspark_shell.rest.port import Json, Refusal

# Rows of entities that are not done with; a notebook with more has other worries. A guess.
_MAX_ROWS: Final = 200
_CELL_LINE: Final = re.compile(r"\bIn\[\d+\]:(\d+)$")


class CleanerView:
    """Rows about one application's cleaner.

    Parameters
    ----------
    cleaner
        None if `spark.cleaner.referenceTracking` is off.
    running_jobs
        Gives the last node of each active job, by job id.
    """

    def __init__(
        self,
        cleaner: ContextCleaner | None,
        collection: GarbageCollection,
        sizes: StoredSizes,
        running_jobs: Callable[[], dict[int, LineageNode]],
    ) -> None:
        self._cleaner = cleaner
        self._collection = collection
        self._sizes = sizes
        self._running_jobs = running_jobs

    @property
    def version(self) -> tuple[int, int]:
        """Differs from an earlier one when rows may be different; sizes are not seen by it."""
        changes = 0 if self._cleaner is None else self._cleaner.entities.changes
        last = self._collection.last
        return changes, 0 if last is None else last.at_ms

    # What there is ------------------------------------------------------------------------

    def header(self) -> Json:
        """The cleaner as a whole."""
        cleaner = self._cleaner
        header: Json = {"state": self._state()}
        if cleaner is not None:
            now, last = cleaner.now, cleaner.last
            header["now"] = "" if now is None else now.task
            if now is not None:
                header["nowSince"] = now.at_ms
            header["queue"] = 0 if cleaner.is_stopped else cleaner.queue_length
            header["tracked"] = _by_kind(cleaner.entities.tracked())
            header["cleaned"] = _by_kind(cleaner.entities.cleaned)
            header["errors"] = cleaner.errors
            if last is not None:
                header["last"] = {"task": last.task, "at": last.at_ms, "tookMs": last.took_ms}
        else:
            header |= {"now": "", "queue": 0, "errors": 0}
            header |= {"tracked": _by_kind(Counter()), "cleaned": _by_kind(Counter())}
        header["gc"] = self._gc()
        return header

    def _state(self) -> str:
        cleaner = self._cleaner
        if cleaner is None:
            return "off"
        if cleaner.is_stopped:
            return "stopped"
        return "waiting" if cleaner.now is None else "cleaning"

    def _gc(self) -> Json:
        last, next_at = self._collection.last, self._collection.next_at_ms
        described: Json = {"nextAt": next_at}
        if last is not None:
            described["last"] = {
                "at": last.at_ms,
                "by": last.by,
                "tookMs": last.took_ms,
                "collected": last.collected,
            }
        return described

    def describe(self, holders: bool = False) -> Json:
        """The cleaner and a row for each thing it watches, newest first, then what it cleaned.

        Parameters
        ----------
        holders
            Whether to look for what keeps each of them alive; takes up to a few seconds.
        """
        live, omitted = self._shown()
        footprints = self._footprints(live)
        rows = [self._row(*pair) for pair in zip(live, footprints, strict=True)]
        if holders:
            self._add_holders(live, rows)
        remembered = [] if self._cleaner is None else self._cleaner.entities.remembered()
        rows += [self._row(entity, entity.footprint) for entity in reversed(remembered)]
        return {**self.header(), "rows": rows, "omitted": omitted}

    def _shown(self) -> tuple[list[Entity], int]:
        """Live entities, those on their way out before all others, and how many there are more."""
        newest_first = sorted(
            reversed(self._live_by_thing()), key=lambda e: e.current_state is EntityState.LIVE
        )
        return newest_first[:_MAX_ROWS], max(0, len(newest_first) - _MAX_ROWS)

    def _live_by_thing(self) -> list[Entity]:
        """Live entities, each thing once though it may be watched twice."""
        if self._cleaner is None:
            return []
        by_thing = {
            (entity.task.kind, entity.task.entity_id): entity
            for entity in self._cleaner.entities.live()
            if entity.task.kind in KINDS
        }
        return list(by_thing.values())

    def _footprints(self, entities: list[Entity]) -> list[Footprint]:
        try:
            return self._sizes.of_all([entity.task for entity in entities])
        except TimeoutError:  # the scheduler has more urgent things to do, or has ended
            return [entity.footprint for entity in entities]

    def _row(self, entity: Entity, footprint: Footprint) -> Json:
        referent = entity.referent()
        can_unpersist = False
        if isinstance(referent, LineageNode) and isinstance(entity.task, CleanRDD):
            entity.name = referent.name or referent.kind
            can_unpersist = referent.storage_level.is_valid
        row: Json = {
            "kind": entity.task.kind,
            "id": entity.task.entity_id,
            "name": entity.name,
            "callSite": entity.call_site,
            "memoryBytes": footprint.memory_bytes,
            "diskBytes": footprint.disk_bytes,
            "blocks": footprint.blocks,
            "executors": list(footprint.executors),
            "where": list(footprint.where),
            "createdAt": entity.created_at_ms,
            "state": entity.current_state.value,
            "canUnpersist": can_unpersist,
        }
        if entity.cell is not None:
            row["cell"] = {"id": entity.cell.id, "prompt": entity.cell.prompt}
            line = _CELL_LINE.search(entity.call_site)
            if line is not None:
                row["cell"]["line"] = int(line[1])
        if entity.error:
            row["error"] = entity.error
        if entity.done_at_ms:
            row["doneAt"] = entity.done_at_ms
        return row

    # Who holds it -------------------------------------------------------------------------

    def _add_holders(self, live: list[Entity], rows: list[Json]) -> None:
        search = HolderSearch(self._running_jobs())
        found = search.holders_of_all([entity.referent() for entity in live])
        for entity, row, holders in zip(live, rows, found, strict=True):
            if entity.current_state is EntityState.LIVE:
                row["heldBy"] = _described(holders)

    def holders_of(self, thing: Any) -> list[Holder]:
        """What keeps one thing alive."""
        return HolderSearch(self._running_jobs()).holders_of(thing)

    def forget(self, kind: str, entity_id: int) -> Json:
        """Drop what a notebook's names hold of an entity.

        Raises
        ------
        Refusal
            404: there is no such entity.
        """
        referent = self.find(kind, entity_id)
        if referent is None:
            raise Refusal(404, f"the cleaner watches no {kind} {entity_id}")
        return self.forget_thing(referent)

    def forget_thing(self, thing: Any) -> Json:
        """Drop what a notebook's names hold of one thing."""
        return HolderSearch(self._running_jobs()).forget(thing).to_json()

    def preview(self, thing: Any) -> Json:
        """What would be removed if a thing, or the variable of that name, were deleted.

        Raises
        ------
        PySparkValueError
            There is no such variable.
        """
        live = self._live_by_thing()
        going = GoingNames.of(thing)
        freed, held_by = going.consequences([e.referent() for e in live], self._running_jobs())
        gone = [entity for entity, is_freed in zip(live, freed, strict=True) if is_freed]
        rows = [self._row(*pair) for pair in zip(gone, self._footprints(gone), strict=True)]
        return {
            "frees": rows,
            "memoryBytes": sum(row["memoryBytes"] for row in rows),
            "diskBytes": sum(row["diskBytes"] for row in rows),
            "stillHeldBy": [holder.path for holder in held_by],
        }

    def tasks_of(self, thing: Any) -> list[CleanupTask]:
        """What cleans a thing, once for each kind."""
        subject = subject_of(thing)
        return [e.task for e in self._live_by_thing() if e.referent() is subject]

    def find(self, kind: str, entity_id: int) -> Any:
        """The live thing of this kind and number, None if there is none."""
        if self._cleaner is None:
            return None
        for entity in reversed(self._cleaner.entities.live()):
            if entity.task.kind == kind and entity.task.entity_id == entity_id:
                return entity.referent()
        return None

    # Orders -------------------------------------------------------------------------------

    def collect_garbage(self) -> Json:
        """Collect reference cycles now."""
        run = self._collection.collect("user")
        return {"collected": run.collected, "tookMs": run.took_ms}


def _described(holders: Iterable[Holder]) -> list[Json]:
    return [{"path": holder.path, "forgettable": holder.forgettable} for holder in holders]


def _by_kind(counts: Counter[str]) -> dict[str, int]:
    return {kind: counts[kind] for kind in (*KINDS, CleanSparkListener.kind)}
