"""Fixtures for all tests: a context for a module, and the proof that nothing is left behind."""

from __future__ import annotations

import gc
import os
import select
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest

# How long an example takes says nothing on a machine that does other work.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

# Shells and nohup start background jobs with signals ignored, and all drivers of the tests would
# inherit that.
for number, usual in [
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGHUP, signal.SIG_DFL),
    (signal.SIGQUIT, signal.SIG_DFL),
]:
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)

# Every driver, shell and kernel of the tests would compile all that it imports, each time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# PySpark's virtual machines live for seconds here: too short for what the second compiler gains.
for options in ("SPARK_SUBMIT_OPTS", "SPARK_LAUNCHER_OPTS", "SPARK_DAEMON_JAVA_OPTS"):
    os.environ.setdefault(options, "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")

# Files that take a minute or more, longest first. They begin first: a worker that is left with one
# at the end lets all others wait. Those of the browser are next to one another, since a worker
# keeps JupyterLab and the browser as long as it runs one after the other.
LONG = [
    "compat/test_differential.py",
    "browser/test_jobs_in_the_panel.py",
    "browser/test_drivers_in_the_panel.py",
    "browser/test_notebooks_in_the_lab.py",
    "browser/test_views_in_the_panel.py",
    "browser/test_sections_in_the_panel.py",
    "processes/test_many_jobs.py",
    "shell/test_apache.py",
    "command/test_command_kill.py",
    "processes/test_start_and_stop.py",
    "hadoop/test_against_spark.py",
    "shell/test_interactive.py",
    "kernel/test_cell_progress.py",
    "processes/test_cleaner.py",
    "kernel/test_kernel_interrupts.py",
    "engines/test_rows_against_spark.py",
    "command/test_command_listings.py",
]
PATIENCE_S = 5.0
TESTS = Path(__file__).resolve().parent
LOCAL_ROOTS = [Path(tempfile.gettempdir()), Path("/dev/shm")]


def descendants() -> set[int]:
    """Return the processes below this one."""
    found: set[int] = set()
    waiting = [os.getpid()]
    while waiting:
        pid = waiting.pop()
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                below = {int(child) for child in children.read_text().split()}
            except OSError:
                continue
            waiting += below - found
            found |= below
    return found


def open_files() -> dict[int, str]:
    """Return what each descriptor of this process is open on."""
    found = {}
    for fd in os.listdir("/proc/self/fd"):
        try:
            found[int(fd)] = os.readlink(f"/proc/self/fd/{fd}")
        except OSError:
            continue
    return found


def application_entries() -> set[Path]:
    """Return the directories of this user's applications, but for those of drivers that live and
    are none of this run: the user's own, and those of tests that run beside these.
    """
    entries = {
        entry
        for root in LOCAL_ROOTS
        for base in root.glob(f"pyspark_shell-{os.getuid()}*")
        for entry in base.glob("*")
    }
    family = descendants() | {os.getpid()}
    holders = lock_holders()
    return {
        entry
        for entry in entries
        if all(pid in family or not alive(pid) for pid in holders.get(inode(entry / "lock"), ()))
    }


def lock_holders() -> dict[int, set[int]]:
    """Return who has taken each lock on a whole file, by the file's inode."""
    found: dict[int, set[int]] = {}
    for line in Path("/proc/locks").read_text().splitlines():
        words = line.replace("->", "").split()
        if words[1] == "FLOCK":
            found.setdefault(int(words[5].split(":")[2]), set()).add(int(words[4]))
    return found


def inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


def alive(pid: int) -> bool:
    return pid > 0 and Path(f"/proc/{pid}").exists()


def ended(pid: int, limit_s: float) -> bool:
    """Wait for the end of a process that need not be a child."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], max(limit_s, 0))[0])
    finally:
        os.close(handle)


@dataclass(frozen=True)
class Snapshot:
    """What exists around this process at one moment."""

    threads: frozenset[threading.Thread]
    processes: frozenset[int]
    files: dict[int, str]
    directories: frozenset[Path]

    @staticmethod
    def take() -> Snapshot:
        gc.collect()
        return Snapshot(
            threads=frozenset(threading.enumerate()),
            processes=frozenset(descendants()),
            files=open_files(),
            directories=frozenset(application_entries()),
        )

    def left_over(self) -> dict[str, list[str]]:
        """Return what is there now and was not then; threads and processes get time to end."""
        deadline = time.monotonic() + PATIENCE_S
        for thread in set(threading.enumerate()) - self.threads:
            thread.join(max(deadline - time.monotonic(), 0))
        for pid in descendants() - self.processes:
            ended(pid, deadline - time.monotonic())
        while application_entries() - self.directories and time.monotonic() < deadline:
            ended(os.getpid(), 0.02)  # those of tests beside these come and go
        now = Snapshot.take()
        found = {
            "threads": [repr(thread) for thread in now.threads - self.threads],
            "processes": [str(pid) for pid in now.processes - self.processes],
            "descriptors": [
                f"{fd} -> {target}"
                for fd, target in now.files.items()
                if self.files.get(fd) != target
            ],
            "directories": [str(path) for path in now.directories - self.directories],
        }
        return {kind: names for kind, names in found.items() if names}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest."""
    ranks = {TESTS / name: rank for rank, name in enumerate(LONG)}
    items.sort(key=lambda item: ranks.get(item.path, len(LONG)))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport() -> Iterator:
    """Keep what no other process can be sent out of reports: tests log texts that are no text."""
    outcome = yield
    report = outcome.get_result()
    report.sections = [
        (name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections
    ]


@pytest.fixture(scope="session", autouse=True)
def runtime_folder(tmp_path_factory) -> Iterator[None]:
    """Keep the drivers of tests apart from the user's, and lines as long as they are."""
    for name in ("COLUMNS", "LINES"):  # of whatever terminal the tests were started in
        os.environ.pop(name, None)
    before = os.environ.get("PYSPARK_SHELL_RUNTIME_DIR")
    os.environ["PYSPARK_SHELL_RUNTIME_DIR"] = str(tmp_path_factory.mktemp("runtime"))
    yield
    if before is None:
        del os.environ["PYSPARK_SHELL_RUNTIME_DIR"]
    else:
        os.environ["PYSPARK_SHELL_RUNTIME_DIR"] = before


@pytest.fixture(autouse=True)
def nothing_of_a_job_left() -> Iterator[None]:
    """Fail if a test leaves something of a job in a context that outlives it."""
    yield
    package = sys.modules.get("pyspark_shell")
    context = package.SparkContext._active_spark_context if package is not None else None
    if context is not None and not context.isStopped:
        from tests.processes.engine import assert_settled

        assert_settled(context)


@pytest.fixture(scope="module")
def sc() -> Iterator:
    """Yield a context with two executors, shared by the tests of one module."""
    from pyspark_shell import SparkContext

    with SparkContext("local[2]", "tests") as context:
        yield context


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """Fail if the test leaves a thread, a process, a descriptor or a directory behind."""
    before = Snapshot.take()
    yield
    assert before.left_over() == {}
