"""Lets somebody outside see where the driver's threads are while one of them keeps the interpreter.

faulthandler writes them on a signal of its own, without the interpreter. A signal that is somebody
else's already is left to them.
Thread  any; faulthandler installs its handler in C.
"""

from __future__ import annotations

import faulthandler
import os
from typing import Final

from pyspark_shell.common.native_stacks import DRIVER_STACK_SIGNAL, catches_signal

_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW


class StackDumps:
    """The file of one application, and the handler that writes it."""

    def __init__(self, path: str) -> None:
        self._fd: int | None = None
        if not DRIVER_STACK_SIGNAL or catches_signal(os.getpid(), DRIVER_STACK_SIGNAL):
            return
        try:
            self._fd = os.open(path, _FLAGS, 0o600)
        except OSError:
            return
        faulthandler.register(DRIVER_STACK_SIGNAL, file=self._fd, all_threads=True)

    def close(self) -> None:
        """Write no more."""
        fd, self._fd = self._fd, None
        if fd is not None:
            faulthandler.unregister(DRIVER_STACK_SIGNAL)
            os.close(fd)
