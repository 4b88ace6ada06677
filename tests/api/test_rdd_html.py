"""What notebooks show of RDDs and statistics: cheap, true, and text through and through."""

import pytest

from pyspark_shell import SparkContext
from pyspark_shell.statistics.stat_counter import StatCounter


@pytest.fixture(scope="module")
def sc():
    with SparkContext("local[2]", "html") as sc:
        yield sc


def jobs(sc):
    return len(sc.statusTracker().getJobIdsForGroup(None))


def test_showing_runs_no_job_counts_no_partitions_and_reads_no_file(sc):
    words = sc.textFile("/nowhere/at/all").map(str)

    html = words._repr_html_()

    assert jobs(sc) == 0
    assert "map at " in html
    assert "textFile at " in html
    assert "<td" in html
    assert "partitions" not in html


def test_what_is_cached_is_told(sc):
    numbers = sc.parallelize(range(100), 4).cache()
    before = numbers._repr_html_()
    numbers.count()

    after = numbers._repr_html_()

    assert "nothing yet" in before
    assert "4 partitions" in after


def test_a_shuffle_is_marked_in_the_lineage(sc):
    pairs = sc.parallelize([(1, 2)], 2).reduceByKey(max, 3)

    html = pairs._repr_html_()

    assert html.index("+- ") < html.index("parallelize at")


def test_a_long_lineage_is_cut(sc):
    rdd = sc.parallelize([1], 1)
    for _ in range(50):
        rdd = rdd.union(sc.parallelize([1], 1))

    assert len(rdd._repr_html_()) < 4000
    assert "…" in rdd._repr_html_()


def test_names_are_text_and_never_markup(sc):
    html = sc.parallelize([1], 1).setName("<script>alert(1)</script>")._repr_html_()

    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_statistics_are_a_table():
    html = StatCounter([1, 2, 3])._repr_html_()

    assert "mean" in html
    assert "2.0" in html
    assert StatCounter()._repr_html_()
