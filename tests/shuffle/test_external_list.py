"""External lists are lists: they grow, are gone through again and again, and travel."""

from __future__ import annotations

import pickle

from pyspark_shell.resultiterable import ResultIterable
from pyspark_shell.shuffle import ExternalList, ExternalListOfList


def long_list() -> ExternalList[int]:
    values: ExternalList[int] = ExternalList([])
    for n in range(25_000):
        values.append(n)
    return values


def test_list_goes_to_disk_beyond_its_limit():
    values = long_list()

    assert len(values) == 25_000
    assert len(values.values) < ExternalList.LIMIT
    assert list(values) == list(values) == list(range(25_000))


def test_pickled_list_is_a_list_of_its_own():
    values = long_list()

    copy = pickle.loads(pickle.dumps(values))
    copy.append(-1)

    assert len(values) == 25_000
    assert list(copy) == [*range(25_000), -1]


def test_short_list_needs_no_file():
    values = ExternalList([1, 2])

    values.append(3)

    assert list(values) == [1, 2, 3]
    assert repr(values) == "<ExternalList: 3 values, 0 bytes on disk>"


def test_list_of_lists_counts_the_values():
    values = ExternalListOfList([[1, 2], []])

    values.append((3, 4, 5))

    assert len(values) == 5
    assert list(values) == [1, 2, 3, 4, 5]


def test_result_can_be_gone_through_again():
    result = ResultIterable([1, 2])

    assert (len(result), result.maxindex) == (2, 2)
    assert list(result) == list(result) == [1, 2]
    assert result.data == [1, 2]


def test_result_pickles_with_little_more_than_its_values():
    results = [ResultIterable([n]) for n in range(1000)]

    data = pickle.dumps(results)

    assert [list(r) for r in pickle.loads(data)] == [[n] for n in range(1000)]
    assert len(data) < len(pickle.dumps([[n] for n in range(1000)])) + 10_000


def test_result_of_an_external_list_travels_whole():
    result = pickle.loads(pickle.dumps(ResultIterable(long_list())))

    assert len(result) == 25_000
    assert list(result) == list(range(25_000))
