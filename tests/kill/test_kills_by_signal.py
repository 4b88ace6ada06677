"""Ctrl-C, SIGTERM and SIGHUP in a plain script: only this thread's jobs, never a stray executor."""

import signal

import pytest

from tests.processes.waiting import Stopwatch, wait_for, within

TWO_JOBS = """
sc = start(spark__task__reaper__killTimeout="{timeout}")
about(sc)
here = os.environ["LOCAL_DIR"] + "/here"
os.mkdir(here)

def report(number):
    open(here + f"/{{number}}", "w").close()

def forever(number):
    report(number)
    while True:
        {step}

def patient(number):
    report(number)
    while not os.path.exists(here + "/go"):
        time.sleep(0.01)
    return number

def others():
    answers.append(sc.parallelize([7], 1).map(patient).collect())

answers = []
thread = threading.Thread(target=others)
thread.start()
def tell_when_both_run():
    while len(os.listdir(here)) < 2:
        time.sleep(0.01)
    tell(both=True)
threading.Thread(target=tell_when_both_run, daemon=True).start()
"""

SLEEP = "time.sleep(0.1)"
SWALLOW = """
        try: time.sleep(0.01)
        except BaseException: pass"""

FIRST_PRESS = """
try:
    sc.parallelize([1], 1).map(forever).collect()
except KeyboardInterrupt:
    tell(caught=True)
    while len(active := sc.statusTracker().getActiveJobsIds()) == 2:
        time.sleep(0.01)
    tell(running=len(active))
"""
THE_OTHER_JOB = """
open(here + "/go", "w").close()
thread.join()
import shutil
shutil.rmtree(here)
tell(answers=answers, sum=sc.parallelize(range(10), 2).sum())
sc.stop()
"""


def test_ctrl_c_ends_the_jobs_of_the_main_thread_and_no_other(drive):
    driver = drive(TWO_JOBS.format(timeout="2s", step=SLEEP) + FIRST_PRESS + THE_OTHER_JOB)
    driver.hear("both")

    with Stopwatch() as watch:
        driver.signal(signal.SIGINT)
        driver.hear("caught")

    assert watch.seconds < within(1)
    driver.hear("sum")
    driver.finish()
    assert (driver.news["running"], driver.news["answers"], driver.news["sum"]) == (1, [[7]], 45)
    driver.assert_gone()


def test_a_second_ctrl_c_does_not_wait_for_the_kill_timeout(drive):
    second = """
try:
    tell(pids=[e.pid for e in sc._driver.scheduler.executors()])
    time.sleep(60)
except KeyboardInterrupt:
    tell(again=True)
"""
    body = TWO_JOBS.format(timeout="1h", step=SWALLOW) + FIRST_PRESS + second + THE_OTHER_JOB
    driver = drive(body)
    driver.hear("both")
    driver.signal(signal.SIGINT)
    pids = driver.hear("pids")
    alive = driver.processes

    driver.signal(signal.SIGINT)

    driver.hear("again")
    wait_for(lambda: len(set(pids) & driver.processes) == 1, "the end of the stubborn task", 1)
    assert set(pids) <= alive
    driver.hear("sum")
    driver.finish()
    assert (driver.news["running"], driver.news["answers"], driver.news["sum"]) == (1, [[7]], 45)
    driver.assert_gone()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda n: n.name)
def test_a_terminated_driver_leaves_no_task_that_was_killed_and_went_on(drive, number):
    body = TWO_JOBS.format(timeout="1h", step=SWALLOW) + FIRST_PRESS + "time.sleep(60)\n"
    driver = drive(body)
    driver.hear("both")
    driver.signal(signal.SIGINT)
    driver.hear("caught")

    driver.signal(number)

    driver.wait()
    wait_for(lambda: not driver.processes, "the end of all processes", 2)
