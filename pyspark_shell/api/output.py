"""The part of RDD that writes files, in the formats that Spark reads and writes."""

from __future__ import annotations

from typing import Any, NoReturn

from pyspark_shell.api.rdd_base import RDDPart, T
from pyspark_shell.common.errors import PySparkNotImplementedError


class Output(RDDPart[T]):
    """Files."""

    # Hadoop's output formats: Java classes ----------------------------------------------

    def saveAsSequenceFile(
        self: RDDPart[tuple[Any, Any]], path: str, compressionCodecClass: str | None = None
    ) -> None:
        """Not here: needs Hadoop's Java classes."""
        _needs_apache_spark("saveAsSequenceFile")

    def saveAsHadoopFile(
        self: RDDPart[tuple[Any, Any]],
        path: str,
        outputFormatClass: str,
        keyClass: str | None = None,
        valueClass: str | None = None,
        keyConverter: str | None = None,
        valueConverter: str | None = None,
        conf: dict[str, str] | None = None,
        compressionCodecClass: str | None = None,
    ) -> None:
        """Not here: needs Hadoop's Java classes."""
        _needs_apache_spark("saveAsHadoopFile")

    def saveAsHadoopDataset(
        self: RDDPart[tuple[Any, Any]],
        conf: dict[str, str],
        keyConverter: str | None = None,
        valueConverter: str | None = None,
    ) -> None:
        """Not here: needs Hadoop's Java classes."""
        _needs_apache_spark("saveAsHadoopDataset")

    def saveAsNewAPIHadoopFile(
        self: RDDPart[tuple[Any, Any]],
        path: str,
        outputFormatClass: str,
        keyClass: str | None = None,
        valueClass: str | None = None,
        keyConverter: str | None = None,
        valueConverter: str | None = None,
        conf: dict[str, str] | None = None,
    ) -> None:
        """Not here: needs Hadoop's Java classes."""
        _needs_apache_spark("saveAsNewAPIHadoopFile")

    def saveAsNewAPIHadoopDataset(
        self: RDDPart[tuple[Any, Any]],
        conf: dict[str, str],
        keyConverter: str | None = None,
        valueConverter: str | None = None,
    ) -> None:
        """Not here: needs Hadoop's Java classes."""
        _needs_apache_spark("saveAsNewAPIHadoopDataset")

    def toDF(self, schema: Any = None, sampleRatio: float | None = None) -> NoReturn:
        """Not here: needs Spark SQL."""
        _needs_apache_spark("toDF")


def _needs_apache_spark(method: str) -> NoReturn:
    raise PySparkNotImplementedError(
        f"RDD.{method} needs Apache Spark itself. Start with `--engine apache` to use it, "
        "or save with saveAsTextFile or saveAsPickleFile."
    )
