"""Several drivers in one panel: notebooks, terminals, one that is silent, none at all."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys

import pytest

from tests.processes.waiting import wait_for, within

START = """
import threading, time
from pyspark_shell import SparkContext
sc = SparkContext("local[2]", "{name}")
"""


def opened(lab_page, *cells, name="browser"):
    lab_page.open(lab_page.lab.write_notebook(START.format(name=name), *cells))
    lab_page.run_to_end(0)
    return lab_page


@pytest.fixture
def terminal_driver(lab):
    """Start a shell in a terminal of its own, with a job in it."""
    ours, theirs = os.openpty()
    shell = subprocess.Popen(
        [sys.executable, "-m", "pyspark_shell.shell.main", "--master", "local[2]"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**lab.environment, "TERM": "xterm", "PYTHONHASHSEED": "0"},
        start_new_session=True,
    )
    os.close(theirs)
    os.write(ours, b"import time\r")
    os.write(ours, b"sc.parallelize(range(60), 60).map(lambda x: time.sleep(1)).count()\r")
    yield Terminal(ours)
    os.killpg(shell.pid, signal.SIGKILL)
    shell.wait()
    os.close(ours)


def test_empty_state_teaches(new_lab_page):
    view = new_lab_page.open()

    view.shows(view.panel, "No driver yet")
    view.shows(view.panel, "pyspark-shell")
    start = view.panel.locator("code").first.inner_text()
    view = view.open(view.lab.write_notebook(f"{start}\nsc.range(4).count()"))
    view.run_to_end(0)
    assert view.output(0).splitlines()[-1] == "4"
    view.is_in_state(view.job(0), "done")


def test_terminal_driver(lab_page, terminal_driver):
    view = lab_page.open()

    view.shows(view.panel.get_by_role("combobox"), "terminal pts/", limit_s=30)
    view.is_in_state(view.job(0), "running", limit_s=30)
    view.click("Kill job 0")

    view.is_in_state(view.job(0), "killed")
    wait_for(lambda: "JupyterLab" in terminal_driver.shown(), "the terminal to tell who killed", 10)


class Terminal:
    """What a shell in a terminal has shown so far."""

    def __init__(self, descriptor):
        self._descriptor = descriptor
        self._shown = ""
        os.set_blocking(descriptor, False)

    def shown(self):
        with contextlib.suppress(BlockingIOError):
            self._shown += os.read(self._descriptor, 1 << 16).decode(errors="replace")
        return self._shown


JOB = """
threading.Thread(
    target=lambda: sc.parallelize(range(2), 2).map(lambda x: time.sleep(300)).count(), daemon=True
).start()
"""
# A C call that holds the interpreter until a signal comes: nothing in the process can answer.
HOLD = "import ctypes\nctypes.PyDLL(None).sleep(600)"


def test_two_drivers_of_which_one_is_silent(lab_page, terminal_driver):
    view = opened(lab_page, JOB, HOLD, name="held")
    chosen = view.panel.get_by_role("combobox")
    view.run_to_end(1)
    view.is_in_state(view.job(0), "running")
    view.run(2)

    view.shows(view.panel, re.compile(r"No answer for \d+ s"), limit_s=20)
    view.shows(view.panel, "Last known state below")
    view.is_in_state(view.job(0), "running")
    held = chosen.locator("option:checked").get_attribute("value")
    view.shows(chosen.locator("option:checked"), re.compile(r"^silent for \d+ s"), limit_s=20)

    # The other one is as usable as ever.
    other = chosen.locator("option").filter(has_text="terminal pts/")
    view.shows(other, "answers")
    chosen.select_option(other.get_attribute("value"))
    view.is_in_state(view.job(0), "running", limit_s=30)
    view.click("Kill job 0")
    view.is_in_state(view.job(0), "killed")

    chosen.select_option(held)
    view.shows(view.panel, re.compile(r"No answer for \d+ s"), limit_s=20)
    executors = processes_of(view, "executor")
    view.click("Kill all executors from outside of the driver")
    view.click("Kill all executors from outside of the driver, yes")
    report = view.panel.get_by_role("status").filter(has_text="Killed from outside")
    view.shows(report, "2 processes")
    assert not alive(executors)
    took_s = seconds_in(report.inner_text())
    # killTimeout, and a second
    assert took_s <= within(2 + 1), took_s
    print(f"killed from outside in {took_s} s")

    view.click("Interrupt the kernel")
    view.shows(view.panel.locator(".jp-Spark-dot"), "answers", limit_s=20)
    view.wait_for_end(2)
    view.is_in_state(view.job(0), "running")
    view.click("Kill job 0")
    view.is_in_state(view.job(0), "killed")


def seconds_in(text):
    number, unit = re.search(r"in ([\d.]+) (ms|s)\b", text).groups()
    return float(number) / (1000 if unit == "ms" else 1)


def test_a_job_of_a_silent_driver_is_killed_from_outside_with_its_cell(lab_page):
    view = opened(lab_page, JOB, HOLD)
    view.run_to_end(1)
    view.is_in_state(view.job(0), "running")
    view.run(2)
    view.shows(view.panel, re.compile(r"No answer for \d+ s"), limit_s=20)

    view.click("Kill job 0")

    report = view.panel.get_by_role("status").filter(has_text="Killed from outside")
    view.shows(report, "2 processes")
    view.shows(report, "(job 0)")
    view.shows(report, "The kernel was interrupted too.")
    view.wait_for_end(2)
    view.is_in_state(view.job(0), "killed")
    assert "KeyboardInterrupt" in view.output(2)


def processes_of(view, kind):
    """Return the pids that the panel names."""
    section = view.section("Executors")
    view.shows(section, f"{kind} 0")
    return [int(pid) for pid in re.findall(r"pid (\d+)", section.inner_text())]


def alive(pids):
    found = []
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat") as file:
                if file.read().rpartition(")")[2].split()[0] not in "ZX":
                    found.append(pid)
        except FileNotFoundError:
            continue
    return found


def test_the_panel_follows_the_notebook_until_it_is_pinned(lab_page):
    view = opened(lab_page, "1", name="first")
    first = view.page.evaluate("jupyterapp.shell.currentWidget.context.path")
    second = view.lab.write_notebook(START.format(name="second"))
    chosen = view.panel.get_by_role("combobox")
    view.shows(chosen.locator("option:checked"), "first")

    view.command("docmanager:open", path=second)
    view.page.wait_for_function(
        """path => {
          const panel = jupyterapp.shell.currentWidget;
          return panel?.context?.path === path
            && panel.sessionContext?.session?.kernel?.status === 'idle';
        }""",
        arg=second,
        timeout=within(10) * 1000,
    )
    view.run_to_end(0)
    view.shows(chosen.locator("option:checked"), "second")
    view.click("Stay with this driver")
    view.command("docmanager:open", path=first)
    view.page.wait_for_function(
        "path => jupyterapp.shell.currentWidget?.context?.path === path", arg=first
    )

    view.shows(chosen.locator("option:checked"), "second")
    view.click("Stay with this driver")
    view.shows(chosen.locator("option:checked"), "first")


def test_restart_of_the_kernel_leaves_nothing_stale(lab_page):
    view = opened(lab_page, "sc.parallelize(range(4)).count()")
    view.run_to_end(1)
    view.is_in_state(view.job(0), "done")

    view.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")

    view.shows(view.panel, re.compile("gone|No driver yet"))
    view.page.wait_for_function(
        "jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'"
    )
    view.run_to_end(0)
    view.shows(view.panel, "answers")
    view.shows_no(view.job(0))
    view.run_to_end(1)
    view.is_in_state(view.job(0), "done")


def test_restart_and_run_all_shows_the_new_driver_alone(lab_page):
    view = opened(
        lab_page,
        "sc.parallelize(range(4)).count()",
        "sc.parallelize(range(60), 60).map(lambda x: time.sleep(1)).count()",
    )
    view.run_to_end(1)
    view.is_in_state(view.job(0), "done")
    before = pid_in(view)

    view.command("notebook:restart-run-all")
    view.page.locator(".jp-Dialog").get_by_role("button", name="Restart").last.click()

    view.page.wait_for_function(
        "before => !document.querySelector('#pyspark-shell-panel').innerText.includes(before)",
        arg=before,
        timeout=within(20) * 1000,
    )
    view.is_in_state(view.job(1), "running", limit_s=20)
    view.is_in_state(view.job(0), "done")
    view.shows_no(view.job(2))
    view.shows(view.panel.locator(".jp-Spark-dot"), "answers")
    assert pid_in(view) != before
    view.click("Kill job 1")
    view.is_in_state(view.job(1), "killed")


def pid_in(view):
    return re.search(r"pid \d+", view.panel.locator("header").inner_text())[0]


def test_the_panel_opens_beside_the_first_notebook(new_lab_page):
    view = new_lab_page.open(new_lab_page.lab.write_notebook("1"), panel=False)

    view.shows(view.panel, "No driver yet")
    assert view.panel.is_visible()


def test_a_notebook_without_a_driver_shows_no_other_s(lab_page):
    view = opened(lab_page, "1", name="first")
    view.shows(view.panel, "Kill application")
    second = view.lab.write_notebook("1")

    view.command("docmanager:open", path=second)

    view.shows(view.panel, "No driver in this notebook yet")
    view.shows_no(view.panel.get_by_role("button", name=re.compile("Kill")))
    chosen = view.panel.get_by_role("combobox")
    chosen.select_option(label=chosen.locator("option").nth(1).inner_text())
    view.shows(view.panel, "Kill application")
