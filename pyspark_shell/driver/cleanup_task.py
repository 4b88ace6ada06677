"""What the context cleaner can be told to remove; a closed family."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from pyspark_shell.common.record import record


@record
class _Task:
    """One thing to remove.

    Attributes
    ----------
    kind
        What sort of thing it is, as the cleaner's view says it.
    noun
        The same in the lines of the log.
    callback
        The method of cleaner listeners that is called afterwards; empty: none.
    """

    kind: ClassVar[str]
    noun: ClassVar[str]
    callback: ClassVar[str] = ""

    entity_id: int

    @property
    def what(self) -> str:
        """As the log says it: `RDD 7`."""
        return f"{self.noun} {self.entity_id}"

    def __str__(self) -> str:
        return f"{type(self).__name__}({self.entity_id})"


@record
class CleanRDD(_Task):
    """Remove the cached partitions of an RDD."""

    kind = "rdd"
    noun = "RDD"
    callback = "rddCleaned"


@record
class CleanShuffle(_Task):
    """Remove the files of a shuffle."""

    kind = "shuffle"
    noun = "shuffle"
    callback = "shuffleCleaned"


@record
class CleanBroadcast(_Task):
    """Remove a broadcast's file, and its values in executors."""

    kind = "broadcast"
    noun = "broadcast"
    callback = "broadcastCleaned"


@record
class CleanAccum(_Task):
    """Take no more updates for an accumulator."""

    kind = "accumulator"
    noun = "accumulator"
    callback = "accumCleaned"


@record
class CleanCheckpoint(_Task):
    """Remove the files of a reliable checkpoint.

    Attributes
    ----------
    entity_id
        Of the RDD that was saved.
    directory
        Where it was saved; empty: below the checkpoint directory that is set now.
    """

    kind = "checkpoint"
    noun = "rdd checkpoint data"
    callback = "checkpointCleaned"

    directory: str = ""


@record
class CleanSparkListener(_Task):
    """Take a listener off the bus; its owner is gone."""

    kind = "listener"
    noun = "Spark listener"

    listener: Any = None

    @property
    def what(self) -> str:
        return f"{self.noun} {self.listener}"

    def __str__(self) -> str:
        return f"{type(self).__name__}({self.listener})"


CleanupTask = (
    CleanRDD | CleanShuffle | CleanBroadcast | CleanAccum | CleanCheckpoint | CleanSparkListener
)
KINDS: Final = ("rdd", "shuffle", "broadcast", "accumulator", "checkpoint")
