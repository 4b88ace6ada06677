"""Interrupt and kills in a busy kernel: what they end, what they leave, what the cell says."""

import pytest

from tests.processes.waiting import Stopwatch, wait_for, within

SLEEPING = "sc.parallelize(range(4), 4).map(lambda n: __import__('time').sleep(3600)).collect()"
STUBBORN = """
def stay(n):
    import time
    while True:
        try:
            time.sleep(3600)
        except BaseException:
            pass
sc.parallelize(range(2), 2).map(stay).collect()
"""
BUSY_CELLS = {
    "time.sleep": "import time; time.sleep(60)",
    "a Python loop": "while True: pass",
    "an action": SLEEPING,
}


IN_C_CODE = """
def hang(n):
    return sum(range(10**15))
sc.parallelize([0], 1).map(hang).collect()
"""


@pytest.fixture
def background(notebook):
    """A job that a thread of cell B runs; gives the notebook."""
    notebook.run(
        f"""
from concurrent.futures import ThreadPoolExecutor
pool = ThreadPoolExecutor(1)
job_of_b = pool.submit(lambda: {SLEEPING})
""",
        cell_id="cell-b",
    )
    notebook.running_job()
    return notebook


def test_interrupt_ends_the_jobs_of_its_cell_and_no_others(background):
    notebook = background
    cell = notebook.start(SLEEPING, cell_id="cell-a")
    wait_for(lambda: len(notebook.jobs(status="running")) == 2, "both jobs")

    notebook.interrupt()
    cell.wait()

    assert cell.error["ename"] == "KeyboardInterrupt"
    assert cell.error["traceback"][-1] == "KeyboardInterrupt at In[2]:1"
    assert "Killed job 1" in cell.text
    assert [j["cell"]["id"] for j in notebook.jobs(status="running")] == ["cell-b"]
    assert notebook.run("sc.cancelAllJobs(); type(job_of_b.exception()).__name__") == (
        "'SparkJobCancelled'"
    )


def test_interrupt_ends_jobs_that_the_cell_s_pool_runs(notebook):
    cell = notebook.start(
        f"""
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(2) as pool:
    waiting = [pool.submit(lambda: {SLEEPING}) for _ in range(2)]
"""
    )
    wait_for(lambda: notebook.driver and len(notebook.jobs(status="running")) == 2, "both jobs")

    notebook.interrupt()
    cell.wait()

    assert cell.error["ename"] == "KeyboardInterrupt"
    assert notebook.jobs(status="running") == []
    assert notebook.run("[type(f.exception()).__name__ for f in waiting]") == (
        "['SparkJobCancelled', 'SparkJobCancelled']"
    )


def test_after_an_interrupt_the_cell_s_threads_begin_no_more_jobs(notebook):
    cell = notebook.start(
        f"""
errors = []
def one_after_another():
    for _ in range(3):
        try:
            {SLEEPING}
        except Exception as error:
            errors.append(error)
thread = sc.thread(one_after_another)
thread.join()
"""
    )
    notebook.running_job()

    notebook.interrupt()
    cell.wait()

    told = notebook.run("thread.join(); print(*errors, sep='\\n')").splitlines()
    assert [line.partition(" SQLSTATE")[0] for line in told if "SPARK_JOB_CANCELLED" in line] == [
        f"[SPARK_JOB_CANCELLED] Job {n} cancelled because In[1] was interrupted" for n in range(3)
    ]
    assert [job["jobId"] for job in notebook.jobs()] == [0]
    assert notebook.run("sc.parallelize([1, 2], 1).sum()") == "3"


def test_interrupt_of_a_cell_that_awaits_ends_its_jobs_too(notebook):
    cell = notebook.start(f"import asyncio\nawait asyncio.to_thread(lambda: {SLEEPING})")
    notebook.running_job()

    notebook.interrupt()
    cell.wait()

    # Which is faster: the end of the job, or the event loop's cancelling of what awaits it.
    where = {"CancelledError": "await asyncio.to_thread", "SparkJobCancelled": "Killed: job 0 "}
    assert where[cell.error["ename"]] in cell.text
    assert notebook.driver.get("jobs/0")["status"] == "FAILED"
    wait_for(lambda: notebook.jobs(status="running") == [], "the end of the job")
    assert notebook.run("sc.parallelize([1, 2], 1).sum()") == "3"


def test_interrupt_of_a_cell_that_only_awaits_wakes_its_loop(notebook):
    cell = notebook.start("import asyncio\nprint('begun')\nawait asyncio.sleep(3600)")
    cell.says("begun")

    notebook.interrupt()
    cell.wait(5)

    assert cell.error["ename"] == "CancelledError"


def test_a_third_interrupt_says_how_to_end_what_catches_them_all(notebook):
    cell = notebook.start(
        """
sc.parallelize([1], 1).count()
import time
for count in range(4):
    print("begun", count)
    try:
        time.sleep(3600)
    except KeyboardInterrupt:
        pass
"""
    )
    for count in range(3):
        cell.says(f"begun {count}")
        assert "This cell goes on" not in cell.text
        notebook.interrupt()
    cell.says("begun 3")

    assert "This cell goes on after three interrupts. Kill application in the Spark" in cell.text
    notebook.interrupt()
    assert cell.wait().error is None


def test_interrupt_between_cells_is_harmless(notebook):
    assert notebook.run("sc.parallelize([1, 2], 1).sum()") == "3"

    notebook.interrupt()

    assert notebook.run("sc.parallelize([1, 2], 1).sum()") == "3"


def test_interrupt_of_a_cell_without_jobs_is_python_s_own(notebook):
    cell = notebook.start("import time\nprint('here')\ntime.sleep(60)")
    cell.says("here")

    notebook.interrupt()
    cell.wait()

    assert cell.error["ename"] == "KeyboardInterrupt"
    assert "time.sleep(60)" in cell.text


def test_a_second_interrupt_ends_executors_that_do_not_stop(notebook):
    cell = notebook.start(STUBBORN)
    notebook.running_job()
    executors = {row["pid"] for row in notebook.driver.get("executors") if row["id"] != "driver"}

    notebook.interrupt()
    cell.says("not stop yet")
    notebook.interrupt()
    cell.wait()

    wait_for(lambda: not executors & notebook.processes(), "the end of the executors")
    assert notebook.run("sc.parallelize([1, 2], 1).sum()") == "3"


@pytest.mark.parametrize("code", BUSY_CELLS.values(), ids=BUSY_CELLS)
def test_a_kill_from_outside_works_whatever_the_main_thread_does(background, code):
    notebook = background
    cell = notebook.start(f"print('begun')\n{code}")
    cell.says("begun")
    order = {"reason": "too slow", "who": "JupyterLab"}

    with Stopwatch() as watch:
        notebook.driver.post("jobs/0/kill", order)
        wait_for(lambda: notebook.driver.get("jobs/0").get("killState") == "KILLED", "the kill")

    assert watch.seconds < within(1)
    assert not cell.has_ended
    notebook.interrupt()
    cell.wait()


def test_a_kill_works_while_a_flood_of_comm_messages_waits(background):
    notebook = background
    cell = notebook.start("print('begun')\nimport time; time.sleep(60)")
    cell.says("begun")
    for _ in range(2000):
        message = notebook.client.session.msg("comm_msg", {"comm_id": "nobody", "data": {}})
        notebook.client.shell_channel.send(message)

    with Stopwatch() as watch:
        notebook.driver.post("jobs/0/kill", {"reason": "too slow"})
        wait_for(lambda: notebook.driver.get("jobs/0").get("killState") == "KILLED", "the kill")

    assert watch.seconds < within(1)
    notebook.interrupt()
    cell.wait()


def test_a_killed_cell_says_in_one_line_who_and_why(notebook):
    cell = notebook.start(SLEEPING)
    notebook.running_job()

    notebook.driver.post("jobs/0/kill", {"reason": "too slow", "who": "JupyterLab"})
    cell.wait()

    assert cell.error["ename"] == "SparkJobCancelled"
    assert cell.error["traceback"] == [
        "Killed: job 0 (collect, 0 of 4 tasks) from JupyterLab: too slow"
    ]
    assert notebook.run("sc.parallelize([1, 2], 1).sum()") == "3"


# The application -----------------------------------------------------------------------------


def test_application_kill_ends_a_loop_on_the_driver_and_the_kernel_stays(notebook):
    cell = notebook.start("sc.parallelize([1], 1).count()\nprint('begun')\nwhile True: pass")
    cell.says("begun")
    name = notebook.driver.entry.application_id

    notebook.driver.post("kill", {"reason": "spring cleaning", "who": "JupyterLab"})
    cell.wait(30)

    assert cell.error["ename"] == "SparkApplicationKilled"
    assert cell.error["traceback"] == [
        f"Killed: application {name} from JupyterLab: spring cleaning"
    ]
    assert "spring cleaning (by JupyterLab at " in cell.error["evalue"]
    assert notebook.run("sc.isStopped, sc.killReason") == "(True, 'spring cleaning')"
    used = notebook.start("sc.parallelize([1], 1).count()").wait()
    assert used.error["ename"] == "SparkContextStopped"
    for part in ("spring cleaning", "by JupyterLab at", "In[1]:1"):
        assert part in used.error["evalue"]


def test_application_kill_of_an_idle_kernel_raises_nothing_and_says_one_line(notebook):
    first = notebook.run("sc.parallelize([1], 1).count()")
    cell = notebook.start("1")
    cell.wait()
    before = len(notebook.published)

    notebook.driver.post("kill", {"reason": "spring cleaning", "who": "JupyterLab"})
    wait_for(lambda: len(notebook.processes()) == 1, "the end of the executors")

    assert notebook.run("1 + 1") == "2"
    notebook.read()
    later = notebook.published[before:]
    assert [m for m in later if m["msg_type"] == "error"] == []
    lines = "".join(m["content"]["text"] for m in later if m["msg_type"] == "stream")
    assert lines.strip().count("\n") == 0, lines
    assert "spring cleaning" in lines
    assert first == "1"


def test_a_loop_that_swallows_the_kill_is_reported(notebook):
    cell = notebook.start(
        """
sc.parallelize([1], 1).count()
print('begun')
import time
caught = 0
end = time.monotonic() + 12
while time.monotonic() < end:
    try:
        time.sleep(0.05)
    except BaseException:
        caught += 1
print('swallowed', caught)
"""
    )
    cell.says("begun")

    notebook.driver.post("kill", {"reason": "spring cleaning"})
    cell.wait(60)

    assert cell.error is None
    assert "swallowed 3\n" in cell.text
    text = "".join(m["content"]["text"] for m in notebook.published if m["msg_type"] == "stream")
    assert "did not stop" in text
    assert "time.sleep(0.05)" in text


def test_a_stuck_task_s_stack_is_one_line_in_the_notebook(notebook):
    cell = notebook.start(IN_C_CODE)
    notebook.running_job()

    notebook.interrupt()
    cell.wait()

    wait_for(lambda: "Thread dump" in cell.text, "the task's stack")
    stack = cell.text.partition("Thread dump ")[2].splitlines()[0]
    assert stack == 'from task 0: … File "In[1]", line 2, in hang: return sum(range(10**15))'
    assert cell.text.count('File "') == 1


def test_a_log_that_the_user_sets_up_takes_the_place_of_ours(notebook):
    notebook.run(
        "import logging, sys; logging.basicConfig(stream=sys.stdout, format='mine: %(message)s')"
    )

    said = notebook.run("logging.getLogger('pyspark_shell.X').warning('told once')")

    assert said == "mine: told once\n"
