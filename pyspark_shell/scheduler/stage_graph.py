"""Cuts a lineage graph into stages at its shuffles.

Owns    the map stage of each shuffle that an active job needs.
Thread  `dag-scheduler-event-loop`.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from itertools import count

from pyspark_shell.lineage.node import LineageNode, ShuffleDependency
from pyspark_shell.scheduler.stage import ActiveJob, Stage, StageInput


def shuffles_read_by(last: LineageNode) -> list[ShuffleDependency]:
    """Shuffles that tasks of `last` read: those of the nodes reached without crossing another
    shuffle.
    """
    known = last.known_shuffles
    if known is not None and known[0] == LineageNode.checkpoints_made:
        return [shuffle for reference in known[1] if (shuffle := reference()) is not None]
    shuffles = _shuffles(last, lambda _: False)
    # Weak, since a checkpoint further up may let go of a shuffle that this node once read.
    references = [weakref.ref(shuffle) for shuffle in shuffles]
    last.known_shuffles = (LineageNode.checkpoints_made, references)
    return shuffles


def _shuffles(
    last: LineageNode, is_cached: Callable[[LineageNode], bool]
) -> list[ShuffleDependency]:
    found: dict[int, ShuffleDependency] = {}
    queue, seen = [last], {id(last)}
    while queue:
        node = queue.pop()
        if is_cached(node):
            continue
        shuffle = node.live_shuffle()
        if shuffle is not None:
            found[shuffle.shuffle_id] = shuffle
        for parent in node.live_parents():
            if id(parent) not in seen:
                seen.add(id(parent))
                queue.append(parent)
    return [found[shuffle_id] for shuffle_id in sorted(found)]


class StageGraph:
    """Stages of all active jobs."""

    def __init__(self) -> None:
        self._stage_ids = count()
        self.stages: dict[int, Stage] = {}
        self._map_stages: dict[int, Stage] = {}

    def create_job_stages(
        self,
        node: LineageNode,
        final_input: StageInput,
        inputs: Mapping[int, StageInput],
        call_site: str,
        job_id: int,
    ) -> Stage:
        """The final stage of a job, with all its ancestors, those that exist already shared.

        Parameters
        ----------
        inputs
            What the user's thread prepared for each shuffle's map stage, by shuffle id.
        """
        for shuffle in all_shuffles(node):
            if shuffle.shuffle_id not in self._map_stages:
                stage_input = inputs[shuffle.shuffle_id]
                self._add(
                    shuffle.parent, shuffle, stage_input, shuffle.parent.call_site or call_site
                )
        final = self._add(node, None, final_input, call_site)
        for stage in ancestors(final):
            stage.job_ids.add(job_id)
        return final

    def _add(
        self,
        node: LineageNode,
        shuffle: ShuffleDependency | None,
        stage_input: StageInput,
        call_site: str,
    ) -> Stage:
        parents = tuple(self._map_stages[s.shuffle_id] for s in shuffles_read_by(node))
        stage = Stage(next(self._stage_ids), node, shuffle, parents, stage_input, call_site)
        self.stages[stage.stage_id] = stage
        if shuffle is not None:
            self._map_stages[shuffle.shuffle_id] = stage
        return stage

    def missing_parents(
        self,
        stage: Stage,
        is_cached: Callable[[LineageNode], bool],
        is_available: Callable[[Stage], bool],
    ) -> list[Stage]:
        """Map stages that have to run before `stage` can: not hidden behind cached nodes, not
        complete.
        """
        if not stage.parents:
            return []
        parents = (self._map_stages[s.shuffle_id] for s in _shuffles(stage.node, is_cached))
        return [parent for parent in parents if not is_available(parent)]

    def map_stage(self, shuffle_id: int) -> Stage | None:
        """The map stage of a shuffle, if an active job needs it."""
        return self._map_stages.get(shuffle_id)

    def release(self, job: ActiveJob) -> list[Stage]:
        """Take a job off its stages; gives back those that no other job needs, now removed."""
        removed = []
        for stage_id in sorted(job.stage_ids):
            stage = self.stages.get(stage_id)
            if stage is None:
                continue
            stage.job_ids.discard(job.job_id)
            if not stage.job_ids:
                removed.append(self.stages.pop(stage_id))
                if stage.shuffle is not None:
                    self._map_stages.pop(stage.shuffle.shuffle_id, None)
        return removed

    def assert_empty(self) -> None:
        """Raise if a stage is left."""
        assert not self.stages, f"stages are left: {list(self.stages.values())}"
        assert not self._map_stages, f"map stages of shuffles {sorted(self._map_stages)} are left"


def all_shuffles(last: LineageNode) -> list[ShuffleDependency]:
    """All shuffles above a node, those further up first; without recursion, since chains may be
    long.
    """
    order: list[ShuffleDependency] = []
    done: set[int] = set()
    stack: list[tuple[ShuffleDependency, bool]] = [
        (s, False) for s in reversed(shuffles_read_by(last))
    ]
    while stack:
        shuffle, parents_done = stack.pop()
        if shuffle.shuffle_id in done:
            continue
        if parents_done:
            done.add(shuffle.shuffle_id)
            order.append(shuffle)
            continue
        stack.append((shuffle, True))
        stack.extend((s, False) for s in reversed(shuffles_read_by(shuffle.parent)))
    return order


def ancestors(stage: Stage) -> list[Stage]:
    """The stage and all stages above it, by id."""
    found = {stage.stage_id: stage}
    queue = [stage]
    while queue:
        for parent in queue.pop().parents:
            if parent.stage_id not in found:
                found[parent.stage_id] = parent
                queue.append(parent)
    return [found[stage_id] for stage_id in sorted(found)]
