"""Where an executor's blocks are, in Spark's words.

Ours are files that every process reads in place, so this names their writer more than a place.
"""

from __future__ import annotations

from typing import Final

from pyspark_shell.common.record import record

# Nobody listens; a History Server wants a port, and one above 0.
BLOCK_MANAGER_PORT: Final = 1


@record
class BlockManagerId:
    """One executor's, or the driver's.

    Examples
    --------
    >>> str(BlockManagerId("7"))
    'BlockManagerId(7, localhost, 1, None)'
    """

    executor_id: str
    host: str = "localhost"
    port: int = BLOCK_MANAGER_PORT

    def __str__(self) -> str:
        return f"BlockManagerId({self.executor_id}, {self.host}, {self.port}, None)"
