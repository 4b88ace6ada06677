"""The file that an application leaves for a History Server: its form, its end, and its errors."""

import json
import logging
import os
import resource
import signal
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspark_shell import SparkConf, SparkContext
from pyspark_shell.common.errors import (
    IllegalArgumentException,
    IllegalConfig,
    InvalidInputException,
    SparkUnsupportedOperationException,
)
from pyspark_shell.common.redaction import REDACTED
from pyspark_shell.listener.events import (
    SparkListenerApplicationEnd,
    SparkListenerBlockUpdated,
    SparkListenerEnvironmentUpdate,
    SparkListenerJobStart,
    SparkListenerTaskStart,
    TaskInfo,
)
from pyspark_shell.status.event_log import EventLoggingListener
from pyspark_shell.status.event_log_files import (
    IN_PROGRESS,
    EventLogFile,
    complete_log_of_the_dead,
)
from tests.processes.driver_process import DriverProcess
from tests.processes.waiting import wait_for

# What a History Server looks for when it lists applications, without reading the lines.
LISTED = (
    '{"Event":"SparkListenerLogStart"',
    '{"Event":"SparkListenerEnvironmentUpdate",',
    '{"Event":"SparkListenerApplicationStart"',
    '{"Event":"SparkListenerApplicationEnd"',
)
TASK = TaskInfo(0, 0, 0, 0, 1_000, "0", "localhost", "PROCESS_LOCAL")


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "events"
    made.mkdir()
    return made


def conf_for(folder, **more):
    conf = SparkConf().setMaster("local[2]").setAppName("logged")
    conf.set("spark.eventLog.enabled", "true").set("spark.eventLog.dir", f"file://{folder}")
    for key, value in more.items():
        conf.set(key.replace("__", "."), value)
    return conf


def listener_for(folder, **more):
    listener = EventLoggingListener(conf_for(folder, **more))
    listener.open("local-1", "4.3.0")
    return listener


def lines_of(path):
    return path.read_bytes().decode().splitlines()


def events_of(path):
    return [json.loads(line) for line in path.read_bytes().decode().split("\n")[:-1]]


# A whole application --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def log_of_an_application(tmp_path_factory):
    folder = tmp_path_factory.mktemp("events")
    with SparkContext(conf=conf_for(folder, my__password="hidden")) as sc:
        sc.setLocalProperty("my.token", "hidden")
        assert sc.range(10, numSlices=2).map(lambda n: (n % 2, n)).groupByKey().count() == 2
        with pytest.raises(Exception, match="division"):
            sc.parallelize([0], 1).map(lambda n: 1 / n).collect()
        open_file = folder / f"{sc.applicationId}{IN_PROGRESS}"
        assert open_file.exists()
    assert not open_file.exists()
    return open_file.with_suffix("")


def test_every_line_is_compact_and_begins_with_its_event(log_of_an_application):
    lines = lines_of(log_of_an_application)

    assert all(line.startswith('{"Event":"SparkListener') for line in lines)
    for line in lines:
        compact = json.dumps(json.loads(line), separators=(",", ":"), ensure_ascii=False)
        assert compact == line


def test_the_lines_that_a_listing_needs_are_there_once(log_of_an_application):
    lines = lines_of(log_of_an_application)

    for prefix in LISTED:
        assert sum(line.startswith(prefix) for line in lines) == 1


def test_the_order_is_sparks(log_of_an_application):
    names = [event["Event"].removeprefix("SparkListener") for event in
             events_of(log_of_an_application)]  # fmt: skip

    assert names[:5] == [
        "LogStart",
        "ResourceProfileAdded",
        "BlockManagerAdded",
        "EnvironmentUpdate",
        "ApplicationStart",
    ]
    assert names[-1] == "ApplicationEnd"
    assert names.count("TaskStart") == names.count("TaskEnd") > 0
    assert names.count("JobStart") == names.count("JobEnd") == 2


def test_what_is_told_of_a_start_is_not_changed_by_the_end(log_of_an_application):
    events = events_of(log_of_an_application)

    for event in events:
        if event["Event"] == "SparkListenerJobStart":
            assert all("Completion Time" not in stage for stage in event["Stage Infos"])
        if event["Event"] == "SparkListenerStageSubmitted":
            assert "Completion Time" not in event["Stage Info"]


def test_secrets_are_not_written(log_of_an_application):
    assert "hidden" not in log_of_an_application.read_text()
    assert REDACTED in log_of_an_application.read_text()


def test_the_file_is_for_owner_and_group(log_of_an_application):
    assert stat.S_IMODE(log_of_an_application.stat().st_mode) == 0o660


def test_no_null_is_written(log_of_an_application):
    assert ":null" not in log_of_an_application.read_text()


# When it is written ---------------------------------------------------------------------------


def test_tasks_wait_for_the_next_event_that_matters(folder):
    listener = listener_for(folder)
    path = folder / f"local-1{IN_PROGRESS}"

    listener.onTaskStart(SparkListenerTaskStart(0, 0, TASK))
    before = len(lines_of(path))
    listener.onApplicationEnd(SparkListenerApplicationEnd(2))

    assert before == 1
    assert len(lines_of(path)) == 3
    listener.close()


def test_many_tasks_do_not_wait_for_ever(folder):
    listener = listener_for(folder)

    for _ in range(1_000):
        listener.onTaskStart(SparkListenerTaskStart(0, 0, TASK))

    assert len(lines_of(folder / f"local-1{IN_PROGRESS}")) > 500
    listener.close()


def test_block_updates_are_written_on_demand_only(folder):
    update = SparkListenerBlockUpdated("rdd_1_0", "0", 10, 0)
    quiet = EventLoggingListener(conf_for(folder))
    quiet.open("local-1", "4.3.0")
    quiet.onBlockUpdated(update)
    talking = EventLoggingListener(
        conf_for(folder, spark__eventLog__logBlockUpdates__enabled="true")
    )
    talking.open("local-2", "4.3.0")
    talking.onBlockUpdated(update)
    quiet.close()
    talking.close()

    assert len(lines_of(folder / "local-1")) == 1
    assert len(lines_of(folder / "local-2")) == 2


def test_values_of_the_environment_are_looked_at_too(folder):
    listener = listener_for(folder)

    listener.onEnvironmentUpdate(
        SparkListenerEnvironmentUpdate({"spark.driver.extraOptions": "-Dkey.password=hidden"})
    )
    listener.onJobStart(
        SparkListenerJobStart(0, 1, [], {"spark.job.description": "count the tokens"})
    )
    listener.close()

    text = (folder / "local-1").read_text()
    assert "hidden" not in text
    assert "count the tokens" in text, "a description is people's own text"


@given(text=st.text(st.characters(codec=None)))
def test_any_text_comes_back(tmp_path_factory, text):
    file = EventLogFile(str(tmp_path_factory.mktemp("texts")), "log")

    file.write({"Event": "SparkListenerApplicationStart", "App Name": text}, flush=True)
    file.close()

    with open(file.path, "rb") as written:
        line = written.read()
    assert line.count(b"\n") == 1
    assert b"\r" not in line
    assert json.loads(line.decode("utf-8"))["App Name"] == text


# Its end --------------------------------------------------------------------------------------


@pytest.fixture
def drive(tmp_path, folder):
    """Run a script in a process of its own that logs one job, then does what it is told."""
    started = []

    def run(body):
        start = f"start(spark__eventLog__enabled='true', spark__eventLog__dir={str(folder)!r})"
        prelude = f"sc = {start}\nsc.range(4, numSlices=2).count()\nabout(sc)\n"
        started.append(DriverProcess(tmp_path, prelude + body))
        started[-1].hear("roots")
        return started[-1]

    yield run
    for driver in started:
        driver.close()


SLEEPING = "sc.parallelize([1, 2], 2).foreach(lambda _: time.sleep(300))\n"


ENDINGS = [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP]


@pytest.mark.parametrize("number", ENDINGS, ids=lambda n: n.name)
def test_the_guardian_completes_the_log_of_a_driver_that_is_ended(drive, folder, number):
    driver = drive(SLEEPING)
    path = next(folder.iterdir())
    wait_for(lambda: path.read_text().count("JobStart") == 2, "the second job's start")

    driver.signal(number)
    driver.wait()
    driver.assert_gone()

    (path,) = folder.iterdir()
    assert not path.name.endswith(IN_PROGRESS)
    names = [event["Event"].removeprefix("SparkListener") for event in events_of(path)]
    assert names.count("ApplicationEnd") == 1
    assert names[-1] == "ApplicationEnd"
    assert "JobEnd" in names


def test_a_guardian_that_took_anothers_place_knows_the_log_too(drive, folder):
    driver = drive(
        "old = sc._driver.scheduler._backend._zygote\n"
        "old.process.kill()\n"
        "while sc._driver.scheduler._backend._zygote is old: time.sleep(0.01)\n"
        "sc.range(4, numSlices=2).count()\n"
        "tell(again=True)\n" + SLEEPING
    )
    driver.hear("again")

    driver.signal(signal.SIGTERM)
    driver.assert_gone()

    (path,) = folder.iterdir()
    assert events_of(path)[-1]["Event"] == "SparkListenerApplicationEnd"


def test_the_log_of_the_dead_is_left_as_it_is_if_its_last_line_is_not_whole(folder):
    path = folder / f"local-1{IN_PROGRESS}"
    path.write_text('{"Event":"SparkListenerLogStart"}\n{"Event":"Spark')

    complete_log_of_the_dead(str(folder / "local-1"))

    assert [entry.name for entry in folder.iterdir()] == [path.name]
    assert path.read_text().endswith('"Spark')


@pytest.mark.parametrize("make", [Path.touch, lambda p: p.symlink_to("/dev/null"), os.mkfifo])
def test_what_is_no_log_is_not_made_one(folder, make):
    make(folder / f"local-1{IN_PROGRESS}")

    complete_log_of_the_dead(str(folder / "local-1"))

    assert [entry.name for entry in folder.iterdir()] == [f"local-1{IN_PROGRESS}"]


def test_a_log_that_was_completed_already_is_not_touched(folder):
    listener_for(folder).close()

    complete_log_of_the_dead(str(folder / "local-1"))

    assert len(lines_of(folder / "local-1")) == 1


@pytest.mark.usefixtures("small_files")
def test_the_log_of_the_dead_stays_in_progress_if_nothing_can_be_added(folder):
    path = folder / f"local-1{IN_PROGRESS}"
    path.write_text("x" * 8_170 + "\n")

    complete_log_of_the_dead(str(folder / "local-1"))

    assert path.read_text() == "x" * 8_170 + "\n"


def test_the_rolling_log_of_the_dead_is_completed_too(folder):
    listener = rolling(folder)
    for number in range(200):
        listener.onApplicationEnd(SparkListenerApplicationEnd(number))
    inside = folder / "eventlog_v2_local-1"

    complete_log_of_the_dead(str(inside))

    parts = len(list(inside.glob("events_*")))
    assert parts > 9, "by number, not by name"
    last = events_of(inside / f"events_{parts}_local-1")[-1]
    assert last["Event"] == "SparkListenerApplicationEnd"
    assert last["Timestamp"] > 200
    assert (inside / "appstatus_local-1").exists()
    assert not (inside / f"appstatus_local-1{IN_PROGRESS}").exists()
    listener.abandon()


@pytest.mark.parametrize(
    "body",
    ["", "raise SystemExit(3)\n", "sc.killApplication('enough')\n" + SLEEPING],
    ids=["ends", "exits", "is killed"],
)
def test_a_driver_that_comes_to_its_end_completes_its_log(drive, folder, body):
    drive(body).wait()

    (path,) = folder.iterdir()
    names = [event["Event"].removeprefix("SparkListener") for event in events_of(path)]
    assert not path.name.endswith(IN_PROGRESS)
    assert names[-1] == "ApplicationEnd"
    assert names.count("TaskStart") == names.count("TaskEnd")
    assert names.count("JobStart") == names.count("JobEnd")


def test_a_log_that_is_there_already_is_not_overwritten(folder, caplog):
    (folder / "local-1").write_text("older")

    listener = listener_for(folder)
    listener.onApplicationEnd(SparkListenerApplicationEnd(2))
    listener.close()

    assert [entry.name for entry in folder.iterdir()] == ["local-1"]
    assert (folder / "local-1").read_text() == "older"
    assert "there will be no event log" in caplog.text


@pytest.fixture
def small_files():
    """Let this process write files of at most 8 KiB; a full disk fails at the same place."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("small_files")
def test_after_an_error_of_the_disk_the_log_ends_with_a_whole_line(folder, caplog):
    listener = listener_for(folder)
    for number in range(100):
        listener.onApplicationEnd(SparkListenerApplicationEnd(number))

    for _ in range(3):
        listener.onJobStart(SparkListenerJobStart(0, 1, [], {"note": "x" * 10_000}))
    listener.close()

    path = folder / f"local-1{IN_PROGRESS}"
    assert len(events_of(path)) == 101
    errors = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert len(errors) == 1
    assert "File too large" in errors[0].getMessage()


def test_a_job_does_not_notice_that_the_log_has_ended(folder):
    conf = conf_for(folder)
    with SparkContext(conf=conf) as sc:
        path = next(folder.iterdir())
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        sc._driver.bus.flush()
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, hard))
        try:
            counts = [sc.range(4, numSlices=2).count() for _ in range(3)]
            sc._driver.bus.flush()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        counts.append(sc.range(4, numSlices=2).count())

    assert counts == [4] * 4
    assert path.exists(), "a log that was cut stays in progress"


# In parts -------------------------------------------------------------------------------------


def rolling(folder):
    return listener_for(
        folder,
        spark__eventLog__rolling__enabled="true",
        spark__eventLog__rolling__maxFileSize="1k",
    )


def test_a_rolling_log_goes_on_in_the_next_part(folder):
    listener = rolling(folder)
    for number in range(100):
        listener.onApplicationEnd(SparkListenerApplicationEnd(number))
    listener.close()

    files = {path.name: path for path in (folder / "eventlog_v2_local-1").iterdir()}
    assert files.pop("appstatus_local-1").read_bytes() == b""
    assert set(files) == {f"events_{number}_local-1" for number in range(1, len(files) + 1)}
    assert len(files) > 3
    events = [e for n in range(len(files)) for e in events_of(files[f"events_{n + 1}_local-1"])]
    assert [event.get("Timestamp") for event in events] == [None, *range(100)]
    assert all(path.stat().st_size < 1_300 for path in files.values())


def test_a_rolling_log_says_that_it_is_in_progress(folder):
    listener = rolling(folder)

    inside = folder / "eventlog_v2_local-1"
    assert (inside / f"appstatus_local-1{IN_PROGRESS}").exists()
    assert stat.S_IMODE(inside.stat().st_mode) == 0o770
    listener.close()
    assert not (inside / f"appstatus_local-1{IN_PROGRESS}").exists()


def test_a_rolling_log_whose_next_part_cannot_be_made_ends_there(folder, caplog):
    listener = rolling(folder)
    inside = folder / "eventlog_v2_local-1"
    (inside / "events_2_local-1").mkdir()

    for number in range(100):
        listener.onApplicationEnd(SparkListenerApplicationEnd(number))
    listener.close()

    assert (inside / f"appstatus_local-1{IN_PROGRESS}").exists()
    assert len(events_of(inside / "events_1_local-1")) > 10
    assert len([r for r in caplog.records if r.levelno == logging.ERROR]) == 1


# Where it is written --------------------------------------------------------------------------


def test_a_folder_that_is_missing_is_told_before_anything_starts(tmp_path, nothing_left):
    with pytest.raises(InvalidInputException, match=r"does not exist.*spark\.eventLog\.dir"):
        SparkContext(conf=conf_for(tmp_path / "nowhere"))


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(IllegalArgumentException, match="is not a directory"):
        EventLoggingListener(conf_for(tmp_path / "file"))


def test_a_folder_that_may_not_be_written_to_is_refused(folder, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everywhere

    with pytest.raises(IllegalArgumentException, match="Nothing can be written"):
        EventLoggingListener(conf_for(folder))


def test_other_file_systems_are_refused():
    with pytest.raises(SparkUnsupportedOperationException, match="hdfs"):
        EventLoggingListener(SparkConf().set("spark.eventLog.dir", "hdfs://host/events"))


def test_a_plain_path_is_as_good_as_a_url(folder):
    listener = EventLoggingListener(SparkConf().set("spark.eventLog.dir", str(folder)))
    listener.open("local-1", "4.3.0")
    listener.close()

    assert [entry.name for entry in folder.iterdir()] == ["local-1"]


def test_forms_that_are_not_there_are_told(folder, caplog):
    EventLoggingListener(conf_for(folder, spark__eventLog__compress="true"))

    assert "spark.eventLog.compress=true has no effect" in caplog.text


def test_a_pattern_that_is_none_is_refused(folder):
    with pytest.raises(IllegalConfig, match="must be a regular expression"):
        EventLoggingListener(conf_for(folder, spark__redaction__regex="("))


def test_without_the_key_there_is_no_log(folder):
    with SparkContext(conf=conf_for(folder, spark__eventLog__enabled="false")) as sc:
        sc.range(4, numSlices=2).count()

    assert list(folder.iterdir()) == []
