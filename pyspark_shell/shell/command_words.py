"""The words that make `pyspark-shell` a command about drivers, and not a driver itself."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

WORDS: Final = ("ps", "jobs", "stages", "executors", "threads", "cleaner", "kill", "logs")
# Not about a driver, but about Jupyter.
INSTALL_KERNEL: Final = "install-kernel"


def is_command(arguments: Sequence[str]) -> bool:
    """Whether the command line begins with one of the words, and not with a script of that name."""
    return bool(arguments) and arguments[0] in WORDS and not os.path.exists(arguments[0])
