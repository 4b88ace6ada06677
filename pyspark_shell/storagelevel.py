"""Public name of storage levels, as `pyspark.storagelevel`."""

from pyspark_shell.common.storage_level import StorageLevel

__all__ = ["StorageLevel"]
