"""Runs Spark's own History Server on a folder of event logs, and asks it over HTTP."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from tests.processes.waiting import wait_for

CLASS = "org.apache.spark.deploy.history.HistoryServer"


class HistoryServer:
    """One server process, in a session of its own."""

    def __init__(self, logs: Path, directory: Path) -> None:
        import pyspark

        assert shutil.which("java"), "the History Server needs Java; install a JRE of 17 or later"
        self._port = _free_port()
        self._output = directory / "history-server.log"
        properties = directory / "history-server.properties"
        properties.write_text(
            f"spark.history.fs.logDirectory {logs.as_uri()}\n"
            f"spark.history.ui.port {self._port}\n"
            "spark.history.fs.update.interval 1s\n"
        )
        home = Path(pyspark.__file__).parent
        environment = {
            **os.environ,
            "SPARK_HOME": str(home),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_DAEMON_MEMORY": "512m",
        }
        command = ["bash", str(home / "bin" / "spark-class"), CLASS]
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [*command, "--properties-file", str(properties)],
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )

    def wait_for_application(self, application_id):
        """Return when it is listed; a log that cannot be read never is."""

        def is_listed():
            assert self._process.poll() is None, f"the server ended: {self.output()}"
            listed = self._ask("applications")
            return listed is not None and application_id in [row["id"] for row in listed]

        wait_for(is_listed, f"{application_id} in the History Server's list", limit_s=60)

    def get(self, path):
        """Return an answer's JSON."""
        answer = self._ask(path)
        assert answer is not None, f"no answer to {path}: {self.output()}"
        return answer

    def _ask(self, path):
        url = f"http://127.0.0.1:{self._port}/api/v1/{path}"
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as refusal:
            raise AssertionError(f"{path}: {refusal.read().decode()}\n{self.output()}") from None
        except (OSError, json.JSONDecodeError):  # not up yet, or only its waiting page is
            return None

    def output(self):
        """Return what it wrote."""
        return self._output.read_text(errors="replace")[-8_000:]

    def stop(self):
        """End it and all that it started."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
