"""A real terminal with a program in it: types, and reads the screen.

The terminal is tmux's, on a server of its own. Nothing sleeps: whoever types waits for what the
screen shows then.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

from tests.processes.waiting import processes_with, wait_for

REPO = Path(__file__).resolve().parents[2]
SHELL = (sys.executable, "-m", "pyspark_shell.shell.main")
PROMPT = r"In \[{}\]: ?$"


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
        try:
            return wait_for(lambda: self._matching(pattern), pattern, limit_s)
        except AssertionError:
            raise AssertionError(f"no {pattern!r} on this screen:\n{self.screen()}") from None

    def wait_without(self, pattern: str, limit_s: float = 10.0) -> str:
        """Wait until no line of the screen matches."""
        try:
            wait_for(lambda: not self._matching(pattern), pattern, limit_s)
        except AssertionError:
            raise AssertionError(f"{pattern!r} stays on this screen:\n{self.screen()}") from None
        return self.screen()

    def run(self, text: str, prompt: int) -> str:
        """Type a line and wait for the prompt with this number."""
        self.type(text)
        return self.wait(PROMPT.format(prompt))

    def close(self) -> None:
        """End the terminal and all that came of it."""
        self._tmux("kill-server")
        wait_for(lambda: not processes_with(self.marker), "the end of the shell's processes", 10)

    def _matching(self, pattern: str) -> str:
        screen = self.screen()
        return screen if re.search(pattern, screen, re.MULTILINE) else ""

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
