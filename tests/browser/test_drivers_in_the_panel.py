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


def test_empty_state_teaches(lab_page):
    view = lab_page.open()

    view.shows(view.panel, "No driver yet")
    view.shows(view.panel, "from pyspark_shell import sc")
    view.shows(view.panel, "pyspark-shell")


def test_terminal_driver(lab_page, terminal_driver):
    view = lab_page.open()

    view.shows(view.panel.get_by_role("combobox"), "terminal pts/", limit_s=30)
    view.shows(view.job(0), "running", limit_s=30)
    view.click("Kill job 0")

    view.shows(view.job(0), "killed")
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


def test_two_drivers_of_which_one_is_silent(lab_page, browser):
    # A C call that holds the interpreter: nothing in the process can answer.
    hold = """
threading.Thread(
    target=lambda: sc.parallelize(range(2), 2).map(lambda x: time.sleep(300)).count(), daemon=True
).start()
time.sleep(2)
sum(range(3 * 10**9))
"""
    view = opened(lab_page, hold, name="held")
    view.run(1)
    view.shows(view.job(0), "running")

    view.shows(view.panel, re.compile(r"No answer for \d+ s"), limit_s=20)
    view.shows(view.panel, "Last known state below")
    view.shows(view.job(0), "running")
    executors = processes_of(view, "executor")
    view.click("Kill all executors from outside of the driver")
    view.click("Kill all executors from outside of the driver, yes")

    wait_for(lambda: not alive(executors), "the executors' end", 10)


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
    view.shows(view.job(0), "done")

    view.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")

    view.shows(view.panel, re.compile("gone|No driver yet"))
    view.page.wait_for_function(
        "jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'"
    )
    view.run_to_end(0)
    view.shows(view.panel, "answers")
    view.shows_no(view.job(0))
    view.run_to_end(1)
    view.shows(view.job(0), "done")
