"""Fixtures of the shell's tests: real terminals."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.shell.terminal import PROMPT, SHELL, Terminal


@pytest.fixture
def start_shell(tmp_path) -> Iterator[Callable[..., Terminal]]:
    """Start `pyspark-shell` with these arguments in a terminal."""
    started: list[Terminal] = []

    def start(*argv: str, **options) -> Terminal:
        terminal = Terminal(tmp_path, (*SHELL, "--master", "local[2]", *argv), **options)
        started.append(terminal)
        return terminal

    yield start
    for terminal in started:
        terminal.close()


@pytest.fixture
def shell(start_shell) -> Terminal:
    """A shell that waits at its first prompt."""
    terminal = start_shell()
    terminal.wait(PROMPT.format(1))
    return terminal
