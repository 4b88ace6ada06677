import threading

import pytest

from pyspark_shell.api.job_control import JobControl
from pyspark_shell.common.errors import IllegalArgumentException, SparkContextStopped


class FakeJobs:
    def __init__(self, orders):
        self.orders = orders

    def __getattr__(self, name):
        def order(*args, **kwargs):
            self.orders.append((name, *args, *kwargs.values()))
            return True

        return order


class FakeDriver:
    is_stopped = False

    def __init__(self):
        self.orders = []
        self.jobs = FakeJobs(self.orders)


@pytest.fixture
def sc():
    context = JobControl()
    context._driver = FakeDriver()
    return context


def in_a_thread(function):
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]


def test_local_properties_belong_to_their_thread(sc):
    sc.setLocalProperty("k", "v")

    assert sc.getLocalProperty("k") == "v"
    assert in_a_thread(lambda: sc.getLocalProperty("k")) is None


def test_none_removes_a_local_property(sc):
    sc.setLocalProperty("k", "v")
    sc.setLocalProperty("k", None)

    assert sc.getLocalProperty("k") is None


def test_local_properties_are_text(sc):
    with pytest.raises(TypeError):
        sc.setLocalProperty("k", 1)


def test_a_group_is_three_properties(sc):
    sc.setJobGroup("g", "sums", interruptOnCancel=True)

    names = ("spark.jobGroup.id", "spark.job.description", "spark.job.interruptOnCancel")
    assert [sc.getLocalProperty(name) for name in names] == ["g", "sums", "true"]


def test_no_group_takes_the_name_off(sc):
    sc.setJobGroup("g", "sums")
    sc.setJobGroup(None, None)

    assert sc.getLocalProperty("spark.jobGroup.id") is None
    assert sc.getLocalProperty("spark.job.description") is None
    assert sc.getLocalProperty("spark.job.interruptOnCancel") == "false"


def test_tags_are_a_set_kept_in_one_property(sc):
    sc.addJobTag("x")
    sc.addJobTag("a")
    sc.addJobTag("x")

    assert sc.getJobTags() == {"x", "a"}
    assert sc.getLocalProperty("spark.job.tags") == "x,a"
    sc.removeJobTag("x")
    sc.removeJobTag("not there")
    assert sc.getLocalProperty("spark.job.tags") == "a"
    sc.clearJobTags()
    assert sc.getLocalProperty("spark.job.tags") is None
    assert sc.getJobTags() == set()


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        (None, "Spark job tag cannot be null."),
        ("", "Spark job tag cannot be an empty string."),
        ("a,b", "Spark job tag cannot contain ','."),
    ],
)
def test_tags_that_cannot_be(sc, tag, text):
    for method in (sc.addJobTag, sc.removeJobTag, sc.cancelJobsWithTag):
        with pytest.raises(IllegalArgumentException) as caught:
            method(tag)
        assert str(caught.value) == text


def test_each_verb_is_one_order_to_the_driver(sc):
    sc.cancelJobGroup("g")
    sc.cancelJobGroupAndFutureJobs("g")
    sc.cancelJobsWithTag("t")
    sc.cancelAllJobs()
    sc.cancelJob(3, "enough")
    sc.cancelStage(4)
    killed = sc.killTaskAttempt(17)

    assert killed is True
    assert sc._driver.orders == [
        ("cancel_group", "g", None),
        ("cancel_group", "g", None, True),
        ("cancel_with_tag", "t", None),
        ("cancel_all",),
        ("cancel", 3, "enough"),
        ("cancel_stage", 4, None),
        ("kill_task_attempt", 17, True, "killed via SparkContext.killTaskAttempt"),
    ]


def test_a_stopped_context_says_so(sc):
    sc._driver = None

    with pytest.raises(SparkContextStopped, match="was stopped") as caught:
        sc.cancelAllJobs()
    assert isinstance(caught.value, AttributeError)
