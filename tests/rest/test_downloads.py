"""Answers that are more than rows: the table of tasks, the event log as an archive."""

from __future__ import annotations

import io
import zipfile

import pytest

from pyspark_shell import SparkConf, SparkContext
from tests.processes.waiting import wait_for
from tests.rest.test_real_application import Client


def row(index, **more):
    fields = {"taskId": 10 + index, "index": index, "attempt": 0, "status": "SUCCESS"}
    fields |= {"taskLocality": "PROCESS_LOCAL", "executorId": str(index % 2), "host": "localhost"}
    return {**fields, "launchTime": f"t{index}", "duration": 100 - index, **more}


@pytest.fixture
def table(browser, engine):
    """Yield a function that asks for the table of 30 tasks, of which one has failed."""
    rows = [row(n) for n in range(29)] + [row(29, status="FAILED", errorMessage="no 29")]
    engine.task_list = lambda *asked: list(rows)

    def ask(query=""):
        answer = browser.get(f"stages/0/0/taskTable?{query}")
        return answer.json if answer.status == 200 else (answer.status, answer.json["error"])

    return ask


def test_a_page_of_the_table(table):
    answer = table("start=5&length=3&columnNameToSort=Index&order%5B0%5D%5Bdir%5D=asc")

    assert [row["index"] for row in answer["aaData"]] == [5, 6, 7]
    assert (answer["recordsTotal"], answer["recordsFiltered"]) == ("30", "30")
    assert len(table()["aaData"]) == 20


@pytest.mark.parametrize(
    ("title", "direction", "first"),
    [("Index", "desc", 29), ("Duration", "asc", 29), ("Executor ID", "desc", 1), ("ID", "asc", 0)],
)
def test_the_table_is_sorted_by_its_titles(table, title, direction, first):
    query = f"columnNameToSort={title.replace(' ', '%20')}&order%5B0%5D%5Bdir%5D={direction}"

    assert table(query)["aaData"][0]["index"] == first


def test_the_table_is_searched(table):
    answer = table("search%5Bvalue%5D=NO%2029")

    assert [row["index"] for row in answer["aaData"]] == [29]
    assert (answer["recordsTotal"], answer["recordsFiltered"]) == ("30", "1")


def test_an_unknown_title_is_refused(table):
    text = 'Bad value for parameter "columnNameToSort": "Colour"'

    assert table("columnNameToSort=Colour") == (404, text)


# The event log --------------------------------------------------------------------------------


def archive(answer):
    assert answer.status == 200, answer.body
    assert answer.headers["Content-Type"] == "application/octet-stream"
    return zipfile.ZipFile(io.BytesIO(answer.body))


def test_without_an_event_log_the_archive_is_empty_as_in_spark(browser):
    answer = browser.get("logs")

    assert archive(answer).namelist() == []
    assert len(answer.body) == 22
    name = f"eventLogs-{browser.base.rpartition('/')[2]}.zip"
    assert answer.headers["Content-Disposition"] == f"attachment; filename={name}"


@pytest.mark.parametrize("is_rolling", ["false", "true"])
def test_the_event_log_can_be_kept_while_it_is_written(tmp_path, is_rolling):
    conf = SparkConf().setMaster("local[2]").setAppName("logged").set("spark.ui.port", "0")
    conf.set("spark.eventLog.enabled", "true").set("spark.eventLog.dir", str(tmp_path))
    conf.set("spark.eventLog.rolling.enabled", is_rolling)
    with SparkContext(conf=conf) as sc:
        client, app = Client(sc), sc.applicationId
        sc.parallelize(range(10), 2).count()

        def lines():
            zipped = archive(client.get("logs"))
            return b"".join(zipped.read(name) for name in zipped.namelist()).splitlines()

        wait_for(lambda: any(b"SparkListenerJobEnd" in line for line in lines()), "the job's end")
        names = archive(client.get("1/logs")).namelist()

    assert lines_begin_with_the_start(names, app, is_rolling == "true")


def lines_begin_with_the_start(names, app, is_rolling):
    folder = f"eventlog_v2_{app}"
    parts = [f"{folder}/appstatus_{app}.inprogress", f"{folder}/events_1_{app}"]
    return names == (parts if is_rolling else [f"{app}.inprogress"])


def test_an_event_log_that_is_gone_is_told(browser, engine, tmp_path):
    engine.event_log = lambda: str(tmp_path / "gone")

    answer = browser.get("logs")

    assert answer.status == 404
    assert answer.json["error"].startswith("The event log cannot be read: ")


def test_a_large_log_comes_whole(browser, engine, tmp_path):
    data = bytes(range(256)) * 4096 * 8
    (tmp_path / "log").write_bytes(data)
    engine.event_log = lambda: str(tmp_path / "log")

    assert archive(browser.get("logs")).read("log") == data
