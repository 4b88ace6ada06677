"""Whether progress is shown while jobs run: the user's choice, in the terminal and in notebooks.

Owns    the choice; what draws asks for it, or is told.
"""

from __future__ import annotations

from typing import Final

from pyspark_shell.shell.running import progress_bar


class ProgressSwitch:
    """On until somebody says `%spark progress off`."""

    def __init__(self) -> None:
        self.is_on = True

    def turn(self, on: bool) -> None:
        """Choose; a bar that is drawn now goes at once."""
        self.is_on = on
        self.apply()

    def apply(self) -> None:
        """Tell the bar of the running application, which may be a new one."""
        bar = progress_bar()
        if bar is not None:
            bar.wanted = self.is_on


PROGRESS: Final = ProgressSwitch()
