"""Functions travel by value, with the names of their files, and are made anew each time."""

from __future__ import annotations

import copyreg
import pickle
import sys
import traceback
from types import CodeType

import cloudpickle
import pytest

from pyspark_shell.api.spark_files import SparkFiles
from pyspark_shell.common.pickling import dumps, load_code, loads


class Point:
    def __init__(self, x):
        self.x = x


@pytest.fixture
def by_value():
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    yield
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


def divide(x):
    return 1 // x


def test_a_functions_traceback_names_its_file_and_line(by_value):
    copy = loads(dumps(divide))

    with pytest.raises(ZeroDivisionError) as caught:
        copy(0)
    frame = traceback.extract_tb(caught.tb)[-1]
    assert copy is not divide
    assert (frame.filename, frame.lineno) == (__file__, divide.__code__.co_firstlineno + 1)


def test_methods_of_classes_that_travel_keep_their_files_too(by_value):
    local = type("Local", (), {"f": lambda self: 1 // 0})

    copy = loads(dumps(local))

    assert copy.f.__code__.co_filename == __file__


def test_class_methods_of_ours_go_by_name_those_of_users_by_value(by_value):
    local = type("Local", (SparkFiles,), {"made": classmethod(lambda cls: cls.__name__)})

    assert loads(dumps(SparkFiles.get)) == SparkFiles.get
    assert loads(dumps(local.get)).__func__ is SparkFiles.get.__func__
    assert loads(dumps(local.made))() == "Local"


def test_two_copies_of_a_function_share_code_and_nothing_else():
    seen = []

    def remember(x):
        seen.append(x)
        return len(seen)

    data = dumps(remember)
    one, other = loads(data), loads(data)

    assert (one(1), one(2), other(3), len(seen)) == (1, 2, 1, 0)
    assert one.__code__ is other.__code__


def test_code_with_a_constant_that_no_compiler_makes():
    code = divide.__code__.replace(co_consts=(None, 1, Point(3)))

    copy = loads(dumps(code))

    assert isinstance(copy, CodeType)
    assert copy.co_consts[2].x == 3


def test_what_a_user_registers_later_is_heeded(monkeypatch):
    monkeypatch.setitem(copyreg.dispatch_table, Point, lambda point: (Point, (point.x + 1,)))

    assert loads(dumps(Point(1))).x == 2


def test_code_is_read_once_a_process():
    data = dumps(lambda: 1)

    first, again = pickle.loads(data), pickle.loads(data)

    assert first.__code__ is again.__code__
    assert load_code.cache_info().maxsize == 1024
