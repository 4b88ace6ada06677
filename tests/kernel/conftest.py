"""A real kernel, started through its kernelspec, that must leave no process and no file behind."""

import contextlib
import json
import os
import re
import shutil
import sys
import uuid
from pathlib import Path

import pytest
from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpecManager

from pyspark_shell.rest.client import DriverClient
from pyspark_shell.rest.discovery import drivers
from tests.processes.waiting import PATIENCE, processes_with, wait_for, wait_for_end_of_all

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
COLOURS = re.compile("\x1b\\[[0-9;]*m")
KERNELSPEC = Path(__file__).resolve().parents[2] / "kernelspec"


class Cell:
    """One run of a cell, as a front end sees it."""

    def __init__(self, notebook, message_id):
        self.notebook = notebook
        self.message_id = message_id

    @property
    def messages(self):
        """What was published for the cell so far."""
        self.notebook.read()
        return [m for m in self.notebook.published if parent_of(m) == self.message_id]

    def of(self, *kinds):
        """Return the contents of the messages of some kinds."""
        return [m["content"] for m in self.messages if m["msg_type"] in kinds]

    @property
    def has_ended(self):
        """Whether the kernel was idle again after the cell."""
        return any(c["execution_state"] == "idle" for c in self.of("status"))

    def wait(self, limit_s=20):
        """Wait for the cell's end; gives the cell."""
        wait_for(lambda: self.has_ended, f"the end of a cell; it said: {self.text}", limit_s)
        return self

    def says(self, text, limit_s=20):
        """Wait until the cell has printed `text`."""
        wait_for(lambda: text in self.text or self.has_ended, f"{text!r} from a cell", limit_s)
        assert text in self.text

    @property
    def text(self):
        """All that the cell printed and showed, but for its progress line, and its error."""
        parts = []
        for content in self.of("stream", "execute_result", "display_data", "error"):
            data = content.get("data", {})
            if WIDGET_VIEW not in data:
                parts += [content.get("text", ""), data.get("text/plain", "")]
                parts.append("\n".join(content.get("traceback", ())))
        return COLOURS.sub("", "".join(parts))

    @property
    def error(self):
        """The error that ended the cell; None if it ended well."""
        return next(iter(self.of("error")), None)


def parent_of(message):
    return message["parent_header"].get("msg_id")


class Notebook:
    """A kernel and a client that reads all that it publishes."""

    def __init__(self, manager, marker):
        self.manager = manager
        self.marker = marker
        self.connect()

    def connect(self):
        self.published = []
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60 * PATIENCE)

    def read(self):
        """Take in what has arrived."""
        while self.client.iopub_channel.msg_ready():
            self.published.append(self.client.get_iopub_msg(timeout=1))

    def start(self, code, cell_id="", **options):
        """Begin a cell; returns at once."""
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
            **options,
        }
        message = self.client.session.msg("execute_request", content)
        message["metadata"]["cellId"] = cell_id or uuid.uuid4().hex
        self.client.shell_channel.send(message)
        return Cell(self, message["header"]["msg_id"])

    def run(self, code, cell_id="", limit_s=20):
        """Run a cell to its end, which must be a good one; gives what it printed."""
        cell = self.start(code, cell_id).wait(limit_s)
        assert cell.error is None, cell.text
        return cell.text

    def complete(self, text):
        """Press Tab behind a text; gives what is offered."""
        message_id = self.client.complete(text)
        return self._reply(message_id)["matches"]

    def inspect(self, text):
        """Ask what a name is; gives the answer as text."""
        reply = self._reply(self.client.inspect(text))
        return COLOURS.sub("", reply["data"].get("text/plain", ""))

    def help(self, code):
        """Run a cell that ends in `?`; gives what it has the front end's pager show."""
        reply = self._reply(self.start(code).message_id)
        return COLOURS.sub("", "".join(each["data"]["text/plain"] for each in reply["payload"]))

    def _reply(self, message_id):
        def answered():
            while self.client.shell_channel.msg_ready():
                reply = self.client.get_shell_msg(timeout=1)
                if parent_of(reply) == message_id:
                    return reply["content"]
            return None

        return wait_for(answered, "a reply", 20)

    def interrupt(self):
        """Press the Interrupt button."""
        self.manager.interrupt_kernel()

    @property
    def driver(self):
        """The application, as seen from another process; None while none runs."""
        entries = [entry for entry in drivers() if entry.pid == self.pid]
        return DriverClient(entries[0]) if entries else None

    def jobs(self, **query):
        """Return the rows of jobs that the application tells other processes."""
        return self.driver.get("jobs", **query)

    def running_job(self):
        """Wait for a job that runs tasks; gives its row."""
        return wait_for(
            lambda: self.driver and next((j for j in self.jobs() if j["numActiveTasks"]), None),
            "a running job",
        )

    @property
    def pid(self):
        return self.manager.provisioner.pid

    def processes(self):
        """Return the kernel's process and all that it or its children started."""
        return processes_with(self.marker)


@pytest.fixture(scope="session")
def kernel_specs(tmp_path_factory):
    """A data directory with the kernelspec, as an installation has it."""
    folder = tmp_path_factory.mktemp("jupyter-data") / "kernels"
    shutil.copytree(KERNELSPEC, folder / "pyspark_shell")
    spec = json.loads((folder / "pyspark_shell" / "kernel.json").read_text())
    spec["argv"][0] = sys.executable
    (folder / "pyspark_shell" / "kernel.json").write_text(json.dumps(spec))
    return folder


@contextlib.contextmanager
def started(folder, tmp_path, kernel_name="pyspark_shell", settings=()):
    marker = f"PYSPARK_SHELL_TEST_MARK={uuid.uuid4().hex}"
    name, _, value = marker.partition("=")
    env = {
        **os.environ,
        name: value,
        "PYTHONHASHSEED": "0",
        "IPYTHONDIR": str(tmp_path / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
        "PYSPARK_SHELL_RUNTIME_DIR": str(tmp_path / "drivers"),
        "PYSPARK_SUBMIT_ARGS": f"--master local[2] --conf spark.local.dir={tmp_path / 'local'} "
        f"--conf spark.ui.port=0 {' '.join(settings)} pyspark-shell",
        "PYTHONPATH": os.pathsep.join([str(KERNELSPEC.parent), os.environ.get("PYTHONPATH", "")]),
    }
    specs = KernelSpecManager(kernel_dirs=[str(folder)])
    manager = KernelManager(
        kernel_name=kernel_name,
        kernel_spec_manager=specs,
        connection_file=str(tmp_path / "runtime" / f"kernel-{uuid.uuid4().hex}.json"),
    )
    (tmp_path / "runtime").mkdir(exist_ok=True)
    manager.start_kernel(env=env)
    notebook = Notebook(manager, marker)
    try:
        yield notebook
    finally:
        notebook.client.stop_channels()
        if manager.is_alive():
            manager.shutdown_kernel(now=False)
        manager.cleanup_resources()
        wait_for_end_of_all(marker, "the kernel and its children", 15)
        assert left_files(tmp_path / "local") == []


def left_files(folder):
    """Return the files that applications left in their local directory."""
    return sorted(str(p) for p in folder.rglob("*") if p.is_file()) if folder.exists() else []


def left_of(folder, application_id):
    """Return all that an application left: files, sockets, empty directories, its twin in memory.

    Drivers are listed first, as any other driver or panel does sooner or later: the runtime file of
    a driver that was killed by force is pruned by whoever lists them.
    """
    drivers()
    found = [*(folder / "local").rglob("*"), *(folder / "drivers").rglob("*")]
    found += Path("/dev/shm").glob(f"pyspark_shell-*/{application_id}")
    return sorted(map(str, found))


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory):
    """Where the kernel of a whole module puts its files."""
    return tmp_path_factory.mktemp("shared-kernel")


@pytest.fixture(autouse=True)
def runtime_folder(request, tmp_path, monkeypatch):
    """Where this test's kernels put their runtime files."""
    is_shared = "shared_kernel" in request.fixturenames
    folder = request.getfixturevalue("shared_folder") if is_shared else tmp_path
    monkeypatch.setenv("PYSPARK_SHELL_RUNTIME_DIR", str(folder / "drivers"))


@pytest.fixture
def notebook(kernel_specs, tmp_path):
    """A notebook with the pyspark_shell kernel."""
    with started(kernel_specs, tmp_path) as notebook:
        yield notebook


@pytest.fixture(scope="module")
def shared_kernel(kernel_specs, shared_folder):
    """A notebook with the pyspark_shell kernel, for all tests of a module."""
    with started(kernel_specs, shared_folder) as notebook:
        yield notebook


@pytest.fixture
def start_notebook(kernel_specs, tmp_path):
    """Start further kernels."""
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(started(kernel_specs, tmp_path, **options))
