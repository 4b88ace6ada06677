"""Drivers in processes of their own that a test tells what to do, and the command beside them."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from dataclasses import dataclass

import pytest

from pyspark_shell.rest.runtime_file import RuntimeEntry
from pyspark_shell.shell.command_words import WORDS
from tests.processes.conftest import drive  # noqa: F401
from tests.processes.driver_process import ROOT
from tests.processes.waiting import wait_for, within

# A driver that does what it reads, line by line, in its main thread.
OBEDIENT = """
import ctypes
sc = start(spark__ui__port="0", spark__app__name=os.environ.get("NAME", "driver"),
           **{"spark__task__reaper__killTimeout": os.environ.get("KILL_TIMEOUT", "20s"),
           **dict(pair.split("=") for pair in os.environ.get("CONF", "").split())})
gate = os.environ["GATE"]
errors = []

def held(task):
    def run(number):
        open(f"{gate}-{os.getpid()}", "w").close()
        task(number)
    return run

def spin(_):
    while True:
        pass

def doze(_):
    while True:
        time.sleep(0.05)

def refuse(_):
    while True:
        try:
            time.sleep(0.01)
        except BaseException:
            pass

def hold(_):
    from itertools import repeat
    sum(repeat(1))

def job(task=spin, partitions=2, group=None, tag=None, name=None):
    def collect():
        if group:
            sc.setJobGroup(group, name or "")
        if tag:
            sc.addJobTag(tag)
        try:
            sc.parallelize(range(partitions), partitions).map(held(task)).collect()
        except Exception as error:
            errors.append(error)
    thread = threading.Thread(target=collect, daemon=True)
    thread.start()
    return thread

def until(condition):
    while not condition():
        time.sleep(0.01)

about(sc)
tell(up=True, app=sc.applicationId, pid=os.getpid())
for line in sys.stdin:
    exec(line)
sc.stop()
"""


def entry_of(driver):
    """Return what finds a driver that tells about itself."""
    about = driver.hear("about")
    return RuntimeEntry(id="under-test", application_id=about.pop("id"), token="", **about)


@pytest.fixture(autouse=True)
def runtime(tmp_path, monkeypatch):
    """Yield the folder where the test's drivers, and its commands, look for runtime files."""
    folder = tmp_path / "rt"
    monkeypatch.setenv("PYSPARK_SHELL_RUNTIME_DIR", str(folder))
    return folder


class Obedient:
    """A driver and how a test speaks to it."""

    def __init__(self, driver, gate):
        self.process = driver
        self._gate = gate
        driver.hear("up")
        self.pid = driver.news["pid"]
        self.application_id = driver.news["app"]

    def do(self, line):
        """Have the driver's main thread run a line."""
        self.process.process.stdin.write(line + "\n")
        self.process.process.stdin.flush()

    def begin(self, line, tasks=2):
        """Have it start a job, and wait until so many more tasks run."""
        before = len(self.task_pids())
        self.do(line)
        wait_for(lambda: len(self.task_pids()) == before + tasks, "the tasks to run")

    def task_pids(self):
        """Return the processes that have run a task that reports."""
        names = self._gate.parent.glob(f"{self._gate.name}-*")
        return [int(name.name.rpartition("-")[2]) for name in names]

    def ask(self, expression):
        """Return the value of an expression in the driver; it must be JSON."""
        self.process.news.pop("answer", None)
        self.do(f"tell(answer=({expression}))")
        return self.process.hear("answer")


@pytest.fixture
def obedient(drive, tmp_path):  # noqa: F811
    """Yield a function that starts a driver which does what it is told."""

    def begin(**environment):
        gate = tmp_path / f"gate{len(list(tmp_path.glob('gate*')))}"
        return Obedient(drive(OBEDIENT, environment={"GATE": str(gate), **environment}), gate)

    return begin


@dataclass(frozen=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def lines(self):
        return self.out.splitlines()


@pytest.fixture
def command():
    """Yield a function that runs `pyspark-shell` with arguments, as from a second terminal.

    A machine that does other work too may keep drivers waiting: they get more time than people
    give them, unless the test says how long.
    """

    def run(*arguments, silent_s=None, **environment):
        if arguments[0] in WORDS:
            arguments = (*arguments, "--timeout", silent_s or within(10))
        done = subprocess.run(
            [sys.executable, "-m", "pyspark_shell.shell.main", *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=within(30),
            check=False,
            cwd="/",
            env=dict(os.environ, PYTHONPATH=str(ROOT), **environment),
        )
        return Said(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def terminal():
    """Yield a function that runs `pyspark-shell` in a terminal of so many columns."""

    def run(*arguments, columns=80, **environment):
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 40, columns, 0, 0))
        env = dict(os.environ, PYTHONPATH=str(ROOT), TERM="xterm", **environment)
        env.pop("COLUMNS", None)
        process = subprocess.Popen(
            [sys.executable, "-m", "pyspark_shell.shell.main", *map(str, arguments)],
            stdin=theirs, stdout=theirs, stderr=theirs, env=env,
        )  # fmt: skip
        os.close(theirs)
        data = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            data += part
        os.close(ours)
        code = process.wait(within(30))
        return Said(code, data.decode().replace("\r\n", "\n"), "")

    return run
