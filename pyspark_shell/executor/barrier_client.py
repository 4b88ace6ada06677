"""A barrier task's way to the other tasks of its stage: through the driver.

Thread  the task's main thread; releases arrive on the message thread.
"""

from __future__ import annotations

import socket
from queue import SimpleQueue

from pyspark_shell.common.errors import SparkException
from pyspark_shell.executor.interrupt import TaskInterrupt
from pyspark_shell.executor.messages import BarrierRelease, BarrierSync


class DriverBarrierClient:
    """Asks the driver to let the task go on once all others have come as far."""

    def __init__(
        self,
        task_id: int,
        tasks: socket.socket,
        interrupt: TaskInterrupt,
        releases: SimpleQueue[BarrierRelease],
    ) -> None:
        self._task_id = task_id
        self._tasks = tasks
        self._interrupt = interrupt
        self._releases = releases
        self._epoch = 0

    def all_gather(self, message: str) -> list[str]:
        """Send `message` and wait; a kill interrupts the waiting.

        Raises
        ------
        SparkException
            The barrier cannot be passed any more: a task failed, or the time is over.
        """
        sync = BarrierSync(self._task_id, self._epoch, message)
        with self._interrupt.shielded():
            self._tasks.sendall(sync.encode())
        self._epoch += 1
        while True:
            release = self._releases.get()
            if release.task_id == self._task_id:
                break
        if release.error:
            raise SparkException(release.error)
        return list(release.messages)
