"""What tasks compute for actions, record by record."""

from __future__ import annotations

import operator
import pickle
from functools import partial

import pytest

from pyspark_shell.common.errors import PySparkRuntimeError
from pyspark_shell.lineage import partition_functions as tasks
from pyspark_shell.lineage.partition_functions import CombinerOfFirstValue, ZeroValue


def stop(*_):
    raise StopIteration


@pytest.mark.parametrize("size", [0, 1, 1000])
def test_count_records(size):
    assert tasks.count_records(iter(range(size))) == size


def test_count_pickles_as_a_name():
    assert len(pickle.dumps(tasks.count_records)) < 100


def test_take_reads_no_more_than_it_gives():
    records = iter(range(10))

    assert tasks.take_up_to(3, records) == [0, 1, 2]
    assert next(records) == 3


def test_reduce_of_nothing_is_nothing():
    assert tasks.reduce_records(operator.add, []) == ()
    assert tasks.reduce_records(operator.add, [None]) == (None,)


@pytest.mark.parametrize(
    "function",
    [
        partial(tasks.reduce_records, stop),
        partial(tasks.fold_records, stop, ZeroValue(0)),
        partial(tasks.extreme_record, max, stop),
        partial(tasks.reduce_by_key_locally, stop),
    ],
)
def test_stop_iteration_of_a_user_function_is_an_error(function):
    with pytest.raises(PySparkRuntimeError, match="STOP_ITERATION_OCCURRED"):
        function(iter([(1, 1), (1, 1), (1, 1)]))


def test_extreme_record_is_the_first_of_equals():
    assert tasks.extreme_record(max, len, ["aa", "bb", "c"]) == ("aa",)
    assert tasks.extreme_record(min, len, ["aa", "b", "c"]) == ("b",)
    assert tasks.extreme_record(min, None, []) == ()


@pytest.mark.parametrize("value", [[], {}, set(), [1], {"a": []}, (1, [2])])
def test_zero_value_is_fresh_each_time(value):
    zero = pickle.loads(pickle.dumps(ZeroValue(value)))

    first, second = zero.fresh(), zero.fresh()

    assert first == second == value
    assert first is not second


def test_zero_value_does_not_see_later_changes():
    value = [1]
    zero = ZeroValue(value)
    value.append(2)

    assert zero.fresh() == [1]


@pytest.mark.parametrize("value", [[], [[0]], {}, 7])
def test_each_key_has_a_zero_value_of_its_own(value):
    create = pickle.loads(pickle.dumps(CombinerOfFirstValue(value, pair)))

    (first, _), (second, _) = create(1), create(2)

    assert first == second == value
    if not isinstance(value, int):
        assert first is not second


def pair(zero, value):
    return zero, value


def test_numbering():
    assert list(tasks.number_from([0, 5], 1, "ab")) == [("a", 5), ("b", 6)]
    assert list(tasks.number_uniquely(3, 1, "ab")) == [("a", 1), ("b", 4)]


@pytest.mark.parametrize("result", [None, 5, [1, 2], iter([1])])
def test_foreach_partition_takes_any_result(result):
    assert tasks.call_with_iterator(lambda records: result, iter([])) is None


def test_foreach_partition_walks_through_a_generator():
    seen = []

    def visit(records):
        for record in records:
            seen.append(record)
            yield

    tasks.call_with_iterator(visit, iter([1, 2]))

    assert seen == [1, 2]


def test_join_optional():
    join = partial(tasks.join_optional, operator.add)

    assert join((), ()) == ()
    assert join((1,), ()) == join((), (1,)) == (1,)
    assert join((1,), (2,)) == (3,)
