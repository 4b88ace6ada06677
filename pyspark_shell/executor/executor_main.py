"""The main function of an executor process, from its fork to its end.

Thread  the process's main thread.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import resource
import socket
import sys
import traceback
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Final, NoReturn

from pyspark_shell.common.process_table import outside_reason
from pyspark_shell.common.wire import READ_BYTES, FrameReader
from pyspark_shell.executor.barrier_client import DriverBarrierClient
from pyspark_shell.executor.commit_client import DriverCommitClient
from pyspark_shell.executor.interrupt import TaskInterrupt
from pyspark_shell.executor.message_thread import MessageThread
from pyspark_shell.executor.messages import (
    BlockUpdated,
    LaunchTask,
    Order,
    RegisterExecutor,
    StageBinary,
    StopExecutor,
    TaskState,
    decode_order,
)
from pyspark_shell.executor.process_control import STACK_DUMP_SIGNAL
from pyspark_shell.executor.settings import ExecutorSettings
from pyspark_shell.executor.standard_streams import StandardStreams
from pyspark_shell.executor.task_runner import TaskRunner
from pyspark_shell.lineage.files_directory import FilesDirectory
from pyspark_shell.lineage.task_context import TaskContext
from pyspark_shell.shared_variables.broadcast import BroadcastManager
from pyspark_shell.storage.block_manager import BlockManager, BlockUpdate

# Share of the executor's memory for objects of cached blocks.
_HOT_SHARE: Final = 0.25
# Tasks make millions of small objects that are no garbage: with Python's own thresholds a third of
# the time of a large grouping goes into looking through them.
_GC_THRESHOLDS: Final = (50_000, 20, 20)


def executor_main(
    executor_id: str, tasks_fd: int, control_fd: int, settings: ExecutorSettings
) -> NoReturn:
    """Serve tasks until told to stop or the driver is gone; never returns."""
    code = 1
    streams = StandardStreams(settings.dirs.path("logs"), executor_id)
    try:
        streams.open()
        tasks, control = socket.socket(fileno=tasks_fd), socket.socket(fileno=control_fd)
        _serve(executor_id, tasks, control, settings, streams)
        code = 0
    except BaseException:
        streams.flush()
        traceback.print_exc()
    finally:
        streams.flush()
        os._exit(code)


def _serve(
    executor_id: str,
    tasks: socket.socket,
    control: socket.socket,
    settings: ExecutorSettings,
    streams: StandardStreams,
) -> None:
    _prepare_process(executor_id, settings)
    pid = os.getpid()
    # A process that user code forks must not speak for this one, nor keep its channels open.
    os.register_at_fork(after_in_child=partial(_close, tasks, control))
    interrupt = TaskInterrupt(partial(outside_reason, settings.dirs.process_table))
    kill_marks: dict[int, str] = {}

    def report(update: BlockUpdate) -> None:
        news = BlockUpdated(update.block_id, update.memory_bytes, update.disk_bytes)
        with interrupt.shielded():
            tasks.sendall(news.encode())

    hot_bytes = int(settings.executor_memory_bytes * _HOT_SHARE)
    BlockManager(settings.dirs, settings.memory_budget_bytes, hot_bytes, report).install()
    messages = MessageThread(control, interrupt, kill_marks, settings.heartbeat_interval_s)

    def barrier_client(task_id: int) -> DriverBarrierClient:
        return DriverBarrierClient(task_id, tasks, interrupt, messages.barrier_releases)

    commits = DriverCommitClient(tasks, interrupt, messages.commit_answers)
    runner = TaskRunner(
        settings, interrupt, kill_marks, barrier_client, commits.may_commit, streams.flush
    )
    messages.start()
    tasks.sendall(RegisterExecutor(executor_id, pid).encode())
    for order in _orders(tasks):
        match order:
            case LaunchTask():
                status = runner.run(order)
                if os.getpid() != pid:
                    os._exit(0)  # user code forked, and the child came back out of it
                tasks.sendall(status.encode())
                if status.state is TaskState.KILLED or interrupt.from_outside:
                    return  # the exception may have hit any line of a library, left half done
            case StageBinary():
                runner.add_stage(order)
            case StopExecutor():
                return
            case _:
                raise RuntimeError(f"{order!r} does not belong on the tasks channel")


def _orders(tasks: socket.socket) -> Iterator[Order]:
    reader = FrameReader()
    while data := tasks.recv(READ_BYTES):
        for kind, body in reader.feed(data):
            yield decode_order(kind, body)


def _prepare_process(executor_id: str, settings: ExecutorSettings) -> None:
    gc.set_threshold(*_GC_THRESHOLDS)
    os.environ.update(settings.environment)
    TaskContext.watches_each_record = settings.watches_each_record
    if settings.faulthandler:
        faulthandler.enable(file=2, all_threads=True)
    stacks = os.path.join(settings.dirs.path("logs"), f"executor-{executor_id}.stacks")
    fd = os.open(stacks, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    faulthandler.register(STACK_DUMP_SIGNAL, file=fd, all_threads=True)
    sys.path[:] = list(settings.sys_path)
    try:
        os.chdir(settings.working_directory)
    except OSError:
        os.chdir("/")
    if settings.address_space_bytes:
        limit = settings.address_space_bytes
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    BroadcastManager(settings.dirs.path("broadcast")).install()
    FilesDirectory.install(settings.dirs.path("files"))


def _close(*channels: socket.socket) -> None:
    for channel in channels:
        with suppress(OSError):  # user code may have closed the descriptor
            channel.close()
