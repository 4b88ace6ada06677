"""A merger gives what a dict would give, whatever it spills."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyspark_shell import shuffle
from pyspark_shell.common.errors import PySparkRuntimeError
from pyspark_shell.shuffle import Aggregator, ExternalMerger, Merger, SimpleAggregator
from pyspark_shell.shuffle.spill_file import SPILL_METRICS

COLLECT = Aggregator(lambda v: [v], lambda c, v: [*c, v], lambda a, b: a + b)


def full() -> float:
    """Say that more memory is in use each time, so that every look leads to a spill."""
    full.used = getattr(full, "used", 100.0) * 1.1
    return full.used


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_values_are_combined_by_key():
    merger = ExternalMerger(SimpleAggregator(lambda a, b: a + b))

    merger.mergeValues([("a", 1), ("b", 2), ("a", 3)])

    assert dict(merger.items()) == {"a": 4, "b": 2}
    assert merger.spills == 0


def test_values_and_combiners_can_be_taken_in_by_turns():
    merger = ExternalMerger(COLLECT)

    merger.mergeValues([("a", 1), ("a", 2)])
    merger.mergeCombiners([("a", [3, 4]), ("b", [5])])
    merger.mergeValues(iter([("b", 6)]))

    assert dict(merger.items()) == {"a": [1, 2, 3, 4], "b": [5, 6]}


def test_spilled_combiners_come_back_once_and_complete():
    merger = ExternalMerger(COLLECT, 1, batch=10, used_memory=full)

    merger.mergeValues((n % 700, n) for n in range(5000))

    assert merger.spills > 1
    items = list(merger.items())
    assert len(items) == 700
    assert all(values == list(range(key, 5000, 700)) for key, values in items)


def test_partition_that_does_not_fit_is_dealt_out_again():
    merger = ExternalMerger(SimpleAggregator(max), 1, partitions=2, batch=5, used_memory=full)

    merger.mergeCombiners((n, n) for n in range(2000))

    assert sorted(merger.items()) == [(n, n) for n in range(2000)]


def test_merger_without_limit_never_spills():
    merger = ExternalMerger(SimpleAggregator(max), 1, batch=5, used_memory=full)

    merger.mergeCombiners(((n, n) for n in range(100)), 0)

    assert merger.spills == 0
    assert len(dict(merger.items())) == 100


def test_memory_in_use_at_the_end_counts_too():
    merger = ExternalMerger(SimpleAggregator(max), 10)

    merger.mergeValues((n, n) for n in range(10))

    assert merger.spills == 1
    assert sorted(merger.items()) == [(n, n) for n in range(10)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.one_of(st.none(), st.integers(-3, 30), st.text(max_size=2)), st.integers())
    )
)
def test_sums_are_those_of_a_counter(pairs):
    expected: Counter[object] = Counter()
    for key, value in pairs:
        expected[key] += value
    for used_memory in (full, lambda: 0.0):
        merger = ExternalMerger(
            SimpleAggregator(lambda a, b: a + b), 1, batch=3, partitions=3, used_memory=used_memory
        )

        merger.mergeValues(pairs)

        assert dict(merger.items()) == expected


@pytest.mark.parametrize("keys", [1, 50, 100_000])
def test_both_loops_agree_over_many_batches(keys):
    def smaller(a: int, b: int) -> int:
        return a if a < b else b

    pairs = [(n * 7919 % keys, n * 31 % 1013) for n in range(30_000)]
    expected: dict[int, int] = {}
    for key, value in pairs:
        expected[key] = min(value, expected.get(key, value))
    merger = ExternalMerger(Aggregator(lambda v: v + 0, smaller, smaller), 100_000)

    merger.mergeValues(pairs)

    assert merger.data == expected


@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_stop_iteration_of_a_user_function_is_an_error(wrong):
    def stop(*_: object) -> object:
        raise StopIteration("enough")

    functions = [lambda v: [v], lambda c, v: c, lambda a, b: a]
    functions[wrong] = stop
    merger = ExternalMerger(Aggregator(*functions))
    merge = merger.mergeCombiners if wrong == 2 else merger.mergeValues

    with pytest.raises(PySparkRuntimeError, match=r"STOP_ITERATION_OCCURRED.*enough"):
        merge([("a", [1]), ("a", [2])])


def test_key_error_of_a_user_function_is_not_taken_for_a_new_key():
    def merge(left: int, right: int) -> int:
        raise KeyError("mine")

    merger = ExternalMerger(SimpleAggregator(merge), batch=1)

    with pytest.raises(KeyError, match="mine"):
        merger.mergeValues([("a", 1)] * 100)


def test_failing_addition_shows_the_line_of_the_user():
    merger = ExternalMerger(SimpleAggregator(lambda a, b: a + b))

    with pytest.raises(TypeError, match="unsupported operand") as failure:
        merger.mergeValues([("a", 1), ("a", "x")])

    assert failure.traceback[-1].path.name == "test_external_merger.py"


def test_addition_does_not_change_the_values_it_adds():
    first = [1]
    merger = ExternalMerger(SimpleAggregator(lambda a, b: a + b))

    merger.mergeValues([("a", first), ("a", [2])])

    assert first == [1]
    assert merger.data == {"a": [1, 2]}


def test_spills_are_counted():
    SPILL_METRICS.take()
    merger = ExternalMerger(SimpleAggregator(max), 1, batch=10, used_memory=full)
    merger.mergeValues((n, n) for n in range(100))

    counted = shuffle.DiskBytesSpilled

    assert counted > 0
    assert SPILL_METRICS.take().disk_bytes_spilled == counted
    assert shuffle.DiskBytesSpilled == shuffle.MemoryBytesSpilled == 0


def test_spill_leaves_no_file_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("SPARK_LOCAL_DIRS", str(tmp_path))
    before = open_files()
    merger = ExternalMerger(SimpleAggregator(max), 1, batch=10, used_memory=full)
    merger.mergeValues((n, n) for n in range(100))

    assert open_files() == before + 1
    assert list(tmp_path.rglob("*")) == []
    assert len(list(merger.items())) == 100
    assert open_files() == before


def test_abandoned_items_give_their_file_back():
    before = open_files()
    merger = ExternalMerger(SimpleAggregator(max), 1, batch=10, used_memory=full)
    merger.mergeValues((n, n) for n in range(100))
    items = merger.items()
    next(items)

    del items, merger

    assert open_files() == before


def test_local_directories_are_those_of_spark(monkeypatch):
    monkeypatch.setenv("SPARK_LOCAL_DIRS", "/a,/b")

    orders = {tuple(ExternalMerger(COLLECT).localdirs) for _ in range(50)}

    assert {path.split("/")[1] for order in orders for path in order} == {"a", "b"}
    assert len({order[0].split("/")[1] for order in orders}) == 2


def test_base_class_asks_for_methods():
    merger: Merger[int, int, int] = Merger(SimpleAggregator(max))

    for call in (lambda: merger.mergeValues([]), lambda: merger.mergeCombiners([]), merger.items):
        with pytest.raises(NotImplementedError):
            call()


def test_iterator_is_consumed_lazily_up_to_its_own_error():
    def failing() -> Iterator[tuple[str, int]]:
        yield "a", 1
        raise OSError("source is gone")

    merger = ExternalMerger(SimpleAggregator(max))

    with pytest.raises(OSError, match="source is gone"):
        merger.mergeValues(failing())
    assert merger.data == {"a": 1}


def test_repr_tells_what_is_held():
    merger = ExternalMerger(SimpleAggregator(max))
    merger.mergeValues([(1, 1)])

    assert repr(merger) == "<ExternalMerger: 1 keys in memory, 0 spills>"
