import pickle

import pytest

from pyspark_shell import Row
from pyspark_shell.common.errors import PySparkValueError


def test_fields_by_name():
    row = Row(name="Ada", born=1815)

    assert (row.name, row["born"], row[0], row[-1]) == ("Ada", 1815, "Ada", 1815)
    assert row == ("Ada", 1815)
    assert "name" in row
    assert "Ada" not in row
    assert repr(row) == "Row(name='Ada', born=1815)"


def test_a_row_of_names_makes_rows():
    Point = Row("x", "y")

    assert Point(1, 2).y == 2
    assert "x" in Point
    assert repr(Point) == "<Row('x', 'y')>"
    with pytest.raises(PySparkValueError, match="expected 2 values"):
        Point(1, 2, 3)


def test_rows_travel():
    row = Row(a=1, b=[Row(c=2)])

    copy = pickle.loads(pickle.dumps(row))

    assert copy == row
    assert copy.b[0].c == 2
    assert pickle.loads(pickle.dumps(Row("x")))(5).x == 5


def test_rows_as_dictionaries():
    row = Row(a=Row(x=1), b=[Row(x=2)], c={"k": Row(x=3)})

    assert row.asDict()["a"] == Row(x=1)
    assert row.asDict(recursive=True) == {"a": {"x": 1}, "b": [{"x": 2}], "c": {"k": {"x": 3}}}


def test_what_is_wrong_is_said():
    row = Row(a=1)

    with pytest.raises(PySparkValueError, match="not both"):
        Row(1, a=2)
    with pytest.raises(PySparkValueError, match="no field"):
        row["b"]
    with pytest.raises(AttributeError):
        _ = row.b
    with pytest.raises(RuntimeError, match="read-only"):
        row.a = 2
    with pytest.raises(TypeError, match="into dict"):
        Row(1).asDict()
