"""One attempt of a stage: what is chosen, and what each end of a task means."""

from __future__ import annotations

import pytest
from scheduler_fakes import RAISED, FakeNode, task_set

from pyspark_shell.common.memory_text import format_size
from pyspark_shell.common.metrics import TaskMetrics
from pyspark_shell.common.record import replace
from pyspark_shell.common.task_end import (
    ExceptionFailure,
    ExecutorLostFailure,
    FetchFailed,
    TaskCommitDenied,
    TaskKilled,
    TaskResultLost,
)
from pyspark_shell.lineage.node import ShuffleDependency
from pyspark_shell.lineage.partitioner import Partitioner
from pyspark_shell.lineage.registry import LineageRegistry
from pyspark_shell.scheduler.speculation import SpeculationLimits
from pyspark_shell.scheduler.task_set_manager import TaskSetLimits

SPECULATIVE = TaskSetLimits(speculation=SpeculationLimits(quantile=0.5, min_runtime_s=0.1))


def launch(tasks, task_id, executor_id="1", now_ms=0):
    index, locality, copy = tasks.choose(executor_id)
    return tasks.launch(task_id, index, executor_id, locality, copy, now_ms, now_ms / 1000)


def fail_again_and_again(tasks, reason, times):
    for task_id in range(times):
        launch(tasks, task_id)
        tasks.failed(task_id, reason, 1)


def test_tasks_are_chosen_in_order_and_each_once():
    tasks = task_set(3)

    chosen = [launch(tasks, task_id).index for task_id in range(3)]

    assert chosen == [0, 1, 2]
    assert tasks.choose("1") is None
    assert (tasks.num_waiting, len(tasks.running)) == (0, 3)


def test_a_hot_block_is_computed_where_it_is_hot():
    tasks = task_set(3, preferred={0: "2", 2: "1"}.get)

    at_1, at_2, at_3 = (launch(tasks, n, executor) for n, executor in enumerate("123"))

    assert (at_1.index, at_1.locality) == (2, "PROCESS_LOCAL")
    assert (at_2.index, at_2.locality) == (0, "PROCESS_LOCAL")
    assert (at_3.index, at_3.locality) == (1, "NODE_LOCAL")


def test_a_free_executor_does_not_wait_for_hot_blocks():
    tasks = task_set(1, preferred=lambda partition: "2")

    info = launch(tasks, 0, "1")

    assert (info.index, info.locality) == (0, "NODE_LOCAL")
    assert tasks.choose("2") is None


def test_without_cached_blocks_every_executor_is_local():
    assert task_set(1).choose("7") == (0, "PROCESS_LOCAL", False)


def test_a_failed_task_runs_again_with_the_next_attempt_number():
    tasks = task_set(1)
    launch(tasks, 0)

    failed = tasks.failed(0, RAISED, 5)
    again = launch(tasks, 1)

    assert (failed.status, failed.finish_time_ms, failed.attempt_number) == ("FAILED", 5, 0)
    assert (again.index, again.attempt_number, again.status) == (0, 1, "RUNNING")


@pytest.mark.parametrize(
    "reason",
    [RAISED, TaskResultLost(), ExecutorLostFailure("1", True, "it exited")],
    ids=lambda reason: type(reason).__name__,
)
def test_failures_of_the_task_s_own_add_up_and_abort(reason):
    tasks = task_set(1, stage_id=7, limits=TaskSetLimits(max_failures=2))

    fail_again_and_again(tasks, reason, 2)

    assert tasks.abort_reason == (
        "Task 0 in stage 7.0 failed 2 times, most recent failure: "
        f"Lost task 0.1 in stage 7.0 (TID 1) (localhost executor 1): {reason}\n"
        "Driver stacktrace:"
    )
    assert tasks.is_finished


@pytest.mark.parametrize(
    "reason", [TaskKilled("preempted"), TaskCommitDenied(0, 0, 0)], ids=["killed", "denied"]
)
def test_ends_that_are_not_the_task_s_fault_never_abort(reason):
    tasks = task_set(1, limits=TaskSetLimits(max_failures=1))

    fail_again_and_again(tasks, reason, 20)

    assert tasks.abort_reason is None
    assert tasks.num_waiting == 1


def test_a_killed_task_is_told_as_killed_and_not_as_failed():
    tasks = task_set(1)
    launch(tasks, 0)

    info = tasks.failed(0, TaskKilled("user"), 5)

    assert (info.status, info.failed) == ("KILLED", False)


def test_a_task_whose_executors_are_killed_from_outside_again_and_again_ends():
    tasks = task_set(1)
    lost = ExecutorLostFailure("1", False, "signal SIGKILL")

    fail_again_and_again(tasks, lost, 3)
    before = tasks.abort_reason
    fail_again_and_again(tasks, lost, 1)

    assert before is None
    assert tasks.abort_reason.startswith("Task 0 in stage 0.0 failed 4 times, most recent")
    assert "exited unrelated to the running tasks" in tasks.abort_reason


def test_a_result_that_cannot_be_pickled_is_not_tried_again():
    tasks = task_set(1)
    launch(tasks, 9)

    tasks.failed(9, ExceptionFailure("PicklingError", "a lock", "", retriable=False), 1)

    assert tasks.abort_reason == (
        "Task 0 in stage 0.0 (TID 9) had a not serializable result: a lock"
    )


def test_failures_of_different_tasks_are_counted_apart():
    tasks = task_set(3, limits=TaskSetLimits(max_failures=2))

    for task_id in range(3):
        launch(tasks, task_id)
    for task_id in range(3):
        tasks.failed(task_id, RAISED, 1)

    assert tasks.abort_reason is None
    assert tasks.num_waiting == 3


def test_a_fetch_failure_makes_a_zombie_that_ends_with_its_running_tasks():
    tasks = task_set(3)
    launch(tasks, 0)
    launch(tasks, 1)

    tasks.failed(0, FetchFailed(0, 0, 0, "gone"), 1)
    zombie, finished = tasks.is_zombie, tasks.is_finished
    tasks.succeeded(1, 2)

    assert (zombie, finished) == (True, False)
    assert tasks.is_finished
    assert tasks.choose("1") is None
    assert tasks.abort_reason is None


def test_a_suspended_set_launches_nothing_more():
    tasks = task_set(2)

    tasks.suspend()

    assert tasks.choose("1") is None
    assert tasks.is_finished


def test_a_failure_in_a_zombie_is_neither_counted_nor_tried_again():
    tasks = task_set(1, limits=TaskSetLimits(max_failures=1))
    launch(tasks, 0)
    tasks.suspend()

    tasks.failed(0, RAISED, 1)

    assert tasks.abort_reason is None
    assert tasks.num_waiting == 0


def test_the_set_is_finished_when_all_tasks_succeeded():
    tasks = task_set(2)
    launch(tasks, 0)
    launch(tasks, 1)

    first = tasks.succeeded(0, 1)
    finished = tasks.is_finished
    tasks.succeeded(1, 1)

    assert first[1:] == (True, [])
    assert not finished
    assert tasks.is_finished


def test_results_that_are_too_large_together_abort():
    tasks = task_set(3, limits=TaskSetLimits(max_result_bytes=1 << 20))

    fits = tasks.add_result_bytes(1 << 20)
    launch(tasks, 0)
    tasks.succeeded(0, 1)
    reason = tasks.add_result_bytes(1 << 20)

    assert fits is None
    assert reason == tasks.abort_reason
    assert reason == (
        "Total size of serialized results of 2 tasks (2.0 MiB) is bigger than "
        "spark.driver.maxResultSize (1024.0 KiB)"
    )


def test_no_limit_and_map_stages_may_send_what_they_want():
    node = FakeNode(LineageRegistry(), 1)
    shuffle = ShuffleDependency(node, Partitioner(1, int))
    unlimited = task_set(1)
    of_a_map_stage = task_set(1, limits=TaskSetLimits(max_result_bytes=1), shuffle=shuffle)

    assert unlimited.add_result_bytes(1 << 40) is None
    assert of_a_map_stage.add_result_bytes(1 << 40) is None


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0.0 B"), (2047, "2047.0 B"), (2048, "2.0 KiB"), (3 << 30, "3.0 GiB"),
     (5 << 40, "5.0 TiB")],
)  # fmt: skip
def test_sizes_are_written_as_spark_writes_them(size, text):
    assert format_size(size) == text


def slow_set():
    """Four tasks; two took 100 ms each, two still run."""
    tasks = task_set(4, limits=SPECULATIVE)
    for task_id in range(4):
        launch(tasks, task_id, str(task_id))
    tasks.succeeded(0, 100, 0.1)
    tasks.succeeded(1, 100, 0.1)
    return tasks


def test_a_task_is_slow_after_three_medians():
    tasks = slow_set()

    at_the_limit = tasks.find_speculatable(0.3)
    after_it = tasks.find_speculatable(0.301)

    assert at_the_limit == []
    assert after_it == [2, 3]
    assert tasks.find_speculatable(0.4) == []


def test_nothing_is_slow_before_enough_tasks_succeeded():
    tasks = task_set(4, limits=SPECULATIVE)
    for task_id in range(4):
        launch(tasks, task_id)
    tasks.succeeded(0, 100, 0.1)

    assert tasks.find_speculatable(10.0) == []


def test_a_small_stage_need_not_wait_for_successes_where_a_limit_is_set():
    limits = TaskSetLimits(
        speculation=replace(SPECULATIVE.speculation, threshold_s=5.0, executor_slots=4)
    )
    small, large = task_set(4, limits=limits), task_set(5, limits=limits)
    for task_id in range(5):
        launch(large, task_id)
    for task_id in range(4):
        launch(small, task_id)

    assert small.find_speculatable(5.0) == large.find_speculatable(5.1) == []
    assert small.find_speculatable(5.1) == [0, 1, 2, 3]


def test_a_step_of_the_wall_clock_makes_no_task_slow():
    tasks = slow_set()
    day_ms = 24 * 3600 * 1000

    tasks.succeeded(2, day_ms, 0.1)

    assert tasks.find_speculatable(0.3) == []
    assert tasks.find_speculatable(0.301) == [3]


def test_short_tasks_are_not_slow_before_the_least_run_time():
    tasks = task_set(2, limits=SPECULATIVE)
    launch(tasks, 0)
    launch(tasks, 1)
    tasks.succeeded(0, 1)

    assert tasks.find_speculatable(0.1) == []
    assert tasks.find_speculatable(0.101) == [1]


def read(records):
    return lambda: TaskMetrics(input_records=records)


def test_a_task_that_reads_as_fast_as_the_others_is_long_and_not_slow():
    tasks = task_set(4, limits=SPECULATIVE)
    for task_id in range(4):
        launch(tasks, task_id, str(task_id))
    tasks.succeeded(0, 100, 0.1, read(1000))
    tasks.succeeded(1, 100, 0.1, read(1000))  # 10,000 records a second

    tasks.progressed(2, 7400, 1.0)
    tasks.progressed(3, 7600, 1.0)

    assert tasks.find_speculatable(0.301) == [2]
    assert tasks.find_speculatable(0.6) == []
    assert tasks.find_speculatable(0.601) == [3]  # from twice the limit on nothing excuses it


def test_a_task_that_told_nothing_of_what_it_reads_is_slow():
    tasks = task_set(2, limits=SPECULATIVE)
    launch(tasks, 0)
    launch(tasks, 1)
    tasks.succeeded(0, 100, 0.1, read(1000))

    assert tasks.find_speculatable(0.301) == [1]


def test_rates_do_not_count_where_they_are_turned_off():
    limits = TaskSetLimits(speculation=replace(SPECULATIVE.speculation, rate_multiplier=None))
    tasks = task_set(2, limits=limits)
    launch(tasks, 0)
    launch(tasks, 1)
    tasks.succeeded(0, 100, 0.1, read(1000))
    tasks.progressed(1, 10**6, 0.2)

    assert tasks.find_speculatable(0.301) == [1]


def test_a_copy_runs_on_another_executor_and_there_is_only_one():
    tasks = slow_set()
    tasks.find_speculatable(0.301)

    copy = launch(tasks, 10, executor_id="3", now_ms=301)
    on_the_owner_s_own = tasks.choose("3")
    other = launch(tasks, 11, executor_id="9", now_ms=301)

    assert (copy.index, copy.speculative, copy.attempt_number) == (2, True, 1)
    assert on_the_owner_s_own is None
    assert other.index == 3
    assert tasks.find_speculatable(10.0) == []


def test_the_first_success_wins_and_names_the_copies_to_kill():
    tasks = slow_set()
    tasks.find_speculatable(0.301)
    launch(tasks, 10, executor_id="9", now_ms=301)

    _, first, copies = tasks.succeeded(10, 400, 0.4)
    late, late_first, _ = tasks.succeeded(2, 401, 0.401)

    assert first
    assert [task.info.task_id for task in copies] == [2]
    assert (late_first, late.status) == (False, "KILLED")


def test_a_failed_original_does_not_wait_while_its_copy_runs():
    tasks = slow_set()
    tasks.find_speculatable(0.301)
    launch(tasks, 10, executor_id="9", now_ms=301)

    tasks.failed(2, RAISED, 400)
    waiting = tasks.num_waiting
    tasks.failed(10, RAISED, 401)

    assert waiting == 0
    assert tasks.num_waiting == 1


def test_barrier_tasks_get_no_copies():
    tasks = task_set(2, limits=SPECULATIVE, barrier=True)
    launch(tasks, 0)
    launch(tasks, 1)
    tasks.succeeded(0, 1)

    assert tasks.find_speculatable(10.0) == []


def test_repr_tells_the_counts():
    tasks = task_set(4, stage_id=2)
    launch(tasks, 0)
    launch(tasks, 1)
    tasks.succeeded(0, 1)

    assert repr(tasks) == "<TaskSetManager stage 2.0: 2 pending, 1 running, 1 done of 4>"


def test_an_exception_that_comes_again_is_told_in_full_every_ten_seconds():
    tasks = task_set(1)
    other = ExceptionFailure("ValueError", "never", "")

    told = [tasks.repeats(RAISED, now_s) for now_s in (100.0, 101.0, 109.9, 110.0, 111.0)]

    assert told == [0, 1, 2, 0, 1]
    assert tasks.repeats(other, 111.0) == 0
    assert tasks.repeats(TaskKilled("enough"), 0) == tasks.repeats(TaskKilled("enough"), 0) == 0
