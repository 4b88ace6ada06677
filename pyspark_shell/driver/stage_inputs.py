"""What the user's thread prepares for the scheduler: closures and partitions, pickled.

Thread  the user's, so that an error of pickling carries the user's own traceback.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence

from pyspark_shell.common.errors import IllegalArgumentException
from pyspark_shell.driver.task_resources import needs_of
from pyspark_shell.lineage.node import LineageNode
from pyspark_shell.lineage.partition import Partition
from pyspark_shell.lineage.resource_profile import ResourceProfile
from pyspark_shell.lineage.stage_closure import (
    ResultFunction,
    TaskProfiler,
    pickle_map_stage,
    pickle_result_stage,
)
from pyspark_shell.scheduler.stage import StageInput
from pyspark_shell.scheduler.stage_graph import all_shuffles
from pyspark_shell.scheduler.task_needs import NO_NEEDS, TaskNeeds
from pyspark_shell.shuffle.map_output_tracker import MapOutputTrackerMaster

ProfilerFor = Callable[[LineageNode], TaskProfiler]


def prepare_result_stage(
    node: LineageNode,
    func: ResultFunction,
    partitions: Sequence[int],
    profiler_for: ProfilerFor | None = None,
    defaults: TaskNeeds = NO_NEEDS,
) -> StageInput:
    """Input of a job's final stage; its splits are those of `partitions`, in order."""
    splits = node.partitions()
    profiler = profiler_for(node) if profiler_for is not None else None
    closure = pickle_result_stage(node, func, profiler)
    return _input(node, closure, [splits[partition] for partition in partitions], defaults)


def prepare_map_stages(
    node: LineageNode,
    tracker: MapOutputTrackerMaster,
    profiler_for: ProfilerFor | None = None,
    defaults: TaskNeeds = NO_NEEDS,
) -> Mapping[int, StageInput]:
    """Input of the map stage of every shuffle above a node, by shuffle id.

    A shuffle whose outputs exist keeps what was pickled for it before: it is needed only if they
    get lost.
    """
    inputs: dict[int, StageInput] = {}
    for shuffle in all_shuffles(node):
        count = len(shuffle.parent.partitions())
        if shuffle.prepared is None or tracker.missing_partitions(shuffle.shuffle_id, count):
            parent = shuffle.parent
            profiler = profiler_for(parent) if profiler_for is not None else None
            closure = pickle_map_stage(shuffle, profiler)
            shuffle.prepared = _input(parent, closure, parent.partitions(), defaults)
        inputs[shuffle.shuffle_id] = shuffle.prepared
    return inputs


def _input(
    node: LineageNode, closure: bytes, splits: Sequence[Partition], defaults: TaskNeeds
) -> StageInput:
    pickled = [pickle.dumps(split, 5) for split in splits]
    profile = _resource_profile(node)
    needs = defaults if profile is None else needs_of(profile, defaults)
    return StageInput(closure, pickled, needs, 0 if profile is None else profile.id)


def _resource_profile(node: LineageNode) -> ResourceProfile | None:
    """The one resource profile that nodes of the stage have; Spark refuses several, too."""
    profiles: dict[int, ResourceProfile] = {}
    seen = {id(node)}
    queue = [node]
    while queue:
        current = queue.pop()
        if current.resource_profile is not None:
            profiles[current.resource_profile.id] = current.resource_profile
        for parent in current.live_parents():
            if id(parent) not in seen:
                seen.add(id(parent))
                queue.append(parent)
    if len(profiles) > 1:
        ids = " and ".join(map(str, sorted(profiles)))
        raise IllegalArgumentException(
            f"Multiple ResourceProfiles specified in the RDDs for this stage: {ids}. Give its RDDs "
            "one profile, or begin another stage between them, as repartition() does."
        )
    return next(iter(profiles.values()), None)
