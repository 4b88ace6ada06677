import pytest

from pyspark_shell.shell.rdd_text import summary_of


@pytest.fixture
def jobs(sc):
    """The number of jobs so far."""
    return lambda: len(sc.statusTracker().getJobIdsForGroup(None))


def test_an_rdd_tells_where_it_comes_from(sc, jobs):
    before = jobs()
    rdd = sc.parallelize([(1, 2)], 4).reduceByKey(max).mapValues(str)

    summary = summary_of(rdd)

    assert summary.title == repr(rdd)
    assert summary.partitions_text == "4 partitions"
    assert summary.storage == "not cached"
    calls = [step.split(" ")[0] for step in summary.lineage]
    assert calls == ["mapValues", "reduceByKey", "parallelize"]
    assert not summary.is_cut
    assert jobs() == before


def test_what_is_cached_is_told(sc):
    rdd = sc.parallelize(range(100), 2).cache()

    assert summary_of(rdd).storage == "to be cached by the next job"
    rdd.count()

    assert summary_of(rdd).storage.startswith("2 of 2 cached, ")
    assert summary_of(rdd).storage.endswith(" in memory")
    rdd.unpersist()
    assert summary_of(rdd).storage == "not cached"


def test_files_are_not_looked_at(sc, tmp_path):
    rdd = sc.textFile(str(tmp_path / "missing")).map(len)

    assert summary_of(rdd).partitions is None
    assert "partitions not looked up yet" in str(summary_of(rdd))

    (tmp_path / "there").write_text("a\nb\n")
    known = sc.textFile(str(tmp_path / "there"), 2)
    known.count()
    assert summary_of(known).partitions == 2


def test_a_long_lineage_is_cut(sc):
    rdd = sc.parallelize([1])
    for _ in range(3):
        rdd = rdd.map(str)
        rdd = rdd.filter(bool)
        rdd = rdd.map(int).cache()

    summary = summary_of(rdd)

    assert len(summary.lineage) <= 4
    assert str(summary).count("\n") == 2


def test_an_rdd_of_an_ended_application_shows_no_other_s_cache(sc, monkeypatch):
    rdd = sc.parallelize(range(100), 2).cache()
    rdd.count()
    monkeypatch.setattr(rdd, "ctx", "a context that has ended, in which this number was another's")

    assert summary_of(rdd).storage == "cached until its application ended"
