"""Profiles are collected through an accumulator, shown once, and dumped where they should be."""

from __future__ import annotations

import pickle
import pstats

import pytest

from pyspark_shell.api import profiler as profiler_module
from pyspark_shell.profiler import BasicProfiler, Profiler, ProfilerCollector


class FakeAccumulator:
    """Merges at once, by way of pickles as between processes."""

    def __init__(self, value, param):
        self.value = value
        self.param = param

    def add(self, term):
        term = pickle.loads(pickle.dumps(term))
        self.value = self.param.addInPlace(self.value, term)


class FakeContext:
    """What a profiler asks of a SparkContext."""

    def accumulator(self, value, accum_param=None):
        return FakeAccumulator(value, accum_param)


@pytest.fixture(autouse=True)
def exits(monkeypatch):
    registered = []
    monkeypatch.setattr(profiler_module.atexit, "register", lambda *call: registered.append(call))
    return registered


def heavy(n):
    return sum(range(n))


def test_profile_gives_the_result_and_adds_up_the_calls():
    profiler = BasicProfiler(FakeContext())
    assert profiler.stats() is None

    results = [profiler.profile(heavy, n) for n in (10, 20)]

    assert results == [45, 190]
    calls = {name: row[0] for (_, _, name), row in profiler.stats().stats.items()}
    assert calls["heavy"] == 2


def test_each_profile_is_shown_once(capsys):
    collector = ProfilerCollector(BasicProfiler)
    ran, waiting = (collector.new_profiler(FakeContext()) for _ in range(2))
    collector.add_profiler(3, ran)
    collector.add_profiler(5, waiting)
    ran.profile(heavy, 10)

    collector.show_profiles()
    first = capsys.readouterr().out
    collector.show_profiles()

    assert "Profile of RDD<id=3>" in first
    assert "heavy" in first
    assert "id=5" not in first
    assert capsys.readouterr().out == ""
    assert [entry[0::2] for entry in collector.profilers] == [[3, True], [5, True]]


def test_dump_writes_a_file_for_each_rdd(tmp_path):
    collector = ProfilerCollector(BasicProfiler)
    profiler = collector.new_profiler(FakeContext())
    collector.add_profiler(3, profiler)
    profiler.profile(heavy, 10)

    collector.dump_profiles(str(tmp_path / "profiles"))

    names = {key[2] for key in pstats.Stats(str(tmp_path / "profiles" / "rdd_3.pstats")).stats}
    assert "heavy" in names
    assert collector.profilers == []


@pytest.mark.parametrize("path", [None, "/some/where"])
def test_end_of_the_program_shows_or_dumps(exits, path):
    collector = ProfilerCollector(BasicProfiler, dump_path=path)

    for rdd_id in (1, 2):
        collector.add_profiler(rdd_id, collector.new_profiler(FakeContext()))

    expected = (collector.show_profiles,) if path is None else (collector.dump_profiles, path)
    assert exits == [expected]


def test_base_class_asks_for_methods():
    profiler = Profiler(FakeContext())

    for call in (
        lambda: profiler.profile(heavy, 1),
        profiler.stats,
        lambda: profiler.show(1),
        lambda: profiler.dump(1, "."),
    ):
        with pytest.raises(NotImplementedError):
            call()
