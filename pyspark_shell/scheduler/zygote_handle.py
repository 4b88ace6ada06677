"""The driver's end of the zygote: starts it, asks it to fork, hears of deaths.

Thread  made and configured in the thread that makes the context; the rest in
        `dag-scheduler-event-loop`.
"""

from __future__ import annotations

import json
import os
import pickle
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final
from weakref import WeakSet

import cloudpickle

from pyspark_shell.executor.settings import ExecutorSettings
from pyspark_shell.storage.local_dirs import DirsClaim

_ROOTS: Final = tuple(
    os.path.dirname(os.path.dirname(os.path.abspath(file)))
    for file in (os.path.dirname(__file__), cloudpickle.__file__)
)
# The engine is imported with nothing but Python's own path and the packages' directories: a module
# of the current directory named like one of Python's must not be taken. `-P` does the same from
# Python 3.11 on.
_BOOTSTRAP: Final = r"""
import sys
roots = sys.argv.pop(1).split("\n")
sys.path[:] = [p for p in sys.path if p not in ('', '.')] + roots
from pyspark_shell.executor.zygote import main
main()
"""

_handles: Final[WeakSet[ZygoteHandle]] = WeakSet()
_starting: Final = threading.Lock()


def is_zygote(pid: int) -> bool:
    """Whether a child of this process is a zygote of some application, the next one's too."""
    with _starting:  # one that is just being started is not known yet
        return any(handle.pid == pid for handle in list(_handles))


class ZygoteHandle:
    """One zygote process.

    It runs from the start as guardian of what `claim` names, so a driver that dies at any line
    leaves nothing; it forks once `configure` was called.
    """

    def __init__(self, claim: DirsClaim, environment: Mapping[str, str]) -> None:
        self._claim = claim
        self._environment = environment
        ours, theirs = socket.socketpair()
        self.channel = ours
        guarded = json.dumps([claim.local_dir, claim.tmpfs, claim.token])
        with theirs, _starting:
            fd = theirs.fileno()
            self.process = subprocess.Popen(
                [sys.executable, "-c", _BOOTSTRAP, "\n".join(_ROOTS), str(fd), guarded],
                pass_fds=[fd],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # until it is told where its log is
                start_new_session=True,
                env=dict(environment),
            )
            _handles.add(self)
        self._pending = b""
        self._guarded: Sequence[str] = ()

    def configure(self, settings: ExecutorSettings, lock_fds: Sequence[int]) -> None:
        """Tell it all that executors must know.

        Parameters
        ----------
        lock_fds
            Locks on the local directories; the zygote holds them too, so they outlive a killed
            driver.
        """
        self._settings = settings
        self._lock_fds = lock_fds
        data = pickle.dumps(settings, 5)
        with suppress(OSError):  # a dead zygote is noticed when its channel is read
            socket.send_fds(self.channel, [len(data).to_bytes(8, "little")], list(lock_fds))
            self.channel.sendall(data)

    def start_another(self) -> ZygoteHandle:
        """A zygote that takes this one's place."""
        other = ZygoteHandle(self._claim, self._environment)
        other.configure(self._settings, self._lock_fds)
        other.guard(self._guarded)
        return other

    def guard(self, paths: Sequence[str]) -> None:
        """Have it remove these files, too, when the driver is gone, however that ends."""
        self._guarded = paths
        self._ask({"guard": list(paths)})

    @property
    def pid(self) -> int:
        """The zygote's process id."""
        return self.process.pid

    def fork(self, executor_id: str, tasks: socket.socket, control: socket.socket) -> None:
        """Ask for an executor that has the other ends of its channels."""
        request = json.dumps({"fork": executor_id}).encode() + b"\n"
        with suppress(OSError):  # a dead zygote is noticed when its channel is read
            socket.send_fds(self.channel, [request], [tasks.fileno(), control.fileno()])

    def sweep(self, pid: int, task_id: int | None) -> None:
        """Have it remove what a dead executor, and its task, left unfinished on disk."""
        self._ask({"sweep": pid, "task": task_id})

    def _ask(self, request: dict[str, Any]) -> None:
        with suppress(OSError):  # a dead zygote is noticed when its channel is read
            self.channel.sendall(json.dumps(request).encode() + b"\n")

    def read(self) -> tuple[list[dict[str, Any]], bool]:
        """News that can be read now, and whether the zygote is gone."""
        try:
            data = self.channel.recv(1 << 16)
        except (BlockingIOError, InterruptedError):
            return [], False
        except OSError:
            return [], True
        self._pending += data
        *lines, self._pending = self._pending.split(b"\n")
        return [json.loads(line) for line in lines], not data

    def close(self, timeout_s: float) -> None:
        """Let the zygote clean up and end; kill it if it does not."""
        with suppress(OSError):
            self.channel.sendall(b'{"stopped": true}\n')
        with suppress(OSError):
            self.channel.close()
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
