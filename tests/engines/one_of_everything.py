"""A program that leaves one of everything behind: jobs that succeed, skip, fail, are killed, run.

Run with the name of the package to use: `pyspark` or `pyspark_shell`; prints every answer as JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from typing import Any

_LIMIT_S = 60.0


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    until_s = time.monotonic() + _LIMIT_S
    while not condition():
        if time.monotonic() > until_s:
            raise TimeoutError(condition)
        time.sleep(0.02)


def fail(number: int) -> int:
    """Raise in every attempt."""
    raise ValueError(f"no {number}")


def sleep_long(number: int) -> int:
    """Run until killed."""
    time.sleep(300)
    return number


def run(sc: Any, directory: str, get: Callable[[str], Any]) -> Any:
    """Run the jobs; the last one still runs at the end. Gives the RDD that is cached."""
    numbers = sc.parallelize(range(100), 4).setName("numbers").cache()
    numbers.count()

    sc.setJobGroup("nightly", "totals")
    sc.addJobTag("b")
    sc.addJobTag("a")
    pairs = numbers.map(lambda n: (n % 3, n)).reduceByKey(lambda a, b: a + b, 3)
    pairs.collect()
    pairs.collect()
    sc.clearJobTags()
    sc.setLocalProperty("spark.jobGroup.id", None)
    sc.setLocalProperty("spark.job.description", None)

    sc.parallelize(range(50), 2).saveAsTextFile(os.path.join(directory, "lines"))
    sc.textFile(os.path.join(directory, "lines"), 2).count()
    with suppress(Exception):
        sc.parallelize(range(1), 1).map(fail).collect()

    killed = threading.Thread(target=run_group, args=(sc, "doomed"), daemon=True)
    killed.start()
    wait_for(lambda: active_tasks(get) == 2)
    sc.cancelJobGroup("doomed")
    killed.join(_LIMIT_S)
    wait_for(lambda: all(stage["numActiveTasks"] == 0 for stage in get("stages")))
    threading.Thread(target=run_group, args=(sc, "endless"), daemon=True).start()
    wait_for(lambda: active_tasks(get) == 2)
    return numbers


def run_group(sc: Any, group: str) -> None:
    """A job of four tasks that never end."""
    sc.setJobGroup(group, f"{group} job")
    try:
        sc.parallelize(range(4), 4).map(sleep_long).collect()
    except Exception:
        return


def active_tasks(get: Callable[[str], Any]) -> int:
    """Tasks that run, of the job that runs."""
    return sum(job["numActiveTasks"] for job in get("jobs") if job["status"] == "RUNNING")


# Of an executor that lives, whatever its number.
LIVE_THREADS = "executors/{live}/threads"
RUNNING_TASK = "threads?taskId={task}&executorId={executor}"
ENDED_TASK = "threads?taskId=0&executorId=driver"
PATHS = (
    "",
    "jobs", "jobs?status=running", "jobs?status=failed", "jobs/0", "jobs/999",
    "stages", "stages?status=active", "stages?status=skipped",
    "stages?status=complete&details=true",
    *(f"stages/{stage}" for stage in range(10)),
    *(f"stages/{stage}/0" for stage in range(10)),
    *(f"stages/{stage}/0/taskList" for stage in range(10)),
    *(f"stages/{stage}/0/taskSummary" for stage in range(10)),
    "stages/99", "stages/0/7", "stages/0/0/taskSummary?quantiles=0.01,0.5,0.99",
    "stages/0/0/taskList?offset=1&length=2&sortBy=-runtime",
    "stages/0/0/taskList?offset=0&length=9&sortBy=runtime",
    "stages/5/0/taskList?status=failed",
    "executors", "allexecutors", "executors/driver/threads", LIVE_THREADS,
    "executors/99/threads", "executors/x/threads",
    "storage/rdd", "storage/rdd/1", "storage/rdd/99", "environment",
    "stages?withSummaries=true", "stages?withSummaries=true&details=true&quantiles=0,0.5,1",
    "stages/0?details=false&withSummaries=true", "stages/1/0?withSummaries=true&quantiles=0.5,1",
    "stages?details=true&taskStatus=failed", "stages/0/0?taskStatus=failed",
    "stages/0/0?details=false&taskStatus=success", "stages?taskStatus=success",
    "stages/0/0?withSummaries=true&quantiles=x", "stages?quantiles=x",
    "stages/0/0/taskTable?start=0&length=2&columnNameToSort=Index&order[0][dir]=asc&search[value]="
    "&numTasks=4",
    "stages/5/0/taskTable?start=0&length=9&columnNameToSort=ID&order[0][dir]=desc&search[value]="
    "FAILED&numTasks=1",
    "1/jobs", "1/stages/0/0", "foo/jobs", "foo/jobs/99",
    "allmiscellaneousprocess", RUNNING_TASK, ENDED_TASK,
    "/api/v1/version", "/api/v1/applications", "/api/v1/applications?status=completed",
)  # fmt: skip


def getter(sc: Any) -> Callable[[str], Any]:
    """Answers of the REST service of a context, over HTTP; ours wants its token."""
    base = f"{sc.uiWebUrl}/api/v1/applications/{sc.applicationId}"
    address = getattr(sc, "_ui_address_with_token", None) or ""
    headers = {"Authorization": f"token {address.partition('token=')[2]}"} if address else {}

    def get(path: str) -> Any:
        path = path.replace("[", "%5B").replace("]", "%5D")
        url = f"{base}/{path}" if path else base
        if path.startswith("/"):
            url = sc.uiWebUrl + path
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as refusal:
            text = refusal.read().decode()
            text = json.loads(text)["error"] if address else text
            return {"status": refusal.code, "text": text[:300]}

    return get


def main(package: str) -> None:
    """Run the program and print what is answered."""
    module = importlib.import_module(package)
    conf = module.SparkConf().setMaster("local-cluster[2,1,700]").setAppName("everything")
    conf.set("spark.ui.port", "0").set("spark.ui.enabled", "true")
    conf.set("spark.executor.memory", "700m").set("spark.my.secret", "hidden")
    sc = module.SparkContext(conf=conf)
    get = getter(sc)
    with tempfile.TemporaryDirectory(prefix="one-of-everything-") as directory:
        cached = run(sc, directory, get)
        assert cached.is_cached
        live = next(row["id"] for row in get("executors") if row["id"] != "driver")
        stage = get("stages?status=active")[0]["stageId"]
        task = get(f"stages/{stage}/0/taskList?status=running")[0]
        names = {"live": live, "task": task["taskId"], "executor": task["executorId"]}
        json.dump({path: get(path.format(**names)) for path in PATHS}, sys.stdout)
        sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
