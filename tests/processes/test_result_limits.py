"""spark.driver.maxResultSize: the job ends with Spark's sentence before much is loaded."""

import os
import re

import pytest

from pyspark_shell.common.errors import CollectTooLarge, JobFailed
from tests.processes.engine import wait_until_up
from tests.processes.waiting import rss_bytes, wait_for

SENTENCE = re.compile(
    r"Job aborted due to stage failure: Total size of serialized results of (\d+) tasks "
    r"\((\d+\.\d [MK]iB)\) is bigger than spark\.driver\.maxResultSize \(1024\.0 KiB\)"
)


@pytest.fixture
def sc(start):
    context = start(spark__driver__maxResultSize="1m")
    wait_until_up(context, 2)
    return context


def results_left(sc):
    dirs = sc._driver.local_dirs
    return os.listdir(dirs.path("results")) + os.listdir(dirs.memory_path("results"))


def test_results_that_are_too_large_together_end_the_job(sc):
    with pytest.raises(JobFailed) as caught:
        sc.parallelize(range(20), 20).map(lambda n: bytes(300 << 10)).collect()

    found = SENTENCE.search(str(caught.value))
    assert found, str(caught.value)
    assert found[1] == "4"
    wait_for(lambda: results_left(sc) == [], "the results' end")


def test_one_result_above_the_limit_is_never_loaded(sc):
    before = rss_bytes(os.getpid())

    with pytest.raises(JobFailed, match=SENTENCE):
        sc.parallelize(range(2), 2).map(lambda n: bytes(50 << 20)).collect()

    assert rss_bytes(os.getpid()) - before < 20 << 20
    wait_for(lambda: results_left(sc) == [], "the results' end")


def test_the_limit_is_for_results_and_not_for_shuffles(sc):
    pairs = sc.parallelize(range(10), 5).map(lambda n: (n % 2, bytes(1 << 20)))

    assert pairs.groupByKey(2).mapValues(len).collectAsMap() == {0: 5, 1: 5}
    assert pairs.count() == 10


def test_each_job_has_the_whole_limit(sc):
    for _ in range(5):
        assert len(sc.parallelize(range(2), 2).map(lambda n: bytes(400 << 10)).collect()) == 2


def test_no_limit(start):
    sc = start(spark__driver__maxResultSize="0")

    values = sc.parallelize(range(4), 4).map(lambda n: bytes(3 << 20)).collect()

    assert list(map(len, values)) == [3 << 20] * 4
    assert results_left(sc) == []


def test_results_that_would_fill_the_driver_s_memory_end_the_action(start):
    megabytes = rss_bytes(os.getpid()) // (1 << 20) + 150
    sc = start(spark__driver__memory=f"{megabytes}m", spark__pyshell__driver__memoryGuard="1.0")
    rows = sc.parallelize(range(10), 10).map(lambda n: bytes(8 << 20))

    with pytest.raises(CollectTooLarge, match=r"^collecting 80\.0 MiB \(10 tasks\) would exceed"):
        rows.collect()

    assert results_left(sc) == []
    assert len(rows.take(1)[0]) == 8 << 20
    assert sum(len(row) for row in rows.toLocalIterator()) == 80 << 20
    assert rows.count() == 10


class Story:
    """The events of tasks, by name, with the task's times at its end."""

    def __init__(self):
        self.told = []

    def onTaskStart(self, event):
        self.told.append("start")

    def onTaskGettingResult(self, event):
        self.told.append("getting result")

    def onTaskEnd(self, event):
        info = event.task_info
        self.told.append("end")
        self.times_ms = info.launch_time_ms, info.getting_result_time_ms, info.finish_time_ms


@pytest.mark.parametrize(
    ("size_bytes", "between"), [(1 << 19, []), ((1 << 19) + 100_000, ["getting result"])]
)
def test_a_result_that_is_too_large_for_a_message_is_told_of(start, size_bytes, between):
    sc = start(spark__task__maxDirectResultSize="600k")
    story = Story()
    sc.addSparkListener(story)

    assert len(sc.parallelize([1], 1).map(lambda n: bytes(size_bytes)).first()) == size_bytes
    wait_for(lambda: "end" in story.told, "the task's end")

    assert story.told == ["start", *between, "end"]
    launched, fetched, finished = story.times_ms
    assert (launched <= fetched <= finished) if between else fetched == 0
