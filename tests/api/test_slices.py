import pytest

from pyspark_shell.api.slices import slice_collection
from pyspark_shell.common.errors import IllegalArgumentException


@pytest.mark.parametrize(
    ("numbers", "count", "expected"),
    [
        (range(10), 4, [[0, 1], [2, 3, 4], [5, 6], [7, 8, 9]]),
        (range(10, 0, -3), 3, [[10], [7], [4, 1]]),
        (range(2), 5, [[], [], [0], [], [1]]),
        (range(0), 2, [[], []]),
    ],
)
def test_ranges_are_cut_evenly_and_stay_ranges(numbers, count, expected):
    slices = slice_collection(numbers, count, 0)

    assert all(isinstance(part, range) for part in slices)
    assert [list(part) for part in slices] == expected


@pytest.mark.parametrize(
    ("records", "count", "batch", "expected"),
    [
        (list(range(10)), 4, 0, [[0, 1], [2, 3], [4, 5], [6, 7, 8, 9]]),
        (list(range(10)), 4, 2, [[0, 1], [2, 3], [4, 5], [6, 7, 8, 9]]),
        (list(range(10)), 4, 1, [[0, 1], [2, 3, 4], [5, 6], [7, 8, 9]]),
        (list(range(10)), 4, -1, [[0, 1], [2, 3, 4], [5, 6], [7, 8, 9]]),
        ("abcdef", 3, 0, [["a", "b"], ["c", "d"], ["e", "f"]]),
        ([1, 2], 5, 0, [[], [], [1], [], [2]]),
        ([], 3, 0, [[], [], []]),
        ((x for x in range(5)), 2, 0, [[0, 1], [2, 3, 4]]),
        ({"a": 1, "b": 2}, 2, 0, [["a"], ["b"]]),
    ],
)
def test_other_collections_are_dealt_out_in_batches(records, count, batch, expected):
    assert slice_collection(records, count, batch) == expected


@pytest.mark.parametrize("records", [[1, 2, 3], range(3)])
def test_no_partitions_at_all_are_impossible(records):
    with pytest.raises(ZeroDivisionError):
        slice_collection(records, 0, 0)
    with pytest.raises(IllegalArgumentException, match="Positive number of partitions required"):
        slice_collection(records, -1, 0)


@pytest.mark.parametrize("nothing", [None, 3])
def test_what_cannot_be_iterated_is_a_type_error(nothing):
    with pytest.raises(TypeError, match="object is not iterable"):
        slice_collection(nothing, 2, 0)
