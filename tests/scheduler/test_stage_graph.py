"""Lineage is cut into stages at its shuffles."""

from __future__ import annotations

import pytest
from scheduler_fakes import Lineage, map_inputs, stage_input

from pyspark_shell.scheduler.job_waiter import JobWaiter
from pyspark_shell.scheduler.stage import ActiveJob
from pyspark_shell.scheduler.stage_graph import StageGraph, all_shuffles, ancestors

DEEP = 2000


@pytest.fixture
def lineage():
    return Lineage()


@pytest.fixture
def graph():
    return StageGraph()


def create(graph, node, job_id=0):
    count = len(node.partitions())
    final = graph.create_job_stages(
        node, stage_input(count), map_inputs(node), "count at job.py:9", job_id
    )
    waiter = JobWaiter(job_id, count, lambda reason, interrupt: None)
    job = ActiveJob(job_id, final, range(count), waiter, {}, "count at job.py:9")
    job.stage_ids = {stage.stage_id for stage in ancestors(final)}
    return job


def nothing(_):
    return False


def test_narrow_nodes_are_one_stage(graph, lineage):
    node = lineage.mapped(lineage.mapped(lineage.source(3)))

    job = create(graph, node)

    assert list(graph.stages.values()) == [job.final_stage]
    assert repr(job.final_stage) == "ResultStage 0"
    assert job.final_stage.parents == ()


def test_a_shuffle_cuts_its_map_side_off(graph, lineage):
    source = lineage.source(3)
    node = lineage.mapped(lineage.shuffled(source, 5))

    job = create(graph, node)

    (map_stage,) = job.final_stage.parents
    assert (map_stage.stage_id, map_stage.node, map_stage.num_partitions) == (0, source, 3)
    assert repr(map_stage) == "ShuffleMapStage 0"
    assert job.final_stage.stage_id == 1
    assert graph.map_stage(map_stage.shuffle.shuffle_id) is map_stage


def test_a_join_has_two_parents_and_a_diamond_shares_its_top(graph, lineage):
    top = lineage.shuffled(lineage.source())
    left, right = lineage.shuffled(top), lineage.shuffled(lineage.mapped(top))

    job = create(graph, lineage.mapped(left, right))

    assert len(graph.stages) == 4
    above = {parent.parents for parent in job.final_stage.parents}
    assert len(job.final_stage.parents) == 2
    assert len(above) == 1


def test_jobs_share_the_map_stages_of_a_shuffle(graph, lineage):
    node = lineage.shuffled(lineage.source())

    first, second = create(graph, node, 0), create(graph, lineage.mapped(node), 1)

    (shared,) = first.final_stage.parents
    assert second.final_stage.parents == (shared,)
    assert shared.job_ids == {0, 1}
    assert first.final_stage.job_ids == {0}


def test_a_shared_stage_goes_with_its_last_job(graph, lineage):
    node = lineage.shuffled(lineage.source())
    first, second = create(graph, node, 0), create(graph, node, 1)
    (shared,) = first.final_stage.parents

    after_first = graph.release(first)
    kept = shared.stage_id in graph.stages
    after_second = graph.release(second)

    assert after_first == [first.final_stage]
    assert kept
    assert after_second == [shared, second.final_stage]
    graph.assert_empty()


def test_what_is_left_is_named(graph, lineage):
    create(graph, lineage.shuffled(lineage.source()))

    with pytest.raises(AssertionError, match="ShuffleMapStage 0"):
        graph.assert_empty()


def test_parents_that_are_available_or_behind_a_cached_node_are_not_missing(graph, lineage):
    shuffled = lineage.shuffled(lineage.source())
    cached = lineage.mapped(shuffled)
    job = create(graph, lineage.mapped(cached))
    final, (parent,) = job.final_stage, job.final_stage.parents

    assert graph.missing_parents(final, nothing, nothing) == [parent]
    assert graph.missing_parents(final, nothing, lambda stage: True) == []
    assert graph.missing_parents(final, lambda node: node is cached, nothing) == []


def test_a_checkpoint_takes_the_shuffles_above_it_away(graph, lineage):
    shuffled = lineage.shuffled(lineage.source())
    before = len(all_shuffles(shuffled))

    shuffled.replace_by_checkpoint(lineage.source())

    assert before == 1
    assert all_shuffles(shuffled) == []
    assert create(graph, shuffled).final_stage.parents == ()


def test_a_chain_of_thousands_of_shuffles_needs_no_recursion(graph, lineage):
    node = lineage.source(1)
    for _ in range(DEEP):
        node = lineage.shuffled(lineage.mapped(node), 1)

    job = create(graph, node)
    missing = graph.missing_parents(job.final_stage, nothing, nothing)
    graph.release(job)

    ids = [shuffle.shuffle_id for shuffle in all_shuffles(node)]
    assert ids == list(range(DEEP))
    assert job.final_stage.stage_id == DEEP
    assert [stage.stage_id for stage in missing] == [DEEP - 1]
    graph.assert_empty()


def test_thousands_of_narrow_nodes_need_no_recursion(graph, lineage):
    node = lineage.shuffled(lineage.source(1), 1)
    for _ in range(DEEP):
        node = lineage.mapped(node)

    assert len(ancestors(create(graph, node).final_stage)) == 2
