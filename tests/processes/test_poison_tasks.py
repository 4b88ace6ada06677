"""User code that does its worst: its job ends soon, naming the cause; the context goes on."""

from operator import add

import pytest

from pyspark_shell.common.errors import JobFailed
from tests.processes import poisons
from tests.processes.engine import wait_until_up
from tests.processes.waiting import Stopwatch, within

LIMIT_S = 5
# Killed from outside, as far as anybody can tell: such ends count only when there were four.
EXTERNAL = 4

FATAL = {
    poisons.os_exit_0: "exit code 0",
    poisons.os_exit_1: "exit code 1",
    poisons.segfault: "SIGSEGV",
    poisons.abort: "SIGABRT",
    poisons.sigsegv_itself: "SIGSEGV",
    poisons.illegal_instruction: "SIGILL",
    poisons.alarm_while_it_works: "SIGALRM",
    poisons.sys_exit_0: "SystemExit: 0",
    poisons.sys_exit_3: "SystemExit: 3",
    poisons.plain_exit: "SystemExit: 7",
    poisons.stop_iteration: "STOP_ITERATION_OCCURRED",
    poisons.generator_exit: "GeneratorExit: generator",
    poisons.keyboard_interrupt: "KeyboardInterrupt: nobody pressed it",
    poisons.base_exception: "OwnBase: of its own kind",
    poisons.recursion_error: "RecursionError: maximum recursion depth",
    poisons.memory_error: "MemoryError",
    poisons.lone_surrogates: "half a character",
    poisons.ten_megabytes_of_message: "ValueError: beginning",
    poisons.unprintable: "UnprintableError",
    poisons.exits_when_printed: "ExitsWhenPrinted",
    poisons.text_is_no_text: "TextIsNoTextError",
    poisons.unpicklable_exception: "UnpicklableError: its message",
    poisons.exits_when_pickled: "ExitsWhenPickled: its message",
    poisons.exception_that_cannot_be_unpickled: "FailsWhenUnpickled: its message",
    poisons.exception_that_exits_when_unpickled: "ExitsWhenUnpickled: its message",
    poisons.endless_chain_of_causes: "cause 2999",
    poisons.its_own_cause: "round and round",
    poisons.deep_recursion_in_c: "SIGSEGV",
    poisons.close_all_descriptors: "exit code 1",
    poisons.close_the_channels: "exit code 1",
    poisons.shut_the_channels_down: "exit code",
    poisons.write_garbage_into_the_channels: "something that is no message",
    poisons.write_one_byte_into_the_channels: "something that is no message",
    poisons.write_a_frame_of_an_unknown_kind: "something that is no message",
}
HARMLESS = [
    poisons.fork_that_returns,
    poisons.leave_threads_behind,
    poisons.leave_a_spinning_thread_behind,
    poisons.change_directory,
    poisons.sit_in_a_deleted_directory,
    poisons.clear_the_environment,
    poisons.replace_signal_handlers,
    poisons.block_all_signals,
    poisons.close_the_standard_streams,
    poisons.close_descriptors_0_to_2,
    poisons.clear_sys_path_and_modules,
    poisons.leave_a_child_behind,
    poisons.raise_the_recursion_limit,
    poisons.turn_off_garbage_collection_and_trace,
]


def poisoned(sc, counter, poison):
    """An RDD of which one number is treated with the poison; `counter` counts that."""

    def treat(number):
        if number != 13:
            return number
        counter.add()
        return poison(number)

    return sc.parallelize(range(20), 4).map(treat)


def assert_usable(sc):
    """Every slot works, and a job that uses all of the engine is exact."""
    wait_until_up(sc, 2)
    total = sc.accumulator(0)
    pairs = sc.parallelize(range(100), 4).map(lambda n: (total.add(1), (n % 5, n))[1])
    assert pairs.reduceByKey(add, 3).collectAsMap() == {k: sum(range(k, 100, 5)) for k in range(5)}
    assert total.value == 100


def ids(poison):
    return poison.__name__


@pytest.mark.parametrize("poison", FATAL, ids=ids)
def test_a_poison_task_ends_its_job_and_nothing_else(sc3, counter, poison):
    with Stopwatch() as watch, pytest.raises(JobFailed) as caught:
        poisoned(sc3, counter, poison).sum()

    assert watch.seconds < within(LIMIT_S)
    assert FATAL[poison] in str(caught.value)
    assert len(str(caught.value)) < 1_000_000
    assert counter.count == 3
    assert_usable(sc3)


@pytest.mark.parametrize("poison", [poisons.sigkill_itself, poisons.sigkill_its_group], ids=ids)
def test_a_task_that_kills_its_own_process_is_given_up_after_four_attempts(sc3, counter, poison):
    with Stopwatch() as watch, pytest.raises(JobFailed, match=r"SIGKILL \(-9\)"):
        poisoned(sc3, counter, poison).sum()

    assert watch.seconds < within(LIMIT_S)
    assert counter.count == EXTERNAL
    assert_usable(sc3)


@pytest.mark.parametrize("poison", FATAL, ids=ids)
def test_a_poison_on_the_map_side_ends_its_job_and_nothing_else(sc3, counter, poison):
    with pytest.raises(JobFailed) as caught:
        poisoned(sc3, counter, poison).map(lambda n: (n, 1)).reduceByKey(add).count()

    assert FATAL[poison] in str(caught.value)
    assert counter.count == 3
    assert_usable(sc3)


def test_a_result_that_cannot_be_pickled_is_not_tried_again(sc3, counter):
    with pytest.raises(JobFailed, match=r"cannot pickle '_thread.lock' object"):
        poisoned(sc3, counter, poisons.unpicklable_result).collect()

    assert counter.count == 1
    assert_usable(sc3)


def test_a_result_whose_pickling_exits_is_a_failed_task(sc3, counter):
    with pytest.raises(JobFailed, match="while the result is pickled"):
        poisoned(sc3, counter, poisons.result_that_exits_when_pickled).collect()

    assert counter.count == 3
    assert_usable(sc3)


def test_a_result_that_cannot_be_unpickled_is_an_error_of_the_action(sc3, counter):
    with pytest.raises(RuntimeError, match="cannot be unpickled"):
        poisoned(sc3, counter, poisons.result_that_cannot_be_unpickled).collect()

    assert counter.count == 1
    assert_usable(sc3)


def test_a_result_cannot_end_the_driver(sc3, counter):
    with pytest.raises(JobFailed, match="SystemExit: while it is unpickled"):
        poisoned(sc3, counter, poisons.result_that_exits_when_unpickled).collect()

    assert_usable(sc3)


@pytest.mark.parametrize("poison", HARMLESS, ids=ids)
def test_what_a_task_does_to_its_process_stays_there(sc3, counter, poison):
    for _ in range(3):
        assert poisoned(sc3, counter, poison).sum() == sum(range(20))

    assert counter.count == 3
    for _ in range(3):
        assert_usable(sc3)
