"""The interactive shell as a person sees it, in a real terminal."""

import os
import re
import signal
import subprocess

import pytest

from tests.processes.waiting import describe, processes_with, wait_for, wait_for_end
from tests.shell.terminal import PROMPT, SHELL

# Tasks of `wait_for_file` wait until the file is there; the rest is for the driver.
WAIT = """
import os, time
def wait_for_file(x):
    while not os.path.exists({path!r}):
        time.sleep(0.01)
    return x

def spin():
    print("begun")
    while True:
        pass

def stubborn(count=0):
    while True:
        print("caught", count)
        try:
            time.sleep(1000)
        except KeyboardInterrupt as error:
            if type(error) is not KeyboardInterrupt:
                raise
            count += 1

def wait_in_c_code():
    import ctypes
    print("waits")
    lock = ctypes.CDLL(None).pthread_mutex_lock
    mutex = ctypes.create_string_buffer(64)
    lock(mutex)
    lock(mutex)  # for ever, and no signal ends it
"""
QUESTION = r"^Not ended by the kill: .*\[c\]ontinue\? ?"


@pytest.fixture
def gate(tmp_path):
    return tmp_path / "gate"


@pytest.fixture
def kill_from_outside(tmp_path):
    """Kill what the shell runs, as a person in another terminal would."""

    def kill(*target):
        done = subprocess.run(
            [*SHELL, "kill", *target],
            env=dict(os.environ, PYSPARK_SHELL_RUNTIME_DIR=str(tmp_path / "runtime")),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr

    return kill


@pytest.fixture
def shell(start_shell, tmp_path, gate):
    first = tmp_path / "first.py"
    first.write_text(WAIT.format(path=str(gate)))
    terminal = start_shell("-i", str(first))
    terminal.wait(PROMPT.format(1))
    return terminal


def test_the_banner_tells_what_runs_and_where_to_look(start_shell):
    screen = start_shell().wait(PROMPT.format(1))

    for part in (
        r"  / __/__  ___ _____/ /__",
        "version 4.3.0-pyshell-",
        "Using Python version 3.",
        "Spark context Web UI available at http://127.0.0.1:",
        "?token=",
        "Spark context available as 'sc' (master = local[2], app id = local-",
        "SparkSession available as 'spark'.",
    ):
        assert part in screen


def test_sc_and_spark_are_there(shell):
    shell.run("sc.parallelize([1, 2, 3]).sum(), spark.sparkContext is sc", 2)

    assert "Out[1]: (6, True)" in shell.screen()
    shell.run("sc.panel()", 3)
    shell.run("sc.parallelize([(1, 2)], 4).reduceByKey(max)", 4)
    screen = shell.screen()
    assert "sc.panel() is for notebooks. Here: %jobs, %executors, %threads, %cleaner," in screen
    assert "  4 partitions, not cached\n  reduceByKey at In[3]:1 ← parallelize at In[3]:1" in screen


def test_a_bar_shows_progress_and_goes(shell, gate):
    shell.type("sc.range(8, numSlices=4).map(wait_for_file).count()")
    shell.wait(r"^\[Stage 0:> +\(0 \+ 2\) / 4\]")

    gate.touch()

    screen = shell.wait(PROMPT.format(2))
    assert "[Stage" not in screen
    assert "Out[1]: 8" in screen


def test_what_is_printed_meanwhile_does_not_land_on_the_bars_line(shell, gate):
    shell.type(
        "import threading; threading.Timer(1.5, lambda: print('printed')).start(); "
        "sc.range(2).map(wait_for_file).count()"
    )
    shell.wait(r"\[Stage")
    shell.wait(r"^printed$")
    shell.wait(r"^\[Stage 0:.*\]$")

    gate.touch()

    shell.wait(PROMPT.format(2))


def test_progress_can_be_turned_off(shell, gate):
    shell.run("%spark progress off", 2)
    shell.type("%bg sc.range(2).map(wait_for_file).count()")
    shell.type("time.sleep(1.5); print('slept')")

    screen = shell.wait("^slept$")

    assert "[Stage" not in screen
    assert "Progress is off." in screen


def test_ctrl_c_ends_the_jobs_of_its_cell_and_says_so(shell):
    shell.type("sc.range(8, numSlices=4).map(wait_for_file).count()")
    shell.wait(r"\[Stage")

    shell.press("C-c")

    screen = shell.wait(PROMPT.format(2))
    assert "Killed job 0: 2 tasks stopped in" in screen
    assert "KeyboardInterrupt at In[1]:1" in screen
    assert "Traceback" not in screen
    assert "[Stage" not in screen
    assert "Out[2]: 2" in shell.run("sc.range(2).count()", 3)


def test_ctrl_c_leaves_jobs_of_other_cells_alone(shell, gate):
    shell.type("%bg sc.range(2).map(wait_for_file).count()")
    shell.wait(r"spark\[1\] In \[2\]:")
    shell.type("spin()")
    shell.wait("^begun$")

    shell.press("C-c")
    shell.wait(r"spark\[1\] In \[3\]:")
    gate.touch()

    screen = shell.wait(r"bg-1 is done after .*: _bg1 = 2$")
    assert "Killed job" not in screen
    assert "KeyboardInterrupt" in screen
    assert "_on_sigint" not in screen


def test_ctrl_c_at_the_prompt_harms_nothing_and_says_what_would(shell, gate):
    shell.type("%bg sc.range(2).map(wait_for_file).count()")
    shell.wait(r"spark\[1\] In \[2\]:")

    shell.press("C-c")

    shell.wait(r"Job 0 runs on in the background: %kill 0 ends it, %jobs shows it\.")
    gate.touch()
    shell.wait("bg-1 is done")


def test_a_second_ctrl_c_ends_executors_that_do_not_stop(start_shell):
    shell = start_shell("--conf", "spark.task.reaper.killTimeout=60s")
    shell.wait(PROMPT.format(1))
    shell.type("sc.range(2, numSlices=2).map(lambda x: sum(range(10**15))).count()")
    shell.wait(r"\[Stage.*\(0 \+ 2\)")
    shell.press("C-c")
    shell.wait(r"Killing job 0: 2 tasks do not stop yet\. Ctrl-C again ends the executors\.")

    shell.press("C-c")

    screen = shell.wait(PROMPT.format(2))
    assert "Ending the executors that do not stop." in screen
    assert "Killed job 0: 2 tasks stopped in" in screen
    assert "Out[2]: 2" in shell.run("sc.range(2).count()", 3)


@pytest.mark.parametrize(
    ("answer", "then"),
    [
        ("c", None),
        ("k", r"^Killed: application \S+ from Ctrl-C: the user pressed Ctrl-C three times$"),
        ("e", "^exit code 130$"),
    ],
)
def test_code_that_catches_every_ctrl_c_is_asked_about(shell, answer, then):
    shell.type("stubborn()")
    shell.wait("^caught 0$")
    for count in (1, 2):
        shell.press("C-c")
        shell.wait(f"caught {count}$")
    shell.press("C-c")
    shell.wait(r"\[k\]ill the application, \[e\]xit the shell, or \[c\]ontinue\?")

    shell.type(answer)

    if then is None:
        shell.wait("caught 3$")
    else:
        shell.wait(then, 15)


def test_jobs_are_shown_and_killed_by_name(shell):
    shell.type("%bg sc.range(2).map(wait_for_file).count()")
    shell.wait(r"^ #0 .*0\+2/2 .*%kill 0$")

    shell.run("%jobs", 3)
    shell.run("%stack", 4)
    shell.press("%", "k", "i", "l", "l", "Space", "g", "r", "o", "u", "p", "Space", "b", "Tab")
    shell.wait("%kill group bg-1")
    shell.press("Enter")

    shell.wait("bg-1 was killed after")
    screen = shell.wait(PROMPT.format(5))
    row = r"^ +0  sc\.range\(2\)\.map\(wait_for_file\)\.count\(\) +running .* bg-1$"
    assert re.search(row, screen, re.MULTILINE)
    assert "Cannot find active jobs" not in screen
    assert "in wait_for_file" in screen
    assert "Killed job 0: 2 tasks stopped in" in screen
    assert "from %kill" in screen


def test_the_line_below_the_prompt_follows_the_jobs(shell, gate):
    shell.wait(r"^ spark  local\[2\]  no job runs$")
    shell.type("%bg sc.range(2, numSlices=2).map(wait_for_file).count()")
    shell.wait(r"^ #0 .*0\+2/2 .*%kill 0$")

    gate.touch()

    shell.wait("bg-1 is done")
    shell.wait(r"^ spark  local\[2\]  no job runs$")
    shell.wait(r"^In \[2\]:")


def test_leaving_names_what_keeps_the_process(shell):
    shell.run("import queue, threading", 2)
    shell.run("def load(): queue.Queue().get()", 3)
    shell.run("threading.Thread(target=load, name='loader').start()", 4)
    shell.wait(r'^Hint: thread "loader" will keep the process when you leave;$')
    shell.type("exit")

    shell.wait(
        r'^Leaving… 1 thread keeps the process alive: "loader" in queue\.get \(In\[2\]:1\)\. '
        r"Ctrl-C to leave anyway\."
    )
    shell.press("C-c")

    shell.wait("^.*exit code 130$")


def test_leaving_tells_of_jobs_that_end_with_it(shell):
    shell.type("%bg sc.range(2).map(wait_for_file).count()")
    shell.wait(r"spark\[1\] In \[2\]:")

    shell.type("exit")

    screen = shell.wait("^exit code 0$")
    assert "Leaving ends job 0:" in screen
    assert "Traceback" not in screen


def test_startup_file_code_arguments_and_help(start_shell, tmp_path):
    startup = tmp_path / "startup.py"
    startup.write_text("from_startup = 'started'\n")
    first = tmp_path / "first.py"
    first.write_text("import sys\nfrom_first = (sys.argv, sc.range(3).count())\n")

    shell = start_shell(
        "-i", str(first), "one", "--two", environment={"PYTHONSTARTUP": str(startup)}
    )
    shell.wait(PROMPT.format(1))

    shell.run("from_startup, from_first[0][1:], from_first[1]", 2)
    assert "Out[1]: ('started', ['one', '--two'], 3)" in shell.screen()
    shell.type("%kill?")
    shell.wait(r"^%kill stage 3 +all jobs that use stage 3$")


def test_an_application_kill_at_the_prompt_is_one_notice(shell):
    shell.run("%kill app", 2)

    screen = shell.run("sc.range(2).count()", 3)

    assert "SparkContextStopped" in screen
    assert "Application has been killed" in screen
    assert "It was created at: the start of pyspark-shell." in " ".join(screen.split())
    shell.run("%spark restart", 4)
    assert "Out[4]: 2" in shell.run("sc.range(2).count()", 5)


def test_a_job_that_another_process_kills_is_one_line(shell, kill_from_outside):
    shell.type("sc.range(2).map(wait_for_file).count()")
    shell.wait(r"\[Stage")

    kill_from_outside("--job", "0", "--reason", "wrong input")

    screen = shell.wait(PROMPT.format(2))
    assert "Killed: job 0 (count, 0 of 2 tasks) from the command: wrong input" in screen
    assert "Traceback" not in screen


@pytest.mark.parametrize(
    "loop",
    ["while True: pass", "time.sleep(1000)", "while True: time.sleep(0.01)"],
)
def test_an_application_kill_ends_the_cell_and_leaves_the_shell(shell, kill_from_outside, loop):
    shell.type(loop)
    shell.wait(re.escape(loop) + "$")

    kill_from_outside("--app", "--reason", "too slow")

    screen = shell.wait(PROMPT.format(2), 15)
    assert re.search(r"^Killed: application \S+ from the command: too slow$", screen, re.MULTILINE)
    shell.wait(r"kill: complete in \d+ ms")
    assert "Out[2]: (True, 'too slow')" in shell.run("sc.isStopped, sc.killReason", 3)
    shell.wait("^ spark  killed: too slow; %spark restart starts a new one$")


def test_a_thread_that_an_application_kill_leaves_waiting_is_named(shell, kill_from_outside):
    shell.run("import threading; go = threading.Event()", 2)
    shell.run("threading.Thread(target=go.wait, name='loader').start()", 3)

    kill_from_outside("--app", "--reason", "too slow")

    shell.wait("^Not ended by the kill: ")
    shell.wait("the next kill ends them too")
    text = " ".join(shell.screen().split())
    assert (
        "Not ended by the kill: thread loader. Leave the shell to end them, or let them run; "
        "with spark.pyshell.kill.threads=interrupt the next kill ends them too."
    ) in text
    shell.run("go.set()", 4)


BUSY_THREAD = "threading.Thread(target=lambda: [0 for _ in iter(int, 1)], name='loader').start()"


def test_after_an_application_kill_the_shell_asks_whether_what_burns_cpu_ends(
    shell, kill_from_outside
):
    shell.run("import subprocess, threading; child = subprocess.Popen(['sleep', '1000'])", 2)
    shell.run(BUSY_THREAD, 3)
    shell.run("child.pid, os.getpid()", 4)
    child, driver = map(int, re.search(r"Out\[3\]: \((\d+), (\d+)\)", shell.screen()).groups())
    shell.press("40 + ")

    kill_from_outside("--app", "--reason", "too slow")
    asked = shell.wait(QUESTION)
    assert re.search(r"thread loader \(\d+ % CPU\), process \d+\. \[e\]nd the shell", asked)

    shell.type("c")
    shell.wait(r"In \[4\]: 40 \+")  # what was typed before the question is still there
    assert "Out[4]: 42" in shell.run("2", 5)

    shell.type("%spark restart")
    shell.wait(PROMPT.format(6))
    shell.run("sc.parallelize([1]).count()", 7)
    shell.type("sc.killApplication('again')")
    wait_for(lambda: len(re.findall(QUESTION, shell.screen(), re.M)) == 2, "the question again")
    shell.type("e")

    assert "exit code 143" in shell.wait("^exit code")
    wait_for_end([child, driver], 5)


def test_a_cell_that_does_not_stop_for_an_application_kill_is_asked_about(shell, kill_from_outside):
    shell.type("wait_in_c_code()")
    shell.wait("^waits$")

    kill_from_outside("--app", "--reason", "too slow")

    asked = shell.wait(QUESTION, 20)
    assert "Not ended by the kill: this cell. [e]nd the shell and all of it" in asked
    shell.type("e")
    assert "exit code 143" in shell.wait("^exit code")


def test_an_application_kill_at_an_idle_prompt_is_one_notice(shell, kill_from_outside):
    before = shell.screen().splitlines()

    kill_from_outside("--app", "--reason", "too slow")

    shell.wait("^ spark  killed: too slow")
    after = [line for line in shell.screen().splitlines() if line not in before]
    assert after == [
        "Application has been killed. Reason: too slow",
        " spark  killed: too slow; %spark restart starts a new one",
    ]


def test_a_key_shows_where_everything_is(shell, gate):
    shell.type("def drive(): return sc.range(2, numSlices=2).map(wait_for_file).count()")
    shell.wait(PROMPT.format(2))
    shell.type("drive()")
    shell.wait(r"\[Stage")

    shell.press("C-\\")

    shell.wait("in drive$")
    shell.wait("in wait_for_file$")
    gate.touch()
    shell.wait(r"^Out\[2\]: 2$")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["SIGTERM", "SIGHUP"]
)
def test_a_terminated_shell_leaves_nothing_behind(shell, number, code):
    shell.run("sc.range(2).count(), __import__('os').getpid()", 2)
    pid = int(re.search(r"\(2, (\d+)\)", shell.screen())[1])
    shell.type("sc.range(2).map(wait_for_file).count()")
    shell.wait(r"\[Stage")

    os.kill(pid, number)

    shell.wait(f"exit code {code}$")
    wait_for(
        lambda: all("sleep" in describe(pid) for pid in processes_with(shell.marker)),
        "the end of executors and zygote",
    )
    assert list((shell.folder / "local").rglob("local-*")) == []
    assert list((shell.folder / "runtime").rglob("driver-*")) == []


def test_a_wrong_setting_is_one_line(start_shell):
    shell = start_shell("--conf", "spark.task.maxFailures=many")

    screen = shell.wait("^exit code 1$")

    assert "pyspark-shell: spark.task.maxFailures must be" in screen
    assert "Traceback" not in screen


def test_an_idle_application_is_announced_closed_and_made_anew(start_shell):
    shell = start_shell("--conf", "spark.pyshell.driver.idleTime=3s")
    shell.wait(PROMPT.format(1))

    shell.wait(r"^ spark  local\[2\]  idle, closes in [\d.]+ s$")
    shell.wait(r"^The application is idle and will be closed in 2 s\.$")
    shell.wait(r"^The application was closed: idle for 3 s\. It starts again when sc is used\.$")
    shell.wait("^ spark  no application runs")

    assert "Out[1]: 2" in shell.run("sc.range(2).count()", 2)


def test_a_first_file_that_cannot_be_read_is_one_line(start_shell):
    screen = start_shell("-i", "/nowhere.py").wait("^exit code 2$")

    assert screen == (
        "pyspark-shell: cannot open '/nowhere.py': No such file or directory\nexit code 2"
    )


def test_magics_tell_of_what_runs_and_what_is_kept(shell, gate):
    shell.run("numbers = sc.range(4, numSlices=2).setName('numbers').cache(); numbers.count()", 2)
    shell.type("%bg sc.range(2).map(wait_for_file).count()")
    shell.wait(r"spark\[1\] In \[3\]:")
    for number, magic in enumerate(("%stages", "%executors", "%held", "%cleaner", "%threads"), 3):
        shell.run(magic, number + 1)
    screen = shell.run("%kill all", 9)

    assert re.search(r"^ +1  .* 0\+2/2 ", screen, re.MULTILINE)
    assert len(re.findall(r"^[01] +\d+ +busy ", screen, re.MULTILINE)) == 2
    assert "numbers: held by variable numbers" in screen
    assert "Watches 1 RDD" in screen
    assert re.search(r"^bg-1 ", screen, re.MULTILINE)
    assert "Killed job 1: 2 tasks stopped in" in screen
    shell.run("%spark_forget numbers", 10)
    assert "Forgotten: variable numbers" in shell.screen()
    shell.run("%spark stop", 11)
    shell.wait("^ spark  no application runs")
