"""What `pyspark-shell ps`, `jobs`, ... show of real drivers, from another process."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from pyspark_shell.shell.tables import width_of
from tests.processes.driver_process import ROOT
from tests.processes.waiting import wait_for, wait_for_end


@pytest.fixture
def busy(obedient):
    """Yield a driver with one job done, one that runs and one that waits.

    Its tasks do not compute: each of the many commands would wait for a processor.
    """
    driver = obedient()
    driver.do("sc.parallelize(range(4), 4).count()")
    driver.begin("job(doze, group='nightly', name='count the stars')")
    driver.do("job(doze)")
    wait_for(lambda: driver.ask("len(sc.statusTracker().getActiveJobsIds())") == 2, "two jobs")
    return driver


def rows(said):
    assert said.code == 0, said
    assert said.err == ""
    return json.loads(said.out)


def ids(command):
    return [row["id"] for row in rows(command("ps", "--json"))]


def test_without_a_driver_ps_says_how_to_start_one(command):
    said = command("ps")

    assert said.code == 0
    assert said.lines[0] == "No driver is running."
    assert "SparkContext()" in said.out
    assert rows(command("ps", "--json")) == []


def test_without_a_driver_the_others_say_so_with_their_own_exit_code(command):
    for word in ("jobs", "stages", "executors", "threads", "cleaner", "logs"):
        said = command(word)

        assert (said.code, said.out) == (3, "")
        assert said.err.startswith("pyspark-shell: No driver is running.\nStart one: ")


def test_ps_lists_drivers_and_their_running_jobs_and_never_a_token(busy, command, runtime):
    found = rows(command("ps", "--json"))
    said = command("ps")

    (row,) = found
    assert row["pid"] == busy.pid
    assert row["applicationId"] == busy.application_id
    assert (row["answers"], row["runningJobs"], row["kind"]) == (True, 2, "script")
    assert "token" not in row
    token = json.loads(next(runtime.glob("driver-*.json")).read_text())["token"]
    assert token not in said.out + said.err
    assert said.lines[0].split() == [
        "Driver", "Name", "Kind", "Pid", "Master", "Up", "Jobs", "State", "Page"
    ]  # fmt: skip
    assert re.search(r"  2  answers  http://127.0.0.1:\d+$", said.lines[1])


def test_ps_tells_the_user_who_asks_how_a_browser_gets_in(obedient, command):
    driver = obedient()
    plain = driver.ask("sc.uiWebUrl")

    said = command("ps", "--urls")
    (row,) = rows(command("ps", "--urls", "--json"))

    (line,) = said.lines
    assert line.split() == [row["id"], row["address"], "driver"]
    assert row["address"].startswith(f"{plain}/?token=")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(plain, headers={"Accept": "text/html"}))
    assert refused.value.code == 401
    assert b"pyspark-shell ps --urls" in refused.value.read()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with browser.open(row["address"]) as page:
        assert page.url == f"{plain}/"
        assert driver.application_id in page.read().decode()


def test_ps_says_which_driver_drops_events(obedient, command):
    driver = obedient(
        CONF="spark__scheduler__listenerbus__eventqueue__shared__capacity=3",
    )
    driver.do("class Slow: onJobStart = lambda self, event: time.sleep(60)")
    driver.do("sc._engine.bus.add(Slow(), 'shared')")
    driver.do("[sc.parallelize([1], 1).count() for _ in range(3)]")
    wait_for(lambda: driver.ask("sc._engine.bus.dropped()['shared']"), "dropped events")

    said = command("ps")

    assert re.search(r"has dropped \d+ events of queue shared \(3 of 3 wait\)", said.out)
    (row,) = rows(command("ps", "--json"))
    queues = {queue["name"]: queue for queue in row["listenerBus"]}
    assert queues["shared"]["capacity"] == 3
    assert (queues["appStatus"]["capacity"], queues["appStatus"]["dropped"]) == (10_000, 0)


def test_jobs_shows_what_runs_first_in_the_words_of_all_views(busy, command):
    said = command("jobs")

    states = {line.split()[0]: line for line in said.lines[1:]}
    assert list(states) == ["2", "1", "0"]
    assert "waiting" in states["2"]
    assert "count the stars" in states["1"]
    assert re.search(r"running  0\+2/2 .* nightly$", states["1"])
    assert re.search(r"done +4/4", states["0"])


def test_jobs_as_json_are_the_rows_of_the_rest_api(busy, command):
    row = next(row for row in rows(command("jobs", "--json")) if row["jobId"] == 1)

    assert row["status"] == "RUNNING"
    assert row["jobGroup"] == "nightly"
    assert row["numActiveTasks"] == 2


def test_stages_are_listed_and_one_shows_its_tasks(busy, command):
    listed = command("stages")
    one = command("stages", 1)

    assert [line.split()[0] for line in listed.lines] == ["Stage", "2", "1", "0"]
    firsts = [line.split()[0] for line in one.lines if line]
    assert firsts[:3] == ["Stage", "1", "Task"]
    assert set(firsts[3:]) == {"4", "5"}
    detailed = rows(command("stages", "1", "--json"))
    assert [row["stageId"] for row in detailed["attempts"]] == [1]
    assert {row["taskId"] for row in detailed["tasks"]} == {4, 5}
    assert {row["pid"] for row in detailed["tasks"]} == set(busy.task_pids())


def test_a_killed_stage_is_told_as_its_job_is_and_its_tasks_say_the_killers_words(
    obedient, command
):
    driver = obedient(KILL_TIMEOUT="4s")
    driver.begin("job(hold)")
    killing = command("kill", "--job", 0, "--reason", "two words", "--no-wait")
    wait_for(lambda: "killing" in command("jobs").out, "the job to be told as killing")
    meanwhile, its_tasks = command("stages"), command("stages", 0)
    wait_for(lambda: "killing" not in command("jobs").out, "the end of its tasks")
    job, afterwards, ended = command("jobs"), command("stages"), command("stages", 0)
    as_json = rows(command("stages", 0, "--json"))

    assert killing.code == 0
    assert re.search(r"^ +0  .*  killing  0\+[12]/2 ", meanwhile.out, re.MULTILINE)
    assert re.search(r"^ +\d .*  killing .* two words$", its_tasks.out, re.MULTILINE)
    assert "  killed " in job.lines[1]
    assert re.search(r"^ +0  .*  killed +0/2 ", afterwards.out, re.MULTILINE)
    whys = re.findall(r"  killed .* s  (.*)$", "\n".join(ended.lines[3:]), re.MULTILINE)
    assert len(whys) == 2
    assert all(re.fullmatch(r"two words \(forced after \d+ ms\)", why) for why in whys), whys
    told = {row["killReason"].partition(" SQLSTATE")[0] for row in as_json["tasks"]}
    assert told == {"Stage cancelled: [SPARK_JOB_CANCELLED] Job 0 cancelled two words"}


def test_an_unknown_stage_is_refused(busy, command):
    said = command("stages", 77)

    assert said.code == 1
    assert said.err == "pyspark-shell: unknown stage: 77\n"


def test_executors_show_process_state_and_task(busy, command):
    found = rows(command("executors", "--json"))
    said = command("executors")

    executors = [row for row in found if row["id"] != "driver"]
    assert {row["pid"] for row in executors} == set(busy.task_pids())
    assert {row["state"] for row in executors} == {"busy"}
    assert sum("busy" in line for line in said.lines) == 2


def test_executors_that_went_are_listed_with_when_and_why(busy, command):
    victim, other = busy.task_pids()
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: str(victim) not in command("executors").out, "the end of the executor")
    (row,) = (r for r in rows(command("executors", "--all", "--json")) if r["state"] == "dead")

    said, living = command("executors", "--all"), command("executors")

    assert re.search(rf"^{row['id']} +{victim} +dead ", said.out, re.MULTILINE)
    (when, why) = said.lines[-1].split(" ago: ")
    assert re.fullmatch(r"[\d.]+ m?s", when)
    assert why.startswith(f"Executor {row['id']} (pid {victim}) ended with SIGKILL")
    assert why == row["removeReason"].splitlines()[0]
    assert " ago: " not in living.out
    assert str(other) in living.out


def test_the_state_of_an_executor_is_not_told_of_the_driver(obedient, command):
    driver = obedient()
    driver.do("while not errors: pass")
    line = command("executors").lines[1]

    assert line.startswith(f"driver    {driver.pid}  ")
    assert not re.search("idle|busy|dead", line)


def test_threads_of_the_driver_and_the_stack_of_a_task(busy, command):
    mine = command("threads")
    task = command("threads", "--task", 4)
    executor = command("threads", rows(command("executors", "--json"))[-1]["id"])

    assert any(line.startswith("dag-scheduler-event-loop") for line in mine.lines)
    assert "in doze" in task.out
    assert "executor-messages" in executor.out
    assert "in doze" in executor.out
    assert "in doze" not in mine.out
    assert "in collect" in command("threads", "--stacks").out
    assert rows(command("threads", "--task", "4", "--json"))["taskId"] == 4


def test_the_cleaner_is_shown(busy, command):
    said = command("cleaner")

    assert said.code == 0
    assert said.out.startswith("Cleaner: ")
    assert "tracked" in rows(command("cleaner", "--json"))


# Several drivers, dead ones, silent ones -------------------------------------------------------


def test_several_drivers_have_to_be_named_and_the_beginning_is_enough(obedient, command):
    first, second = obedient(NAME="one"), obedient(NAME="two")
    found = {row["pid"]: row["id"] for row in rows(command("ps", "--json"))}
    assert second.ask("sc.parallelize([1], 1).count() + sc.parallelize([1], 1).count()") == 2

    unnamed = command("jobs")
    by_option = rows(command("jobs", "--json", "--driver", found[second.pid][:5]))
    by_place = rows(command("jobs", found[first.pid], "--json"))
    by_application = rows(command("jobs", second.application_id, "--json"))
    behind_an_id = command("stages", 0, found[second.pid])

    assert unnamed.code == 3
    assert "2 drivers are running; say which one." in unnamed.err
    assert all(driver in unnamed.err for driver in found.values())
    assert [row["jobId"] for row in by_option] == [1, 0]
    assert by_place == []
    assert len(by_application) == 2
    assert behind_an_id.code == 0


def test_an_unknown_driver_is_told_with_those_there_are(obedient, command):
    obedient()

    said = command("jobs", "--driver", "zzz")

    assert said.code == 3
    assert "No driver 'zzz' is running." in said.err
    assert ids(command)[0] in said.err


def test_a_driver_that_was_killed_is_pruned_with_its_socket(obedient, command, runtime):
    driver = obedient()
    assert len(ids(command)) == 1

    os.kill(driver.pid, signal.SIGKILL)
    wait_for_end([driver.pid], 5)

    assert ids(command) == []
    assert os.listdir(runtime) == []


def test_a_driver_that_stops_takes_its_files_away(obedient, command, runtime):
    driver = obedient()

    driver.process.process.stdin.close()
    driver.process.wait()

    assert ids(command) == []
    assert os.listdir(runtime) == []


def test_a_silent_driver_is_told_and_its_processes_are_shown_from_outside(busy, command):
    os.kill(busy.pid, signal.SIGSTOP)
    try:
        listed, jobs = command("ps", silent_s=1), command("jobs", silent_s=1)
        as_json = command("executors", "--json", silent_s=1)
    finally:
        os.kill(busy.pid, signal.SIGCONT)

    assert re.search(r"\?  silent ", listed.lines[1])
    assert "is silent" in listed.lines[2]
    stopped = f"It is stopped (SIGSTOP); `kill -CONT {busy.pid}` lets it go on."
    assert stopped in listed.lines[2]
    assert jobs.lines[0] == f"{stopped} Its processes, from outside:"
    assert jobs.code == 4
    assert "does not answer" in jobs.err
    assert jobs.lines[1].split() == ["Executor", "Pid", "Runs", "task", "Stage", "Jobs"]
    assert all(str(pid) in jobs.out for pid in busy.task_pids())
    assert as_json.code == 4
    running = json.loads(as_json.out)["running"]
    assert [(row["stageId"], row["jobIds"]) for row in running] == [(1, [1]), (1, [1])]


@pytest.mark.parametrize(
    "busy_with", ["while True: pass", "time.sleep(120)"], ids=["loop", "sleep"]
)
def test_every_word_works_while_the_drivers_main_thread_is_busy(obedient, command, busy_with):
    driver = obedient()
    driver.begin("job(doze)")
    driver.do(busy_with)
    firsts = {
        ("ps",): "Driver",
        ("jobs",): "Job",
        ("stages",): "Stage",
        ("stages", 0): "Stage",
        ("executors",): "Executor",
        ("threads",): "Thread",
        ("cleaner",): "Cleaner: ",
        ("logs",): "Nothing on stderr yet.",
    }

    for words, first in firsts.items():
        said = command(*words)

        assert (said.code, said.err) == (0, ""), (words, said)
        assert said.out.startswith(first), (words, said)
    assert "answers" in command("ps").out
    assert command("kill", "--job", 0).code == 0


def test_every_word_says_honestly_that_a_driver_holds_the_interpreter(obedient, command):
    driver = obedient()
    driver.begin("job(doze)")
    driver.do("ctypes.PyDLL(None).sleep(45)")
    wait_for(lambda: "silent" in command("ps", silent_s=1).out, "the driver to be silent")

    for word in ("jobs", "stages", "executors", "cleaner"):
        said = command(word, silent_s=1)

        assert said.code == 4, (word, said)
        silence = f"(pid {driver.pid}) does not answer: nothing came within 1 s"
        assert silence in said.err, said
        assert said.lines[0] == "Python is inside one long C call. Its processes, from outside:"
        assert len([line for line in said.lines if line.split()[0].isdigit()]) == 2, "executors"
        assert "`pyspark-shell threads` shows" in said.lines[-1]


def test_a_silent_driver_without_executors_is_told_with_what_works_from_outside(obedient, command):
    driver = obedient()
    assert driver.ask("1") == 1
    os.kill(driver.pid, signal.SIGSTOP)
    try:
        jobs = command("jobs", silent_s=1)
        kill = command("kill", "--app", silent_s=1)
    finally:
        os.kill(driver.pid, signal.SIGCONT)

    assert (jobs.code, kill.code) == (4, 0)
    assert f"(pid {driver.pid}) does not answer" in jobs.err
    assert jobs.lines == [
        f"It is stopped (SIGSTOP); `kill -CONT {driver.pid}` lets it go on. "
        "No executor of it runs.",
        "`pyspark-shell kill --app` works all the same: it ends when it wakes.",
    ]
    wait_for(lambda: driver.ask("sc.killReason") == "killed by hand", "the application's end")


def test_a_driver_that_listens_no_more_is_told_to_be_shutting_down(obedient, command):
    driver = obedient()
    assert driver.ask("sc._ui._server.stop()") is None

    listed, jobs = command("ps"), command("jobs")

    assert (listed.code, jobs.code) == (0, 4)
    assert "It listens no more: it is shutting down." in listed.lines[2]
    assert jobs.lines[0].startswith("It listens no more: it is shutting down.")
    assert "long C call" not in listed.out + jobs.out


# Terminals and pipes ---------------------------------------------------------------------------


def test_colours_are_for_terminals_and_not_with_no_color(busy, command, terminal):
    assert "\x1b[36mrunning\x1b[0m" in terminal("jobs", columns=120).out
    assert "\x1b" not in terminal("jobs", NO_COLOR="1").out
    assert "\x1b" not in command("jobs").out
    assert "\x1b" not in terminal("jobs", "--json").out


def test_no_line_is_wider_than_the_terminal(busy, terminal):
    busy.begin("job(doze, name='计算 星星 ' * 30, group='wide')", tasks=0)
    busy.do("kept = sc.range(9).setName('a name of words ' * 20).cache(); kept.count()")
    firsts = {
        ("ps",): "Driver",
        ("jobs",): "Job  What",
        ("stages",): "Stage",
        ("stages", "1"): "Stage",
        ("executors",): "Executor",
        ("threads",): "Thread",
        ("cleaner",): "Cleaner: ",
    }

    for columns, words in itertools.product([40, 60, 80, 120, 200], firsts):
        said = terminal(*words, columns=columns, NO_COLOR="1")

        assert said.lines[0].startswith(firsts[words]), (columns, words, said)
        assert len(said.lines) > 1
        assert max(map(width_of, said.lines)) <= columns, (columns, words, said.out)


def test_ps_shows_pages_below_where_there_is_no_room_for_a_column(obedient, terminal):
    page = obedient().ask("sc.uiWebUrl")

    narrow, wide = (terminal("ps", columns=columns, NO_COLOR="1").lines for columns in (80, 120))

    assert narrow[0].endswith("Jobs  State")
    assert narrow[1].endswith("answers")
    assert narrow[2:] == [f"  {page}"]
    assert wide[0].endswith("Page")
    assert len(wide) == 2
    assert wide[1].endswith(page)


def test_names_and_states_of_threads_are_whole_where_other_columns_are_cut(
    obedient, command, terminal
):
    driver = obedient()
    driver.do("job(doze)")
    driver.do("threading.Thread(target=until, args=(lambda: errors,), name='stays').start()")
    wait_for(lambda: "stays" in command("threads").out, "the thread")
    names = {row["threadName"] for row in rows(command("threads", "--json"))}
    readers = {name for name in names if name.startswith("SparkUI-")}  # of requests

    narrow, whole = terminal("threads", NO_COLOR="1"), command("threads")
    driver.do("errors.append(None)")

    for name in names - readers:
        (line,) = (line for line in narrow.lines if line.startswith(f"{name}  "))
        assert re.match(r" +((timed )?waiting|runnable|blocked) ", line.removeprefix(name))
    assert narrow.lines.count("  keeps the process alive") == 1
    assert re.search(r"^Thread-\d+ \(collect\) .* driver-\w+\.py:\d+$", whole.out, re.MULTILINE)
    assert re.search(r"^stays .*  <string>:1 +keeps the process alive$", whole.out, re.MULTILINE)
    assert not re.search(r"  engine .*(\.py|<string>):\d+$", whole.out, re.MULTILINE)


def test_a_pipe_gets_all_of_a_name(busy, command):
    busy.do("job(doze, name='x' * 300, group='wide')")
    wait_for(lambda: "x" * 300 in command("jobs").out, "the whole name")


def test_what_a_terminal_would_obey_is_not_written(busy, command):
    busy.do(r"job(doze, name='red \x1b[31m bell \x07', group='evil')")
    wait_for(lambda: "red ·[31m bell ·" in command("jobs").out, "the name without its codes")


def test_a_reader_that_has_had_enough_is_no_error(busy):
    jobs = f"{sys.executable} -m pyspark_shell.shell.main jobs --json"
    script = f"{jobs} | head -c 10; echo; echo ${{PIPESTATUS[0]}}"

    done = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
    )

    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "0"
