"""What the interactive shell says first, in the words of Spark's shells."""

from __future__ import annotations

import platform
from typing import Final, Protocol

_ART: Final = r"""Welcome to
      ____              __
     / __/__  ___ _____/ /__
    _\ \/ _ \/ _ `/ __/  '_/
   /__ / .__/\_,_/_/ /_/\_\   version {version}
      /_/
"""


class RunningApplication(Protocol):
    """What the banner tells of; a SparkContext is one, PySpark's too."""

    @property
    def applicationId(self) -> str: ...

    master: str


def banner(context: RunningApplication, address: str | None, version: str) -> str:
    """The lines, without a newline at the end.

    Parameters
    ----------
    address
        Of the application's page, with what lets the user's browser in.
    version
        Of what runs, as people are told it.
    """
    build, date = platform.python_build()
    lines = [
        _ART.format(version=version),
        f"Using Python version {platform.python_version()} ({build}, {date})",
    ]
    if address:
        lines.append(f"Spark context Web UI available at {address}")
    lines += [
        f"Spark context available as 'sc' (master = {context.master}, "
        f"app id = {context.applicationId}).",
        "SparkSession available as 'spark'.",
    ]
    return "\n".join(lines)
