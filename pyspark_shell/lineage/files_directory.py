"""Where files shipped with `addFile` lie in this process.

Set by the context on the driver, by executors for tasks.
"""

from __future__ import annotations

from typing import ClassVar


class FilesDirectory:
    """Process-wide, since user code that is unpickled in a task cannot be handed an argument."""

    _root: ClassVar[str | None] = None

    @classmethod
    def current(cls) -> str | None:
        """The directory, None where no application runs."""
        return cls._root

    @classmethod
    def install(cls, root: str | None) -> None:
        """Set it, or with None forget it."""
        cls._root = root
