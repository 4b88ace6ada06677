"""What is around a job: properties of the thread, groups, tags, the tracker, the task's context."""

from __future__ import annotations

import threading
import time

from compat.differential.engine import BarrierTaskContext, InheritableThread, TaskContext
from compat.differential.registry import caught, layout, program


@program
def local_properties(sc):
    sc.setLocalProperty("colour", "blue")
    inside = (
        sc.parallelize([1, 2], 2)
        .map(lambda x: TaskContext.get().getLocalProperty("colour"))
        .collect()
    )
    here = sc.getLocalProperty("colour")
    sc.setLocalProperty("colour", None)
    return inside, here, sc.getLocalProperty("colour"), sc.getLocalProperty("never set")


@program
def properties_of_threads(sc):
    sc.setLocalProperty("shade", "dark")
    seen = {}

    def look(name):
        seen[name] = sc.getLocalProperty("shade")
        sc.setLocalProperty("shade", name)

    for name, thread in (
        ("plain", threading.Thread(target=look, args=("plain",))),
        ("heir", InheritableThread(target=look, args=("heir",))),
    ):
        assert name
        thread.start()
        thread.join()
    seen["mine"] = sc.getLocalProperty("shade")
    sc.setLocalProperty("shade", None)
    return seen


@program
def job_groups(sc):
    sc.setJobGroup("group one", "what it does")
    properties = [
        sc.getLocalProperty(f"spark.{name}")
        for name in ("jobGroup.id", "job.description", "job.interruptOnCancel")
    ]
    sc.parallelize([1, 2], 2).count()
    sc.parallelize([1, 2], 2).first()
    sc.setJobGroup("group two", "")
    sc.parallelize([1], 1).count()
    tracker = sc.statusTracker()
    sizes = [
        len(tracker.getJobIdsForGroup(name)) for name in ("group one", "group two", "group three")
    ]
    sc.setJobGroup("rest", "")
    return properties, sizes


@program
def job_tags(sc):
    sc.addJobTag("red")
    sc.addJobTag("blue")
    two = sorted(sc.getJobTags())
    sc.removeJobTag("red")
    sc.removeJobTag("unknown")
    one = sorted(sc.getJobTags())
    sc.clearJobTags()
    return (
        two,
        one,
        sc.getJobTags(),
        caught(lambda: sc.addJobTag("a,b"), "cannot contain"),
        caught(lambda: sc.addJobTag("")),
    )


@program
def what_the_tracker_tells(sc):
    sc.setJobGroup("tracked", "")
    sc.parallelize([(x % 2, x) for x in range(8)], 4).groupByKey(3).count()
    sc.setJobGroup("rest", "")
    tracker = sc.statusTracker()
    job = tracker.getJobInfo(tracker.getJobIdsForGroup("tracked")[0])
    stages = [tracker.getStageInfo(stage) for stage in sorted(job.stageIds)]
    return (
        job.status,
        [
            (stage.numTasks, stage.numCompletedTasks, stage.numFailedTasks, stage.numActiveTasks)
            for stage in stages
        ],
        [stage.currentAttemptId for stage in stages],
        [stage.name.split(" at ")[0] for stage in stages],
        tracker.getActiveJobsIds(),
        tracker.getActiveStageIds(),
        tracker.getJobInfo(10**6),
        tracker.getStageInfo(10**6),
    )


@program
def failed_jobs_in_the_tracker(sc):
    sc.setJobGroup("failing", "")
    error = caught(
        lambda: sc.parallelize([1], 1).map(lambda x: x / 0).collect(), "ZeroDivisionError"
    )
    sc.setJobGroup("rest", "")
    tracker = sc.statusTracker()
    jobs = tracker.getJobIdsForGroup("failing")
    ends = time.monotonic() + 10  # Spark's tracker hears of a job's end a moment after its caller
    while any(tracker.getJobInfo(job).status == "RUNNING" for job in jobs):
        assert time.monotonic() < ends, "the job has not ended"
    return error, [tracker.getJobInfo(job).status for job in jobs]


@program
def skipped_stages_are_not_run_again(sc):
    rdd = sc.parallelize([(x, 1) for x in range(6)], 3).reduceByKey(max, 2)
    rdd.count()
    sc.setJobGroup("second run", "")
    rdd.count()
    sc.setJobGroup("rest", "")
    tracker = sc.statusTracker()
    job = tracker.getJobInfo(tracker.getJobIdsForGroup("second run")[0])
    infos = [tracker.getStageInfo(stage) for stage in sorted(job.stageIds)]
    return len(job.stageIds), [info.numCompletedTasks if info else None for info in infos]


@program
def task_context(sc):
    def look(index, part):
        context = TaskContext.get()
        list(part)
        yield (
            context.partitionId() == index,
            context.attemptNumber(),
            context.cpus(),
            context.resources(),
        )

    rdd = sc.parallelize(range(8), 4)
    stages = rdd.map(lambda x: TaskContext.get().stageId()).distinct().count()
    attempts = rdd.mapPartitions(lambda part: [TaskContext.get().taskAttemptId()]).collect()
    return TaskContext.get(), rdd.mapPartitionsWithIndex(look).collect(), stages, len(set(attempts))


@program
def barrier_stages(sc):
    def meet(index, part):
        context = BarrierTaskContext.get()
        total = sum(part)
        context.barrier()
        return [(index, context.allGather(str(total)), len(context.getTaskInfos()))]

    numbers = sc.parallelize(range(8), 4)
    return (
        layout(numbers.barrier().mapPartitionsWithIndex(meet)),
        numbers.barrier().mapPartitions(lambda part: [type(TaskContext.get()).__name__]).collect(),
        caught(BarrierTaskContext.get, "NOT_IN_BARRIER_STAGE"),
    )


@program
def barrier_context_does_not_stay(sc):
    numbers = sc.parallelize(range(4), 4)
    numbers.barrier().mapPartitions(lambda part: part).count()
    return numbers.mapPartitions(lambda part: [type(TaskContext.get()).__name__]).collect()


@program
def jobs_from_many_threads(sc):
    answers = {}

    def work(number):
        answers[number] = sc.parallelize(range(20), 3).map(lambda x: x * number).sum()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@program
def cancelled_group(sc):
    outcome = {}
    started = threading.Event()

    def endless():
        sc.setJobGroup("to cancel", "", interruptOnCancel=True)
        started.set()
        outcome["error"] = caught(
            lambda: sc.parallelize([1], 1).map(slow).collect(), "cancelled", "to cancel"
        )

    def slow(x):
        import time

        time.sleep(50)
        return x

    thread = threading.Thread(target=endless)
    thread.start()
    started.wait()
    tracker = sc.statusTracker()
    while not any(
        tracker.getJobInfo(job).status == "RUNNING"
        for job in tracker.getJobIdsForGroup("to cancel")
    ):
        threading.Event().wait(0.05)
    sc.cancelJobGroup("to cancel")
    thread.join()
    return outcome, sc.parallelize([1, 2], 2).sum()


@program
def configuration(sc):
    conf = sc.getConf()
    conf.set("spark.some.key", "x")
    return (
        conf.get("spark.master"),
        sc.getConf().get("spark.some.key"),
        sc.getConf().get("spark.some.key", "default"),
        conf.contains("spark.app.name"),
        sc.master,
        sc.appName,
        sc.sparkHome,
        sc.environment.get("PYTHONHASHSEED"),
        sc.resources,
    )
