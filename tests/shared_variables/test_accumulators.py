import pickle
import threading

import pytest

from pyspark_shell.common.errors import PySparkRuntimeError
from pyspark_shell.common.pickling import dumps, loads
from pyspark_shell.shared_variables import accumulators
from pyspark_shell.shared_variables.accumulator_registry import AccumulatorRegistry
from pyspark_shell.shared_variables.accumulators import (
    COMPLEX_ACCUMULATOR_PARAM,
    FLOAT_ACCUMULATOR_PARAM,
    INT_ACCUMULATOR_PARAM,
    Accumulator,
    AccumulatorParam,
    AddingAccumulatorParam,
    TaskAccumulators,
    begin_task,
    default_param,
    install_driver_accumulators,
    task_updates,
)


class VectorParam(AccumulatorParam):
    def zero(self, value):
        return [0] * len(value)

    def addInPlace(self, value1, value2):
        for i, x in enumerate(value2):
            value1[i] += x
        return value1


@pytest.fixture(autouse=True)
def in_an_executor():
    begin_task()
    yield
    install_driver_accumulators(None)
    begin_task()


@pytest.fixture
def registry():
    return AccumulatorRegistry()


def on_driver(registry, value, param=INT_ACCUMULATOR_PARAM, aid=0):
    accumulator = Accumulator(aid, value, param)
    registry.register(accumulator)
    return accumulator


def sent_to_a_task(accumulator):
    return loads(dumps(accumulator))


@pytest.mark.parametrize(
    ("value", "param"),
    [
        (1, INT_ACCUMULATOR_PARAM),
        (True, INT_ACCUMULATOR_PARAM),
        (1.5, FLOAT_ACCUMULATOR_PARAM),
        (1j, COMPLEX_ACCUMULATOR_PARAM),
    ],
)
def test_numbers_have_a_param(value, param):
    assert default_param(value) is param


def test_other_types_need_one():
    with pytest.raises(TypeError, match="No default accumulator param for type <class 'list'>"):
        default_param([1])


def test_text_is_the_value(registry):
    accumulator = on_driver(registry, 8, aid=3)

    assert str(accumulator) == "8"
    assert repr(accumulator) == "Accumulator<id=3, value=8>"


def test_the_driver_adds_at_once(registry):
    accumulator = on_driver(registry, 1)

    accumulator += 2
    accumulator.add(4)

    assert accumulator.value == 7


def test_what_a_task_added_arrives_once(registry):
    accumulator = on_driver(registry, 100)
    in_task = sent_to_a_task(accumulator)

    in_task.add(1)
    in_task += 2
    registry.enqueue(task_updates())

    assert accumulator.value == 103
    assert accumulator.value == 103


def test_each_task_starts_at_zero_though_the_closure_is_kept(registry):
    accumulator = on_driver(registry, [10, 10], VectorParam())
    in_task = sent_to_a_task(accumulator)

    for _ in range(3):
        begin_task()
        in_task.add([1, 2])
        registry.enqueue(task_updates())

    assert accumulator.value == [13, 16]


def test_a_mutable_zero_is_not_shared_between_tasks(registry):
    accumulator = on_driver(registry, [], AddingAccumulatorParam([]))
    in_task = sent_to_a_task(accumulator)

    for word in "ab":
        begin_task()
        in_task.add([word])
        registry.enqueue(task_updates())

    assert accumulator.value == ["a", "b"]


def test_a_task_that_adds_nothing_sends_nothing(registry):
    sent_to_a_task(on_driver(registry, 1))

    assert task_updates() == b""


def test_a_failed_task_leaves_nothing_behind(registry):
    in_task = sent_to_a_task(on_driver(registry, 0))

    in_task.add(5)
    begin_task()

    assert task_updates() == b""


def test_a_task_may_not_look_at_the_value(registry):
    in_task = sent_to_a_task(on_driver(registry, 0))

    with pytest.raises(PySparkRuntimeError, match=r"\[VALUE_NOT_ACCESSIBLE\].*Accumulator.value"):
        _ = in_task.value
    with pytest.raises(PySparkRuntimeError, match="VALUE_NOT_ACCESSIBLE"):
        in_task.value = 1


def test_unpickling_on_the_driver_gives_the_accumulator_itself(registry):
    registry.install()
    accumulator = on_driver(registry, 5)

    assert pickle.loads(pickle.dumps(accumulator)) is accumulator


def test_setting_the_value_comes_after_what_waits(registry):
    accumulator = on_driver(registry, 0)
    sent_to_a_task(accumulator).add(5)
    registry.enqueue(task_updates())

    accumulator.value = 7

    assert accumulator.value == 7


def test_an_update_that_cannot_be_added_is_logged_and_the_others_count(registry, caplog):
    good, bad = on_driver(registry, 0, aid=1), on_driver(registry, "text", aid=2)
    registry.enqueue(dumps([(2, 1), (1, 10)]))

    registry.drain()

    assert good.value == 10
    assert bad.value == "text"
    assert "accumulator 2: an update cannot be added" in caplog.text


def test_bytes_that_are_no_updates_are_logged(registry, caplog):
    accumulator = on_driver(registry, 1)
    registry.enqueue(b"rubbish")

    assert accumulator.value == 1
    assert "cannot be unpickled" in caplog.text


def test_updates_for_an_accumulator_that_nobody_holds_are_dropped(registry):
    registry.enqueue(dumps([(99, 1)]))

    registry.drain()

    assert registry.find(99) is None


def test_the_registry_holds_nothing_alive(registry):
    accumulator = on_driver(registry, 1, aid=4)
    assert registry.find(4) is accumulator

    del accumulator

    assert registry.find(4) is None


def test_a_param_may_read_other_accumulators_while_it_adds(registry):
    other = on_driver(registry, 5, aid=1)

    class Nosy(AccumulatorParam):
        def zero(self, value):
            return 0

        def addInPlace(self, value1, value2):
            return value1 + value2 + other.value

    nosy = on_driver(registry, 0, Nosy(), aid=2)
    registry.enqueue(dumps([(2, 1)]))

    assert nosy.value == 6


def test_many_threads_lose_nothing(registry):
    accumulator = on_driver(registry, 0)
    one = dumps([(0, 1)])

    def work():
        for _ in range(500):
            registry.enqueue(one)
            accumulator.add(1)
            registry.drain()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert accumulator.value == 4000


def test_task_numbers_only_grow():
    before = TaskAccumulators.task_number

    accumulators.begin_task()

    assert TaskAccumulators.task_number == before + 1
