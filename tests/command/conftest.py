"""Drivers in processes of their own, each with its private folder of runtime files."""

from __future__ import annotations

import pytest

from pyspark_shell.rest.runtime_file import RuntimeEntry
from tests.processes.conftest import drive, gate  # noqa: F401

# What a driver's main thread does while somebody wants to kill its job.
BUSY = {
    "python loop": "while not os.path.exists(release): pass",
    "sleep": "while not os.path.exists(release): time.sleep(0.05)",
    "one call": "ctypes.PyDLL(None).sleep(int(os.environ['HOLD_S']))",
}


@pytest.fixture
def runtime(tmp_path, monkeypatch):
    """Yield the folder where the test's drivers, and its commands, look for runtime files."""
    folder = tmp_path / "runtime"
    monkeypatch.setenv("PYSPARK_SHELL_RUNTIME_DIR", str(folder))
    return folder


def entry_of(driver):
    """Return what finds a driver that tells about itself."""
    about = driver.hear("about")
    return RuntimeEntry(id="under-test", application_id=about.pop("id"), token="", **about)
