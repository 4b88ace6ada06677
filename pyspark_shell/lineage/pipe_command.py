"""Sends the records of a partition through a program: `RDD.pipe`.

Thread  the task's main thread does both sides, so a kill interrupts it wherever it waits, and
        records are computed where they always are.
Source  PySpark's RDD.pipe, whose writer is a thread; differs in that an error of the records fails
        the task, and that the program does not outlive it.
"""

from __future__ import annotations

import os
import selectors
import shlex
from collections.abc import Iterable, Iterator
from itertools import islice
from subprocess import PIPE, Popen
from typing import IO, Any, Final

from pyspark_shell.common.errors import PySparkRuntimeError

_LINES_AT_ONCE: Final = 256
_READ_BYTES: Final = 1 << 16


class PipeCommand:
    """Runs `command` on each partition; see `RDD.pipe` for the parameters."""

    __slots__ = ("check_code", "command", "env")

    def __init__(self, command: str, env: dict[str, str], check_code: bool) -> None:
        self.command = command
        self.env = env
        self.check_code = check_code

    def __call__(self, records: Iterable[Any]) -> Iterator[str]:
        arguments = shlex.split(self.command)
        process = Popen(arguments, env=self.env, stdin=PIPE, stdout=PIPE, bufsize=0)
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            for line in _lines(_exchange(process.stdin, process.stdout, records)):
                yield line.decode("utf-8")
            self._check(process.wait())
        finally:
            _end(process)

    def _check(self, exit_code: int) -> None:
        if self.check_code and exit_code:
            raise PySparkRuntimeError(
                errorClass="PIPE_FUNCTION_EXITED",
                messageParameters={"func_name": self.command, "error_code": str(exit_code)},
            )


def _end(process: Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    if process.poll() is None:
        process.kill()
        process.wait()


def _exchange(stdin: IO[bytes], stdout: IO[bytes], records: Iterable[Any]) -> Iterator[bytes]:
    """Write the records, reading meanwhile what comes back, until the program closes its output."""
    os.set_blocking(stdin.fileno(), False)
    unwritten = _chunks(iter(records))
    pending = memoryview(b"")
    with selectors.DefaultSelector() as selector:
        selector.register(stdout, selectors.EVENT_READ)
        selector.register(stdin, selectors.EVENT_WRITE)
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if stdin in ready:
                pending = pending or memoryview(next(unwritten, b""))
                written = _write_some(stdin, pending)
                if written is None:
                    selector.unregister(stdin)
                    stdin.close()
                else:
                    pending = pending[written:]
            if stdout in ready:
                read = os.read(stdout.fileno(), _READ_BYTES)
                if not read:
                    return
                yield read


def _write_some(stdin: IO[bytes], pending: memoryview) -> int | None:
    """Bytes that were written; None if there is nothing left to write, or nobody to read it."""
    if not pending:
        return None
    try:
        return os.write(stdin.fileno(), pending)
    except BlockingIOError:
        return 0
    except BrokenPipeError:
        return None


def _chunks(records: Iterator[Any]) -> Iterator[bytes]:
    for record in records:
        lines = [record, *islice(records, _LINES_AT_ONCE - 1)]
        yield "".join([f"{str(line).rstrip(chr(10))}\n" for line in lines]).encode("utf-8")


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    begun = b""
    for chunk in chunks:
        *lines, begun = (begun + chunk).split(b"\n")
        yield from lines
    if begun:
        yield begun
