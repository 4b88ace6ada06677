"""Runs a driver in a process of its own, and knows all processes and files that come of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

from tests.processes.waiting import processes_with, wait_for, wait_for_end_of_all, within

ROOT = Path(__file__).resolve().parents[2]

PRELUDE = """
import json, os, signal, sys, threading, time
from pyspark_shell import SparkConf, SparkContext

def start(master="local[2]", **conf):
    settings = SparkConf().setMaster(master).setAppName("driver")
    settings.set("spark.local.dir", os.environ["LOCAL_DIR"])
    for key, value in conf.items():
        settings.set(key.replace("__", "."), value)
    return SparkContext(conf=settings)

def tell(**news):
    print(json.dumps(news), flush=True)

def about(sc):
    tell(roots=list(sc._driver.local_dirs.all_roots))
"""


class DriverProcess:
    """One script that runs until it ends or is ended.

    Parameters
    ----------
    body
        Comes after `PRELUDE`; it may use `start`, `about` and `tell`.
    """

    def __init__(self, tmp_path, body, **options):
        self.marker = f"PYSPARK_SHELL_TEST_RUN={uuid.uuid4().hex}"
        self.local_dir = tmp_path / f"local-{uuid.uuid4().hex[:8]}"
        self.local_dir.mkdir()
        script = tmp_path / f"driver-{uuid.uuid4().hex[:8]}.py"
        script.write_text(PRELUDE + body)
        environment = dict(os.environ, PYTHONPATH=str(ROOT), LOCAL_DIR=str(self.local_dir))
        name, value = self.marker.split("=")
        environment[name] = value
        environment.update(options.pop("environment", {}))
        self.runtime_dir = Path(
            environment.setdefault("PYSPARK_SHELL_RUNTIME_DIR", f"{self.local_dir}-runtime")
        )
        self.process = subprocess.Popen(
            [sys.executable, *options.pop("flags", ()), str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
            start_new_session=True,
            **options,
        )
        self.news = {}

    def hear(self, key):
        """Read what the script tells until it tells `key`; gives its value."""
        while key not in self.news:
            line = self.process.stdout.readline()
            assert line, f"the driver ended without {key!r}: {self.process.stderr.read()}"
            self.news.update(json.loads(line))
        return self.news[key]

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, limit_s=15):
        """Wait for the script's end; gives its exit status."""
        return self.process.wait(within(limit_s))

    def finish(self, limit_s=30):
        """Wait for the script's end; gives what it printed, exit status 0 being demanded."""
        out, err = self.process.communicate(timeout=within(limit_s))
        assert self.process.returncode == 0, err
        for line in out.splitlines():
            self.news.update(json.loads(line))
        return err

    @property
    def processes(self):
        """Everything alive that the script started, itself included."""
        return processes_with(self.marker)

    def assert_gone(self, limit_s=2):
        """Fail unless no process and no file is left."""
        wait_for_end_of_all(self.marker, "all processes", limit_s)
        roots = [Path(root) for root in self.news.get("roots", ())]
        wait_for(lambda: not any(map(os.path.exists, roots)), "the end of all files", limit_s)
        assert list(self.local_dir.rglob("*")) == []
        assert [path for path in self.runtime_dir.glob("driver-*.json") if self._wrote(path)] == []

    def _wrote(self, path):
        try:
            return json.loads(path.read_text())["pid"] == self.process.pid
        except FileNotFoundError:  # another driver's, which has just ended
            return False

    def close(self):
        for pid in self.processes:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()
