"""A real terminal with a program in it: types, and reads the screen.

The terminal is tmux's, on a server of its own. Nothing sleeps: whoever types waits for what the
screen shows then, and looks again when the program has written something.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import shlex
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from tests.processes.waiting import wait_for_end_of_all, within

REPO = Path(__file__).resolve().parents[2]
SHELL = (sys.executable, "-m", "pyspark_shell.shell.main")
PROMPT = r"In \[{}\]: ?$"
# A look at the screen is a process of its own: too dear to be taken every few milliseconds.
LOOK_AGAIN_S = 0.5


class Terminal:
    """One terminal of 110 columns and 40 lines.

    Parameters
    ----------
    folder
        For the program's files: IPython's history, runtime files, local directories.
    """

    def __init__(
        self, folder: Path, command: tuple[str, ...], environment: dict[str, str] | None = None
    ) -> None:
        assert shutil.which("tmux"), "tmux is needed: apt-get install tmux"
        self.folder = folder
        self._server = f"pyspark-shell-test-{uuid.uuid4().hex[:12]}"
        self.marker = f"PYSPARK_SHELL_TEST_RUN={uuid.uuid4().hex}"
        settings = {
            "PYTHONPATH": str(REPO),
            "IPYTHONDIR": str(folder / "ipython"),
            "PYSPARK_SHELL_RUNTIME_DIR": str(folder / "runtime"),
            "SPARK_LOCAL_DIRS": str(folder / "local"),
            **(environment or {}),
        }
        (folder / "local").mkdir(exist_ok=True)
        words = ["env", "-u", "PYTHONHASHSEED", "-u", "COLUMNS", self.marker]
        words += [f"{name}={value}" for name, value in settings.items()]
        line = f"{shlex.join([*words, *command])}; echo exit code $?; exec sleep 1000"
        self._tmux("new-session", "-d", "-s", "t", "-x", "110", "-y", "40", line)
        self._tmux("set-option", "-t", "t", "history-limit", "5000")
        self._written = self._copy_of_what_is_written()

    def _copy_of_what_is_written(self) -> int:
        """Return a descriptor that has something to read when the screen has changed."""
        pipe = self.folder / f"written-{uuid.uuid4().hex[:12]}"
        os.mkfifo(pipe)
        descriptor = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        self._tmux("pipe-pane", "-O", "-t", "t", f"exec cat > {shlex.quote(str(pipe))}")
        return descriptor

    def type(self, text: str) -> None:
        """Type a line, and Enter."""
        self._tmux("send-keys", "-t", "t", "-l", text)
        self.press("Enter")

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names: `C-c`, `Tab`, `Enter`."""
        self._tmux("send-keys", "-t", "t", *keys)

    def screen(self) -> str:
        """What stands on the screen and above it, without empty lines."""
        text = self._tmux("capture-pane", "-t", "t", "-p", "-J", "-S", "-")
        return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())

    def wait(self, pattern: str, limit_s: float = 10.0) -> str:
        """Wait until a line of the screen matches; gives the whole screen."""
        screen = self._screen_when(lambda found: found, pattern, limit_s)
        assert screen is not None, f"no {pattern!r} on this screen:\n{self.screen()}"
        return screen

    def wait_without(self, pattern: str, limit_s: float = 10.0) -> str:
        """Wait until no line of the screen matches."""
        screen = self._screen_when(lambda found: not found, pattern, limit_s)
        assert screen is not None, f"{pattern!r} stays on this screen:\n{self.screen()}"
        return screen

    def run(self, text: str, prompt: int) -> str:
        """Type a line and wait for the prompt with this number."""
        self.type(text)
        return self.wait(PROMPT.format(prompt))

    def close(self) -> None:
        """End the terminal and all that came of it."""
        self._tmux("kill-server")
        os.close(self._written)
        wait_for_end_of_all(self.marker, "the shell's processes", 10)

    def _screen_when(
        self, is_right: Callable[[object], bool], pattern: str, limit_s: float
    ) -> str | None:
        """Return the first screen where the search for `pattern` is right; None when time is up."""
        deadline = time.monotonic() + within(limit_s)
        while True:
            self._forget_what_was_written()
            screen = self.screen()
            if is_right(re.search(pattern, screen, re.MULTILINE)):
                return screen
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return None
            select.select([self._written], [], [], min(left_s, LOOK_AGAIN_S))

    def _forget_what_was_written(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while os.read(self._written, 1 << 16):
                continue

    def _tmux(self, *words: str) -> str:
        environment = {key: os.environ[key] for key in os.environ if key != "TMUX"}
        done = subprocess.run(
            ["tmux", "-L", self._server, "-f", os.devnull, *words],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
            env=environment | {"LC_ALL": "C.UTF-8"},
        )
        return done.stdout
