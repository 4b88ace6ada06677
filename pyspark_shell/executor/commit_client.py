"""A task's way to ask the driver whether it may publish its output.

Thread  the task's main thread; answers arrive on the message thread.
Source  Spark's OutputCommitCoordinator, seen from an executor.
"""

from __future__ import annotations

import socket
from queue import SimpleQueue

from pyspark_shell.executor.interrupt import TaskInterrupt
from pyspark_shell.executor.messages import CommitAnswer, CommitRequest


class DriverCommitClient:
    """Asks for all tasks of the process, one after another."""

    def __init__(
        self,
        tasks: socket.socket,
        interrupt: TaskInterrupt,
        answers: SimpleQueue[CommitAnswer],
    ) -> None:
        self._tasks = tasks
        self._interrupt = interrupt
        self._answers = answers
        self._requests = 0

    def may_commit(self, task_id: int) -> bool:
        """Ask and wait; a kill interrupts the waiting, then its answer is nobody's."""
        self._requests += 1
        request = CommitRequest(self._requests, task_id)
        with self._interrupt.shielded():
            self._tasks.sendall(request.encode())
        while True:
            answer = self._answers.get()
            if answer.request_id == request.request_id:
                return answer.granted
