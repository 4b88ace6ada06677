"""The sorter gives what `sorted` gives, in the same order of equals."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyspark_shell.shuffle import ExternalSorter
from pyspark_shell.shuffle.sorted_runs import merge_sorted_runs


class SpillsAtEveryLook(ExternalSorter):
    """A sorter that never has memory left, as Spark's own tests make one."""

    def _next_limit(self) -> float:
        return self.memory_limit


def by_tens(n: int) -> int:
    return n // 10


def test_small_input_is_sorted_in_memory():
    result = ExternalSorter(10_000).sorted([3, 1, 2])

    assert result == [1, 2, 3]
    assert isinstance(result, list)


@pytest.mark.parametrize("key", [None, by_tens, lambda n: -n])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("count", [0, 99, 100, 101, 12_345])
def test_spilled_runs_are_merged_as_the_builtin_sorts(key, reverse, count):
    numbers = [n * 7919 % 4099 for n in range(count)]

    result = SpillsAtEveryLook(1).sorted(iter(numbers), key=key, reverse=reverse)

    assert list(result) == sorted(numbers, key=key, reverse=reverse)
    assert isinstance(result, list) is (count < 100)


def test_many_runs_are_merged_into_one_on_the_way():
    class FewRuns(SpillsAtEveryLook):
        MAX_RUNS = 3

    numbers = [n * 7919 % 1009 for n in range(3000)]

    result = FewRuns(1).sorted(numbers, key=by_tens)

    assert list(result) == sorted(numbers, key=by_tens)


def test_records_need_no_order_of_their_own():
    records = [(n % 3, {"n": n}) for n in range(500)]

    result = SpillsAtEveryLook(1).sorted(records, key=lambda record: record[0])

    assert [record[1]["n"] for record in result] == sorted(range(500), key=lambda n: n % 3)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 20), max_size=12), max_size=5),
    st.integers(1, 4),
    st.booleans(),
)
def test_merge_is_stable_for_any_cut_into_blocks(numbers, size, reverse):
    tagged = [[(n, run, at) for at, n in enumerate(run_)] for run, run_ in enumerate(numbers)]
    runs = [sorted(run, key=lambda r: r[0], reverse=reverse) for run in tagged]
    blocks = [iter([run[i : i + size] for i in range(0, len(run), size)]) for run in runs]

    merged = merge_sorted_runs(blocks, lambda record: record[0], reverse)

    everything = [record for run in tagged for record in run]
    assert [record for block in merged for record in block] == sorted(
        everything, key=lambda r: r[0], reverse=reverse
    )
