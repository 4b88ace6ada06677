"""What a kill for a driver that does not answer means, as its table of processes is told."""

from __future__ import annotations

import os

import pytest

from pyspark_shell.common.process_identity import start_time
from pyspark_shell.common.process_table import KillIntent, KillScope
from pyspark_shell.rest.outside_kill import CannotKill
from pyspark_shell.rest.runtime_file import RuntimeEntry
from pyspark_shell.scheduler.process_table import ProcessTableWriter
from pyspark_shell.server_extension.outside import kill_instead
from pyspark_shell.server_extension.routes import allowed


@pytest.fixture
def table(tmp_path):
    writer = ProcessTableWriter(str(tmp_path / "process-table"), slots=2, kill_timeout_s=1.0)
    writer.zygote_started(os.getppid())
    yield writer
    writer.close()


@pytest.fixture
def entry(table):
    pid = os.getpid()
    place = {"process_table": table.path, "pid": pid, "start_time": start_time(pid)}
    return RuntimeEntry("driver", "local-1", "", **place)


def by_name(scope, name):
    return KillIntent.by_name(scope, name, "enough", "the panel")


@pytest.mark.parametrize(
    ("path", "body", "meant", "target"),
    [
        ("jobGroups/kill", {"group": "a/../b"}, by_name(KillScope.GROUP, "a/../b"), "a/../b"),
        ("jobGroups/nightly/kill", {}, by_name(KillScope.GROUP, "nightly"), "nightly"),
        ("tags/heavy/kill", {}, by_name(KillScope.TAG, "heavy"), "heavy"),
        ("jobs/7/kill", {}, KillIntent(KillScope.JOB, 7, "enough", "the panel"), "7"),
        ("kill", {}, KillIntent(KillScope.APPLICATION, -1, "enough", "the panel"), "local-1"),
    ],
)
def test_the_table_is_told_what_is_meant(table, entry, path, body, meant, target):
    call = allowed("POST", path, {}, {"who": "the panel", "reason": "enough", **body})

    report = kill_instead(entry, call)

    [told] = table.new_intents()
    assert (told.scope, told.target) == (meant.scope, meant.target)
    assert (told.who, told.reason) == ("the panel", "enough")
    is_all = meant.scope is KillScope.APPLICATION
    assert report["result"] == ("executors-ended" if is_all else "nothing-runs")
    assert report["target"] == target


def test_other_orders_wait_for_the_driver(table, entry):
    with pytest.raises(CannotKill, match="by the driver alone"):
        kill_instead(entry, allowed("POST", "cleaner/gc", {}, {}))

    assert table.new_intents() == []
