"""However a driver ends, 2 s later there is no process and no file of it, whatever its tasks do."""

import os
import signal
import subprocess
import sys

import pytest

from pyspark_shell.rest.discovery import drivers

IDLE = """
sc = start()
about(sc)
sc.parallelize(range(100), 4).map(lambda n: (n % 3, n)).groupByKey().cache().count()
b = sc.broadcast(list(range(1000)))
"""

BUSY = """
sc = start()
about(sc)
{work}
running = sc.parallelize(range(2), 2).map(work)
threading.Thread(target=running.collect, daemon=True).start()
while len(os.listdir(os.environ["LOCAL_DIR"] + "/here")) < 2:
    time.sleep(0.01)
"""

WORKS = {
    "sleep": "time.sleep(3600)",
    "spin": "\n    while True: pass",
    "hold the interpreter": "import ctypes; ctypes.PyDLL(None).sleep(3600)",
    "backtrack": "import re; re.match(r'(a|a)*b', 'a' * 60 + 'c')",
    "ignore signals": """
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        try: signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError): pass
    while True: pass""",
    "swallow": """
    while True:
        try: time.sleep(0.001)
        except BaseException: pass""",
    "start processes": """
    import subprocess
    subprocess.Popen(["sh", "-c", "sleep 3600 & sleep 3600"], start_new_session=True)
    subprocess.Popen(["sleep", "3600"])
    time.sleep(3600)""",
    "start stubborn processes": """
    import subprocess
    code = "import os, signal, time; os.setpgid(0, 0); "
    code += "[signal.signal(n, signal.SIG_IGN) for n in (1, 2, 15)]; time.sleep(3600)"
    subprocess.Popen([sys.executable, "-c", code])
    time.sleep(3600)""",
    "write": """
    with open(os.environ["SPARK_LOCAL_DIRS"] + "/endless", "wb") as file:
        while True: file.write(bytes(1000)); time.sleep(0.0001)""",
}


def busy(kind):
    here = 'os.environ["LOCAL_DIR"] + "/here"'
    first = f"""
def work(number):
    open({here} + f"/{{number}}", "w").close()
    {WORKS[kind]}
"""
    return f"os.mkdir({here})\n" + BUSY.format(work=first)


def assert_gone(driver):
    for entry in driver.local_dir.glob("here/*"):
        entry.unlink()
    for entry in driver.local_dir.glob("here"):
        entry.rmdir()
    driver.assert_gone()


WAIT = "tell(ready=True)\ntime.sleep(3600)\n"
SIGNALS = [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGABRT, signal.SIGSEGV]
EXITS = {
    "falls off its end": ("", 0),
    "stops its context": ("sc.stop()\n", 0),
    "calls sys.exit": ("sys.exit(3)\n", 3),
    "calls os._exit": ("os._exit(4)\n", 4),
    "raises": ("raise RuntimeError('not caught')\n", 1),
    "raises in a thread": (
        "t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()\n",
        0,
    ),
    "replaces itself": ("os.execv('/bin/true', ['true'])\n", 0),
    "deletes its context": ("del sc\nimport gc\ngc.collect()\n", 0),
}


@pytest.mark.parametrize("number", SIGNALS, ids=lambda n: n.name)
def test_a_driver_that_is_killed_idle_leaves_nothing(drive, number):
    driver = drive(IDLE + WAIT)
    driver.hear("ready")

    driver.signal(number)

    driver.wait()
    driver.assert_gone()


@pytest.mark.parametrize("kind", WORKS)
def test_a_driver_that_is_killed_leaves_no_task_behind(drive, kind):
    driver = drive(busy(kind) + WAIT)
    driver.hear("ready")

    driver.signal(signal.SIGKILL)

    driver.wait()
    assert_gone(driver)


@pytest.mark.parametrize("kind", ["sleep", "hold the interpreter", "ignore signals", "swallow"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda n: n.name)
def test_a_driver_that_is_terminated_leaves_no_task_behind(drive, kind, number):
    driver = drive(busy(kind) + WAIT)
    driver.hear("ready")

    driver.signal(number)

    driver.wait()
    assert_gone(driver)


@pytest.mark.parametrize("end", EXITS)
def test_a_driver_that_ends_by_itself_leaves_nothing(drive, end):
    lines, status = EXITS[end]
    driver = drive(IDLE + lines)
    driver.hear("roots")

    assert driver.wait() == status
    driver.assert_gone()


@pytest.mark.parametrize("kind", ["sleep", "hold the interpreter", "ignore signals"])
@pytest.mark.parametrize("end", ["falls off its end", "calls os._exit", "raises"])
def test_a_driver_that_ends_while_tasks_run_leaves_nothing(drive, kind, end):
    lines, status = EXITS[end]
    driver = drive(busy(kind) + lines)
    driver.hear("roots")

    assert driver.wait() == status
    assert_gone(driver)


def test_a_driver_that_is_killed_while_it_starts_leaves_nothing(drive):
    for number in range(8):
        driver = drive("tell(ready=True)\nsc = start()\nabout(sc)\ntime.sleep(3600)\n")
        driver.hear("ready")
        pause = f"import time; time.sleep({number * 0.02})"
        driver.process.stdin.close()
        subprocess.run([sys.executable, "-S", "-c", pause], check=True)

        driver.signal(signal.SIGKILL)

        driver.wait()
        driver.assert_gone()


def test_a_driver_that_is_killed_while_it_stops_leaves_nothing(drive):
    for number in range(8):
        body = f"""
threading.Timer({number * 0.003}, os.kill, (os.getpid(), signal.SIGKILL)).start()
sc.stop()
time.sleep(5)
"""
        driver = drive(IDLE + body)
        driver.hear("roots")

        assert driver.wait() == -signal.SIGKILL
        driver.assert_gone()


def test_the_whole_session_of_a_driver_may_be_signalled(drive):
    driver = drive(busy("sleep") + WAIT)
    driver.hear("ready")

    for pid in driver.processes:  # as a container's or a service's stop does
        os.kill(pid, signal.SIGTERM)

    driver.wait()
    assert_gone(driver)


def test_a_zygote_killed_together_with_its_driver_leaves_no_process_and_its_files_to_the_next(
    drive, tmp_path, monkeypatch
):
    monkeypatch.setenv("PYSPARK_SHELL_RUNTIME_DIR", str(tmp_path / "rt"))
    driver = drive(IDLE + "tell(zygote=sc._driver.scheduler._backend._zygote.pid)\n" + WAIT)
    zygote = driver.hear("zygote")
    driver.hear("ready")

    driver.signal(signal.SIGSTOP)
    os.kill(zygote, signal.SIGKILL)
    driver.signal(signal.SIGKILL)
    driver.wait()

    later = drive(
        "import shutil\n"
        f"os.environ['LOCAL_DIR'] = {str(driver.local_dir)!r}\n"
        "sc = start()\nabout(sc)\nsc.stop()\n"
    )
    later.hear("roots")
    later.wait()
    assert drivers() == []  # whoever looks for drivers removes the files of the dead
    driver.assert_gone()
