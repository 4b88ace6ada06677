"""One small single-threaded process that has imported the engine and forks executors on demand.

A fork takes about a millisecond, so a killed executor is replaced at once. The zygote also reaps
executors, sweeps what tasks started and left behind, and is the guardian: when the driver's end of
its channel closes, however the driver ended, it kills every executor's group, removes the
application's directories, completes the event log of a driver that died, and exits.

Owns    its children; the locks on the local directories, inherited from the driver.
Thread  one, for ever: the kernel's death signal of executors is bound to the thread that forked
        them.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import socket
import sys
import time
from contextlib import suppress
from typing import Any, Final, NoReturn

from pyspark_shell.common import pyspark_alias
from pyspark_shell.common.pickling import loads
from pyspark_shell.executor.executor_main import executor_main
from pyspark_shell.executor.process_control import (
    become_subreaper,
    children_of,
    die_with_parent,
    kill_group,
    kill_with_group,
)
from pyspark_shell.executor.settings import ExecutorSettings
from pyspark_shell.status.event_log_files import complete_log_of_the_dead
from pyspark_shell.storage.local_dirs import DirsClaim, remove_dirs, remove_unfinished

# What tasks use is imported here once instead of in every fork.
_PRELOADED: Final = (
    "pyspark_shell.lineage.transformed",
    "pyspark_shell.lineage.shuffled",
    "pyspark_shell.lineage.sources",
    "pyspark_shell.lineage.checkpoint_rdd",
    "pyspark_shell.lineage.partition_functions",
    "pyspark_shell.shuffle.external_merger",
    "pyspark_shell.shuffle.external_sorter",
    "pyspark_shell.shuffle.group_by",
)


class Zygote:
    """Serves fork requests of one driver.

    Requests and answers are lines of JSON: `{"fork": id}` with two descriptors beside it is
    answered by `{"forked": id, "pid": n}`; each end of an executor is told as `{"exited": pid,
    "status": n, "at": ms}`, when it was, as the driver may hear of it late. `{"sweep": pid,
    "task": id}` removes what a dead executor left unfinished;
    `{"guard": paths}` names files that go with the driver; `{"stopped": true}` says that the driver
    lives on, and ends its event log itself.
    """

    def __init__(self, channel: socket.socket, settings: ExecutorSettings) -> None:
        self._channel = channel
        self._settings = settings
        self._executors: set[int] = set()
        self._driver_lives_on = False
        self._guarded: list[str] = []
        self._pending = b""
        self._wake_read, self._wake_write = os.pipe()
        for fd in (self._wake_read, self._wake_write):
            os.set_blocking(fd, False)

    def serve(self) -> None:
        """Fork and reap until the driver is gone."""
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while True:
            watched: list[socket.socket | int] = [self._channel, self._wake_read]
            readable, _, _ = select.select(watched, [], [])
            if self._wake_read in readable:
                with suppress(BlockingIOError):
                    os.read(self._wake_read, 4096)
                self._reap()
            if self._channel in readable and not self._answer():
                return

    def clean_up(self) -> None:
        """End all executors and what they started; remove the application's files."""
        for pid in list(self._executors):
            kill_with_group(pid)
        self._kill_adopted()
        for path in self._guarded:
            with suppress(OSError):
                os.unlink(path)
        remove_dirs(self._settings.dirs)
        with suppress(ChildProcessError):
            while self._executors or children_of(os.getpid()):
                pid, _ = os.waitpid(-1, 0)
                self._executors.discard(pid)
                self._kill_adopted()
        remove_dirs(self._settings.dirs)  # again: a dying executor may have written a last file
        if self._settings.event_log and not self._driver_lives_on:
            complete_log_of_the_dead(self._settings.event_log)

    def _answer(self) -> bool:
        """Serve what the driver asked; False when the driver is gone."""
        try:
            data, fds, _, _ = socket.recv_fds(self._channel, 4096, 2)
        except ConnectionError:
            return False
        if not data:
            return False
        self._pending += data
        *lines, self._pending = self._pending.split(b"\n")
        for line in lines:
            request = json.loads(line)
            if "fork" in request:
                self._fork(request["fork"], fds)
            elif "sweep" in request:
                remove_unfinished(self._settings.dirs, request["sweep"], request["task"])
            elif "guard" in request:
                self._guarded = request["guard"]
            elif "stopped" in request:
                self._driver_lives_on = True
        return True

    def _fork(self, executor_id: str, fds: list[int]) -> None:
        own_pid = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become_executor(executor_id, fds, own_pid)
        for fd in fds:
            os.close(fd)
        self._executors.add(pid)
        self._tell({"forked": executor_id, "pid": pid})

    def _become_executor(self, executor_id: str, fds: list[int], parent: int) -> NoReturn:
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            os.setsid()
            die_with_parent(parent)
            become_subreaper()
            for fd in (self._wake_read, self._wake_write, *_inherited_fds):
                os.close(fd)
            self._channel.close()
            executor_main(executor_id, fds[0], fds[1], self._settings)
        finally:
            os._exit(1)  # whatever happened: this process must never clean up as a zygote

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._executors:
                self._executors.discard(pid)
                kill_group(pid)
                self._tell({"exited": pid, "status": status, "at": time.time_ns() // 1_000_000})
            self._kill_adopted()

    def _kill_adopted(self) -> None:
        """End processes that came to us because their parent died: a task's children in sessions
        of their own.

        Called after every death, since theirs brings us their own children.
        """
        for pid in children_of(os.getpid()):
            if pid not in self._executors:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _tell(self, news: dict[str, Any]) -> None:
        with suppress(OSError):
            self._channel.sendall(json.dumps(news).encode() + b"\n")


_inherited_fds: list[int] = []


def main() -> None:
    """Run the zygote: `argv` holds the channel's descriptor, and what it guards until it is told
    more.
    """
    claim = DirsClaim(*json.loads(sys.argv[2]))
    # It goes when the driver goes, and not before: a signal to all processes must not cost the
    # clean-up.
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    become_subreaper()
    channel = socket.socket(fileno=int(sys.argv[1]))
    channel.set_inheritable(False)
    settings = _receive_settings(channel)
    if settings is None:
        claim.remove()
        return
    _log_to(os.path.join(settings.dirs.path("logs"), "zygote.stderr"))
    _preload(settings)
    zygote = Zygote(channel, settings)
    try:
        zygote.serve()
    finally:
        zygote.clean_up()


def _receive_settings(channel: socket.socket) -> ExecutorSettings | None:
    """What the driver says once it has made its directories; None if it ended before."""
    try:
        head, lock_fds, _, _ = socket.recv_fds(channel, 8, 8)
        for fd in lock_fds:
            os.set_inheritable(fd, False)
        _inherited_fds.extend(lock_fds)
        head += _receive_exactly(channel, 8 - len(head))
        settings: ExecutorSettings = loads(
            _receive_exactly(channel, int.from_bytes(head, "little"))
        )
        return settings
    except ConnectionError:
        return None


def _receive_exactly(channel: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = channel.recv(size - len(data))
        if not part:
            raise ConnectionError("the driver is gone")
        data += part
    return data


def _log_to(path: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(fd, stream)
    os.close(fd)


def _preload(settings: ExecutorSettings) -> None:
    for name in _PRELOADED:
        importlib.import_module(name)
    if settings.alias_pyspark:
        pyspark_alias.install()
    saved = list(sys.path)
    sys.path[:] = list(settings.sys_path)
    for name in settings.preload:
        try:
            importlib.import_module(name)
        except Exception as error:  # the user's module: a task that imports it will say the same
            print(f"preloading {name} failed: {error!r}", file=sys.stderr)
    sys.path[:] = saved
