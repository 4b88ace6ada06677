"""What the log says of a kill: Spark's lines, in Spark's order."""

import logging
import re

import pytest

from tests.kill.victims import held, newest_job, sleep, swallow_everything
from tests.processes.engine import Background, assert_settled
from tests.processes.waiting import wait_for

REASON = r"\[SPARK_JOB_CANCELLED\] Job N cancelled WHY SQLSTATE: XXKDA"
TASK = r"task \d\.0 in stage S\.0 \(TID \d+\)"
TRIES = (
    rf"Executor is trying to kill {TASK}, interruptThread: INTERRUPT, "
    rf"reason: Stage cancelled: {REASON}"
)
LINES = [
    r"Canceling stage S",
    rf"Killing all running tasks in stage S: Stage cancelled: {REASON}",
    TRIES,
    TRIES,
    r"Stage S\.0 was cancelled",
    rf"ResultStage S \(collect at \S+\) failed in \d+ ms due to {REASON}",
    r"Job N failed: collect at \S+",
]
ENDS = [
    rf"Executor interrupted and killed {TASK}, reason: Stage cancelled: {REASON}",
    r"Lost task \d\.0 in stage S\.0 \(TID \d+\) \(localhost executor \d+\): "
    rf"TaskKilled \(Stage cancelled: {REASON}\)",
]


@pytest.fixture
def told(caplog):
    """Yield a function that gives the scheduler's lines since the last call."""
    caplog.set_level(logging.INFO, "pyspark_shell")
    names = ("DAGScheduler", "TaskSchedulerImpl", "Executor")

    def lines():
        records, taken = list(caplog.records), len(caplog.records)
        del caplog.handler.records[:taken]
        found = [r.getMessage() for r in records if r.name.split(".")[-1] in names]
        return [line for line in found if not re.match(r"executor \d+ is lost", line)]

    return lines


def assert_lines(lines, patterns, **words):
    for word, value in words.items():
        patterns = [pattern.replace(word, value) for pattern in patterns]
    found = [bool(re.fullmatch(p, line)) for p, line in zip(patterns, lines, strict=False)]
    assert found == [True] * len(patterns), lines
    assert len(lines) == len(patterns), lines


VERBS = {
    "job": (
        lambda sc, job: sc.cancelJob(job, "enough"),
        [r"Asked to cancel job N"],
        "enough",
    ),
    "group": (
        lambda sc, job: sc.cancelJobGroup("g"),
        [r"Asked to cancel job group g with cancelFutureJobs=false"],
        "part of cancelled job group g",
    ),
    "future": (
        lambda sc, job: sc.cancelJobGroupAndFutureJobs("g"),
        [
            r"Asked to cancel job group g with cancelFutureJobs=true",
            r"Add job group g into cancelled job groups",
        ],
        "part of cancelled job group g",
    ),
    "tag": (
        lambda sc, job: sc.cancelJobsWithTag("t"),
        [r"Asked to cancel jobs with tag t"],
        "part of cancelled job tags t",
    ),
    "all": (
        lambda sc, job: sc.cancelAllJobs(),
        [],
        "as part of cancellation of all jobs",
    ),
}


@pytest.mark.parametrize("interrupt", ["false", "true"])
@pytest.mark.parametrize(("verb", "asked", "why"), VERBS.values(), ids=VERBS)
def test_a_kill_is_told_in_spark_s_words_and_order(sc, gate, told, verb, asked, why, interrupt):
    properties = {
        "spark__jobGroup__id": f"g{interrupt}" if verb is VERBS["future"][0] else "g",
        "spark__job__tags": "t",
        "spark__job__interruptOnCancel": interrupt,
    }
    if verb is VERBS["future"][0]:  # for good, also in the next test
        asked = [line.replace(" g ", f" g{interrupt} ") for line in asked]
        why = f"part of cancelled job group g{interrupt}"
        group = f"g{interrupt}"

        def verb(sc, job):
            sc.cancelJobGroupAndFutureJobs(group)

    running, _ = held(sc, gate, sleep, **properties)
    job = newest_job(sc)
    [stage] = sc.statusTracker().getJobInfo(job).stageIds
    told()

    verb(sc, job)

    running.error()
    assert_settled(sc)
    lines = told()
    count = len(asked) + len(LINES)
    words = {"WHY": why, "INTERRUPT": interrupt, "S.0": f"{stage}.0", "S\\.0": f"{stage}\\.0"}
    words |= {"tage S": f"tage {stage}", "Job N": f"Job {job}", "job N": f"job {job}"}
    assert_lines(lines[:count], asked + LINES, **words)
    assert_lines(sorted(lines[count:]), sorted(ENDS * 2), **words)


def test_a_stage_s_kill_names_it(sc, gate, told):
    running, _ = held(sc, gate, sleep)
    job = newest_job(sc)
    [stage] = sc.statusTracker().getJobInfo(job).stageIds
    told()

    sc.cancelStage(stage)
    sc.cancelStage(10**6)

    assert f"Job {job} cancelled because Stage {stage} was cancelled" in str(running.error())
    assert_settled(sc)
    assert "No active jobs to kill for Stage 1000000" in told()


def test_what_is_neither_true_nor_false_does_not_interrupt_at_once_and_is_told(sc, gate, told):
    running, _ = held(sc, gate, sleep, tasks=1, spark__job__interruptOnCancel="perhaps")
    told()

    sc.cancelAllJobs()

    running.error()
    assert_settled(sc)
    lines = told()
    job = newest_job(sc)
    invalid = f"spark.job.interruptOnCancel in Job {job} is invalid: perhaps."
    assert f"{invalid} Using 'false' instead" in lines
    assert any(", interruptThread: false, reason: " in line for line in lines)


def test_stages_that_the_end_of_the_context_cancels_say_so(start, gate, record):
    sc = start()
    events = record(sc)
    running, _ = held(sc, gate, sleep)

    sc.stop()

    assert "Job 0 cancelled because SparkContext was shut down" in str(running.error())
    [completed] = events.of("StageCompleted")
    reason = "Stage cancelled because SparkContext was shut down"
    assert completed.stage_info.failure_reason == reason


def test_the_tasks_of_a_failed_barrier_stage_are_told_which_task_failed(sc, gate, record):
    events = record(sc)

    def work(records):
        from pyspark_shell import BarrierTaskContext

        gate.report()
        if BarrierTaskContext.get().partitionId() == 0:
            gate.hold()
            raise ValueError("of the test")
        swallow_nothing()

    def swallow_nothing():
        sleep(0)

    running = Background(sc.parallelize(range(2), 2).barrier().mapPartitions(work).collect)
    wait_for(lambda: len(gate.pids()) == 2, "both tasks")

    gate.open()

    running.error()
    ends = {end.task_info.index: end for end in events.wait_for_ends()}
    failed = ends[0].task_info.task_id
    pattern = rf"TaskKilled \(Task {failed} from barrier stage \d+ \(.*\) failed\.\)"
    assert re.fullmatch(pattern, str(ends[1].reason))


def test_a_forced_end_is_told(sc, gate, told, caplog):
    caplog.set_level(logging.WARNING, "pyspark_shell.TaskReaper")
    running, pids = held(sc, gate, swallow_everything, tasks=1)

    sc.cancelAllJobs()

    running.error()
    assert_settled(sc)
    text = r"Killed task \d+ could not be stopped within \d+ ms; executor \d+"
    assert re.search(rf"{text} \(pid {pids[0]}\) is ended\.", caplog.text)
