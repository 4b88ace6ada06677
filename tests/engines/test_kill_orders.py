"""Orders through the port: what is killed, what is refused, and what the cards tell afterwards."""

from __future__ import annotations

from pyspark_shell.rest.port import KillOrder
from tests.engines.long_tasks import swallow
from tests.engines.victims import PANEL, Job, newest_kill, refusal
from tests.processes.waiting import wait_for


def test_a_killed_job_ends_and_its_card_tells_who_why_and_what_became_of_each_task(sc, engine):
    job = Job(sc, engine)
    task_ids = job.task_ids

    answer = engine.kill_job(job.id, PANEL)
    error = job.wait_until_killed()

    assert answer == {"jobId": job.id, "result": "killing", "runningTasks": 2}
    assert f"Job {job.id} cancelled enough" in error
    assert (job.row["killReason"], job.row["killWho"]) == ("enough", "JupyterLab")
    card = newest_kill(engine)
    assert (card["scope"], card["target"], card["who"]) == ("job", str(job.id), "JupyterLab")
    assert (card["reason"], card["jobs"], card["state"]) == ("enough", [job.id], "killed")
    assert sorted(task["taskId"] for task in card["tasks"]) == task_ids
    assert all(0 <= task["endedAfterMs"] <= card["tookMs"] for task in card["tasks"])
    assert not any(task["forced"] for task in card["tasks"])
    assert all(task["pid"] for task in card["tasks"])
    assert all("time.sleep" in task["lastStack"][-1] for task in card["tasks"])


def test_a_task_that_swallows_kills_is_forced_and_its_last_place_is_known(sc, engine):
    job = Job(sc, engine, swallow, partitions=1)
    engine.kill_job(job.id, PANEL)
    wait_for(lambda: job.row.get("killState") == "KILLING", "the kill to begin", 20)

    zombies = job.row["zombieTasks"]
    task = engine.task_list(job.stage_id, 0)[0]
    job.wait_until_killed()

    [killed] = newest_kill(engine)["tasks"]
    assert (zombies, task["killing"], task["killReason"]) == (1, True, "enough")
    assert killed["forced"]
    assert "time.sleep(300)" in "\n".join(killed["lastStack"])
    dead = [row for row in engine.executors(active_only=False) if row["id"] == killed["executorId"]]
    assert (dead[0]["state"], dead[0]["forcedKills"]) == ("dead", 1)


def test_a_killed_stage_ends_all_its_jobs(sc, engine):
    job = Job(sc, engine)

    answer = engine.kill_stage(job.stage_id, KillOrder("enough", interrupt=True))
    error = job.wait_until_killed()

    assert answer["jobIds"] == [job.id]
    assert f"Job {job.id} cancelled because enough" in error
    assert newest_kill(engine)["scope"] == "stage"


def test_a_killed_task_is_tried_again_and_is_no_failure(sc, engine):
    job = Job(sc, engine, partitions=1)
    task_id = job.task_ids[0]

    engine.kill_task(task_id, PANEL)
    wait_for(lambda: len(job.task_ids) == 2, "the second attempt", 20)
    wait_for(lambda: newest_kill(engine)["state"] == "killed", "the first one's end", 20)

    first, second = engine.task_list(job.stage_id, 0)
    assert (first["status"], second["status"]) == ("KILLED", "RUNNING")
    assert (first["errorMessage"], second["attempt"]) == ("enough", 1)
    assert newest_kill(engine)["target"] == str(task_id)
    assert refusal(engine.kill_task, task_id, PANEL)[::2] == (
        409,
        {"result": "already-finished", "status": "KILLED"},
    )
    engine.kill_job(job.id, PANEL)
    job.wait_until_killed()


def test_a_killed_executor_is_replaced_and_its_task_is_no_failure(sc, engine):
    job = Job(sc, engine, partitions=1)
    executor_id = engine.task_list(job.stage_id, 0)[0]["executorId"]

    def host():
        return next((row["id"] for row in engine.executors() if row["taskIds"]), None)

    for _ in range(5):  # more often than a task may fail
        wait_for(host, "the task to run", 20)
        killed = host()
        engine.kill_executor(killed, PANEL)
        wait_for(lambda killed=killed: host() not in (None, killed), "another executor", 20)

    row = job.row
    assert (row["status"], row["numFailedTasks"], row["numKilledTasks"]) == ("RUNNING", 0, 5)
    assert refusal(engine.kill_executor, executor_id, PANEL)[0] == 409
    assert refusal(engine.executor_threads, executor_id)[:2] == (400, "Executor is not active.")
    engine.kill_job(job.id, PANEL)
    job.wait_until_killed()


def test_a_group_and_a_tag_end_only_their_own_jobs(sc, engine):
    one = Job(sc, engine, partitions=1, group="red")
    other = Job(sc, engine, partitions=1, tag="blue")

    answer = engine.kill_job_group("red", PANEL)
    one.wait_until_killed()
    survivor = other.row["status"]
    engine.kill_tag("blue", PANEL)
    other.wait_until_killed()

    assert answer["jobIds"] == [one.id]
    assert survivor == "RUNNING"
    assert newest_kill(engine)["scope"] == "tag"
    assert refusal(engine.kill_job_group, "red", PANEL)[0] == 409
    assert refusal(engine.kill_job_group, "green", PANEL)[:2] == (404, "unknown job group: green")


def test_what_is_not_there_or_is_over_is_refused(sc, engine):
    sc.parallelize([1], 1).count()
    done = engine.jobs()[0]

    late = {"result": "already-finished", "status": "SUCCEEDED"}
    assert refusal(engine.kill_job, done["jobId"], PANEL)[::2] == (409, late)
    assert refusal(engine.kill_stage, done["stageIds"][0], PANEL)[0] == 409
    assert refusal(engine.kill_job, 999, PANEL)[:2] == (404, "unknown job: 999")
    assert refusal(engine.kill_stage, 999, PANEL)[:2] == (404, "unknown stage: 999")
    assert refusal(engine.kill_task, 9999, PANEL)[:2] == (404, "unknown task: 9999")
    assert refusal(engine.kill_executor, "99", PANEL)[:2] == (404, "Executor does not exist.")
    assert refusal(engine.kill_executor, "x", PANEL)[0] == 400
    assert refusal(engine.kill_executor, "driver", PANEL)[0] == 400
    assert refusal(engine.unpersist, 999)[:2] == (404, "no rdd found w/ id 999")


def test_a_kill_by_the_users_own_code_has_a_card_too(sc, engine):
    job = Job(sc, engine)

    sc.cancelJob(job.id, "by hand")
    job.wait_until_killed()

    card = newest_kill(engine)
    assert (card["reason"], card["who"], card["jobs"]) == ("by hand", "", [job.id])
    assert len(card["tasks"]) == 2


def test_a_running_tasks_stack_shows_its_line_and_for_how_long(sc, engine):
    job = Job(sc, engine, partitions=1)
    task_id = job.task_ids[0]
    engine.task_threads(task_id)

    def seconds():
        return engine.task_threads(task_id)["sameLineSeconds"]

    wait_for(lambda: seconds() > 0, "the same line at a second look", 20)
    row = engine.task_threads(task_id)

    assert "time.sleep(300)" in row["stackTrace"]["elems"][-1]
    assert (row["taskId"], row["jobId"]) == (task_id, job.id)
    engine.kill_job(job.id, PANEL)
    job.wait_until_killed()
    assert refusal(engine.task_threads, task_id)[0] == 404


def test_an_executors_output_is_read_in_pieces(sc, engine):
    sc.parallelize([1], 1).foreach(lambda _: print("a line of a task", flush=True))
    ids = [row["id"] for row in engine.executors() if row["id"] != "driver"]

    texts = [engine.logs(executor_id, "stdout", -100, 100)["text"] for executor_id in ids]

    assert "a line of a task\n" in "".join(texts)
    assert refusal(engine.logs, ids[0], "stdin", 0, 1)[0] == 400
    assert refusal(engine.logs, "driver", "stdout", 0, 1)[0] == 404
