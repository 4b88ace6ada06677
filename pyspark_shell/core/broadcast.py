"""Public name of broadcasts, as `pyspark.core.broadcast`."""

from pyspark_shell.shared_variables.broadcast import Broadcast, BroadcastPickleRegistry

__all__ = ["Broadcast", "BroadcastPickleRegistry"]
